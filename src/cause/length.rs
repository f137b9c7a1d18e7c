//! Results that are longer or shorter than they should be: linkers and padding left in, ends cut off.

use super::array::{distance, spread};
use super::{Cause, Kind, share};

/// Arrays whose shapes differ along one axis.
pub(super) fn of_arrays(
    expected: &[f64],
    expected_shape: &[usize],
    actual: &[f64],
    actual_shape: &[usize],
) -> Option<Cause> {
    if expected_shape.len() != actual_shape.len() {
        return None;
    }
    let mut unequal = (0..expected_shape.len()).filter(|&axis| expected_shape[axis] != actual_shape[axis]);
    let (axis, None) = (unequal.next()?, unequal.next()) else {
        return None;
    };
    let inner: usize = expected_shape[axis + 1..].iter().product();
    let (wanted, got) = (expected_shape[axis], actual_shape[axis]);
    let rows = |values: &[f64], length: usize, row: usize| -> Vec<f64> {
        values
            .chunks_exact(length * inner)
            .flat_map(|block| block[row * inner..(row + 1) * inner].to_vec())
            .collect()
    };
    let gap = |row: usize, place: usize| distance(&rows(expected, wanted, row), &rows(actual, got, place)).powi(2);
    let spread = spread(expected);
    let shared = wanted.min(got);
    if got < wanted {
        let left: f64 = (0..shared).map(|row| gap(row, row)).sum();
        let share = share((left / shared.max(1) as f64).sqrt(), f64::INFINITY, spread)?;
        let what = format!("only the first {got} of {wanted} entries along axis {axis}");
        return Some(Cause::new(Kind::CutShort, what, share));
    }
    // Everything up to a cut stands where it should, everything after it behind the extra entries.
    let extra = got - wanted;
    let mut left: f64 = (0..wanted).map(|row| gap(row, row + extra)).sum();
    let mut best = (left, 0);
    for cut in 1..=wanted {
        left += gap(cut - 1, cut - 1) - gap(cut - 1, cut - 1 + extra);
        if left <= best.0 {
            best = (left, cut);
        }
    }
    let share = share((best.0.max(0.0) / wanted as f64).sqrt(), f64::INFINITY, spread)?;
    let kind = if best.1 == wanted { "padding" } else { "a linker" };
    let what = format!("{kind} left in: {extra} extra entries at {} along axis {axis}", best.1);
    Some(Cause::new(Kind::ExtraResidues, what, share))
}

/// Sequences, one letter per residue, of structures of different length; `chains` is the number of chains expected.
pub(super) fn of_sequences(expected: &str, actual: &str, chains: usize) -> Option<Cause> {
    let (wanted, got) = (expected.len(), actual.len());
    if got < wanted && got > 0 && expected.starts_with(actual) {
        let what = format!("only the first {got} of {wanted} residues");
        return Some(Cause::new(Kind::CutShort, what, 1.0));
    }
    if got <= wanted || wanted == 0 {
        return None;
    }
    let extra = got - wanted;
    if let Some(tail) = actual.strip_prefix(expected) {
        let what = format!("padding left in: {} extra residues at the end", tail.len());
        return Some(Cause::new(Kind::ExtraResidues, what, 1.0));
    }
    let mut rest = expected.chars().peekable();
    let (mut runs, mut skipping) = (0, false);
    for letter in actual.chars() {
        if rest.peek() == Some(&letter) {
            rest.next();
            skipping = false;
        } else if !skipping {
            runs += 1;
            skipping = true;
        }
    }
    // One linker between two chains, and perhaps padding behind the last.
    (rest.peek().is_none() && runs <= chains.max(1)).then(|| {
        Cause::new(
            Kind::ExtraResidues,
            format!("a linker left in: {extra} extra residues"),
            1.0,
        )
    })
}
