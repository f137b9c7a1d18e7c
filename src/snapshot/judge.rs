//! How the caller of a comparison has its say: tolerances, and judgements of its own. Compares nothing.

use super::comparison::FieldComparison;
use super::contents::Contents;
use crate::measure::Noise;
use crate::prediction::contract::Tolerance;

/// How values are held against their recorded counterparts.
///
/// A closure from path to tolerance is a judge that compares numbers and nothing else.
pub trait FieldJudge: Send + Sync {
    /// How far the numbers at a path may lie apart: `plddt[0]`, `atom_array[0].coord`, `confidence[0].ptm`.
    fn tolerance(&self, path: &str) -> Tolerance;

    /// By how much repeats differ there, element by element, where that was measured. What lies within it passes.
    fn floor(&self, _path: &str) -> Option<Noise> {
        None
    }

    /// A judgement of the judge's own, for example a structure after superposition; `None` leaves the value to the
    /// comparison of numbers. A judgement of a structure covers its coordinates, names and temperature factors too.
    fn judge(&self, _pair: &Pair<'_>) -> Option<FieldComparison> {
        None
    }
}

impl<F: Fn(&str) -> Tolerance + Send + Sync> FieldJudge for F {
    fn tolerance(&self, path: &str) -> Tolerance {
        self(path)
    }
}

/// A value on both sides, with everything around it.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// Where it lies in both.
    pub path: &'a str,
    /// All that is recorded.
    pub recorded: &'a Contents,
    /// All that the response holds.
    pub actual: &'a Contents,
}
