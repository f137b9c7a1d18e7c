//! Lays the chains of a sample out in one row, as a language model sees them: where every residue stands once linkers and skipped
//! positions lie between chains. Makes no numbers of it.

use super::input::InputChain;
use super::random::seed_of;

/// One place of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TokenSite {
    /// What stands there: the letter of a residue, [`END`] or [`PADDING`].
    pub code: u64,
    /// Position number that the model sees.
    pub position: i64,
    /// Index of the chain.
    pub chain: usize,
    /// Index of the residue within its chain.
    pub residue: usize,
    /// What [`look_around`] made of the place.
    pub key: u64,
}

/// The token after the last residue, and one that fills a batch up.
const END: u64 = u64::MAX;
const PADDING: u64 = u64::MAX - 1;
/// Positions on either side that a residue sees.
const WINDOW: u64 = 8;

/// The residues of a sample in order, linkers left out; only the gap between chains shows that there are any.
pub(super) fn lay_out(chains: &[InputChain], gap: i64) -> Vec<TokenSite> {
    let mut sites = Vec::new();
    let mut next = 0_i64;
    for (chain, own) in chains.iter().enumerate() {
        if chain > 0 {
            next = next.saturating_add(gap);
        }
        for (residue, letter) in own.molecule.text.chars().enumerate() {
            sites.push(TokenSite { code: letter.into(), position: next, chain, residue, key: 0 });
            next = next.saturating_add(1);
        }
    }
    sites
}

/// Appends the end token and padding tokens up to `length` places.
pub(super) fn pad(sites: &mut Vec<TokenSite>, length: usize) {
    let first = sites.len();
    sites.extend((first..length).map(|residue| TokenSite {
        code: if residue == first { END } else { PADDING },
        position: residue as i64,
        chain: 0,
        residue,
        key: 0,
    }));
}

/// A number for every place, fixed by its position and the residues near it. Chains far apart in position do not see each other; end
/// and padding tokens neither see nor are seen, for a sample must not depend on its batch.
pub(super) fn look_around(sites: &mut [TokenSite]) {
    let is_residue = |site: &&TokenSite| site.code < PADDING;
    let key = |site: &TokenSite| {
        let mut parts = vec![site.code, site.position as u64];
        if is_residue(&site) {
            let near = |other: &&TokenSite| other.position.abs_diff(site.position) <= WINDOW;
            let seen = sites.iter().filter(is_residue).filter(near);
            parts.extend(seen.flat_map(|other| [other.code, other.position as u64]));
        }
        seed_of(&parts)
    };
    let keys: Vec<u64> = sites.iter().map(key).collect();
    for (site, key) in sites.iter_mut().zip(keys) {
        site.key = key;
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::{InputMolecule, MoleculeKind};
    use super::*;

    fn sample(chains: &[&str]) -> Vec<InputChain> {
        let chain = |letters: &&str| InputChain {
            id: String::new(),
            molecule: InputMolecule { kind: MoleculeKind::Protein, text: (*letters).into() },
        };
        chains.iter().map(chain).collect()
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
    fn residue_numbers_restart_with_every_chain() {
        let sites = lay_out(&sample(&["ACD", "EF"]), 1);
        let numbers: Vec<_> = sites.iter().map(|site| (site.chain, site.residue)).collect();
        assert_eq!(numbers, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]);
    }

    #[test]
    fn a_short_sample_ends_with_one_end_token_and_padding() {
        let mut sites = lay_out(&sample(&["A"]), 0);
        pad(&mut sites, 3);
        let codes: Vec<_> = sites.iter().map(|site| site.code).collect();
        assert_eq!(codes[1..], [END, PADDING]);
        assert_eq!(sites[2].residue, 2);
    }

    #[test]
    fn neighbours_count_and_far_chains_do_not() {
        let key = |chains: &[&str], gap: i64| {
            let mut sites = lay_out(&sample(chains), gap);
            look_around(&mut sites);
            sites[0].key
        };
        assert_ne!(key(&["ACD"], 0), key(&["ACE"], 0));
        assert_ne!(key(&["A", "C"], 0), key(&["A", "D"], 0));
        assert_eq!(key(&["A", "C"], 512), key(&["A", "D"], 512));
    }
}
