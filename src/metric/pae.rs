//! Compares two predicted aligned errors, which are matrices over pairs of residues in ångström. Does not check whether a single matrix
//! is well formed.

use std::ops::{Add, Mul, Range, Sub};

use super::error::{MetricError, check_lengths, check_number};

/// The differences between two matrices over the pairs of confident residues.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaeError {
    /// Mean of |observed − reference| in ångström.
    pub(crate) mean_absolute: f64,
    /// Root of the mean squared difference in ångström.
    pub(crate) root_mean_square: f64,
    /// The greatest |observed − reference| in ångström.
    pub(crate) greatest: f64,
    /// Row and column of the greatest difference.
    pub(crate) greatest_at: (usize, usize),
    /// Mean of |observed − reference| over pairs in different chains; `None` where there is none.
    pub(crate) mean_absolute_between_chains: Option<f64>,
}

/// Compares two square matrices in C order over the residues of a structure.
///
/// `chains` names the chain of every residue, and so gives the size; only rows and columns of `confident` residues count.
///
/// # Errors
/// When a matrix is not residues × residues, a value that counts is not finite, or no residue is confident.
pub fn pae_error<T: Real>(
    observed: &[T],
    reference: &[T],
    chains: &[usize],
    confident: &[bool],
) -> Result<PaeError, MetricError> {
    let size = chains.len();
    check_lengths("residues", confident.len(), size)?;
    check_lengths("elements", observed.len(), reference.len())?;
    if size.checked_mul(size) != Some(observed.len()) {
        return Err(MetricError::Malformed("the matrix is not residues × residues"));
    }
    let runs = confident_runs(chains, confident);
    check_number("confident residues", runs.iter().map(Range::len).sum(), 1)?;
    if runs.len() == 1 && runs[0] == (0..size) {
        return of_whole(observed, reference, size);
    }
    let mut all = PaeSums::default();
    let mut between = PaeSums::default();
    let mut greatest_at = (0, 0);
    for row in (0..size).filter(|&row| confident[row]) {
        for run in &runs {
            let start = row * size;
            let cells = start + run.start..start + run.end;
            let (observed, reference) = (&observed[cells.clone()], &reference[cells.clone()]);
            let sums = PaeSums::of(observed, reference);
            if !sums.squares.is_finite() {
                return Err(not_finite(observed, reference, cells.start));
            }
            if sums.greatest > all.greatest {
                greatest_at = (row, run.start + position_of(sums.greatest, observed, reference));
            }
            all.add(&sums);
            if chains[run.start] != chains[row] {
                between.add(&sums);
            }
        }
    }
    Ok(PaeError {
        mean_absolute: all.sum / all.count,
        root_mean_square: (all.squares / all.count).sqrt(),
        greatest: all.greatest,
        greatest_at,
        mean_absolute_between_chains: (between.count > 0.0).then(|| between.sum / between.count),
    })
}

/// As [`pae_error`] if every residue of a single chain counts, so that the matrix is one run.
fn of_whole<T: Real>(observed: &[T], reference: &[T], size: usize) -> Result<PaeError, MetricError> {
    let all = PaeSums::of(observed, reference);
    if !all.squares.is_finite() {
        return Err(not_finite(observed, reference, 0));
    }
    let start = all.greatest_from;
    let place = start + position_of(all.greatest, &observed[start..], &reference[start..]);
    Ok(PaeError {
        mean_absolute: all.sum / all.count,
        root_mean_square: (all.squares / all.count).sqrt(),
        greatest: all.greatest,
        greatest_at: if all.greatest > 0.0 { (place / size, place % size) } else { (0, 0) },
        mean_absolute_between_chains: None,
    })
}

/// An element of a matrix: `f32` or `f64`.
pub trait Real:
    Copy + Default + PartialOrd + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Into<f64>
{
    /// The value without its sign.
    #[must_use]
    fn magnitude(self) -> Self;
}

impl Real for f32 {
    fn magnitude(self) -> Self {
        self.abs()
    }
}

impl Real for f64 {
    fn magnitude(self) -> Self {
        self.abs()
    }
}

/// The confident residues as runs of neighbours in one chain, so that whole runs can be summed.
fn confident_runs(chains: &[usize], confident: &[bool]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for residue in (0..chains.len()).filter(|&residue| confident[residue]) {
        match runs.last_mut() {
            Some(run) if run.end == residue && chains[run.start] == chains[residue] => run.end += 1,
            _ => runs.push(residue..residue + 1),
        }
    }
    runs
}

/// Sums of |observed − reference|.
#[derive(Debug, Clone, Copy, Default)]
struct PaeSums {
    count: f64,
    sum: f64,
    squares: f64,
    greatest: f64,
    /// Where the block with the greatest begins.
    greatest_from: usize,
}

/// Elements summed side by side, in their own type.
const LANES: usize = 8;
/// Elements after which the sums go on in double precision: few enough that single ones keep six digits.
const BLOCK: usize = 512;

/// Sums of |observed − reference| and of its squares, and the greatest, lane by lane. A function of its own, never inlined: beside the
/// code that adds the lanes up it would be compiled to half as wide instructions.
#[inline(never)]
fn lanes<T: Real>(observed: &[[T; LANES]], reference: &[[T; LANES]]) -> [[T; LANES]; 3] {
    let [mut sum, mut squares, mut greatest] = [[T::default(); LANES]; 3];
    for (observed, reference) in observed.iter().zip(reference) {
        for lane in 0..LANES {
            let apart = apart(observed[lane], reference[lane]);
            sum[lane] = sum[lane] + apart;
            squares[lane] = squares[lane] + apart * apart;
            greatest[lane] = if greatest[lane] < apart { apart } else { greatest[lane] };
        }
    }
    [sum, squares, greatest]
}

impl PaeSums {
    /// Sums over a run of elements.
    fn of<T: Real>(observed: &[T], reference: &[T]) -> Self {
        let mut sums = Self { count: observed.len() as f64, ..Self::default() };
        let (observed_lanes, observed_rest) = observed.as_chunks::<LANES>();
        let (reference_lanes, reference_rest) = reference.as_chunks::<LANES>();
        let blocks = observed_lanes.chunks(BLOCK / LANES).zip(reference_lanes.chunks(BLOCK / LANES));
        for (block, (observed, reference)) in blocks.enumerate() {
            let [sum, squares, greatest] = lanes(observed, reference);
            for lane in 0..LANES {
                sums.see(block * BLOCK, [sum[lane], squares[lane], greatest[lane]].map(Into::into));
            }
        }
        let rest = observed.len() - observed_rest.len();
        for (&observed, &reference) in observed_rest.iter().zip(reference_rest) {
            let apart: f64 = apart(observed, reference).into();
            sums.see(rest, [apart, apart * apart, apart]);
        }
        sums
    }

    fn see(&mut self, start: usize, [sum, squares, greatest]: [f64; 3]) {
        self.sum += sum;
        self.squares += squares;
        if greatest > self.greatest {
            (self.greatest, self.greatest_from) = (greatest, start);
        }
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
        self.greatest = self.greatest.max(other.greatest);
    }
}

/// |first − second|, NaN when either is.
fn apart<T: Real>(first: T, second: T) -> T {
    (first - second).magnitude()
}

fn position_of<T: Real>(greatest: f64, observed: &[T], reference: &[T]) -> usize {
    let mut cells = observed.iter().zip(reference);
    let found = cells.position(|(&observed, &reference)| apart(observed, reference).into() >= greatest);
    found.unwrap_or(0)
}

fn not_finite<T: Real>(observed: &[T], reference: &[T], start: usize) -> MetricError {
    let finite = |value: T| value.into().is_finite();
    let mut cells = observed.iter().zip(reference);
    match cells.position(|(&observed, &reference)| !finite(observed) || !finite(reference)) {
        Some(index) => MetricError::NotFinite { what: "element", index: start + index },
        None => MetricError::Malformed("the elements are too large to square"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_summed_over_confident_pairs_only() {
        let reference = [0.0f32; 9];
        let observed = [0.0, 3.0, 9.0, 1.0, 0.0, 9.0, 9.0, 9.0, 9.0];
        let error = pae_error(&observed, &reference, &[0, 1, 1], &[true, true, false]).unwrap();
        assert_eq!((error.mean_absolute, error.greatest, error.greatest_at), (1.0, 3.0, (0, 1)));
        assert_eq!(error.mean_absolute_between_chains, Some(2.0));
        assert!((error.root_mean_square - 2.5f64.sqrt()).abs() < 1e-12);
        let inside = pae_error(&observed, &reference, &[0; 3], &[true; 3]).unwrap();
        assert_eq!(inside.mean_absolute_between_chains, None);
        assert_eq!((inside.greatest, inside.greatest_at), (9.0, (0, 2)));
    }

    #[test]
    fn blocks_and_rests_sum_as_the_definition_does() {
        let size = 150;
        let cell = |index: usize, step: usize| ((index * step) % 1009) as f32 / 31.0;
        let observed: Vec<f32> = (0..size * size).map(|index| cell(index, 17)).collect();
        let reference: Vec<f32> = (0..size * size).map(|index| cell(index, 29)).collect();
        let chains: Vec<usize> = (0..size).map(|residue| usize::from(residue > 139)).collect();
        let confident: Vec<bool> = (0..size).map(|residue| residue % 37 != 5).collect();
        let error = pae_error(&observed, &reference, &chains, &confident).unwrap();
        let (mut all, mut between): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        for row in (0..size).filter(|&row| confident[row]) {
            for column in (0..size).filter(|&column| confident[column]) {
                let index = row * size + column;
                let apart = f64::from((observed[index] - reference[index]).abs());
                all.push(apart);
                if chains[row] != chains[column] {
                    between.push(apart);
                }
            }
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let near = |value: f64, expected: f64| (value / expected - 1.0).abs() < 1e-6;
        let squares: Vec<f64> = all.iter().map(|apart| apart * apart).collect();
        assert!(near(error.mean_absolute, mean(&all)));
        assert!(near(error.root_mean_square, mean(&squares).sqrt()));
        assert!(near(error.mean_absolute_between_chains.unwrap(), mean(&between)));
        assert!((error.greatest - all.iter().copied().fold(0.0, f64::max)).abs() < f64::EPSILON);
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        let error = |observed: &[f64], confident: &[bool]| {
            let reference = vec![0.0; observed.len()];
            pae_error(observed, &reference, &[0, 0], confident).unwrap_err().to_string()
        };
        insta::assert_snapshot!(error(&[0.0, 0.0, f64::NAN, 0.0], &[true; 2]), @"element 2 is not finite");
        insta::assert_snapshot!(error(&[0.0; 6], &[true; 2]), @"the matrix is not residues × residues");
        insta::assert_snapshot!(error(&[0.0; 4], &[false; 2]), @"needs at least 1 confident residues, got 0");
        insta::assert_snapshot!(error(&[0.0; 4], &[true; 3]), @"3 residues cannot be compared with 2");
    }
}
