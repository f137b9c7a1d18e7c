//! Reads the heavy atoms of a molecule from its SMILES line. Does not check bonds, rings or charges.

use super::Label;

/// The elements of the heavy atoms in order, in capitals. Returns `None` if the line is not SMILES.
pub(crate) fn heavy_atoms(text: &str) -> Option<Vec<Label>> {
    let mut atoms = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '[' => {
                let end = rest.find(']')?;
                let element = in_brackets(&rest[1..end])?;
                if element != *"H" {
                    atoms.push(element);
                }
                length = end + 1;
            }
            'B' | 'C' if rest.starts_with("Br") || rest.starts_with("Cl") => {
                atoms.push(Label::new(&rest[..2].to_ascii_uppercase())?);
                length = 2;
            }
            'B' | 'C' | 'N' | 'O' | 'P' | 'S' | 'F' | 'I' | 'b' | 'c' | 'n' | 'o' | 'p' | 's' => {
                atoms.push(Label::new(&rest[..1].to_ascii_uppercase())?);
            }
            // Bonds, branches, rings, and the dot between molecules.
            '-' | '=' | '#' | '$' | ':' | '/' | '\\' | '.' | '(' | ')' | '%' | '0'..='9' => {}
            _ => return None,
        }
        rest = &rest[length..];
    }
    Some(atoms)
}

/// The element of an atom in brackets, without its isotope: `[13CH4]`, `[nH]`, `[Na+]`. May be hydrogen.
fn in_brackets(text: &str) -> Option<Label> {
    // In brackets, these may be aromatic and have small letters then.
    const AROMATIC: [&str; 2] = ["se", "as"];
    let symbol = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let mut letters = symbol.chars();
    let first = letters.next().filter(char::is_ascii_alphabetic)?;
    let is_pair = letters.next().is_some_and(|second| second.is_ascii_lowercase())
        && (first.is_ascii_uppercase() || AROMATIC.iter().any(|pair| symbol.starts_with(pair)));
    Label::new(&symbol.get(..if is_pair { 2 } else { 1 })?.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_atoms_are_counted_whatever_they_are_written_as() {
        let read = |text| {
            let atoms = heavy_atoms(text)?;
            Some(atoms.iter().map(Label::as_str).collect::<Vec<_>>().join(" "))
        };
        for (text, atoms) in [
            ("CCO", "C C O"),
            ("CC(=O)Oc1ccccc1C(=O)O", "C C O O C C C C C C C O O"),
            ("Clc1ccc(Br)cc1", "CL C C C C BR C C"),
            ("[13CH4]", "C"),
            ("[H]O[H]", "O"),
            ("c1cc[nH]c1", "C C C N C"),
            ("[Na+].[Cl-]", "NA CL"),
            ("N[C@@H](C)C(=O)[O-]", "N C C C O O"),
            ("c1cc[se]c1", "C C C SE C"),
            ("C%12CCCC%12", "C C C C C"),
            ("F/C=C\\F", "F C C F"),
            ("", ""),
        ] {
            assert_eq!(read(text).as_deref(), Some(atoms), "{text}");
        }
        for text in ["CX", "[C", "[]", "é", "[+]"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
