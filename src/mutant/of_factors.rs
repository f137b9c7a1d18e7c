//! Hand-made mutants whose structures have wrong temperature factors, which are confidences. Where atoms lie is wrong in
//! `of_structures`.

use super::of_structures::StructureFault;
use crate::protein::Structure;

/// Checks that look at temperature factors, which are confidences for those that go by them.
const FACTORS: &[&str] =
    &["contract", "b_factor", "snapshot", "agree", "structure_text", "positions", "physical", "finite"];

/// Every one.
pub(crate) fn faults() -> impl Iterator<Item = &'static StructureFault> {
    FACTOR_FAULTS.iter()
}

/// Wrong temperature factors, of models whose structures have them, but for the first, which is of the others.
static FACTOR_FAULTS: [StructureFault; 8] = [
    ("factors-uncalled-for", "temperature factors where none belong", FACTORS, |it| {
        it.b_factor.get_or_insert_with(|| vec![0.5; it.atom_name.len()]);
    }),
    ("factors-missing", "no temperature factors", FACTORS, |it| {
        it.b_factor = None;
    }),
    ("factors-constant", "one temperature factor for all", FACTORS, |it| {
        factors(it, |_| 0.5);
    }),
    ("factors-zero", "temperature factors of zero", FACTORS, |it| {
        factors(it, |_| 0.0);
    }),
    ("factors-percent", "temperature factors in percent", FACTORS, |it| {
        factors(it, |factor| factor * 100.0);
    }),
    ("factors-inverted", "temperature factors say how unsure the model is", FACTORS, |it| {
        factors(it, |factor| 1.0 - factor);
    }),
    ("factors-reversed", "temperature factors of the residues in reverse order", FACTORS, |it| {
        factors_of_residues(it, |own| own.reverse());
    }),
    ("factors-late", "the temperature factors of the residue before", FACTORS, |it| {
        factors_of_residues(it, |own| own.rotate_right(1));
    }),
];

fn factors(structure: &mut Structure, change: impl Fn(f64) -> f64) {
    let column = structure.b_factor.iter_mut().flatten();
    column.for_each(|factor| *factor = change(*factor));
}

/// Residues trade what their alpha carbons have.
fn factors_of_residues(structure: &mut Structure, change: impl Fn(&mut Vec<f64>)) {
    let residues = structure.residues();
    let alpha = |own| structure.atom_named(own, "CA").unwrap_or(own.start);
    let alphas: Vec<usize> = residues.iter().map(alpha).collect();
    let Some(column) = &mut structure.b_factor else { return };
    let mut own: Vec<f64> = alphas.into_iter().map(|atom| column[atom]).collect();
    change(&mut own);
    for (atoms, factor) in residues.into_iter().zip(own) {
        column[atoms].fill(factor);
    }
}
