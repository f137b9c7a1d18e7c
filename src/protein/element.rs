//! Guesses the element of an atom from its name, for files without elements. Does not look up compounds.

use super::Label;

/// Two-letter elements that occur in structures of proteins and their ligands.
const TWO_LETTERS: [&str; 22] = [
    "LI", "BE", "NA", "MG", "AL", "SI", "CL", "CA", "MN", "FE", "CO", "NI", "CU", "ZN", "AS", "SE", "BR", "MO", "CD",
    "PT", "AU", "HG",
];

/// One-letter elements.
const ONE_LETTER: &[u8] = b"HBCNOFPSKVYIWU";

/// The column of the name, which distinguishes calcium from an alpha carbon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// The name starts in the column of the first letter of a two-letter element in PDB files.
    ElementColumn,
    /// The name starts later, or the format has no columns.
    Other,
}

/// The element in capitals; empty if the name does not show it.
pub(super) fn guess(atom_name: Label, residue_name: Label, placement: Placement) -> Label {
    let upper = atom_name.to_ascii_uppercase();
    let letters = upper.as_str().trim_start_matches(|letter: char| letter.is_ascii_digit());
    let pair = letters.get(..2).and_then(|pair| TWO_LETTERS.into_iter().find(|&known| known == pair));
    // A single atom is named like its residue: the ion `CA` of residue `CA`.
    let ion = residue_name.to_ascii_uppercase() == upper;
    // Names of four characters fill all columns, such as `CD11` and `HG11`.
    let aligned = placement == Placement::ElementColumn && letters.len() < 4;
    let single = letters.bytes().next().filter(|first| ONE_LETTER.contains(first));
    match (pair, single) {
        (Some(pair), _) if ion || aligned => Label::new(pair).unwrap_or_default(),
        (_, Some(first)) => Label::from_bytes(&[first]).unwrap_or_default(),
        (Some(pair), None) => Label::new(pair).unwrap_or_default(),
        (None, None) if letters.starts_with('D') => Label::literal("D"),
        (None, None) => Label::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_element() {
        let cases = [
            ("CA", "ALA", Placement::Other, "C"),
            ("CA", "CA", Placement::Other, "CA"),
            ("CA", "LIG", Placement::ElementColumn, "CA"),
            ("HG11", "VAL", Placement::ElementColumn, "H"),
            ("1HB", "ALA", Placement::ElementColumn, "H"),
            ("OD1", "ASP", Placement::Other, "O"),
            ("SE", "MSE", Placement::ElementColumn, "SE"),
            ("MG", "ATP", Placement::Other, "MG"),
            ("zn", "ZN", Placement::Other, "ZN"),
            ("Q1", "LIG", Placement::Other, ""),
            ("", "", Placement::Other, ""),
        ];
        for (atom, residue, placement, element) in cases {
            let found = guess(Label::literal(atom), Label::literal(residue), placement);
            assert_eq!(found, element, "{atom} of {residue}");
        }
    }
}
