//! `[unknown]`: the tolerances for results of an unknown model. Reads numbers; compares nothing.

use super::{TableReader, field, gates};
use crate::prediction::contract::Tolerance;
use crate::prediction::gates::Gates;

/// What holds for results of a model that is not declared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unknown {
    /// Tolerance of arrays.
    pub(crate) tolerance: Tolerance,
    /// Gates of structures.
    pub(crate) gates: Gates,
}

/// Reads the table; `None` where there is none.
pub(super) fn read(outer: &mut TableReader<'_>) -> Option<Unknown> {
    let section = outer.section("unknown")?;
    let mut reader = outer.within(&section);
    let unknown = Unknown {
        tolerance: field::read_tolerance(&mut reader).unwrap_or(field::EXACT),
        gates: gates::read(&mut reader),
    };
    reader.finish();
    Some(unknown)
}

impl Default for Unknown {
    /// Nothing may differ.
    fn default() -> Self {
        Self { tolerance: field::EXACT, gates: Gates::default() }
    }
}
