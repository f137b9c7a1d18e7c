//! Reads ESMFold2's structured input: proteins, nucleic acids and ligands given as objects. Checks what boileroom
//! checks before a model sees it; what a model would make of the chemistry is not judged.

use std::collections::BTreeSet;

use serde_json::Value;

use super::conditioning::{self, Object, given, mappings};
use super::strings::{BAR, check_amino_acids};
use super::{InputBatch, InputChain, InputMolecule, InputResidue, InputSample, ModelError, chain_id};
use crate::protein::sequence::CHAIN_SEPARATOR;
use crate::synthetic::python;

/// Reads one object per sample. All are decoded before the first is judged, as boileroom does.
pub(super) fn read(objects: &[&Object]) -> Result<InputBatch, ModelError> {
    let decoded = objects
        .iter()
        .map(|object| decode(object))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut items, mut lengths) = (Vec::new(), Vec::new());
    for entities in decoded {
        if entities.is_empty() {
            return Err(ModelError::value(
                "StructurePredictionInput.sequences must not be empty.",
            ));
        }
        lengths.push(entities.iter().map(Entity::residues).sum::<Result<usize, _>>()?);
        items.push(sample(entities)?);
    }
    Ok(InputBatch { items, lengths })
}

/// One molecule as given, with the identifiers of its copies.
struct Entity {
    ids: Vec<String>,
    /// Residues as given; `None` for a ligand.
    sequence: Option<String>,
    /// The molecules of one copy: more than one where the sequence holds chain breaks.
    molecules: Vec<InputMolecule>,
    /// What is refused only once the residues of the whole sample are counted.
    refusal: Option<&'static str>,
}

fn decode(object: &Object) -> Result<Vec<Entity>, ModelError> {
    if object.get("kind").and_then(Value::as_str) != Some("structure_prediction_input") {
        return Err(ModelError::value(
            "ESMFold2 structure payload must have kind='structure_prediction_input'.",
        ));
    }
    let entities = mappings(object.get("sequences"), "sequences")?;
    let entities = entities.into_iter().map(decode_entity).collect::<Result<_, _>>()?;
    conditioning::check(object)?;
    Ok(entities)
}

fn decode_entity(object: &Object) -> Result<Entity, ModelError> {
    let kind = object.get("kind").unwrap_or(&Value::Null);
    let molecule: fn(&str) -> InputMolecule = match kind.as_str() {
        Some("ligand") => return decode_ligand(object),
        Some("protein") => |chain| InputMolecule::Protein(chain.chars().map(InputResidue::Letter).collect()),
        Some("rna") => |chain| InputMolecule::Rna(chain.to_owned()),
        Some("dna") => |chain| InputMolecule::Dna(chain.to_owned()),
        _ => {
            let shown = python::repr_value(kind);
            let message = format!("Unsupported ESMFold2 sequence payload kind: {shown}");
            return Err(ModelError::value(message));
        }
    };
    let ids = decode_ids(object.get("id"))?;
    let Some(sequence) = object.get("sequence").and_then(Value::as_str) else {
        let message = format!("Encoded ESMFold2 {}.sequence must be a string.", python::text(kind));
        return Err(ModelError::wrong_type(message));
    };
    conditioning::check_modifications(object)?;
    let in_file = kind == "protein" && conditioning::check_alignment(object.get("msa"))?;
    Ok(Entity {
        ids,
        molecules: pieces(sequence).map(molecule).collect(),
        sequence: Some(sequence.to_owned()),
        refusal: in_file.then_some(
            "ESMFold2 currently requires in-memory MSA sequences; \
             file-backed MSA paths are reserved for other model adapters.",
        ),
    })
}

fn decode_ligand(object: &Object) -> Result<Entity, ModelError> {
    let ids = decode_ids(object.get("id"))?;
    let smiles = given(object, "smiles").map(|line| {
        let message = "Encoded ESMFold2 ligand.smiles must be a string or None.";
        line.as_str().ok_or_else(|| ModelError::wrong_type(message))
    });
    let smiles = smiles.transpose()?.filter(|line| !line.is_empty());
    let codes = given(object, "ccd").map(|codes| {
        let message = "Encoded ESMFold2 ligand.ccd must be a list of strings or None.";
        strings(codes).ok_or_else(|| ModelError::wrong_type(message))
    });
    let codes = codes.transpose()?.filter(|codes| !codes.is_empty());
    let smiles = smiles.map(|line| InputMolecule::Smiles(line.to_owned()));
    let molecules = Vec::from_iter(codes.map(InputMolecule::Components).or(smiles));
    Ok(Entity {
        ids,
        sequence: None,
        refusal: molecules
            .is_empty()
            .then_some("ESMFold2 ligand input requires smiles or ccd."),
        molecules,
    })
}

fn decode_ids(value: Option<&Value>) -> Result<Vec<String>, ModelError> {
    let one = value.and_then(Value::as_str).map(|id| vec![id.to_owned()]);
    one.or_else(|| value.and_then(strings))
        .ok_or_else(|| ModelError::wrong_type("Encoded ESMFold2 id must be str or list[str]."))
}

/// A list of strings.
fn strings(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}

impl Entity {
    /// What this entity adds to the sample's length in the metadata: residues of all copies, or parts of a ligand.
    fn residues(&self) -> Result<usize, ModelError> {
        let Some(sequence) = &self.sequence else {
            let parts = match self.molecules.first() {
                Some(InputMolecule::Components(codes)) => codes.len(),
                _ => self.molecules.len(),
            };
            return Ok(self.ids.len().max(parts));
        };
        let mut residues = 0;
        for (chain, molecule) in pieces(sequence).zip(&self.molecules) {
            if chain.is_empty() {
                let shown = python::repr(&sequence.replace(BAR, ":"));
                return Err(ModelError::value(format!(
                    "Invalid ESMFold2 sequence {shown}: empty chain near ':'."
                )));
            }
            if matches!(molecule, InputMolecule::Protein(_)) {
                check_amino_acids("", chain)?;
            }
            residues += chain.chars().count();
        }
        Ok(residues * self.ids.len())
    }
}

fn pieces(sequence: &str) -> impl Iterator<Item = &str> {
    sequence.split([CHAIN_SEPARATOR, BAR])
}

/// Lays the copies of all entities out as chains. A copy of several chains gives its identifier to the first; the
/// others take the first names that nothing else has.
fn sample(entities: Vec<Entity>) -> Result<InputSample, ModelError> {
    let mut taken: BTreeSet<String> = entities.iter().flat_map(|entity| entity.ids.iter().cloned()).collect();
    let mut chains = Vec::new();
    for entity in entities {
        if let Some(message) = entity.refusal {
            return Err(ModelError::value(message));
        }
        for id in entity.ids {
            let mut id = Some(id);
            for molecule in entity.molecules.clone() {
                let id = id.take().unwrap_or_else(|| free_id(&taken));
                taken.insert(id.clone());
                chains.push(InputChain { id, molecule });
            }
        }
    }
    Ok(InputSample { chains })
}

fn free_id(taken: &BTreeSet<String>) -> String {
    // One more candidate than there are names taken, so one is always free.
    (0..=taken.len())
        .map(chain_id)
        .find(|id| !taken.contains(id))
        .unwrap_or_default()
}
