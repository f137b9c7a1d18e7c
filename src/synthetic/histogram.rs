//! Predicted distributions over bins, as confidence heads give them. A value is the expectation of its distribution, exactly, so
//! that logits, probabilities and values agree; which value a residue has is decided elsewhere.

/// Distributions over the same bins, one for every value that is told apart, by ascending expectation.
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
const VALUES: u16 = 256;

impl Histograms {
    /// The predicted aligned error: 64 bins of half an ångström, as `AlphaFold` and `ESMFold` have them.
    pub(super) fn aligned_error() -> Self {
        Self::new(64, 0.5, 0.2..=31.0, |value| 0.5 + 0.06 * value)
    }

    /// The predicted lDDT: 50 bins between 0 and 1.
    pub(super) fn lddt() -> Self {
        Self::new(50, 0.02, 0.0..=1.0, |_| 0.04)
    }

    /// Bell-shaped distributions; `deviation` gives the standard deviation at a value.
    fn new(bins: u8, bin: f64, values: std::ops::RangeInclusive<f64>, deviation: impl Fn(f64) -> f64) -> Self {
        let (least, step) = (*values.start(), (values.end() - values.start()) / f64::from(VALUES - 1));
        let centres: Vec<f64> = (0..bins).map(|index| bin * (f64::from(index) + 0.5)).collect();
        let around = |value: f64| Histogram::around(value, deviation(value), &centres);
        Self {
            rows: (0..VALUES).map(|row| around(least + step * f64::from(row))).collect(),
            least,
            step,
            centres,
        }
    }

    /// The distribution around a value, by its number; the nearest end outside their range.
    pub(super) fn row_of(&self, value: f64) -> u16 {
        let row = ((value - self.least) / self.step).round();
        row.clamp(0.0, f64::from(VALUES - 1)) as u16
    }

    pub(super) fn row(&self, row: u16) -> &Histogram {
        &self.rows[usize::from(row.min(VALUES - 1))]
    }

    /// The expectation of a function of the bins' centres, for every distribution.
    pub(super) fn expectations(&self, function: impl Fn(f64) -> f64) -> Vec<f64> {
        let values: Vec<f64> = self.centres.iter().map(|&centre| function(centre)).collect();
        self.rows.iter().map(|row| row.expectation(&values)).collect()
    }
}

impl Histogram {
    fn around(value: f64, deviation: f64, centres: &[f64]) -> Self {
        let logits = centres
            .iter()
            .map(|centre| -0.5 * ((centre - value) / deviation).powi(2));
        let logits: Vec<f32> = logits.map(|logit| logit.max(-30.0) as f32).collect();
        let total: f64 = logits.iter().map(|&logit| f64::from(logit).exp()).sum();
        let mut row = Self {
            probabilities: logits
                .iter()
                .map(|&logit| (f64::from(logit).exp() / total) as f32)
                .collect(),
            logits,
            mean: 0.0,
        };
        row.mean = row.expectation(centres) as f32;
        row
    }

    fn expectation(&self, values: &[f64]) -> f64 {
        let weighted = self.probabilities.iter().zip(values);
        weighted
            .map(|(&probability, value)| f64::from(probability) * value)
            .sum()
    }
}
