//! Lays the chains of a sample out in one row, as a language model sees them: where every residue stands once linkers
//! and skipped positions lie between chains.

use serde_json::Value;

use super::super::input::{Sample, Token};
use super::super::{Refusal, python};
use crate::prediction::{Contract, Options};

/// What stands at one place of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    /// A residue by its letter.
    Residue(char),
    /// A hidden residue.
    Mask,
    /// The token after the last residue.
    End,
    /// A token that fills a batch up.
    Padding,
}

/// One place of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Site {
    /// What stands there.
    pub content: Content,
    /// Position number that the model sees.
    pub position: i64,
    /// Index of the chain.
    pub chain: usize,
    /// Index of the residue within its chain.
    pub residue: usize,
}

/// What lies between two chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spacing {
    /// Places taken by linker residues; the model does not attend to them.
    linker: i64,
    /// Position numbers left out.
    skip: i64,
}

impl Spacing {
    /// Reads `glycine_linker` and `position_ids_skip`; a model without these options has a break token between chains.
    ///
    /// # Errors
    /// For a linker that is no text and a skip that is no whole number.
    pub fn read(contract: &Contract, effective: &Options) -> Result<Self, Refusal> {
        let option = |name: &str| {
            let declared = contract.options.iter().any(|option| option.name == name);
            declared.then(|| effective.get(name).unwrap_or(&Value::Null))
        };
        let (linker, skip) = (option("glycine_linker"), option("position_ids_skip"));
        if linker.is_none() && skip.is_none() {
            return Ok(Self { linker: 1, skip: 0 });
        }
        let linker = match linker {
            None => 0,
            Some(Value::String(residues)) => residues.chars().count() as i64,
            Some(other) => {
                let name = python::type_name(other);
                return Err(Refusal::wrong_type(format!("object of type '{name}' has no len()")));
            }
        };
        let skip = match skip {
            None => 0,
            Some(value) => value.as_i64().ok_or_else(|| {
                let name = python::type_name(value);
                Refusal::wrong_type(format!("option 'position_ids_skip' must be an integer, not '{name}'"))
            })?,
        };
        Ok(Self { linker, skip })
    }
}

/// The residues of a sample in order, linkers left out. Positions run on through a linker, then skip.
pub(super) fn lay_out(sample: &Sample, spacing: Spacing) -> Vec<Site> {
    let mut sites = Vec::new();
    let mut next = 0_i64;
    for (chain, tokens) in sample.proteins().enumerate() {
        if chain > 0 {
            next = next.saturating_add(spacing.linker).saturating_add(spacing.skip);
        }
        for (residue, token) in tokens.iter().enumerate() {
            let content = match token {
                Token::Residue(letter) => Content::Residue(*letter),
                Token::Mask => Content::Mask,
            };
            sites.push(Site {
                content,
                position: next,
                chain,
                residue,
            });
            next = next.saturating_add(1);
        }
    }
    sites
}

/// Appends the end token and padding tokens up to `length` places.
pub(super) fn pad(sites: &mut Vec<Site>, length: usize) {
    let residues = sites.len();
    for residue in residues..length {
        let content = if residue == residues {
            Content::End
        } else {
            Content::Padding
        };
        sites.push(Site {
            content,
            position: residue as i64,
            chain: 0,
            residue,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::input::{Chain, Molecule};
    use super::*;

    fn sample(chains: &[&str]) -> Sample {
        let chain = |letters: &&str| Chain {
            id: String::new(),
            molecule: Molecule::Protein(letters.chars().map(Token::Residue).collect()),
        };
        Sample {
            chains: chains.iter().map(chain).collect(),
        }
    }

    fn positions(chains: &[&str], linker: i64, skip: i64) -> Vec<i64> {
        lay_out(&sample(chains), Spacing { linker, skip })
            .iter()
            .map(|site| site.position)
            .collect()
    }

    #[test]
    fn linker_and_skip_move_only_the_chains_that_follow() {
        assert_eq!(positions(&["AC", "DE"], 0, 0), [0, 1, 2, 3]);
        assert_eq!(positions(&["AC", "DE"], 2, 0), [0, 1, 4, 5]);
        assert_eq!(positions(&["AC", "DE", "F"], 2, 512), [0, 1, 516, 517, 1032]);
    }

    #[test]
    fn residue_numbers_restart_with_every_chain() {
        let sites = lay_out(&sample(&["ACD", "EF"]), Spacing { linker: 1, skip: 0 });
        let numbers: Vec<_> = sites.iter().map(|site| (site.chain, site.residue)).collect();
        assert_eq!(numbers, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]);
    }

    #[test]
    fn a_short_sample_ends_with_one_end_token_and_padding() {
        let mut sites = lay_out(&sample(&["A"]), Spacing { linker: 0, skip: 0 });
        pad(&mut sites, 3);
        let contents: Vec<_> = sites.iter().map(|site| site.content).collect();
        assert_eq!(contents, [Content::Residue('A'), Content::End, Content::Padding]);
        assert_eq!(sites[2].residue, 2);
    }
}
