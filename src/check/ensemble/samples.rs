//! The samples of one complex, from responses or from what was recorded of them. Gathers; tests nothing.

use super::super::case_results::AnsweredCall;
use super::super::structure_field::structure_of;
use crate::compare::{STRUCTURES, behind, confidence_at, of_residues};
use crate::prediction::contract::{FactorScale, FieldKind};
use crate::prediction::{Listing, Prediction, Value};
use crate::protein::Structure;
use crate::tensor::Tensor;

/// One sample of a complex.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// The call it comes from and its place, in words.
    pub(crate) name: String,
    /// Its atoms.
    pub(crate) structure: Structure,
    /// Confidence of every residue as a fraction of 1.
    pub(crate) confidence: Option<Vec<f64>>,
}

/// The samples in a response, complex by complex.
///
/// # Errors
/// What is wrong with one of them.
pub(super) fn of_answer(answered: &AnsweredCall<'_>) -> Result<Vec<Vec<Sample>>, String> {
    let items = |name| answered.prediction.field(name).and_then(Value::as_items).unwrap_or_default();
    let plddt: Vec<Option<Vec<f64>>> =
        items("plddt").iter().map(|item| item.as_array().and_then(Tensor::to_f64)).collect();
    let structures = items(STRUCTURES);
    let samples = structures.iter().enumerate().map(|(index, item)| {
        let name = format!("{STRUCTURES}[{index}] of `{}`", answered.call);
        let structure = structure_of(FieldKind::Structures, item).map_err(|fault| format!("{name}: {fault}"))?;
        Ok(Sample {
            confidence: of_residues(&structure, scale(answered), behind(&plddt, structures.len(), index).as_deref()),
            structure: structure.into_owned(),
            name,
        })
    });
    share(&samples.collect::<Result<Vec<Sample>, String>>()?, answered)
}

/// The samples that were recorded of a call, complex by complex.
///
/// # Errors
/// As [`of_answer`].
pub(super) fn recorded(answered: &AnsweredCall<'_>, prediction: &Prediction) -> Result<Vec<Vec<Sample>>, String> {
    let listing = Listing::of(prediction).map_err(|error| error.to_string())?;
    let paths = (0..).map(|index| format!("{STRUCTURES}[{index}]"));
    let structures = paths.map_while(|path| listing.structure(&path).map(|structure| (path, structure)));
    let samples = structures.map(|(path, structure)| Sample {
        name: format!("recorded {path} of `{}`", answered.call),
        confidence: of_residues(structure, scale(answered), confidence_at(&listing, &path).as_deref()),
        structure: structure.clone(),
    });
    share(&samples.collect::<Vec<Sample>>(), answered)
}

fn scale(answered: &AnsweredCall<'_>) -> Option<FactorScale> {
    answered.contract.field(STRUCTURES).and_then(|field| field.b_factor)
}

fn share(samples: &[Sample], answered: &AnsweredCall<'_>) -> Result<Vec<Vec<Sample>>, String> {
    let complexes = answered.expected.complexes.len();
    let each = samples.len().checked_div(complexes).unwrap_or(0);
    if each == 0 || each * complexes != samples.len() {
        let found = samples.len();
        return Err(format!("{STRUCTURES} of `{}`: {found} structures for {complexes} complexes", answered.call));
    }
    Ok(samples.chunks(each).map(<[Sample]>::to_vec).collect())
}
