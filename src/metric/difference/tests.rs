//! What differs and what does not, in every type of element.

#![expect(clippy::float_cmp, reason = "differences of small whole numbers are exact")]

use super::*;

#[test]
fn equal_arrays_have_no_difference() {
    let nan = Tensor::vector(&[f32::NAN, f32::INFINITY, -0.0]);
    let other = Tensor::vector(&[-f32::NAN, f32::INFINITY, 0.0]);
    let found = difference(&nan, &other, 0.0, 0.0).unwrap();
    assert_eq!((found.differing, found.needed, found.is_within()), (0, 0.0, true));
    assert_eq!(found.absolute, None);
}

#[test]
fn the_worst_elements_are_located_with_their_values() {
    let expected = Tensor::from_values(vec![2, 3], &[1.0, 2.0, 100.0, 0.5, 0.0, 1.0]).unwrap();
    let actual = Tensor::from_values(vec![2, 3], &[1.0, 2.25, 101.0, 0.5, 0.0, 1.0]).unwrap();
    let found = difference(&expected, &actual, 0.3, 0.0).unwrap();
    assert_eq!((found.total, found.differing, found.beyond), (6, 2, 1));
    let absolute = found.absolute.unwrap();
    assert_eq!(absolute.position, [0, 2]);
    assert_eq!((absolute.difference, absolute.expected, absolute.actual), (1.0, 100.0, 101.0));
    let relative = found.relative.unwrap();
    assert_eq!((relative.index, relative.difference), (1, 0.125));
}

#[test]
fn the_needed_bound_passes_and_a_smaller_one_does_not() {
    let expected = Tensor::vector(&[0.1f32, 3.7, -12.3]);
    let actual = Tensor::vector(&[0.100_01f32, 3.699, -12.301]);
    for relative in [0.0, 1e-5, 1e-4] {
        let needed = difference(&expected, &actual, 0.0, relative).unwrap().needed;
        let passes = |bound| difference(&expected, &actual, bound, relative).unwrap().is_within();
        assert!(passes(needed));
        assert!(needed == 0.0 || !passes(needed * 0.999_999));
    }
}

#[test]
fn a_value_that_is_not_finite_is_beyond_every_bound() {
    for (expected, actual) in [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, f64::NEG_INFINITY)] {
        let found = difference(&Tensor::scalar(expected), &Tensor::scalar(actual), 1e300, 1.0).unwrap();
        assert_eq!((found.beyond, found.needed), (1, f64::INFINITY));
    }
}

#[test]
fn the_worst_are_found_and_counted_wherever_they_are() {
    let mut next = super::super::test_points::noise(1);
    let expected: Vec<f32> = (0..5000).map(|index| if index % 7 == 0 { 0.0 } else { next() }).collect();
    let actual: Vec<f32> = expected.iter().map(|value| value + 1e-3 * next().max(0.0)).collect();
    let found = difference(&Tensor::vector(&expected), &Tensor::vector(&actual), 5e-4, 1e-4).unwrap();
    let pairs: Vec<(f64, f64)> = expected
        .iter()
        .zip(&actual)
        .map(|(&expected, &actual)| ((f64::from(actual) - f64::from(expected)).abs(), f64::from(expected).abs()))
        .collect();
    assert_eq!(found.differing, pairs.iter().filter(|pair| pair.0 > 0.0).count());
    assert_eq!(found.beyond, pairs.iter().filter(|pair| pair.0 > 5e-4 + 1e-4 * pair.1).count());
    let greatest = pairs.iter().map(|pair| pair.0).fold(0.0, f64::max);
    let absolute = found.absolute.unwrap();
    assert_eq!(absolute.difference, greatest);
    assert_eq!(Some(absolute.index), pairs.iter().position(|pair| pair.0 == greatest));
    assert_eq!(found.relative.unwrap().difference, f64::INFINITY);
}

#[test]
fn what_is_not_finite_is_beyond_the_bound_in_any_company() {
    let mut expected = vec![f64::INFINITY; 3 * BLOCK];
    let mut actual = expected.clone();
    for index in [3, BLOCK + 1, 2 * BLOCK + 5] {
        actual[index] = 1.0;
        expected[index + 1] = f64::NAN;
    }
    let found = difference(&Tensor::vector(&expected), &Tensor::vector(&actual), 1e9, 0.5).unwrap();
    assert_eq!((found.differing, found.beyond), (6, 6));
    assert_eq!(found.absolute.unwrap().index, 3);
}

#[test]
fn neighbouring_large_integers_differ_by_one() {
    let big = 1i64 << 60;
    let found = difference(&Tensor::vector(&[big]), &Tensor::vector(&[big + 1]), 0.0, 0.0).unwrap();
    assert_eq!(found.beyond, 1);
    assert_eq!(found.absolute.unwrap().difference, 1.0);
    let found = difference(&Tensor::vector(&[u64::MAX]), &Tensor::vector(&[0u64]), 0.0, 0.0).unwrap();
    assert_eq!(found.absolute.unwrap().difference, 18_446_744_073_709_551_615.0);
}

#[test]
fn different_shapes_and_types_have_no_distance() {
    let column = Tensor::from_values(vec![2, 1], &[1.0f32, 2.0]).unwrap();
    assert_eq!(difference(&column, &Tensor::vector(&[1.0f32, 2.0]), 1.0, 1.0), None);
    assert_eq!(difference(&Tensor::scalar(1i32), &Tensor::scalar(1i64), 1.0, 1.0), None);
    let names = Tensor::from_texts(2, ["CA"]);
    assert_eq!(difference(&names, &names, 1.0, 1.0), None);
}
