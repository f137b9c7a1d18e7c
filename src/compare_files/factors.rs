//! Brings the temperature factors of two structures to one scale, or removes them if only one side has them. Does not compare
//! positions.

use super::FileFormat;
use crate::protein::Structure;

/// The result of matching the temperature factors of two structures.
#[derive(Default)]
pub(super) struct Factors {
    /// Whether both are now fractions of 1.
    pub(crate) is_scaled: bool,
    pub(crate) notes: Vec<String>,
    /// A difference of the columns, if both files have the same format.
    pub(crate) difference: Option<String>,
}

impl Factors {
    /// `scales` are the greatest values on each side; `None` if the factors are not confidences.
    pub(super) fn bring_together(
        (first, second): (&mut Structure, &mut Structure),
        forms: (FileFormat, FileFormat),
        scales: [Option<f64>; 2],
    ) -> Self {
        let mut found = Self::default();
        match (first.b_factor.is_some(), second.b_factor.is_some()) {
            (true, true) if forms.0 != forms.1 => {
                let [Some(one), Some(other)] = scales else {
                    let side = if scales[0].is_none() { "first" } else { "second" };
                    found.notes.push(format!(
                        "the temperature factors of the {side} are no confidence; they were not compared"
                    ));
                    leave_out([first, second]);
                    return found;
                };
                // Formats may have scales of their own.
                for (structure, scale) in [(first, one), (second, other)] {
                    let factors = structure.b_factor.iter_mut().flatten();
                    factors.for_each(|factor| *factor /= scale);
                }
                found.is_scaled = true;
                if one.to_bits() != other.to_bits() {
                    found.notes.push(format!(
                        "temperature factors are read as 0 to {one} in the first and 0 to {other} in the second"
                    ));
                }
            }
            (true, true) | (false, false) => {}
            (has_first, _) => {
                let side = if has_first { "first" } else { "second" };
                let message = format!("only the {side} has temperature factors");
                leave_out([first, second]);
                if forms.0 == forms.1 {
                    found.difference = Some(message);
                } else {
                    found.notes.push(format!("{message}; they were not compared"));
                }
            }
        }
        found
    }
}

fn leave_out(structures: [&mut Structure; 2]) {
    for structure in structures {
        structure.b_factor = None;
        structure.b_factor_dtype = None;
    }
}
