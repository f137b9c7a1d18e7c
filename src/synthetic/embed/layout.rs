//! Lays the chains of a sample out in one row, as a language model sees them: where every residue stands once linkers
//! and skipped positions lie between chains.

use super::super::input::{Sample, Token};
use super::super::spacing::Spacing;

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

/// Position numbers that a model without options for it leaves between chains: it has a break token there.
const BREAK: i64 = 1;

/// Position numbers between the last residue of a chain and the first of the next.
pub(super) fn gap(spacing: Option<&Spacing>) -> i64 {
    spacing.map_or(BREAK, |spacing| {
        spacing.skip.saturating_add(spacing.linker.chars().count() as i64)
    })
}

/// The residues of a sample in order, linkers left out; only the gap between chains shows that there are any.
pub(super) fn lay_out(sample: &Sample, gap: i64) -> Vec<Site> {
    let mut sites = Vec::new();
    let mut next = 0_i64;
    for (chain, tokens) in sample.proteins().enumerate() {
        if chain > 0 {
            next = next.saturating_add(gap);
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

    fn positions(chains: &[&str], gap: i64) -> Vec<i64> {
        let sites = lay_out(&sample(chains), gap);
        sites.iter().map(|site| site.position).collect()
    }

    #[test]
    fn a_gap_moves_only_the_chains_that_follow() {
        assert_eq!(positions(&["AC", "DE"], 0), [0, 1, 2, 3]);
        assert_eq!(positions(&["AC", "DE"], 2), [0, 1, 4, 5]);
        assert_eq!(positions(&["AC", "DE", "F"], 514), [0, 1, 516, 517, 1032]);
    }

    #[test]
    fn linker_and_skip_add_up_and_a_break_token_takes_one_place() {
        let spacing = Spacing {
            linker: "GG".into(),
            skip: 512,
        };
        assert_eq!((gap(Some(&spacing)), gap(None)), (514, 1));
    }

    #[test]
    fn residue_numbers_restart_with_every_chain() {
        let sites = lay_out(&sample(&["ACD", "EF"]), 1);
        let numbers: Vec<_> = sites.iter().map(|site| (site.chain, site.residue)).collect();
        assert_eq!(numbers, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]);
    }

    #[test]
    fn a_short_sample_ends_with_one_end_token_and_padding() {
        let mut sites = lay_out(&sample(&["A"]), 0);
        pad(&mut sites, 3);
        let contents: Vec<_> = sites.iter().map(|site| site.content).collect();
        assert_eq!(contents, [Content::Residue('A'), Content::End, Content::Padding]);
        assert_eq!(sites[2].residue, 2);
    }
}
