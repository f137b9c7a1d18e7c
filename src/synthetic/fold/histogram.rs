//! Predicted distributions over bins, as confidence heads give them: a few hundred shapes, one for every value that is
//! told apart. A value is the expectation of its distribution, exactly, so logits, probabilities and values agree.

/// Distributions over the same bins, by ascending expectation.
#[derive(Debug, Clone)]
pub(super) struct Histograms {
    rows: Vec<Histogram>,
    least: f64,
    step: f64,
    /// The value that each bin stands for.
    pub centres: Vec<f64>,
}

/// One distribution.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    pub logits: Vec<f32>,
    /// The softmax of the logits.
    pub probabilities: Vec<f32>,
    /// The expectation over the bins' centres.
    pub mean: f32,
}

/// Values told apart.
const ROWS: u16 = 256;

impl Histograms {
    /// Bell-shaped distributions around values from `least` to `greatest`; `width` gives the deviation at a value.
    pub(super) fn new(centres: Vec<f64>, least: f64, greatest: f64, width: impl Fn(f64) -> f64) -> Self {
        let step = (greatest - least) / f64::from(ROWS - 1);
        let rows = (0..ROWS)
            .map(|row| {
                let value = least + step * f64::from(row);
                Histogram::around(value, width(value), &centres)
            })
            .collect();
        Self {
            rows,
            least,
            step,
            centres,
        }
    }

    /// The predicted aligned error: 64 bins of half an ångström, as `AlphaFold` and `ESMFold` have them.
    pub(super) fn aligned_error() -> Self {
        let centres = (0..64).map(|bin| 0.25 + 0.5 * f64::from(bin)).collect();
        Self::new(centres, 0.2, 31.0, |value| 0.5 + 0.06 * value)
    }

    /// The predicted lDDT: 50 bins between 0 and 1.
    pub(super) fn lddt() -> Self {
        let centres = (0..50).map(|bin| (f64::from(bin) + 0.5) / 50.0).collect();
        Self::new(centres, 0.0, 1.0, |_| 0.04)
    }

    /// The number of the distribution around a value, the nearest end outside their range.
    pub(super) fn row_of(&self, value: f64) -> u16 {
        ((value - self.least) / self.step)
            .round()
            .clamp(0.0, f64::from(ROWS - 1)) as u16
    }

    pub(super) fn row(&self, row: u16) -> &Histogram {
        &self.rows[usize::from(row.min(ROWS - 1))]
    }

    /// The expectation of a function of the bins' centres, for every distribution.
    pub(super) fn expectations(&self, function: impl Fn(f64) -> f64) -> Vec<f64> {
        let values: Vec<f64> = self.centres.iter().map(|&centre| function(centre)).collect();
        self.rows.iter().map(|row| row.expectation(&values)).collect()
    }
}

impl Histogram {
    fn around(value: f64, width: f64, centres: &[f64]) -> Self {
        let logits: Vec<f32> = centres
            .iter()
            .map(|centre| (-0.5 * ((centre - value) / width).powi(2)).max(-30.0) as f32)
            .collect();
        let weights: Vec<f64> = logits.iter().map(|&logit| f64::from(logit).exp()).collect();
        let total: f64 = weights.iter().sum();
        let mut row = Self {
            logits,
            probabilities: weights.iter().map(|weight| (weight / total) as f32).collect(),
            mean: 0.0,
        };
        row.mean = row.expectation(centres) as f32;
        row
    }

    fn expectation(&self, values: &[f64]) -> f64 {
        self.probabilities
            .iter()
            .zip(values)
            .map(|(&probability, value)| f64::from(probability) * value)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_follow_the_values_they_stand_for() {
        let errors = Histograms::aligned_error();
        for value in [1.5, 5.0, 12.0, 25.0] {
            let row = errors.row(errors.row_of(value));
            assert!((f64::from(row.mean) - value).abs() < 0.15, "{value}: {}", row.mean);
            let total: f32 = row.probabilities.iter().sum();
            assert!((total - 1.0).abs() < 1e-5);
        }
        let lddt = Histograms::lddt();
        let row = lddt.row(lddt.row_of(0.83));
        assert!((row.mean - 0.83).abs() < 0.005);
    }

    #[test]
    fn values_outside_take_the_nearest_end() {
        let lddt = Histograms::lddt();
        assert_eq!(lddt.row_of(-3.0), 0);
        assert_eq!(lddt.row_of(7.0), ROWS - 1);
    }
}
