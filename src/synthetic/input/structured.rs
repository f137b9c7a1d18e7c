//! Reads ESMFold2's structured input: proteins, nucleic acids and ligands given as objects. Checks what boileroom
//! checks before a model sees it; what a model would make of the chemistry is not judged.

use std::collections::BTreeSet;

use serde_json::Value;

use super::conditioning::{self, Object, mappings};
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
    molecule: EntityMolecule,
}

enum EntityMolecule {
    Protein {
        sequence: String,
        aligned_to_file: bool,
    },
    Rna(String),
    Dna(String),
    Ligand {
        smiles: Option<String>,
        ccd: Option<Vec<String>>,
    },
}

fn decode(object: &Object) -> Result<Vec<Entity>, ModelError> {
    if object.get("kind").and_then(Value::as_str) != Some("structure_prediction_input") {
        return Err(ModelError::value(
            "ESMFold2 structure payload must have kind='structure_prediction_input'.",
        ));
    }
    let entities = mappings(object.get("sequences"), "sequences")?
        .into_iter()
        .map(decode_entity)
        .collect::<Result<Vec<_>, _>>()?;
    conditioning::check(object)?;
    Ok(entities)
}

fn decode_entity(object: &Object) -> Result<Entity, ModelError> {
    let kind = object.get("kind").unwrap_or(&Value::Null);
    let name = kind.as_str().unwrap_or_default();
    if !["protein", "rna", "dna", "ligand"].contains(&name) {
        return Err(ModelError::value(format!(
            "Unsupported ESMFold2 sequence payload kind: {}",
            python::repr_value(kind)
        )));
    }
    let ids = decode_ids(object.get("id"))?;
    if name == "ligand" {
        let line = |value: &Value| value.as_str().map(str::to_owned);
        let words = "Encoded ESMFold2 ligand.smiles must be a string or None.";
        let smiles = optional(object.get("smiles"), line, words)?;
        let words = "Encoded ESMFold2 ligand.ccd must be a list of strings or None.";
        let ccd = optional(object.get("ccd"), strings, words)?;
        return Ok(Entity {
            ids,
            molecule: EntityMolecule::Ligand { smiles, ccd },
        });
    }
    let Some(sequence) = object.get("sequence").and_then(Value::as_str).map(str::to_owned) else {
        return Err(ModelError::wrong_type(format!(
            "Encoded ESMFold2 {name}.sequence must be a string."
        )));
    };
    conditioning::check_modifications(object.get("modifications"))?;
    let molecule = match name {
        "rna" => EntityMolecule::Rna(sequence),
        "dna" => EntityMolecule::Dna(sequence),
        _ => EntityMolecule::Protein {
            sequence,
            aligned_to_file: conditioning::check_alignment(object.get("msa"))?,
        },
    };
    Ok(Entity { ids, molecule })
}

fn decode_ids(value: Option<&Value>) -> Result<Vec<String>, ModelError> {
    let one = value.and_then(Value::as_str).map(|id| vec![id.to_owned()]);
    one.or_else(|| value.and_then(strings))
        .ok_or_else(|| ModelError::wrong_type("Encoded ESMFold2 id must be str or list[str]."))
}

/// A value that may be absent, as `read` reads it.
fn optional<T>(
    value: Option<&Value>,
    read: impl Fn(&Value) -> Option<T>,
    message: &str,
) -> Result<Option<T>, ModelError> {
    let given = value.filter(|value| !value.is_null());
    let read = given.map(|value| read(value).ok_or_else(|| ModelError::wrong_type(message)));
    read.transpose()
}

/// A list of strings.
fn strings(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}

impl Entity {
    /// What this entity adds to the sample's length in the metadata: residues of all copies, or parts of a ligand.
    fn residues(&self) -> Result<usize, ModelError> {
        let sequence = match &self.molecule {
            EntityMolecule::Ligand { smiles, ccd } => {
                let parts = ccd.as_ref().map_or(0, Vec::len);
                let whole = usize::from(smiles.as_ref().is_some_and(|line| !line.is_empty()));
                return Ok(self.ids.len().max(if parts > 0 { parts } else { whole }));
            }
            EntityMolecule::Protein { sequence, .. }
            | EntityMolecule::Rna(sequence)
            | EntityMolecule::Dna(sequence) => sequence,
        };
        let mut residues = 0;
        for chain in pieces(sequence) {
            if chain.is_empty() {
                let shown = python::repr(&sequence.replace(BAR, ":"));
                return Err(ModelError::value(format!(
                    "Invalid ESMFold2 sequence {shown}: empty chain near ':'."
                )));
            }
            if matches!(self.molecule, EntityMolecule::Protein { .. }) {
                check_amino_acids("", chain)?;
            }
            residues += chain.chars().count();
        }
        Ok(residues * self.ids.len())
    }

    /// The molecules of one copy; more than one where the sequence holds chain breaks.
    fn molecules(&self) -> Result<Vec<InputMolecule>, ModelError> {
        let owned = |chain: &str| chain.to_owned();
        Ok(match &self.molecule {
            EntityMolecule::Protein {
                aligned_to_file: true, ..
            } => {
                return Err(ModelError::value(
                    "ESMFold2 currently requires in-memory MSA sequences; \
                     file-backed MSA paths are reserved for other model adapters.",
                ));
            }
            EntityMolecule::Protein { sequence, .. } => {
                let residues = |chain: &str| chain.chars().map(InputResidue::Letter).collect();
                pieces(sequence).map(residues).map(InputMolecule::Protein).collect()
            }
            EntityMolecule::Rna(sequence) => pieces(sequence).map(owned).map(InputMolecule::Rna).collect(),
            EntityMolecule::Dna(sequence) => pieces(sequence).map(owned).map(InputMolecule::Dna).collect(),
            EntityMolecule::Ligand { ccd: Some(codes), .. } if !codes.is_empty() => {
                vec![InputMolecule::Components(codes.clone())]
            }
            EntityMolecule::Ligand { smiles: Some(line), .. } if !line.is_empty() => {
                vec![InputMolecule::Smiles(line.clone())]
            }
            EntityMolecule::Ligand { .. } => {
                return Err(ModelError::value("ESMFold2 ligand input requires smiles or ccd."));
            }
        })
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
        let molecules = entity.molecules()?;
        for id in entity.ids {
            let mut id = Some(id);
            for molecule in molecules.clone() {
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
