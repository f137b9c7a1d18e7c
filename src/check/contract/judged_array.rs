//! What is judged of an array: where it is, what its field declares, and what was asked. Data only.

use super::super::case_results::AnsweredCall;
use super::super::complex::Complex;
use crate::prediction::Axes;
use crate::prediction::contract::FieldSpec;

/// One array of a response and what it is about.
pub(super) struct JudgedArray<'a> {
    /// Where it is, such as `plddt[1]`.
    pub(super) path: &'a str,
    pub(super) field: &'a FieldSpec,
    pub(super) axes: Axes,
    /// The complexes along its batch dimension, or the only one it is about.
    pub(super) complexes: &'a [Complex],
    pub(super) answered: &'a AnsweredCall<'a>,
}
