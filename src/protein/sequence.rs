//! Sequences as the models take them: chains joined by `:` in one string. Splits and counts; judges no alphabet.

/// The character between chains of one string.
pub const CHAIN_SEPARATOR: char = ':';

/// The token that hides one residue from a language model.
pub const MASK: &str = "<mask>";

/// The chains of a string, in order; a string without separator is one chain.
pub fn chains(sequence: &str) -> impl Iterator<Item = &str> {
    sequence.split(CHAIN_SEPARATOR)
}

/// Number of residues in a chain, a mask counting as one.
#[must_use]
pub fn residues_in(chain: &str) -> usize {
    let masks = chain.matches(MASK).count();
    chain.chars().count() - masks * (MASK.len() - 1)
}

/// Residues of every chain of a string.
#[must_use]
pub fn chain_lengths(sequence: &str) -> Vec<usize> {
    chains(sequence).map(residues_in).collect()
}

/// The identifier of a chain by its place: A, B, … Z, AA, AB, ….
#[must_use]
pub fn chain_id(index: usize) -> String {
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
        assert_eq!(chain_lengths("A<mask>:CD"), [2, 2]);
        assert_eq!(chain_lengths("<mask><mask>"), [2]);
        assert_eq!(chain_lengths("A::B"), [1, 0, 1]);
    }

    #[test]
    fn chains_are_named_like_columns_of_a_spreadsheet() {
        let names: Vec<String> = [0, 25, 26, 51, 52, 701, 702].map(chain_id).into();
        assert_eq!(names, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }
}
