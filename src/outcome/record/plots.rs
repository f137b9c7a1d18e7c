//! Plots of a case for reports: curves and maps of a result beside the recorded one, packed to keep the file small. Does not compute or
//! draw them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most rows of a map: more than a page shows.
const LARGEST_MAP: usize = 96;
/// One step of a map, in ångström.
const STEP: f64 = 0.25;

/// One value of a response beside the recorded one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlotRecord {
    /// The call.
    pub(crate) call: String,
    /// The value, such as `atom_array[0]`.
    pub(crate) field: String,
    /// The plot.
    pub(crate) data: PlotData,
}

/// The plot of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlotData {
    /// A structure.
    Structure(StructurePlot),
    /// Vectors of residues.
    Embedding(EmbeddingPlot),
}

/// A structure beside the recorded one. Curves have one number for each residue of `chains`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StructurePlot {
    /// Residues of the recorded structure.
    pub(crate) residues: usize,
    /// The plotted residues: the first ones of the recorded structure.
    pub(crate) chains: Vec<ResidueRun>,
    /// The confidence of each residue, as a fraction of 1.
    pub(crate) plddt: Option<BothCurves>,
    /// The alpha carbons in ångström, x, y and z of each residue, with the result superposed on the recorded structure.
    pub(crate) alphas: Option<BothCurves>,
    /// The predicted aligned errors.
    pub(crate) pae: Option<BothMaps>,
}

/// Vectors of residues beside the recorded ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmbeddingPlot {
    /// Residues of each sample. If they exceed the budget, only the first ones are plotted.
    pub(crate) residues: Vec<usize>,
    /// The number of columns of a sample in `gaps`.
    pub(crate) columns: usize,
    /// 1 - cosine of the result's and the recorded vector of each residue, sample by sample; NaN after the end of a sample.
    pub(crate) gaps: PackedCurve,
}

/// Residues of one chain with consecutive numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResidueRun {
    /// The chain.
    pub(crate) chain: String,
    /// The number of the first residue.
    pub(crate) first: i32,
    /// The number of residues.
    pub(crate) count: usize,
}

/// The curves of both results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BothCurves {
    /// The recorded result.
    pub(crate) expected: PackedCurve,
    /// The result.
    pub(crate) observed: PackedCurve,
}

/// The square maps of both results, averaged over blocks if there are more residues than rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BothMaps {
    /// Residues along each side.
    pub(crate) residues: usize,
    /// Rows and columns of the maps.
    pub(crate) size: usize,
    /// The recorded result.
    pub(crate) expected: PackedMap,
    /// The result.
    pub(crate) observed: PackedMap,
}

/// Numbers as base64 of little-endian 32-bit floats; NaN if there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct PackedCurve(pub(crate) String);

/// Numbers as base64 of bytes in quarters of an ångström: 254 stands for 63.5 Å or more, 255 for no number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct PackedMap(pub(crate) String);

impl PlotRecord {
    /// Its approximate size in bytes in a file.
    pub(crate) fn size(&self) -> usize {
        let held = match &self.data {
            PlotData::Structure(plot) => {
                let curves = [&plot.plddt, &plot.alphas].into_iter().flatten();
                let curves: usize = curves.map(|both| both.expected.0.len() + both.observed.0.len()).sum();
                let maps = plot.pae.as_ref().map_or(0, |maps| maps.expected.0.len() + maps.observed.0.len());
                curves + maps + 64 * plot.chains.len()
            }
            PlotData::Embedding(plot) => plot.gaps.0.len() + 8 * plot.residues.len(),
        };
        held + 512
    }
}

impl PackedCurve {
    /// Packs numbers.
    pub(crate) fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let bytes: Vec<u8> = values.into_iter().flat_map(|value| (value as f32).to_le_bytes()).collect();
        Self(base64_simd::STANDARD.encode_to_string(bytes))
    }
}

impl BothMaps {
    /// Packs two square matrices of `residues` rows. Returns `None` if they have another size.
    pub(crate) fn new(residues: usize, expected: &[f64], observed: &[f64]) -> Option<Self> {
        let cells = residues.checked_mul(residues)?;
        if residues == 0 || expected.len() != cells || observed.len() != cells {
            return None;
        }
        let size = residues.min(LARGEST_MAP);
        Some(Self {
            residues,
            size,
            expected: PackedMap::new(expected, residues, size),
            observed: PackedMap::new(observed, residues, size),
        })
    }
}

impl PackedMap {
    /// Each cell is the mean of the elements of its block.
    fn new(matrix: &[f64], residues: usize, size: usize) -> Self {
        let mut sums = vec![0.0; size * size];
        let mut counts = vec![0.0; size * size];
        for (row, values) in matrix.chunks_exact(residues).enumerate() {
            let start = row * size / residues * size;
            for (column, value) in values.iter().enumerate() {
                let cell = start + column * size / residues;
                sums[cell] += value;
                counts[cell] += 1.0;
            }
        }
        let level = |(sum, number): (&f64, &f64)| {
            let mean = sum / number;
            if mean.is_nan() { u8::MAX } else { (mean / STEP).round().clamp(0.0, 254.0) as u8 }
        };
        let levels: Vec<u8> = sums.iter().zip(&counts).map(level).collect();
        Self(base64_simd::STANDARD.encode_to_string(levels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(map: &PackedMap) -> Vec<u8> {
        base64_simd::STANDARD.decode_to_vec(&map.0).unwrap()
    }

    #[test]
    fn curves_are_floats_that_may_be_no_number() {
        let packed = PackedCurve::new([1.0, f64::NAN]);
        let bytes = base64_simd::STANDARD.decode_to_vec(&packed.0).unwrap();
        assert_eq!(bytes[..4], 1.0f32.to_le_bytes());
        assert!(f32::from_le_bytes(bytes[4..8].try_into().unwrap()).is_nan());
    }

    #[test]
    fn maps_are_quarters_of_an_angstrom() {
        let maps = BothMaps::new(2, &[0.0, 0.25, 31.75, 1e9], &[f64::NAN, -1.0, 0.3, 0.4]).unwrap();
        assert_eq!((maps.size, maps.residues), (2, 2));
        assert_eq!(levels(&maps.expected), [0, 1, 127, 254]);
        assert_eq!(levels(&maps.observed), [255, 0, 1, 2]);
        assert_eq!(BothMaps::new(2, &[0.0; 4], &[0.0; 9]), None);
        assert_eq!(BothMaps::new(0, &[], &[]), None);
    }

    #[test]
    fn larger_maps_are_averaged_over_blocks() {
        let residues = 2 * LARGEST_MAP;
        let matrix: Vec<f64> = (0..residues * residues).map(|flat| if flat % 2 == 0 { 1.0 } else { 2.0 }).collect();
        let maps = BothMaps::new(residues, &matrix, &matrix).unwrap();
        assert_eq!(maps.size, LARGEST_MAP);
        assert_eq!(levels(&maps.expected), vec![6; LARGEST_MAP * LARGEST_MAP]);
    }
}
