//! Minimum, maximum, mean and standard deviation of an array, in one pass over its elements. Does not judge.

use std::fmt::Write as _;

use crate::tensor::{DType, Tensor};

/// Elements that are read at once.
const CHUNK: usize = 64;

/// Sums over the finite elements of an array, and the numbers of NaN and infinite ones. The standard deviation is of the population.
pub(super) struct Statistics {
    least: f64,
    greatest: f64,
    /// A value of the data from which deviations are summed, so that a small spread around a large mean survives.
    origin: f64,
    sum: f64,
    squares: f64,
    finite: usize,
    nan: usize,
    infinite: usize,
}

impl Statistics {
    pub(super) fn of(tensor: &Tensor) -> Self {
        let mut statistics = Self {
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            origin: f64::NAN,
            sum: 0.0,
            squares: 0.0,
            finite: 0,
            nan: 0,
            infinite: 0,
        };
        let mut buffer = [0.0; CHUNK];
        for start in (0..tensor.len()).step_by(CHUNK) {
            statistics.add(tensor.read_f64(start, &mut buffer));
        }
        statistics
    }

    fn add(&mut self, values: &[f64]) {
        if self.origin.is_nan() {
            let Some(&first) = values.iter().find(|value| value.is_finite()) else {
                return self.add_guarded(values);
            };
            self.origin = first;
        }
        let (mut sum, mut squares) = (0.0, 0.0);
        let (mut least, mut greatest) = (self.least, self.greatest);
        for &value in values {
            let deviation = value - self.origin;
            sum += deviation;
            squares += deviation * deviation;
            least = if value < least { value } else { least };
            greatest = if value > greatest { value } else { greatest };
        }
        // One element that is not finite makes the sum so. Only then are the elements checked one by one.
        if !sum.is_finite() {
            return self.add_guarded(values);
        }
        self.sum += sum;
        self.squares += squares;
        self.least = least;
        self.greatest = greatest;
        self.finite += values.len();
    }

    fn add_guarded(&mut self, values: &[f64]) {
        for &value in values {
            if value.is_nan() {
                self.nan += 1;
            } else if value.is_infinite() {
                self.infinite += 1;
            } else {
                let deviation = value - self.origin;
                self.sum += deviation;
                self.squares += deviation * deviation;
                self.least = self.least.min(value);
                self.greatest = self.greatest.max(value);
                self.finite += 1;
            }
        }
    }

    /// The statistics as text, every number with enough digits to read back the same.
    pub(super) fn describe(&self, dtype: DType) -> String {
        let mut words = String::new();
        if self.finite > 0 {
            let count = self.finite as f64;
            let shift = self.sum / count;
            let deviation = (self.squares / count - shift * shift).max(0.0).sqrt();
            let (least, greatest) = (show(self.least, dtype), show(self.greatest, dtype));
            let mean = self.origin + shift;
            words = format!("min {least} max {greatest} mean {mean} std {deviation}");
        } else if self.nan + self.infinite > 0 {
            words.push_str("min none max none");
        }
        for (name, count) in [("nan", self.nan), ("infinite", self.infinite)] {
            if count > 0 {
                let _ = write!(words, " {name} {count}");
            }
        }
        words
    }
}

/// A value of the array. Narrow floats have the digits of their own width.
fn show(value: f64, dtype: DType) -> String {
    match dtype {
        DType::F16 | DType::BF16 | DType::F32 => (value as f32).to_string(),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(tensor: &Tensor) -> String {
        Statistics::of(tensor).describe(tensor.dtype())
    }

    #[test]
    fn four_numbers_at_full_precision() {
        let tensor = Tensor::vector(&[0.1f32, 0.2, 0.3]);
        assert_eq!(describe(&tensor), "min 0.1 max 0.3 mean 0.20000000546375912 std 0.08164966235113412");
        assert_eq!(describe(&Tensor::vector(&[7i64; 100])), "min 7 max 7 mean 7 std 0");
        assert_eq!(describe(&Tensor::vector::<f32>(&[])), "");
        assert_eq!(describe(&Tensor::from_texts(2, ["CA"])), "");
    }

    #[test]
    fn a_small_spread_around_a_large_mean_survives() {
        let values: Vec<f64> = (0..1000).map(|at| 1e9 + f64::from(at % 2)).collect();
        assert_eq!(describe(&Tensor::vector(&values)), "min 1000000000 max 1000000001 mean 1000000000.5 std 0.5");
    }

    #[test]
    fn elements_that_are_not_finite_are_counted_apart() {
        let mut values = vec![f32::NAN; 65];
        values.extend([2.0, f32::INFINITY, 4.0]);
        assert_eq!(describe(&Tensor::vector(&values)), "min 2 max 4 mean 3 std 1 nan 65 infinite 1");
        assert_eq!(describe(&Tensor::scalar(f64::NAN)), "min none max none nan 1");
    }
}
