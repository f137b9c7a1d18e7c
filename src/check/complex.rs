//! The chains that an input describes, from a string or from structured input. Reads leniently: the model decides whether an input
//! is acceptable.

use serde_json::Value;

use crate::protein::sequence::{self, CHAIN_SEPARATOR, chain_id};

/// The chains of one complex. A single chain is a complex too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Complex {
    /// In the order of the input.
    pub(crate) chains: Vec<Chain>,
    /// Residues of all chains, where a ligand counts as its components.
    pub(crate) length: usize,
}

/// One chain of a complex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The identifier that structures give it.
    pub(crate) id: String,
    /// The kind of molecule.
    pub(crate) molecule: Molecule,
    /// One letter per residue. Empty for ligands.
    pub(crate) sequence: String,
    /// Number of residues or, for a ligand, of components.
    pub(crate) residues: usize,
    /// Whether some residues are replaced by modified ones.
    pub(crate) modified: bool,
    /// Which ones, counted from 0.
    pub(crate) modified_at: Vec<usize>,
    /// The components of a ligand or nucleic acid. Empty for proteins.
    pub(crate) parts: Vec<ComponentName>,
    /// Whether a bond to another chain may have cost it an atom.
    pub(crate) bonded: bool,
}

/// A nucleotide, or a component of a ligand, as the input names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ComponentName {
    /// By its code in the Chemical Component Dictionary.
    Code(String),
    /// By its SMILES line.
    Smiles(String),
}

/// The kind of molecule of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Molecule {
    /// Amino acids.
    Protein,
    /// Ribonucleotides or deoxyribonucleotides.
    Nucleic,
    /// A small molecule.
    Ligand,
}

impl Complex {
    /// The protein chains of a string, joined by `:` or `|`, named A, B, …; chains without residues are left out.
    pub(crate) fn parse(text: &str) -> Self {
        let joined = text.replace('|', ":");
        let chains = joined.split(CHAIN_SEPARATOR).map(str::trim).filter(|chain| !chain.is_empty());
        Self::of(chains.enumerate().map(|(index, chain)| Chain {
            id: chain_id(index),
            molecule: Molecule::Protein,
            sequence: chain.to_owned(),
            residues: sequence::residues_in(chain),
            modified: false,
            modified_at: Vec::new(),
            parts: Vec::new(),
            bonded: false,
        }))
    }

    /// Whether a model has exactly one token for each residue, so that its arrays have a known size.
    pub(crate) fn has_known_tokens(&self) -> bool {
        self.chains.iter().all(|chain| chain.molecule != Molecule::Ligand && !chain.modified)
    }

    /// The chain of a residue of the complex, and its zero-based index within that chain.
    pub(crate) fn residue(&self, index: usize) -> Option<(&Chain, usize)> {
        let mut rest = index;
        for chain in &self.chains {
            if rest < chain.residues {
                return Some((chain, rest));
            }
            rest -= chain.residues;
        }
        None
    }

    fn of(chains: impl Iterator<Item = Chain>) -> Self {
        let chains: Vec<Chain> = chains.collect();
        Self { length: chains.iter().map(|chain| chain.residues).sum(), chains }
    }
}

/// The complexes of structured input: an object, or a list of objects for a batch.
pub(crate) fn structured(value: &Value) -> Vec<Complex> {
    value.as_array().map_or_else(|| vec![entities(value)], |items| items.iter().map(entities).collect())
}

/// The items of a list at a key. Empty if there is no list.
fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn entities(value: &Value) -> Complex {
    let mut complex = Complex::of(list(value, "sequences").iter().flat_map(entity));
    let ends = |bond: &Value| ["chain_id1", "chain_id2"].map(|key| bond.get(key).cloned());
    let bonded: Vec<Value> = list(value, "covalent_bonds").iter().flat_map(ends).flatten().collect();
    for chain in &mut complex.chains {
        chain.bonded = bonded.iter().any(|id| id.as_str() == Some(&chain.id));
    }
    complex
}

/// The chains of one entity: one for each of its identifiers.
fn entity(value: &Value) -> Vec<Chain> {
    let ids: Vec<&str> = match value.get("id") {
        Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).collect(),
        id => id.and_then(Value::as_str).into_iter().collect(),
    };
    let molecule = match text(value, "kind") {
        "rna" | "dna" => Molecule::Nucleic,
        "ligand" => Molecule::Ligand,
        _ => Molecule::Protein,
    };
    let sequence = text(value, "sequence");
    let residues = match molecule {
        // Components that are named together are divided among the identifiers.
        Molecule::Ligand => list(value, "ccd").len().max(1).div_ceil(ids.len().max(1)),
        Molecule::Protein | Molecule::Nucleic => sequence.chars().count(),
    };
    let parts = parts(value, molecule, sequence);
    let modifications = list(value, "modifications");
    let position = |modification: &Value| usize::try_from(modification.get("position")?.as_u64()?).ok();
    let modified_at: Vec<usize> = modifications.iter().filter_map(position).collect();
    let own_parts = |place: usize| match molecule {
        Molecule::Ligand => parts.iter().skip(place * residues).take(residues).cloned().collect(),
        Molecule::Protein | Molecule::Nucleic => parts.clone(),
    };
    let chains = ids.into_iter().enumerate().map(|(place, id)| Chain {
        id: id.to_owned(),
        molecule,
        sequence: sequence.to_owned(),
        residues,
        modified: !modifications.is_empty(),
        modified_at: modified_at.clone(),
        parts: own_parts(place),
        bonded: false,
    });
    chains.collect()
}

/// The nucleotides or components that an entity names, of a ligand for all its identifiers.
fn parts(value: &Value, molecule: Molecule, sequence: &str) -> Vec<ComponentName> {
    let prefix = if text(value, "kind") == "dna" { "D" } else { "" };
    match molecule {
        Molecule::Protein => Vec::new(),
        Molecule::Nucleic => sequence.chars().map(|base| ComponentName::Code(format!("{prefix}{base}"))).collect(),
        Molecule::Ligand => {
            let codes = list(value, "ccd").iter().filter_map(Value::as_str);
            let codes: Vec<ComponentName> = codes.map(|code| ComponentName::Code(code.to_owned())).collect();
            if !codes.is_empty() {
                return codes;
            }
            let ids = value.get("id").and_then(Value::as_array).map_or(1, Vec::len);
            vec![ComponentName::Smiles(text(value, "smiles").to_owned()); ids]
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn chains_are_named_as_spreadsheet_columns() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(chain_id), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn a_string_gives_its_chains_and_their_residues() {
        let complex = Complex::parse("A<mask>:CDE");
        let lengths: Vec<_> = complex.chains.iter().map(|chain| (chain.id.as_str(), chain.residues)).collect();
        assert_eq!(lengths, [("A", 2), ("B", 3)]);
        assert_eq!(complex.length, 5);
        assert_eq!(complex.residue(3).map(|(chain, residue)| (chain.id.as_str(), residue)), Some(("B", 1)));
        assert_eq!(complex.residue(5), None);
    }

    #[test]
    fn structured_input_gives_a_chain_for_every_identifier() {
        let value = json!({"kind": "structure_prediction_input", "sequences": [
            {"kind": "protein", "id": ["A", "B"], "sequence": "ACD"},
            {"kind": "dna", "id": "C", "sequence": "GATA"},
            {"kind": "ligand", "id": "L", "ccd": ["SAH"]},
        ]});
        let complexes = structured(&value);
        assert_eq!(complexes.len(), 1);
        assert_eq!(complexes[0].length, 3 + 3 + 4 + 1);
        assert_eq!(complexes[0].chains[1].id, "B");
        assert!(!complexes[0].has_known_tokens());
        assert_eq!(complexes[0].chains[2].parts[1], ComponentName::Code("DA".to_owned()));
        assert_eq!(complexes[0].chains[3].parts, [ComponentName::Code("SAH".to_owned())]);
        let copies = json!({"sequences": [{"kind": "ligand", "id": ["L", "M"], "smiles": "CCO"}],
            "covalent_bonds": [{"chain_id1": "A", "chain_id2": "M"}]});
        let copies = &structured(&copies)[0].chains;
        assert_eq!(copies[1].parts, [ComponentName::Smiles("CCO".to_owned())]);
        assert_eq!([copies[0].bonded, copies[1].bonded], [false, true]);
        assert_eq!(structured(&json!([value, {"sequences": []}])).len(), 2);
    }
}
