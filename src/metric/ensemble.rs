//! Tests whether two sets of samples come from the same distribution, by energy distance and permutations. Does not compute the
//! distances between samples.

use super::error::{MetricError, check_lengths, check_number};
use super::random::Random;

/// How far two sets of samples are apart, and how surprising that would be if they were one set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnergyTest {
    /// 2·E d(A, B) − E d(A, A′) − E d(B, B′) over distinct samples, in the unit of the distances. Near zero, and as often
    /// below as above, for equal distributions.
    pub distance: f64,
    /// Fraction of the ways to split all samples that give at least this distance.
    pub p_value: f64,
    /// Number of splits looked at.
    pub(crate) splits: usize,
    /// Whether these were all there are.
    pub(crate) exact: bool,
}

/// All splits are tried up to this many: two sets of ten have 184,756.
const MOST_SPLITS: usize = 200_000;
/// Splits drawn when there are more.
const DRAWN_SPLITS: usize = 9_999;

/// Tests two sets of samples for one distribution (Székely & Rizzo, J. Stat. Plan. Inference 143, 2013).
///
/// `distances` is the matrix over all samples in C order, those of the first set before those of the second; for an
/// asymmetric measure the mean of both directions counts. The smallest p that two sets of n can reach is 2 / C(2n, n). Where
/// splits are drawn, `seed` makes the draw repeatable, and the observed split counts as one of them.
///
/// # Errors
/// With fewer than two samples a side, a matrix of another size, and distances that are not finite.
pub fn energy_test(distances: &[f64], first: usize, second: usize, seed: u64) -> Result<EnergyTest, MetricError> {
    check_number("samples in the first set", first, 2)?;
    check_number("samples in the second set", second, 2)?;
    let samples = first.saturating_add(second);
    check_lengths("distances", distances.len(), samples.saturating_mul(samples))?;
    if let Some(index) = distances.iter().position(|distance| !distance.is_finite()) {
        return Err(MetricError::NotFinite { what: "distance", index });
    }
    let energy = Energy::new(distances, first, samples);
    let observed = energy.of(&(0..first).collect::<Vec<_>>());
    // Equal splits must count as equal though their sums were taken in another order.
    let threshold = observed - 1e-12 * energy.scale;
    let mut extreme = 0;
    let mut splits = 0;
    let exact = splits_of(samples, first).is_some_and(|splits| splits <= MOST_SPLITS);
    if exact {
        energy.for_each_split(&mut Vec::with_capacity(first), 0, 0.0, 0.0, &mut |value| {
            splits += 1;
            extreme += usize::from(value >= threshold);
        });
    } else {
        splits = 1 + DRAWN_SPLITS;
        extreme = 1;
        let mut random = Random::new(seed);
        let mut order: Vec<usize> = (0..samples).collect();
        for _ in 0..DRAWN_SPLITS {
            // Half of Fisher and Yates' shuffle draws the first set.
            for place in 0..first {
                order.swap(place, place + random.below(samples - place));
            }
            extreme += usize::from(energy.of(&order[..first]) >= threshold);
        }
    }
    Ok(EnergyTest { distance: observed, p_value: extreme as f64 / splits as f64, splits, exact })
}

/// The number of ways to choose `chosen` of `samples`; `None` when it is beyond counting.
fn splits_of(samples: usize, chosen: usize) -> Option<usize> {
    (0..chosen.min(samples - chosen))
        .try_fold(1usize, |ways, step| Some(ways.checked_mul(samples - step)? / (step + 1)))
}

/// Distances between samples, arranged for evaluating many splits.
struct Energy {
    /// Symmetric, zero on the diagonal.
    distances: Vec<f64>,
    samples: usize,
    first: usize,
    /// Sum of each row.
    rows: Vec<f64>,
    /// Sum over unordered pairs.
    total: f64,
    /// Size of the numbers that are added and subtracted.
    scale: f64,
}

impl Energy {
    fn new(distances: &[f64], first: usize, samples: usize) -> Self {
        let mut symmetric = vec![0.0; samples * samples];
        for row in 0..samples {
            for column in (0..samples).filter(|&column| column != row) {
                let both = distances[row * samples + column] / 2.0 + distances[column * samples + row] / 2.0;
                symmetric[row * samples + column] = both;
            }
        }
        let rows: Vec<f64> = symmetric.chunks_exact(samples).map(|row| row.iter().sum()).collect();
        Self {
            samples,
            first,
            total: rows.iter().sum::<f64>() / 2.0,
            rows,
            scale: symmetric.iter().fold(0.0, |most: f64, distance| most.max(distance.abs())),
            distances: symmetric,
        }
    }

    /// The energy distance when the first set is `chosen`.
    fn of(&self, chosen: &[usize]) -> f64 {
        let rows = chosen.iter().map(|&sample| self.rows[sample]).sum();
        let within = chosen.iter().enumerate().map(|(place, &sample)| self.to(&chosen[..place], sample)).sum();
        self.with_sums(within, rows)
    }

    fn to(&self, chosen: &[usize], sample: usize) -> f64 {
        let row = &self.distances[sample * self.samples..(sample + 1) * self.samples];
        chosen.iter().map(|&other| row[other]).sum()
    }

    /// `within` sums the distances inside the first set, `rows` all distances from its samples.
    fn with_sums(&self, within: f64, rows: f64) -> f64 {
        let (first, second) = (self.first as f64, (self.samples - self.first) as f64);
        let between = rows - 2.0 * within;
        let within_second = self.total - within - between;
        2.0 * (between / (first * second)
            - within / (first * (first - 1.0))
            - within_second / (second * (second - 1.0)))
    }

    /// Calls `visit` with the energy distance of every split, extending `chosen` by samples from `next` on.
    fn for_each_split(
        &self,
        chosen: &mut Vec<usize>,
        next: usize,
        within: f64,
        rows: f64,
        visit: &mut impl FnMut(f64),
    ) {
        let missing = self.first - chosen.len();
        if missing == 0 {
            visit(self.with_sums(within, rows));
            return;
        }
        for sample in next..=self.samples - missing {
            let added = self.to(chosen, sample);
            chosen.push(sample);
            self.for_each_split(chosen, sample + 1, within + added, rows + self.rows[sample], visit);
            chosen.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_points::noise;
    use super::*;

    fn matrix(values: &[f64]) -> Vec<f64> {
        values.iter().flat_map(|a| values.iter().map(move |b| (a - b).abs())).collect()
    }

    #[test]
    fn the_distance_follows_its_definition() {
        let test = energy_test(&matrix(&[0.0, 1.0, 4.0, 8.0]), 2, 2, 0).unwrap();
        // Between: 4, 8, 3, 7, mean 5.5; within: 1 and 4.
        assert!((test.distance - (11.0 - 1.0 - 4.0)).abs() < 1e-12);
        assert_eq!((test.splits, test.exact), (6, true));
        assert!((test.p_value - 2.0 / 6.0).abs() < 1e-12, "the best split and its mirror");
    }

    #[test]
    fn sets_far_apart_reach_the_smallest_p() {
        let values: Vec<f64> = (0..5).map(f64::from).chain((0..5).map(|value| 100.0 + f64::from(value))).collect();
        let test = energy_test(&matrix(&values), 5, 5, 0).unwrap();
        assert!((test.p_value - 2.0 / 252.0).abs() < 1e-12);
        let larger: Vec<f64> = (0..30).map(|value| f64::from(value % 15 + 500 * (value / 15))).collect();
        let drawn = energy_test(&matrix(&larger), 15, 15, 7).unwrap();
        assert_eq!((drawn.exact, drawn.splits), (false, 10_000));
        assert!((drawn.p_value - 1e-4).abs() < 1e-12);
    }

    #[test]
    fn equal_distributions_are_rarely_called_different() {
        let mut below_five_percent = 0;
        for seed in 0..200 {
            let mut next = noise(seed);
            let values: Vec<f64> = (0..10).map(|_| f64::from(next() + next() + next())).collect();
            below_five_percent += usize::from(energy_test(&matrix(&values), 5, 5, 0).unwrap().p_value <= 0.05);
        }
        assert!(below_five_percent <= 20, "{below_five_percent} of 200 at a level of 5 %");
        assert!(below_five_percent >= 1, "a test that never rejects tests nothing");
    }

    #[test]
    fn a_draw_repeats_with_its_seed() {
        let mut next = noise(3);
        let values: Vec<f64> = (0..24).map(|_| f64::from(next())).collect();
        let p = |seed| energy_test(&matrix(&values), 12, 12, seed).unwrap().p_value;
        assert!((p(1) - p(1)).abs() < f64::EPSILON);
        assert!((p(1) - p(2)).abs() < 0.03);
    }

    #[test]
    fn all_samples_equal_is_no_difference() {
        let test = energy_test(&[0.0; 36], 3, 3, 0).unwrap();
        assert_eq!((test.distance, test.p_value), (0.0, 1.0));
    }

    #[test]
    fn what_has_no_test_is_an_error() {
        assert!(matches!(energy_test(&[0.0; 9], 1, 2, 0), Err(MetricError::TooFew { .. })));
        assert!(matches!(energy_test(&[0.0; 9], 2, 2, 0), Err(MetricError::DifferentLengths { .. })));
        assert!(matches!(energy_test(&[], usize::MAX, 2, 0), Err(MetricError::DifferentLengths { .. })));
        let error = energy_test(&[f64::NAN; 16], 2, 2, 0).unwrap_err();
        insta::assert_snapshot!(error, @"distance 0 is not finite");
    }
}
