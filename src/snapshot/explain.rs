//! Asks for the likely cause of a difference from a snapshot. Values of which only a sketch is stored cannot be explained.

use super::comparison::{Agreement, FieldComparison};
use super::contents::Contents;
use crate::cause::{Cause, Frame, of_arrays, of_structures};

/// The cause of the first difference that has one.
pub(super) fn likely_cause(fields: &[FieldComparison], recorded: &Contents, actual: &Contents) -> Option<Cause> {
    let beyond = fields.iter().filter(|field| field.agreement == Agreement::Beyond);
    beyond.take(MOST_FIELDS).find_map(|field| {
        let path = field.path.as_str();
        let structures = |path: &str| Some((recorded.structure(path)?, actual.structure(path)?));
        if let Some((before, after)) = structures(path) {
            return of_structures(before, after, Frame::Free, &[]);
        }
        let column = path
            .rsplit_once('.')
            .filter(|(_, column)| matches!(*column, "coord" | "b_factor"));
        if let Some((before, after)) = column.and_then(|(parent, _)| structures(parent)) {
            return of_structures(before, after, Frame::Fixed, &[]);
        }
        of_arrays(recorded.array(path)?, actual.array(path)?, &[])
    })
}

/// Differences looked into: with many, the first tell as much as all.
const MOST_FIELDS: usize = 4;
