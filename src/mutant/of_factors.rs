//! Hand-made mutants whose structures have wrong temperature factors, which are confidences. Does not change coordinates.

use super::structure_parts::StructureFault;
use crate::protein::Structure;

/// Checks that look at temperature factors or use them as confidences.
const FACTORS: &[&str] =
    &["contract", "b_factor", "snapshot", "agree", "structure_text", "positions", "physical", "finite"];

/// All faults of temperature factors.
pub(crate) fn faults() -> impl Iterator<Item = &'static StructureFault> {
    FACTOR_FAULTS.iter()
}

/// The first fault is for models whose structures have no temperature factors, the others are for models whose structures have them.
static FACTOR_FAULTS: [StructureFault; 8] = [
    ("factors-uncalled-for", "temperature factors where none belong", FACTORS, |it| {
        it.b_factor.get_or_insert_with(|| vec![0.5; it.atom_name.len()]);
    }),
    ("factors-missing", "no temperature factors", FACTORS, |it| it.b_factor = None),
    ("factors-constant", "one temperature factor for all", FACTORS, |it| factors(it, |_| 0.5)),
    ("factors-zero", "temperature factors of zero", FACTORS, |it| factors(it, |_| 0.0)),
    ("factors-percent", "temperature factors in percent", FACTORS, |it| factors(it, |factor| factor * 100.0)),
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
    structure.b_factor.iter_mut().flatten().for_each(|factor| *factor = change(*factor));
}

/// Reorders the factors of the alpha carbons and gives each to its whole residue.
fn factors_of_residues(structure: &mut Structure, change: impl Fn(&mut Vec<f64>)) {
    let residues = structure.residues();
    let alphas: Vec<usize> = residues.iter().map(|own| structure.atom_named(own, "CA").unwrap_or(own.start)).collect();
    let Some(column) = &mut structure.b_factor else { return };
    let mut own: Vec<f64> = alphas.into_iter().map(|atom| column[atom]).collect();
    change(&mut own);
    for (atoms, factor) in residues.into_iter().zip(own) {
        column[atoms].fill(factor);
    }
}
