//! The temperature factors of two structures: what both have is brought to one scale, what only one has is left out and told.
//! Compares no position.

use super::FileFormat;
use crate::protein::Structure;

/// What became of the temperature factors of two structures.
#[derive(Default)]
pub(super) struct Factors {
    /// Whether both are fractions of 1 now.
    pub(crate) is_scaled: bool,
    /// What a reader must know of them.
    pub(crate) notes: Vec<String>,
    /// What is wrong with them, where both files are of one kind and should have the same columns.
    pub(crate) difference: Option<String>,
}

impl Factors {
    /// `scales` are the greatest values on each side; `None` where the factors are no confidence.
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
                let words = format!("only the {side} has temperature factors");
                leave_out([first, second]);
                if forms.0 == forms.1 {
                    found.difference = Some(words);
                } else {
                    found.notes.push(format!("{words}; they were not compared"));
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
