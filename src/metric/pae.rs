//! How alike two predicted aligned errors are: matrices over residue pairs, in ångström. Whether a single one is well formed
//! is for a check to say.

use super::error::{MetricError, check_lengths, check_number};

/// The differences between two matrices over the pairs of confident residues.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaeError {
    /// Mean of |observed − reference| in ångström.
    pub mean_absolute: f64,
    /// Root of the mean squared difference in ångström.
    pub root_mean_square: f64,
    /// The greatest |observed − reference| in ångström.
    pub greatest: f64,
    /// Row and column of the greatest difference.
    pub greatest_at: (usize, usize),
    /// Mean of |observed − reference| over pairs in different chains; `None` where there is none.
    pub mean_absolute_between_chains: Option<f64>,
}

/// Compares two square matrices in C order over the residues of a structure.
///
/// `chains` names the chain of every residue, and so gives the size; only rows and columns of `confident` residues count.
///
/// # Errors
/// When a matrix is not residues × residues, a value that counts is not finite, or no residue is confident.
pub fn pae_error<T: Copy + Into<f64>>(
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
    let counted = confident.iter().filter(|&&confident| confident).count();
    check_number("confident residues", counted, 1)?;
    let several_chains = chains.iter().any(|chain| Some(chain) != chains.first());
    let mut all = Sums::default();
    let mut between = Sums::default();
    let mut other_chain = vec![false; size];
    let mut greatest_at = (0, 0);
    for row in (0..size).filter(|&row| confident[row]) {
        let cells = row * size..(row + 1) * size;
        let (observed, reference) = (&observed[cells.clone()], &reference[cells]);
        let sums = Sums::of(observed, reference, confident);
        if !sums.squares.is_finite() {
            return Err(not_finite(observed, reference, confident, row * size));
        }
        if sums.greatest > all.greatest {
            greatest_at = (row, position_of(sums.greatest, observed, reference, confident));
        }
        all.add(&sums);
        if several_chains {
            for (column, counts) in other_chain.iter_mut().enumerate() {
                *counts = confident[column] && chains[column] != chains[row];
            }
            between.add(&Sums::of(observed, reference, &other_chain));
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

/// Sums of |observed − reference|.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: f64,
    sum: f64,
    squares: f64,
    greatest: f64,
}

impl Sums {
    /// Sums over the elements of a row that count, in four lanes that compile to vector instructions.
    fn of<T: Copy + Into<f64>>(observed: &[T], reference: &[T], counts: &[bool]) -> Self {
        let mut lanes = [Self::default(); 4];
        let (observed_chunks, observed_rest) = observed.as_chunks::<4>();
        let (reference_chunks, reference_rest) = reference.as_chunks::<4>();
        let (counts_chunks, counts_rest) = counts.as_chunks::<4>();
        let chunks = observed_chunks.iter().zip(reference_chunks).zip(counts_chunks);
        for ((observed, reference), counts) in chunks {
            for (index, lane) in lanes.iter_mut().enumerate() {
                lane.include(observed[index].into() - reference[index].into(), counts[index]);
            }
        }
        for ((&observed, &reference), &counts) in observed_rest.iter().zip(reference_rest).zip(counts_rest) {
            lanes[0].include(observed.into() - reference.into(), counts);
        }
        let mut sums = Self::default();
        for lane in &lanes {
            sums.add(lane);
        }
        sums
    }

    fn include(&mut self, apart: f64, counts: bool) {
        let apart = if counts { apart.abs() } else { 0.0 };
        self.count += f64::from(u8::from(counts));
        self.sum += apart;
        self.squares += apart * apart;
        self.greatest = if apart > self.greatest { apart } else { self.greatest };
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
        self.greatest = self.greatest.max(other.greatest);
    }
}

fn position_of<T: Copy + Into<f64>>(greatest: f64, observed: &[T], reference: &[T], counts: &[bool]) -> usize {
    let apart = |column: usize| (observed[column].into() - reference[column].into()).abs();
    let found = (0..counts.len()).find(|&column| counts[column] && apart(column) >= greatest);
    found.unwrap_or(0)
}

fn not_finite<T: Copy + Into<f64>>(observed: &[T], reference: &[T], counts: &[bool], start: usize) -> MetricError {
    let finite = |column: usize| observed[column].into().is_finite() && reference[column].into().is_finite();
    match (0..counts.len()).find(|&column| counts[column] && !finite(column)) {
        Some(column) => MetricError::NotFinite {
            what: "element",
            index: start + column,
        },
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
        assert_eq!(
            (error.mean_absolute, error.greatest, error.greatest_at),
            (1.0, 3.0, (0, 1))
        );
        assert_eq!(error.mean_absolute_between_chains, Some(2.0));
        assert!((error.root_mean_square - 2.5f64.sqrt()).abs() < 1e-12);
        let inside = pae_error(&observed, &reference, &[0; 3], &[true; 3]).unwrap();
        assert_eq!(inside.mean_absolute_between_chains, None);
        assert_eq!((inside.greatest, inside.greatest_at), (9.0, (0, 2)));
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        let error = |observed: &[f64], confident: &[bool]| {
            let reference = vec![0.0; observed.len()];
            pae_error(observed, &reference, &[0, 0], confident)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(error(&[0.0, 0.0, f64::NAN, 0.0], &[true; 2]), "element 2 is not finite");
        assert_eq!(error(&[0.0; 6], &[true; 2]), "the matrix is not residues × residues");
        assert_eq!(
            error(&[0.0; 4], &[false; 2]),
            "needs at least 1 confident residues, got 0"
        );
        assert_eq!(error(&[0.0; 4], &[true; 3]), "3 residues cannot be compared with 2");
    }
}
