//! What sketches show of planted changes, and what they let pass.

use super::super::sketch::sketch;
use super::*;

const SHAPE: [usize; 3] = [10, 100, 200];

fn values() -> Vec<f32> {
    (0..200_000).map(|at| (at as f32 * 0.37).sin()).collect()
}

fn against(changed: &[f32], absolute: f64) -> SketchDifference {
    let recorded = sketch(&Tensor::from_values(SHAPE.into(), &values()).unwrap());
    let actual = Tensor::from_values(SHAPE.into(), changed).unwrap();
    let tolerance = Tolerance {
        absolute,
        relative: 0.0,
    };
    compare(&recorded, &sketch(&actual), &actual, tolerance).unwrap()
}

#[test]
fn a_single_changed_element_is_found_with_its_size() {
    for index in [0, 1, 777, 123_456, 199_999] {
        let mut changed = values();
        changed[index] += 0.25;
        let found = against(&changed, 1e-4);
        assert!(!found.is_within());
        assert_eq!((found.differing, found.beyond), (1, 1));
        let worst = found.worst.unwrap();
        let single = worst.single.unwrap();
        assert!(worst.range.contains(&index));
        assert_eq!(single.index, index);
        assert_eq!(single.position, [index / 20_000, index / 200 % 100, index % 200]);
        assert!((single.expected - f64::from(values()[index])).abs() < 1e-9);
        assert!(worst.at_least <= 0.25 && worst.at_least > 0.0);
    }
}

#[test]
fn noise_within_tolerance_passes_and_the_distance_is_its_own() {
    let noise = |at: usize| 1e-4 * ((at * at) as f32 * 0.71).cos();
    let changed: Vec<f32> = values()
        .iter()
        .enumerate()
        .map(|(at, value)| value + noise(at))
        .collect();
    let found = against(&changed, 1e-4 + 1e-7);
    assert!(found.is_within(), "{found:?}");
    let distance: f64 = values()
        .iter()
        .zip(&changed)
        .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
        .sum::<f64>()
        .sqrt();
    assert!(
        (found.distance / distance - 1.0).abs() < 0.2,
        "{} {distance}",
        found.distance
    );
}

#[test]
fn the_worst_noise_that_is_allowed_passes() {
    let mut state = 1u64;
    let changed: Vec<f32> = values()
        .iter()
        .map(|value| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if state >> 63 == 0 { value + 1e-3 } else { value - 1e-3 }
        })
        .collect();
    let found = against(&changed, 1.001e-3);
    assert!(found.is_within(), "{found:?}");
}

#[test]
fn offsets_permutations_and_scales_are_seen() {
    let original = values();
    let offset: Vec<f32> = original.iter().map(|value| value + 2e-3).collect();
    let scaled: Vec<f32> = original.iter().map(|value| value * 1.01).collect();
    let mut rolled = original.clone();
    rolled.rotate_right(1);
    let mut swapped = original.clone();
    swapped.swap(500, 150_000);
    let mut batch = original.clone();
    batch[..40_000].rotate_left(20_000);
    for (name, changed) in [
        ("offset", offset),
        ("scaled", scaled),
        ("rolled", rolled),
        ("swapped", swapped),
        ("batch", batch),
    ] {
        assert!(!against(&changed, 1e-3).is_within(), "{name}");
    }
}

#[test]
fn a_sparse_change_shows_in_the_distance_or_a_block() {
    let mut changed = values();
    for at in (13..changed.len()).step_by(1999) {
        changed[at] += 0.05;
    }
    assert!(!against(&changed, 1e-4).is_within());
}

#[test]
fn the_needed_tolerance_passes_and_half_of_it_does_not() {
    let mut changed = values();
    changed[123_457] += 0.25;
    let needed = against(&changed, 0.0).needed;
    assert!(against(&changed, needed * 1.001).is_within());
    assert!(!against(&changed, needed / 2.0).is_within());
}

#[test]
fn what_is_not_finite_must_be_the_same_and_in_the_same_block() {
    let mut recorded = values();
    recorded[777] = f32::NAN;
    let sketched = sketch(&Tensor::from_values(SHAPE.into(), &recorded).unwrap());
    let judge = |values: &[f32]| {
        let actual = Tensor::from_values(SHAPE.into(), values).unwrap();
        let tolerance = Tolerance {
            absolute: 1e9,
            relative: 0.0,
        };
        compare(&sketched, &sketch(&actual), &actual, tolerance).unwrap()
    };
    assert!(judge(&recorded).is_within());
    for (index, value) in [(777, f32::INFINITY), (777, 0.5), (150_000, f32::NAN)] {
        let mut changed = recorded.clone();
        changed[index] = value;
        let found = judge(&changed);
        assert!(!found.is_within());
        assert_eq!(found.needed, f64::INFINITY);
    }
}

/// Noise that keeps to the tolerance everywhere.
fn noisy(values: &[f32], most: f32) -> Vec<f32> {
    let noise = |at: usize| most * ((at * at) as f32 * 0.71).cos();
    values.iter().enumerate().map(|(at, value)| value + noise(at)).collect()
}

#[test]
fn one_wrong_element_among_equal_ones_is_held_to_its_own_tolerance() {
    let tolerance = 1e-2;
    for (index, change) in [(777, 0.05), (123_456, -0.011)] {
        let mut changed = values();
        changed[index] += change;
        let found = against(&changed, tolerance);
        assert_eq!(found.beyond, 0, "the block alone does not show it");
        let lone = found.lone.clone().unwrap();
        assert_eq!(lone.index, index);
        assert!(!found.is_within());
        assert!(found.needed >= lone.difference - 1e-9, "{}", found.needed);
        let absolute = Tolerance {
            absolute: tolerance,
            relative: 0.0,
        };
        let measure = found.measure(absolute, found.distance_allowed, None);
        assert_eq!((measure.key, measure.verdict()), (ABSOLUTE, Verdict::Different));
        assert!(against(&changed, f64::from(change.abs()) * 1.01).is_within());
    }
}

#[test]
fn what_hides_among_noise_is_no_more_than_the_sketch_says() {
    let tolerance = 1e-3;
    let noise = noisy(&values(), 1e-4);
    let quiet = against(&noise, tolerance);
    assert!(quiet.is_within() && quiet.lone.is_none());
    assert!(quiet.unseen > tolerance && quiet.unseen < 0.2, "{}", quiet.unseen);
    let with = |change: f64| {
        let mut changed = noise.clone();
        changed[777] += change as f32;
        against(&changed, tolerance)
    };
    assert!(!with(1.5 * quiet.unseen).is_within());
    // This is what it cannot see, and the reason why whole arrays are never compared so.
    assert!(with(0.3 * quiet.unseen).is_within());
}

#[test]
fn noise_is_never_taken_for_one_element() {
    let coarse = |values: &[f32], step: usize| -> Vec<f32> {
        let moved = values.iter().enumerate();
        moved
            .map(|(at, value)| {
                let sign = if (at / step).is_multiple_of(2) { 1.0 } else { -1.0 };
                if at % step == 0 { value + sign / 256.0 } else { *value }
            })
            .collect()
    };
    for step in [1, 7, 50, 390] {
        let found = against(&coarse(&values(), step), 1.01 / 256.0);
        assert!(found.is_within() && found.lone.is_none(), "every {step}: {found:?}");
    }
}
