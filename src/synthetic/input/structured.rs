//! Reads ESMFold2's structured input: proteins, nucleic acids and ligands given as objects. Checks what boileroom checks before it
//! calls a model. Does not check the chemistry.

use std::collections::BTreeSet;

use serde_json::Value;

use super::conditioning::{self, Object, encoded, given, mappings, strings};
use super::strings::{BAR, check_amino_acids};
use super::{InputBatch, InputChain, InputMolecule, ModelError, MoleculeKind};
use crate::protein::sequence::{CHAIN_SEPARATOR, chain_id};
use crate::synthetic::python;

/// Reads one object per sample. All are decoded before the first is checked, as boileroom does.
pub(super) fn read(objects: &[&Object]) -> Result<InputBatch, ModelError> {
    let decoded: Vec<Vec<Entity>> = objects.iter().map(|object| decode(object)).collect::<Result<_, _>>()?;
    let (mut items, mut lengths) = (Vec::new(), Vec::new());
    for entities in decoded {
        if entities.is_empty() {
            return Err(ModelError::value("StructurePredictionInput.sequences must not be empty."));
        }
        lengths.push(entities.iter().map(Entity::residues).sum::<Result<usize, _>>()?);
        items.push(sample(entities)?);
    }
    Ok(InputBatch { items, lengths })
}

/// One molecule of the input, with the identifiers of its copies.
struct Entity {
    ids: Vec<String>,
    /// The molecules of one copy: several if the sequence has chain breaks.
    molecules: Vec<InputMolecule>,
    /// An error that is only reported once the residues of the whole sample are counted.
    late_error: Option<&'static str>,
}

fn decode(object: &Object) -> Result<Vec<Entity>, ModelError> {
    if object.get("kind").and_then(Value::as_str) != Some("structure_prediction_input") {
        return Err(ModelError::value("ESMFold2 structure payload must have kind='structure_prediction_input'."));
    }
    let entities =
        mappings(object.get("sequences"), "sequences")?.into_iter().map(decode_entity).collect::<Result<_, _>>()?;
    conditioning::check_sample(object)?;
    Ok(entities)
}

fn decode_entity(object: &Object) -> Result<Entity, ModelError> {
    let kind = object.get("kind").unwrap_or(&Value::Null);
    let own = match kind.as_str() {
        Some("ligand") => return decode_ligand(object),
        Some("protein") => MoleculeKind::Protein,
        Some("rna") => MoleculeKind::Rna,
        Some("dna") => MoleculeKind::Dna,
        _ => {
            let kind = python::repr_value(kind);
            return Err(ModelError::value(format!("Unsupported ESMFold2 sequence payload kind: {kind}")));
        }
    };
    let ids = decode_ids(object)?;
    let sequence = object.get("sequence").and_then(Value::as_str);
    let sequence = encoded(sequence, &format!("{}.sequence must be a string", python::text(kind)))?;
    conditioning::check_modifications(object)?;
    let in_file = kind == "protein" && conditioning::check_alignment(object.get("msa"))?;
    let molecules = sequence.split([CHAIN_SEPARATOR, BAR]);
    Ok(Entity {
        ids,
        molecules: molecules.map(|text| InputMolecule { kind: own, text: text.to_owned() }).collect(),
        late_error: in_file.then_some(
            "ESMFold2 currently requires in-memory MSA sequences; \
             file-backed MSA paths are reserved for other model adapters.",
        ),
    })
}

fn decode_ligand(object: &Object) -> Result<Entity, ModelError> {
    let ids = decode_ids(object)?;
    let smiles = given(object, "smiles").map_or(Some(""), Value::as_str);
    let smiles = encoded(smiles, "ligand.smiles must be a string or None")?;
    let codes = given(object, "ccd").map_or(Some(Vec::new()), strings);
    let codes = encoded(codes, "ligand.ccd must be a list of strings or None")?;
    let is_empty = codes.is_empty() && smiles.is_empty();
    let (kind, text) = if codes.is_empty() {
        (MoleculeKind::Smiles, smiles.to_owned())
    } else {
        (MoleculeKind::Components, codes.join(" "))
    };
    let late_error = is_empty.then_some("ESMFold2 ligand input requires smiles or ccd.");
    Ok(Entity { ids, molecules: vec![InputMolecule { kind, text }], late_error })
}

fn decode_ids(object: &Object) -> Result<Vec<String>, ModelError> {
    let ids = object.get("id").and_then(|id| match id {
        Value::String(id) => Some(vec![id.clone()]),
        other => strings(other),
    });
    encoded(ids, "id must be str or list[str]")
}

impl Entity {
    /// Length of this entity in the metadata: the residues of all copies, or the parts of a ligand.
    fn residues(&self) -> Result<usize, ModelError> {
        let mut residues = 0;
        for InputMolecule { kind, text } in &self.molecules {
            match kind {
                MoleculeKind::Smiles => return Ok(self.ids.len()),
                MoleculeKind::Components => return Ok(self.ids.len().max(text.split(' ').count())),
                _ if text.is_empty() => {
                    let chains: Vec<&str> = self.molecules.iter().map(|own| own.text.as_str()).collect();
                    let sequence = python::repr(&chains.join(":"));
                    let message = format!("Invalid ESMFold2 sequence {sequence}: empty chain near ':'.");
                    return Err(ModelError::value(message));
                }
                MoleculeKind::Protein => check_amino_acids("", text)?,
                MoleculeKind::Dna | MoleculeKind::Rna => {}
            }
            residues += text.chars().count();
        }
        Ok(residues * self.ids.len())
    }
}

/// Lists the copies of all entities as chains. The first chain of a copy gets the copy's identifier, its other chains get the first
/// free ones.
fn sample(entities: Vec<Entity>) -> Result<Vec<InputChain>, ModelError> {
    let mut taken: BTreeSet<String> = entities.iter().flat_map(|entity| entity.ids.iter().cloned()).collect();
    let mut chains = Vec::new();
    for entity in entities {
        if let Some(message) = entity.late_error {
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
    Ok(chains)
}

fn free_id(taken: &BTreeSet<String>) -> String {
    // One more candidate than there are names taken, so one is always free.
    (0..=taken.len()).map(chain_id).find(|id| !taken.contains(id)).unwrap_or_default()
}
