//! Rows of numbers of an answer against recorded ones: direction and length of each, which half precision keeps where single
//! elements vary. Rows of residues that a model is not sure of count together, because its trunk may see them otherwise. Measures;
//! finds no field.

use super::layout::RowPlace;
use crate::measure::{Better, Floor, Measure, Noise};
use crate::metric::embedding_error;
use crate::prediction::gates::EmbeddingGates;
use crate::snapshot::Gap;
use crate::tensor::Tensor;

/// So many times what is expected of a sum of random signs is no chance: fewer than one in 10⁷ sums are beyond it.
pub const RARE: f64 = 6.0;

/// Fewer sampled elements than these say little of the others.
const FEWEST: usize = 16;

/// So many times the typical element may a few of them be on average, because the elements of a row are of uneven sizes.
const UNEVEN: f64 = 2.0;

/// The rows of an array and which of them count.
pub struct JudgedRows {
    width: usize,
    /// For every row whether it counts by itself; `None` for padding, which does not count at all.
    counted: Vec<Option<bool>>,
}

impl JudgedRows {
    /// Rows of so many elements at their places; `confident` says of the residues of each sample whether both sides are. Where
    /// they are of none, all rows count.
    pub fn new(width: usize, places: impl Iterator<Item = RowPlace>, confident: &[Option<Vec<bool>>]) -> Self {
        let mut counted: Vec<Option<bool>> = places.map(|place| place.is_confident(confident)).collect();
        if !counted.contains(&Some(true)) {
            counted.iter_mut().flatten().for_each(|row| *row = true);
        }
        Self { width, counted }
    }

    /// Runs of neighbouring rows for which `which` holds, as ranges of elements.
    fn runs(&self, which: impl Fn(Option<bool>) -> bool) -> Vec<std::ops::Range<usize>> {
        let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
        for (row, _) in self.counted.iter().enumerate().filter(|(_, row)| which(**row)) {
            let (start, end) = (row * self.width, (row + 1) * self.width);
            match runs.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => runs.push(start..end),
            }
        }
        runs
    }
}

/// The measures of whole arrays: the least cosine of a counted row and how far the ratio of its lengths is from 1 at worst, and the
/// mean cosine of all. `None` where they cannot be measured, such as numbers that are not finite.
pub fn measure_rows(
    expected: &Tensor,
    got: &Tensor,
    rows: &JudgedRows,
    gates: &EmbeddingGates,
    floor: &Floor,
) -> Option<Vec<Measure>> {
    if !expected.dtype().is_float() || expected.shape() != got.shape() || expected.dtype() != got.dtype() {
        return None;
    }
    let (expected, got) = (expected.to_f64()?, got.to_f64()?);
    let (mut least, mut ratio) = (1.0f64, 0.0f64);
    for run in rows.runs(|row| row == Some(true)) {
        let found = embedding_error(got.get(run.clone())?, expected.get(run)?, rows.width).ok()?;
        least = least.min(found.least_cosine.value);
        let ratios = [found.least_norm_ratio.value, found.greatest_norm_ratio.value];
        ratio = ratios
            .into_iter()
            .fold(ratio, |worst, one| worst.max((one - 1.0).abs()));
    }
    let (mut sum, mut count) = (0.0, 0.0);
    for run in rows.runs(|row| row.is_some()) {
        let own = (run.len() / rows.width.max(1)) as f64;
        let found = embedding_error(got.get(run.clone())?, expected.get(run)?, rows.width).ok()?;
        sum += own * found.mean_cosine;
        count += own;
    }
    let measure = |key, name, better, observed, allowed| Measure {
        key,
        name,
        unit: "",
        better,
        observed,
        floor: floor.get(key),
        allowed,
    };
    Some(vec![
        measure(
            "cosine",
            "least cosine of residues",
            Better::Higher,
            least,
            gates.cosine,
        ),
        measure(
            "norm_ratio",
            "change of norms of residues",
            Better::Lower,
            ratio,
            gates.norm_ratio,
        ),
        measure(
            "unmasked_cosine",
            "mean cosine of all residues",
            Better::Higher,
            if count > 0.0 { sum / count } else { 1.0 },
            gates.unmasked_cosine,
        ),
    ])
}

/// The measures of an array of which a sketch was recorded. The signed sums of blocks tell how far two arrays are apart as a whole,
/// relative to their length, which is what cosine and ratio of lengths say together; and no block may be much farther. Blocks
/// mix residues that a model is sure of with others; the sampled elements, which are of one residue each, tell these apart.
pub fn measure_sketched(
    (gaps, samples): &(Vec<Gap>, Vec<(usize, f64, f64)>),
    got: &Tensor,
    rows: &JudgedRows,
    gates: &EmbeddingGates,
    floor: &Floor,
) -> Option<Vec<Measure>> {
    let values = got.to_f64().filter(|_| got.dtype().is_float())?;
    let width = rows.width.max(1);
    let squares: Vec<f64> = values
        .chunks(width)
        .map(|row| row.iter().map(|value| value * value).sum::<f64>() / width as f64)
        .collect();
    let (mut sure, mut all, mut worst) = (Apart::default(), Apart::default(), 0.0f64);
    for gap in gaps {
        let own = gap.range.start / width..gap.range.end.div_ceil(width);
        let counts = |row: usize| rows.counted.get(row).copied().flatten();
        // What is expected of a sum in which every element is off by its row's typical one.
        let budget: f64 = own
            .clone()
            .map(|row| {
                let overlap = gap
                    .range
                    .end
                    .min((row + 1) * width)
                    .saturating_sub(gap.range.start.max(row * width));
                squares.get(row).copied().unwrap_or(0.0) * overlap as f64
            })
            .sum();
        all.add(gap.sum, budget);
        if own.clone().any(|row| counts(row) == Some(false)) {
            continue;
        }
        sure.add(gap.sum, budget);
        let mut own = Apart::default();
        own.add(gap.sum, budget);
        worst = worst.max(own.distance());
    }
    let mut spread = Apart::default();
    let mut count = 0;
    for (flat, expected, got) in samples {
        let row = flat / width;
        if rows.counted.get(row).copied().flatten() == Some(true) {
            spread.add(got - expected, squares.get(row).copied().unwrap_or(0.0));
            count += 1;
        }
    }
    let measure = |key, name, observed, allowed, floor| Measure {
        key,
        name,
        unit: "",
        better: Better::Lower,
        observed,
        floor,
        allowed,
    };
    // Of vectors whose cosine is c and whose lengths differ by n: |a − b|² = 2·(1 − c) + n², where |a| is 1.
    let distance = |cosine: f64, ratio: f64| (2.0 * (1.0 - cosine) + ratio * ratio).max(0.0).sqrt();
    let allowed = distance(gates.cosine, gates.norm_ratio);
    let noise = floor
        .get("cosine")
        .zip(floor.get("norm_ratio"))
        .map(|(cosine, ratio)| Noise {
            worst: distance(cosine.worst, ratio.worst),
            ..cosine
        });
    let unmasked = distance(gates.unmasked_cosine, gates.norm_ratio);
    let scaled = |times: f64| {
        noise.map(|noise| Noise {
            worst: times * noise.worst,
            ..noise
        })
    };
    let mut measures = vec![
        measure(
            "distance",
            "distance relative to length",
            sure.distance(),
            allowed,
            noise,
        ),
        measure(
            "unmasked_distance",
            "distance of all residues relative to length",
            all.distance(),
            unmasked,
            noise,
        ),
        measure(
            "block_distance",
            "greatest distance of a block relative to length",
            worst,
            RARE * allowed,
            scaled(RARE),
        ),
    ];
    if count >= FEWEST {
        measures.push(measure(
            "sampled_distance",
            "distance of sampled elements relative to length",
            spread.distance(),
            UNEVEN * allowed,
            scaled(UNEVEN),
        ));
    }
    Some(measures)
}

/// What blocks add up to.
#[derive(Default)]
struct Apart {
    apart: f64,
    length: f64,
}

impl Apart {
    fn add(&mut self, gap: f64, budget: f64) {
        self.apart += gap * gap;
        self.length += budget;
    }

    /// How far the arrays are apart, relative to their length.
    fn distance(&self) -> f64 {
        if self.apart == 0.0 {
            return 0.0;
        }
        // What is not finite is apart from everything.
        let distance = (self.apart / self.length).sqrt();
        if distance.is_nan() { f64::INFINITY } else { distance }
    }
}
