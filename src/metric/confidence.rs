//! Compares two lists of confidences, such as pLDDT per residue. One number is not enough: a wrong scale preserves the correlation,
//! and a shift by one residue nearly preserves the mean.

use super::error::{MetricError, check_lengths, check_number};

/// Mean of |observed − reference|.
///
/// # Errors
/// For empty lists, lists of different length, and values that are not finite.
pub(crate) fn mean_absolute_error<T: Copy + Into<f64>>(observed: &[T], reference: &[T]) -> Result<f64, MetricError> {
    check_values(observed, reference, 1)?;
    let apart = observed.iter().zip(reference).map(|(&o, &r)| (o.into() - r.into()).abs());
    Ok(apart.sum::<f64>() / observed.len() as f64)
}

/// Pearson's coefficient of correlation, from −1 to 1; blind to offset and scale.
///
/// # Errors
/// With fewer than two values, lists of different length, values that are not finite, and when a side is constant.
pub(crate) fn pearson<T: Copy + Into<f64>>(first: &[T], second: &[T]) -> Result<f64, MetricError> {
    check_values(first, second, 2)?;
    let mean = |values: &[T]| values.iter().map(|&value| value.into()).sum::<f64>() / values.len() as f64;
    let (first_mean, second_mean) = (mean(first), mean(second));
    let (mut together, mut first_squares, mut second_squares) = (0.0, 0.0, 0.0);
    for (&first, &second) in first.iter().zip(second) {
        let (first, second) = (first.into() - first_mean, second.into() - second_mean);
        together += first * second;
        first_squares += first * first;
        second_squares += second * second;
    }
    // A constant minus its mean is rounding, not variation.
    let is_rounding =
        |squares: f64, mean: f64| (squares / first.len() as f64).sqrt() <= 8.0 * f64::EPSILON * mean.abs();
    if is_rounding(first_squares, first_mean) || is_rounding(second_squares, second_mean) {
        return Err(MetricError::Constant);
    }
    let correlation = together / first_squares.sqrt() / second_squares.sqrt();
    if correlation.is_nan() {
        return Err(MetricError::Malformed("the values are too large to square"));
    }
    Ok(correlation.clamp(-1.0, 1.0))
}

/// Checks that two lists correspond, hold at least `needed` values, and are finite.
pub(super) fn check_values<T: Copy + Into<f64>>(first: &[T], second: &[T], needed: usize) -> Result<(), MetricError> {
    check_lengths("values", first.len(), second.len())?;
    check_number("values", first.len(), needed)?;
    for values in [first, second] {
        if let Some(index) = values.iter().position(|&value| !value.into().is_finite()) {
            return Err(MetricError::NotFinite { what: "value", index });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_and_shift_show_in_one_of_the_two() {
        let plddt = [0.9, 0.5, 0.7, 0.2, 0.8f32];
        let percent = plddt.map(|value| 100.0 * value);
        assert!((pearson(&percent, &plddt).unwrap() - 1.0).abs() < 1e-6);
        assert!((mean_absolute_error(&percent, &plddt).unwrap() - 61.38).abs() < 1e-3);
        let shifted = [0.8, 0.9, 0.5, 0.7, 0.2f32];
        assert!(pearson(&shifted, &plddt).unwrap() < 0.0);
        let inverted = plddt.map(|value| -value);
        assert!((pearson(&inverted, &plddt).unwrap() + 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        assert_eq!(pearson(&[0.1, 0.1, 0.1], &[1.0, 2.0, 3.0]), Err(MetricError::Constant));
        assert_eq!(pearson(&[0.0, 0.0], &[1.0, 2.0]), Err(MetricError::Constant));
        assert!(pearson(&[1.0], &[1.0]).is_err());
        assert!(mean_absolute_error::<f64>(&[], &[]).is_err());
        let error = mean_absolute_error(&[1.0, f64::NAN], &[1.0, 1.0]).unwrap_err();
        insta::assert_snapshot!(error, @"value 1 is not finite");
    }
}
