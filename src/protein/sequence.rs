//! Sequences as inputs of models: chains joined by `:` in one string. Does not check alphabets.

/// The separator of chains.
pub(crate) const CHAIN_SEPARATOR: char = ':';

/// The token that hides one residue from a language model.
pub(crate) const MASK: &str = "<mask>";

/// The number of residues of a chain. A mask counts as one.
pub(crate) fn residues_in(chain: &str) -> usize {
    chain.chars().count() - chain.matches(MASK).count() * (MASK.len() - 1)
}

/// The identifier of a chain by its index: A, B, … Z, AA, AB, ….
pub(crate) fn chain_id(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_count_as_one_residue() {
        assert_eq!(residues_in("A<mask>"), 2);
        assert_eq!(residues_in("<mask><mask>"), 2);
        assert_eq!(residues_in(""), 0);
    }

    #[test]
    fn chains_are_named_like_columns_of_a_spreadsheet() {
        let names: Vec<String> = [0, 25, 26, 51, 52, 701, 702].map(chain_id).into();
        assert_eq!(names, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }
}
