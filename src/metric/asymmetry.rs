//! Compares the antisymmetric parts of two square matrices. The asymmetry of a PAE is small compared with its values, so a transposed
//! or symmetrised matrix may be as close as that of another machine. Does not compare the values themselves.

use super::error::MetricError;

/// The asymmetry of a matrix compared with that of the expected one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Asymmetry {
    /// The lost fraction of the expected asymmetry: 1 for a symmetric matrix, 0 for one with at least the expected asymmetry. `None` if
    /// the expected matrix is nearly symmetric.
    pub(crate) lost: Option<f64>,
    /// Correlation over pairs: 1 for equal asymmetry, −1 for a transposed matrix. `None` if a side has no asymmetry.
    pub(crate) correlation: Option<f64>,
}

/// Less asymmetry than this fraction of the whole is rounding.
const LEAST: f64 = 0.01;
/// Size of a block of rows and columns that fits into the cache together with its mirror image.
const TILE: usize = 32;

/// Compares two matrices of `size` rows in C order. If a value is not finite, the results are `None`.
///
/// # Errors
/// If a matrix is not square.
pub(crate) fn asymmetry(expected: &[f64], got: &[f64], size: usize) -> Result<Asymmetry, MetricError> {
    if size.checked_mul(size) != Some(expected.len()) || got.len() != expected.len() {
        return Err(MetricError::Malformed("the matrix is not square"));
    }
    let mut sums = AsymmetrySums::default();
    for top in (0..size).step_by(TILE) {
        for left in (top..size).step_by(TILE) {
            for row in top..size.min(top + TILE) {
                for column in left.max(row + 1)..size.min(left + TILE) {
                    let odd = |matrix: &[f64]| matrix[row * size + column] - matrix[column * size + row];
                    sums.see(odd(expected), odd(got));
                }
            }
        }
    }
    let whole = expected.iter().map(|value| value * value).sum::<f64>().sqrt();
    let (before, after) = (sums.expected_squares.sqrt(), sums.got_squares.sqrt());
    Ok(Asymmetry {
        lost: (before > LEAST * whole)
            .then(|| (1.0 - after / before).max(0.0))
            .filter(|lost| after.is_finite() && lost.is_finite()),
        correlation: sums.correlation(),
    })
}

/// Sums over pairs of residues.
#[derive(Debug, Default)]
struct AsymmetrySums {
    pairs: f64,
    expected: f64,
    got: f64,
    expected_squares: f64,
    got_squares: f64,
    products: f64,
}

impl AsymmetrySums {
    fn see(&mut self, expected: f64, got: f64) {
        self.pairs += 1.0;
        self.expected += expected;
        self.got += got;
        self.expected_squares += expected * expected;
        self.got_squares += got * got;
        self.products += expected * got;
    }

    fn correlation(&self) -> Option<f64> {
        let spread = |squares: f64, sum: f64| squares - sum * sum / self.pairs;
        let (expected, got) = (spread(self.expected_squares, self.expected), spread(self.got_squares, self.got));
        // The spread of equal values is rounding.
        let varies = |spread: f64, squares: f64| spread > 1e-12 * squares;
        if !varies(expected, self.expected_squares) || !varies(got, self.got_squares) {
            return None;
        }
        let together = self.products - self.expected * self.got / self.pairs;
        let correlation = together / expected.sqrt() / got.sqrt();
        correlation.is_finite().then(|| correlation.clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::pearson;
    use super::*;

    const SIZE: usize = 75;

    fn matrix(seed: usize) -> Vec<f64> {
        let cell = |index: usize| ((index * 7919 + seed) % 1009) as f64 / 100.0;
        (0..SIZE * SIZE).map(cell).collect()
    }

    fn transposed(matrix: &[f64]) -> Vec<f64> {
        let cell = |index: usize| matrix[index % SIZE * SIZE + index / SIZE];
        (0..SIZE * SIZE).map(cell).collect()
    }

    #[test]
    fn it_is_the_correlation_of_what_a_transposition_turns_about() {
        let (one, other) = (matrix(1), matrix(500));
        let odd = |matrix: &[f64]| -> Vec<f64> {
            let pairs = (0..SIZE).flat_map(|row| (row + 1..SIZE).map(move |column| (row, column)));
            pairs.map(|(row, column)| matrix[row * SIZE + column] - matrix[column * SIZE + row]).collect()
        };
        let found = asymmetry(&one, &other, SIZE).unwrap();
        let expected = pearson(&odd(&other), &odd(&one)).unwrap();
        assert!((found.correlation.unwrap() - expected).abs() < 1e-11);
        let length = |matrix: &[f64]| odd(matrix).iter().map(|value| value * value).sum::<f64>().sqrt();
        let lost = (1.0 - length(&other) / length(&one)).max(0.0);
        assert!((found.lost.unwrap() - lost).abs() < 1e-11);
        let turned = asymmetry(&one, &transposed(&one), SIZE).unwrap();
        assert_eq!(turned.lost, Some(0.0));
        assert!((turned.correlation.unwrap() + 1.0).abs() < 1e-12);
    }

    #[test]
    fn without_asymmetry_or_numbers_there_is_nothing_to_say() {
        let one = matrix(1);
        let even: Vec<f64> = one.iter().zip(transposed(&one)).map(|(a, b)| f64::midpoint(*a, b)).collect();
        let found = asymmetry(&one, &even, SIZE).unwrap();
        assert_eq!((found.lost, found.correlation), (Some(1.0), None));
        assert_eq!(asymmetry(&even, &one, SIZE).unwrap().lost, None);
        let mut broken = one.clone();
        broken[3] = f64::NAN;
        let found = asymmetry(&one, &broken, SIZE).unwrap();
        assert_eq!((found.lost, found.correlation), (None, None));
        let none = asymmetry(&[], &[], 0).unwrap();
        assert_eq!((none.lost, none.correlation), (None, None));
        assert!(asymmetry(&one, &one[1..], SIZE).is_err());
    }
}
