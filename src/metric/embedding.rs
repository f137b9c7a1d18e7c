//! Compares two embeddings with one vector per residue. Directions and lengths are measured separately, because both reduced precision
//! and a missing normalisation preserve directions.

use super::error::{MetricError, check_lengths, check_number};
use crate::tensor::Tensor;

/// A value and the index it belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct IndexedValue {
    pub(crate) value: f64,
    /// The index, of an element or a residue.
    pub(crate) index: usize,
}

/// The differences between two embeddings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EmbeddingError {
    /// The greatest |observed − reference| of an element, by flat index.
    pub(crate) greatest_absolute: IndexedValue,
    /// ‖observed − reference‖ / ‖reference‖ over all elements; 0 when both are zero, infinite when only the reference is.
    pub(crate) relative: f64,
    /// The least cosine between a residue's two vectors, by residue.
    pub(crate) least_cosine: IndexedValue,
    /// The mean of these cosines.
    pub(crate) mean_cosine: f64,
    /// The least ‖observed‖ / ‖reference‖ of a residue, by residue.
    pub(crate) least_norm_ratio: IndexedValue,
    /// The greatest ‖observed‖ / ‖reference‖ of a residue, by residue.
    pub(crate) greatest_norm_ratio: IndexedValue,
}

/// Compares embeddings of `width` numbers per residue.
///
/// Of two zero vectors cosine and norm ratio are 1; beside a vector that is not zero the cosine is 0 and the ratio 0 or
/// infinite.
///
/// # Errors
/// For empty embeddings, different lengths, a length that is no multiple of the width, and values that are not finite.
pub(crate) fn embedding_error<T: Copy + Into<f64>>(
    observed: &[T],
    reference: &[T],
    width: usize,
) -> Result<EmbeddingError, MetricError> {
    check_widths(observed.len(), reference.len(), width)?;
    let mut vectors = Vectors::new();
    for (observed, reference) in observed.chunks_exact(width).zip(reference.chunks_exact(width)) {
        vectors.add(observed, reference)?;
    }
    Ok(vectors.finish())
}

/// As [`embedding_error`] for two arrays with the vectors in their last dimension. Vectors are read one by one, so large arrays are
/// never converted to doubles as a whole.
///
/// # Errors
/// As [`embedding_error`], also for arrays of text.
pub(crate) fn embedding_error_of(observed: &Tensor, reference: &Tensor) -> Result<EmbeddingError, MetricError> {
    let width = reference.shape().last().copied().unwrap_or(1);
    check_widths(observed.len(), reference.len(), width)?;
    if !(observed.dtype().is_numeric() && reference.dtype().is_numeric()) {
        return Err(MetricError::Malformed("the elements are no numbers"));
    }
    let mut vectors = Vectors::new();
    let (mut here, mut there) = (vec![0.0; width], vec![0.0; width]);
    for start in (0..observed.len()).step_by(width) {
        observed.for_each_f64(start..start + width, |flat, value| here[flat - start] = value);
        reference.for_each_f64(start..start + width, |flat, value| there[flat - start] = value);
        vectors.add(&here, &there)?;
    }
    Ok(vectors.finish())
}

/// The cosine between the two vectors of each residue; NaN where a number is not finite.
///
/// # Errors
/// As [`embedding_error_of`] of arrays with finite numbers.
pub(crate) fn cosines(observed: &Tensor, reference: &Tensor) -> Result<Vec<f64>, MetricError> {
    let width = reference.shape().last().copied().unwrap_or(1);
    check_widths(observed.len(), reference.len(), width)?;
    let (mut here, mut there) = (vec![0.0; width], vec![0.0; width]);
    let starts = (0..observed.len()).step_by(width);
    Ok(starts
        .map(|start| {
            let products = Products::of(observed.read_f64(start, &mut here), reference.read_f64(start, &mut there));
            if products.is_finite() { products.cosine() } else { f64::NAN }
        })
        .collect())
}

fn check_widths(observed: usize, reference: usize, width: usize) -> Result<(), MetricError> {
    check_lengths("elements", observed, reference)?;
    check_number("elements", observed, 1)?;
    if width == 0 || !observed.is_multiple_of(width) {
        return Err(MetricError::Malformed("the elements do not fill vectors of this width"));
    }
    Ok(())
}

/// The metrics of the vectors so far.
struct Vectors {
    residues: usize,
    all: Products,
    cosines: f64,
    greatest_absolute: IndexedValue,
    least_cosine: IndexedValue,
    least_norm_ratio: IndexedValue,
    greatest_norm_ratio: IndexedValue,
}

impl Vectors {
    fn new() -> Self {
        let from = |value: f64| IndexedValue { value, index: 0 };
        Self {
            residues: 0,
            all: Products::default(),
            cosines: 0.0,
            greatest_absolute: from(-1.0),
            least_cosine: from(f64::INFINITY),
            least_norm_ratio: from(f64::INFINITY),
            greatest_norm_ratio: from(-1.0),
        }
    }

    /// Adds the two vectors of the next residue.
    fn add<T: Copy + Into<f64>>(&mut self, observed: &[T], reference: &[T]) -> Result<(), MetricError> {
        let residue = self.residues;
        let start = residue * reference.len();
        let products = Products::of(observed, reference);
        if !products.is_finite() {
            return Err(not_finite(observed, reference, start));
        }
        if products.greatest > self.greatest_absolute.value {
            let index = products.position_of_greatest(observed, reference);
            self.greatest_absolute = IndexedValue { value: products.greatest, index: start + index };
        }
        let (cosine, ratio) = (products.cosine(), products.norm_ratio());
        self.cosines += cosine;
        keep(&mut self.least_cosine, cosine, residue, f64::lt);
        keep(&mut self.least_norm_ratio, ratio, residue, f64::lt);
        keep(&mut self.greatest_norm_ratio, ratio, residue, f64::gt);
        self.all.observed += products.observed;
        self.all.reference += products.reference;
        self.all.apart += products.apart;
        self.residues += 1;
        Ok(())
    }

    fn finish(self) -> EmbeddingError {
        EmbeddingError {
            greatest_absolute: self.greatest_absolute,
            relative: ratio(self.all.apart, self.all.reference, 0.0),
            least_cosine: self.least_cosine,
            mean_cosine: self.cosines / self.residues as f64,
            least_norm_ratio: self.least_norm_ratio,
            greatest_norm_ratio: self.greatest_norm_ratio,
        }
    }
}

/// Sums over the elements of one residue's vectors.
#[derive(Debug, Clone, Copy, Default)]
struct Products {
    /// ‖observed‖².
    observed: f64,
    /// ‖reference‖².
    reference: f64,
    /// observed · reference.
    inner: f64,
    /// ‖observed − reference‖².
    apart: f64,
    /// The greatest |observed − reference|.
    greatest: f64,
}

impl Products {
    /// Sums in four lanes, which compile to vector instructions and round less than one long sum.
    fn of<T: Copy + Into<f64>>(observed: &[T], reference: &[T]) -> Self {
        let mut lanes = [Self::default(); 4];
        let (observed_chunks, observed_rest) = observed.as_chunks::<4>();
        let (reference_chunks, reference_rest) = reference.as_chunks::<4>();
        for (observed, reference) in observed_chunks.iter().zip(reference_chunks) {
            for (lane, (&observed, &reference)) in lanes.iter_mut().zip(observed.iter().zip(reference)) {
                lane.add(observed.into(), reference.into());
            }
        }
        for (&observed, &reference) in observed_rest.iter().zip(reference_rest) {
            lanes[0].add(observed.into(), reference.into());
        }
        lanes.into_iter().fold(Self::default(), |sum, lane| Self {
            observed: sum.observed + lane.observed,
            reference: sum.reference + lane.reference,
            inner: sum.inner + lane.inner,
            apart: sum.apart + lane.apart,
            greatest: sum.greatest.max(lane.greatest),
        })
    }

    fn add(&mut self, observed: f64, reference: f64) {
        let apart = observed - reference;
        self.observed += observed * observed;
        self.reference += reference * reference;
        self.inner += observed * reference;
        self.apart += apart * apart;
        self.greatest = if apart.abs() > self.greatest { apart.abs() } else { self.greatest };
    }

    const fn is_finite(&self) -> bool {
        self.observed.is_finite() && self.reference.is_finite() && self.apart.is_finite()
    }

    fn position_of_greatest<T: Copy + Into<f64>>(&self, observed: &[T], reference: &[T]) -> usize {
        let apart = |(&observed, &reference): (&T, &T)| (observed.into() - reference.into()).abs();
        let mut pairs = observed.iter().zip(reference);
        pairs.position(|pair| apart(pair) >= self.greatest).unwrap_or(0)
    }

    fn cosine(&self) -> f64 {
        match (self.observed > 0.0, self.reference > 0.0) {
            (true, true) => (self.inner / self.observed.sqrt() / self.reference.sqrt()).clamp(-1.0, 1.0),
            (false, false) => 1.0,
            _ => 0.0,
        }
    }

    fn norm_ratio(&self) -> f64 {
        ratio(self.observed, self.reference, 1.0)
    }
}

/// √(part / whole) of two sums of squares, with a given value for 0/0.
fn ratio(part: f64, whole: f64, of_nothing: f64) -> f64 {
    if part == 0.0 && whole == 0.0 { of_nothing } else { (part / whole).sqrt() }
}

fn keep(extreme: &mut IndexedValue, value: f64, index: usize, better: fn(&f64, &f64) -> bool) {
    if better(&value, &extreme.value) {
        *extreme = IndexedValue { value, index };
    }
}

fn not_finite<T: Copy + Into<f64>>(observed: &[T], reference: &[T], start: usize) -> MetricError {
    let broken = |value: &T| !(*value).into().is_finite();
    match observed.iter().position(broken).or_else(|| reference.iter().position(broken)) {
        Some(index) => MetricError::NotFinite { what: "element", index: start + index },
        None => MetricError::Malformed("the elements are too large to square"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_points::noise;
    use super::*;

    fn vectors(residues: usize, width: usize, seed: u64) -> Vec<f32> {
        let mut next = noise(seed);
        (0..residues * width).map(|_| next()).collect()
    }

    #[test]
    fn arrays_are_measured_as_their_values_are() {
        let values = |seed: u16| -> Vec<f32> { (0..24u16).map(|at| f32::from((at * 7 + seed) % 11) - 4.5).collect() };
        let (observed, reference) = (values(1), values(2));
        let array = |values: &[f32]| Tensor::from_values(vec![2, 3, 4], values).unwrap();
        assert_eq!(
            embedding_error_of(&array(&observed), &array(&reference)),
            embedding_error(&observed, &reference, 4)
        );
        let broken: Vec<f32> = observed.iter().map(|value| if *value > 5.0 { f32::NAN } else { *value }).collect();
        assert_eq!(embedding_error_of(&array(&broken), &array(&reference)), embedding_error(&broken, &reference, 4));
        let names = Tensor::from_texts(2, ["CA"]);
        assert!(embedding_error_of(&names, &names).is_err());
        assert!(embedding_error_of(&Tensor::vector::<f32>(&[]), &Tensor::vector::<f32>(&[])).is_err());
    }

    #[test]
    fn one_changed_element_is_found() {
        let reference = vectors(20, 10, 1);
        let mut observed = reference.clone();
        observed[137] += 3.0;
        let error = embedding_error(&observed, &reference, 10).unwrap();
        assert_eq!(error.greatest_absolute.index, 137);
        assert!((error.greatest_absolute.value - 3.0).abs() < 1e-6);
        assert_eq!(error.least_cosine.index, 13);
        let expected = (19.0 + error.least_cosine.value) / 20.0;
        assert!((error.mean_cosine - expected).abs() < 1e-9);
        let norm = reference.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        assert!((error.relative - 3.0 / norm).abs() < 1e-6);
    }

    #[test]
    fn a_scale_shows_in_the_norms_only() {
        let reference = vectors(5, 7, 2);
        let observed: Vec<f32> = reference.iter().map(|value| 2.0 * value).collect();
        let error = embedding_error(&observed, &reference, 7).unwrap();
        assert!((error.least_cosine.value - 1.0).abs() < 1e-12);
        assert!((error.least_norm_ratio.value - 2.0).abs() < 1e-12);
        assert!((error.greatest_norm_ratio.value - 2.0).abs() < 1e-12);
        assert!((error.relative - 1.0).abs() < 1e-12);
    }

    #[test]
    fn bfloat16_keeps_its_promise() {
        let reference = vectors(50, 64, 3);
        let observed: Vec<f32> = reference.iter().map(|&value| half::bf16::from_f32(value).to_f32()).collect();
        let error = embedding_error(&observed, &reference, 64).unwrap();
        assert!(error.least_cosine.value > 0.999 && error.least_cosine.value < 1.0);
        assert!((0.99..1.01).contains(&error.least_norm_ratio.value));
    }

    #[test]
    fn zero_vectors_have_defined_values() {
        let error = embedding_error(&[0.0, 0.0, 0.0, 1.0], &[0.0, 0.0, 1.0, 0.0], 2).unwrap();
        assert!(error.least_cosine.value.abs() < f64::EPSILON);
        assert_eq!(error.least_cosine.index, 1);
        assert!((error.greatest_norm_ratio.value - 1.0).abs() < f64::EPSILON);
        let both = embedding_error(&[0.0f32; 4], &[0.0; 4], 2).unwrap();
        assert!(both.relative.abs() < f64::EPSILON);
        let one = embedding_error(&[1.0f32; 4], &[0.0; 4], 2).unwrap();
        assert!(one.relative.is_infinite() && one.least_norm_ratio.value.is_infinite());
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        assert!(matches!(embedding_error(&[1.0f32; 5], &[1.0; 5], 2), Err(MetricError::Malformed(_))));
        assert!(matches!(embedding_error(&[1.0f32; 4], &[1.0; 4], 0), Err(MetricError::Malformed(_))));
        assert!(embedding_error::<f32>(&[], &[], 2).is_err());
        let error = embedding_error(&[0.0, 0.0, 0.0, f32::NAN], &[0.0; 4], 2).unwrap_err();
        insta::assert_snapshot!(error, @"element 3 is not finite");
    }
}
