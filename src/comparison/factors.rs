//! The temperature factors of two structures: what both have is brought to one scale, what only one has is left out and told.
//! Compares no position.

use super::Form;
use crate::protein::Structure;

/// Two structures with comparable temperature factors.
pub(super) struct Factors {
    pub first: Structure,
    pub second: Structure,
    /// What a reader must know of them.
    pub notes: Vec<String>,
    /// What is wrong with them, where both files are of one kind and should have the same columns.
    pub difference: Option<String>,
}

impl Factors {
    /// `scales` are the greatest values on each side; `None` where the factors are no confidence.
    pub(super) fn of(structures: (&Structure, &Structure), forms: (Form, Form), scales: [Option<f64>; 2]) -> Self {
        let mut factors = Self {
            first: structures.0.clone(),
            second: structures.1.clone(),
            notes: Vec::new(),
            difference: None,
        };
        let is_there = (factors.first.b_factor.is_some(), factors.second.b_factor.is_some());
        match is_there {
            (true, true) if forms.0 != forms.1 => factors.scale(scales),
            (true, true) | (false, false) => {}
            (has_first, _) => {
                let side = if has_first { "first" } else { "second" };
                let words = format!("only the {side} has temperature factors");
                factors.drop();
                if forms.0 == forms.1 {
                    factors.difference = Some(words);
                } else {
                    factors.notes.push(format!("{words}; they were not compared"));
                }
            }
        }
        factors
    }

    /// Formats may have scales of their own.
    fn scale(&mut self, scales: [Option<f64>; 2]) {
        let [Some(first), Some(second)] = scales else {
            let side = if scales[0].is_none() { "first" } else { "second" };
            self.notes.push(format!(
                "the temperature factors of the {side} are no confidence; they were not compared"
            ));
            return self.drop();
        };
        for (structure, scale) in [(&mut self.first, first), (&mut self.second, second)] {
            structure
                .b_factor
                .iter_mut()
                .flatten()
                .for_each(|factor| *factor /= scale);
        }
        if first.to_bits() != second.to_bits() {
            self.notes.push(format!(
                "temperature factors are read as 0 to {first} in the first and 0 to {second} in the second"
            ));
        }
    }

    fn drop(&mut self) {
        for structure in [&mut self.first, &mut self.second] {
            structure.b_factor = None;
            structure.b_factor_dtype = None;
        }
    }
}
