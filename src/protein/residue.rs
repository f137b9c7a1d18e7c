//! The twenty amino acids: letters, three-letter names and heavy atoms in the order of structures. Does not list other compounds.

/// One amino acid.
#[derive(Debug)]
pub(crate) struct AminoAcid {
    /// One-letter code.
    pub(crate) letter: char,
    /// Three-letter code.
    pub(crate) name: &'static str,
    /// Names of the heavy atoms of a residue within a chain (without the terminal OXT), backbone first.
    pub(crate) atoms: &'static [&'static str],
}

/// All amino acids in the order in which AlphaFold-like models number them.
pub(crate) static AMINO_ACIDS: [AminoAcid; 20] = [
    amino('A', "ALA", &["N", "CA", "C", "O", "CB"]),
    amino('R', "ARG", &["N", "CA", "C", "O", "CB", "CG", "CD", "NE", "CZ", "NH1", "NH2"]),
    amino('N', "ASN", &["N", "CA", "C", "O", "CB", "CG", "OD1", "ND2"]),
    amino('D', "ASP", &["N", "CA", "C", "O", "CB", "CG", "OD1", "OD2"]),
    amino('C', "CYS", &["N", "CA", "C", "O", "CB", "SG"]),
    amino('Q', "GLN", &["N", "CA", "C", "O", "CB", "CG", "CD", "OE1", "NE2"]),
    amino('E', "GLU", &["N", "CA", "C", "O", "CB", "CG", "CD", "OE1", "OE2"]),
    amino('G', "GLY", &["N", "CA", "C", "O"]),
    amino('H', "HIS", &["N", "CA", "C", "O", "CB", "CG", "ND1", "CD2", "CE1", "NE2"]),
    amino('I', "ILE", &["N", "CA", "C", "O", "CB", "CG1", "CG2", "CD1"]),
    amino('L', "LEU", &["N", "CA", "C", "O", "CB", "CG", "CD1", "CD2"]),
    amino('K', "LYS", &["N", "CA", "C", "O", "CB", "CG", "CD", "CE", "NZ"]),
    amino('M', "MET", &["N", "CA", "C", "O", "CB", "CG", "SD", "CE"]),
    amino('F', "PHE", &["N", "CA", "C", "O", "CB", "CG", "CD1", "CD2", "CE1", "CE2", "CZ"]),
    amino('P', "PRO", &["N", "CA", "C", "O", "CB", "CG", "CD"]),
    amino('S', "SER", &["N", "CA", "C", "O", "CB", "OG"]),
    amino('T', "THR", &["N", "CA", "C", "O", "CB", "OG1", "CG2"]),
    amino('W', "TRP", &["N", "CA", "C", "O", "CB", "CG", "CD1", "CD2", "NE1", "CE2", "CE3", "CZ2", "CZ3", "CH2"]),
    amino('Y', "TYR", &["N", "CA", "C", "O", "CB", "CG", "CD1", "CD2", "CE1", "CE2", "CZ", "OH"]),
    amino('V', "VAL", &["N", "CA", "C", "O", "CB", "CG1", "CG2"]),
];

/// Pairs of atoms that may swap names, all pairs of a residue at once: a rotation of the group by 180° changes nothing else.
///
/// The methyl groups of leucine and valine are not included, because their names tell their position.
pub(crate) static EQUIVALENT_ATOMS: [(&str, &[(&str, &str)]); 4] = [
    ("ASP", &[("OD1", "OD2")]),
    ("GLU", &[("OE1", "OE2")]),
    ("PHE", &[("CD1", "CD2"), ("CE1", "CE2")]),
    ("TYR", &[("CD1", "CD2"), ("CE1", "CE2")]),
];

/// The pairs of atoms of a residue that may swap names; empty for most residues.
pub(crate) fn equivalent_atoms(residue_name: &str) -> &'static [(&'static str, &'static str)] {
    EQUIVALENT_ATOMS.iter().find(|(name, _)| *name == residue_name).map_or(&[], |(_, pairs)| pairs)
}

const fn amino(letter: char, name: &'static str, atoms: &'static [&'static str]) -> AminoAcid {
    AminoAcid { letter, name, atoms }
}

/// The amino acid with this one-letter code.
pub(crate) fn by_letter(letter: char) -> Option<&'static AminoAcid> {
    AMINO_ACIDS.iter().find(|amino| amino.letter == letter)
}

/// The amino acid with this three-letter code.
pub(crate) fn by_name(name: &str) -> Option<&'static AminoAcid> {
    AMINO_ACIDS.iter().find(|amino| amino.name == name)
}

/// The one-letter code of a three-letter name.
pub(crate) fn letter_of(name: &str) -> Option<char> {
    by_name(name).map(|amino| amino.letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equivalent_atoms_are_atoms_of_their_residue() {
        for (residue, pairs) in EQUIVALENT_ATOMS {
            let atoms = by_name(residue).unwrap().atoms;
            for (first, second) in pairs {
                assert!(atoms.contains(first) && atoms.contains(second), "{residue}");
            }
        }
        assert_eq!(equivalent_atoms("TYR").len(), 2);
        assert!(equivalent_atoms("LEU").is_empty());
    }

    #[test]
    fn letters_and_names_are_unique() {
        for amino in &AMINO_ACIDS {
            assert_eq!(by_letter(amino.letter).map(|found| found.name), Some(amino.name));
            assert_eq!(letter_of(amino.name), Some(amino.letter));
        }
        assert_eq!(letter_of("MSE"), None);
    }
}
