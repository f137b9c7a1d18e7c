//! Whether all coordinates of a structure hold no more digits than a format of half precision, which no distance between two
//! structures tells: bfloat16 moves an atom by 0.03 Å. Judges nothing.

use half::{bf16, f16};

/// Files write three decimals.
const ROUNDED: f32 = 5.1e-4;

/// So few coordinates may be short by chance.
const FEWEST: usize = 60;

/// A name, and the number of the format that is nearest to another.
type HalfFormat = (&'static str, fn(f32) -> f32);

const FORMATS: [HalfFormat; 2] =
    [("bfloat16", |value| bf16::from_f32(value).to_f32()), ("float16", |value| f16::from_f32(value).to_f32())];

/// The format that every coordinate fits into; `None` where one does not, and of too few to tell.
#[must_use]
pub(super) fn half_precision(coord: &[[f32; 3]]) -> Option<&'static str> {
    let values = coord.as_flattened();
    if values.len() < FEWEST {
        return None;
    }
    let fits = |round: fn(f32) -> f32| values.iter().all(|value| (round(*value) - value).abs() <= ROUNDED);
    // A number that is short for the narrower mantissa is short for the wider one too.
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
