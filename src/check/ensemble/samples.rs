//! The samples of one complex, from responses or from recorded results. Collects them. Tests nothing.

use super::super::case_results::AnsweredCall;
use super::super::structure_field::{confidences, structure_of};
use crate::compare::{STRUCTURES, behind, confidence_at, of_residues};
use crate::prediction::contract::{FactorScale, FieldKind};
use crate::prediction::{Listing, Prediction};
use crate::protein::Structure;

/// One sample of a complex.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// Its call and its place, for messages.
    pub(crate) name: String,
    /// Its atoms.
    pub(crate) structure: Structure,
    /// The confidence of every residue as a fraction of 1.
    pub(crate) confidence: Option<Vec<f64>>,
}

/// The samples in a response, complex by complex.
///
/// # Errors
/// What is wrong with one of them.
pub(super) fn of_response(answered: &AnsweredCall<'_>) -> Result<Vec<Vec<Sample>>, String> {
    let plddt = confidences(answered);
    let structures = answered.items(STRUCTURES);
    let samples = structures.iter().enumerate().map(|(index, item)| {
        let name = format!("{STRUCTURES}[{index}] of `{}`", answered.call);
        let structure = structure_of(FieldKind::Structures, item).map_err(|fault| format!("{name}: {fault}"))?;
        Ok(Sample {
            confidence: of_residues(&structure, scale(answered), behind(&plddt, structures.len(), index).as_deref()),
            structure: structure.into_owned(),
            name,
        })
    });
    by_complex(&samples.collect::<Result<Vec<Sample>, String>>()?, answered)
}

/// The samples of a recorded result, complex by complex.
///
/// # Errors
/// As [`of_response`].
pub(super) fn recorded(answered: &AnsweredCall<'_>, prediction: &Prediction) -> Result<Vec<Vec<Sample>>, String> {
    let listing = Listing::of(prediction).map_err(|error| error.to_string())?;
    let samples = (0..).map_while(|index| {
        let path = format!("{STRUCTURES}[{index}]");
        let structure = listing.structure(&path)?;
        Some(Sample {
            name: format!("recorded {path} of `{}`", answered.call),
            confidence: of_residues(structure, scale(answered), confidence_at(&listing, &path).as_deref()),
            structure: structure.clone(),
        })
    });
    by_complex(&samples.collect::<Vec<Sample>>(), answered)
}

fn scale(answered: &AnsweredCall<'_>) -> Option<FactorScale> {
    answered.contract.field(STRUCTURES).and_then(|field| field.b_factor)
}

fn by_complex(samples: &[Sample], answered: &AnsweredCall<'_>) -> Result<Vec<Vec<Sample>>, String> {
    let complexes = answered.expected.complexes.len();
    let each = samples.len().checked_div(complexes).unwrap_or(0);
    if each == 0 || each * complexes != samples.len() {
        let found = samples.len();
        return Err(format!("{STRUCTURES} of `{}`: {found} structures for {complexes} complexes", answered.call));
    }
    Ok(samples.chunks(each).map(<[Sample]>::to_vec).collect())
}
