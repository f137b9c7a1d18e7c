//! Whether two structures can be compared: the same atoms in the same order, finite positions, and coordinates with all their digits.
//! Does not compare positions.

use half::{bf16, f16};

use crate::metric::selection::shared_atoms;
use crate::metric_value::count;
use crate::protein::Structure;
use crate::protein::name_of_atom;

/// How the atoms of two structures with even columns differ. Empty if they can be measured.
pub(crate) fn faults(expected: &Structure, got: &Structure) -> Vec<String> {
    if expected.model_count() != got.model_count() {
        let (expected, got) = (expected.model_count(), got.model_count());
        return vec![format!("{} against {got}", count(expected, "model"))];
    }
    let mut faults: Vec<String> = names(expected, got).into_iter().collect();
    for (side, structure) in [("expected", expected), ("got", got)] {
        let broken = |position: &[f32; 3]| position.iter().any(|axis| !axis.is_finite());
        let places = structure.coord.iter().enumerate();
        let mut broken = places.filter(|(_, position)| broken(position)).map(|(place, _)| place);
        if let Some(first) = broken.next() {
            faults.push(format!(
                "{side}: {} without finite position, the first {}",
                count(1 + broken.count(), "atom"),
                name_of_atom(structure, first % structure.atoms().max(1))
            ));
        }
    }
    if expected.b_factor.is_some() != got.b_factor.is_some() {
        faults.push("only one has temperature factors".to_owned());
    }
    faults
}

fn names(expected: &Structure, got: &Structure) -> Option<String> {
    if expected.atoms() == 0 || got.atoms() == 0 {
        let atoms = count(expected.atoms(), "atom");
        return Some(format!("{atoms} against {}, nothing to compare", got.atoms()));
    }
    let shared = shared_atoms(expected, got);
    let total = expected.atoms().max(got.atoms());
    if shared.len() < total {
        let mut alone = vec![true; expected.atoms()];
        let mut extra = vec![true; got.atoms()];
        for &(one, other) in &shared {
            alone[one] = false;
            extra[other] = false;
        }
        let mut message = vec![format!("{} of {total} atoms are not the same", total - shared.len())];
        let first = |flags: &[bool]| flags.iter().position(|flag| *flag);
        message.extend(first(&alone).map(|atom| format!("no {}", name_of_atom(expected, atom))));
        message.extend(first(&extra).map(|atom| format!("unexpected {}", name_of_atom(got, atom))));
        return Some(message.join("; "));
    }
    if let Some((one, other)) = shared.iter().find(|(one, other)| one != other) {
        let name = name_of_atom(expected, *one);
        return Some(format!("the atoms come in another order: {name} is number {other}, expected {one}"));
    }
    let differs =
        |atom: &usize| expected.element[*atom] != got.element[*atom] || expected.hetero[*atom] != got.hetero[*atom];
    let atom = (0..total).find(differs)?;
    let (name, one, other) = (name_of_atom(expected, atom), expected.element[atom], got.element[atom]);
    Some(if one == other {
        format!("only one calls {name} hetero")
    } else {
        format!("{name} is {one} against {other} by element")
    })
}

/// The rounding of three decimals in files.
const ROUNDED: f32 = 5.1e-4;

/// Fewer coordinates than these may have few digits by chance.
const FEWEST: usize = 60;

/// The name of a format, and a function that rounds to it.
type HalfFormat = (&'static str, fn(f32) -> f32);

const FORMATS: [HalfFormat; 2] =
    [("bfloat16", |value| bf16::from_f32(value).to_f32()), ("float16", |value| f16::from_f32(value).to_f32())];

/// The half-precision format that holds every coordinate, if there is one and there are enough coordinates to tell. No distance
/// between two structures shows this: bfloat16 moves an atom by only 0.03 Å.
#[must_use]
pub(super) fn half_precision(coord: &[[f32; 3]]) -> Option<&'static str> {
    let values = coord.as_flattened();
    if values.len() < FEWEST {
        return None;
    }
    let fits = |round: fn(f32) -> f32| values.iter().all(|value| (round(*value) - value).abs() <= ROUNDED);
    // A number that fits into the narrower mantissa also fits into the wider one.
    FORMATS.iter().find(|(_, round)| fits(*round)).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_through_half_precision_are_known_in_memory_and_in_files() {
        let exact: Vec<[f32; 3]> =
            (0..40).map(|at| [at as f32 * 1.237 - 20.0, (at as f32).sin() * 9.1, at as f32 * 0.377]).collect();
        assert_eq!(half_precision(&exact), None);
        for (name, round) in FORMATS {
            let rounded: Vec<[f32; 3]> = exact.iter().map(|point| point.map(round)).collect();
            assert_eq!(half_precision(&rounded), Some(name));
            let written: Vec<[f32; 3]> =
                rounded.iter().map(|point| point.map(|value| (value * 1e3).round() / 1e3)).collect();
            assert_eq!(half_precision(&written), Some(name));
        }
        assert_eq!(half_precision(&exact[..10]), None);
    }
}
