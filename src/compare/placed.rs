//! Measures frames and positions against recorded ones as points in space, with the gates of a structure's atoms. A frame is its
//! origin and the tips of its axes, which are about a bond away from it. Does not find the fields.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::keep_worst;
use super::metrics::measured;
use super::rows::RowPlace;
use super::structure::symmetric_lddt;
use crate::metric::selection::{Part, positions};
use crate::metric::{Point, Superposition, superpose};
use crate::metric_value::{MetricValue, NoiseFloor};
use crate::prediction::contract::Holds;
use crate::prediction::gates::StructureGates;
use crate::protein::Structure;
use crate::tensor::Tensor;

/// The distance of the tips of a frame's axes from its origin in ångström, about the length of a bond.
const REACH: f64 = 1.5;

/// The fewest residues whose superposition means something.
const FEWEST: usize = 4;

/// The points of every frame or position of an array, the origin first. Returns `None` if its last dimensions do not hold any.
pub(crate) fn points_of(holds: Holds, tensor: &Tensor) -> Option<Vec<Vec<Point>>> {
    let values = tensor.to_f64().filter(|_| tensor.dtype().is_float())?;
    Some(match (holds, tensor.shape()) {
        (Holds::Positions, [.., 3]) => {
            values.as_chunks::<3>().0.iter().map(|position| vec![position.map(|axis| axis as f32)]).collect()
        }
        // A quaternion, the real part first, and a position.
        (Holds::Frames, [.., 7]) => {
            let rows = values.as_chunks::<7>().0;
            rows.iter().map(|&[w, x, y, z, a, b, c]| tips(turn([w, x, y, z]), [a, b, c])).collect()
        }
        // A rotation and, in the last column, a position.
        (Holds::Frames, [.., 4, 4]) => {
            let frame = |row: &[f64; 16]| {
                let turn = [[row[0], row[1], row[2]], [row[4], row[5], row[6]], [row[8], row[9], row[10]]];
                tips(turn, [row[3], row[7], row[11]])
            };
            values.as_chunks::<16>().0.iter().map(frame).collect()
        }
        _ => return None,
    })
}

/// The rotation of a quaternion, row by row.
fn turn([w, x, y, z]: [f64; 4]) -> [[f64; 3]; 3] {
    let norm = w * w + x * x + y * y + z * z;
    let scale = if norm > 0.0 { 2.0 / norm } else { 0.0 };
    [
        [1.0 - scale * (y * y + z * z), scale * (x * y - w * z), scale * (x * z + w * y)],
        [scale * (x * y + w * z), 1.0 - scale * (x * x + z * z), scale * (y * z - w * x)],
        [scale * (x * z - w * y), scale * (y * z + w * x), 1.0 - scale * (x * x + y * y)],
    ]
}

/// The origin of a frame and the tips of its axes.
fn tips(turn: [[f64; 3]; 3], origin: [f64; 3]) -> Vec<Point> {
    let tip = |axis: usize| [0, 1, 2].map(|row| (origin[row] + REACH * turn[row][axis]) as f32);
    vec![origin.map(|axis| axis as f32), tip(0), tip(1), tip(2)]
}

/// The alpha carbons of the structures that the frames belong to, empty if there are no such structures.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traces {
    expected: Vec<Point>,
    got: Vec<Point>,
}

impl Traces {
    /// The alpha carbons of two structures; `None` if a residue has none.
    pub(crate) fn of(expected: &Structure, got: &Structure) -> Option<Self> {
        let residues = expected.residues().len();
        let alphas = |structure: &Structure| {
            let alphas = Part::AlphaCarbons.of(structure);
            let own = structure.uneven_column().is_none() && structure.residues().len() == residues;
            (own && alphas.len() == residues).then(|| positions(structure, &alphas))
        };
        Some(Self { expected: alphas(expected)?, got: alphas(got)? })
    }

    /// The motion that lays the residues of the response onto the recorded ones.
    fn motion(&self, residues: &BTreeSet<usize>) -> Option<Superposition> {
        let chosen = |points: &[Point]| -> Option<Vec<Point>> {
            residues.iter().map(|residue| points.get(*residue).copied()).collect()
        };
        superpose(&chosen(&self.got)?, &chosen(&self.expected)?).ok()
    }
}

/// The samples and residues of frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<'a> {
    /// One per frame.
    pub(crate) places: &'a [RowPlace],
    /// The residues of each sample that both sides are confident of; `None` if a side has no confidences.
    pub(crate) confident: &'a [Option<Vec<bool>>],
    /// One per sample.
    pub(crate) traces: &'a [Traces],
}

/// A frame of a group, its residue and whether both sides are confident of it.
#[derive(Debug, Clone, Copy)]
struct Member {
    frame: usize,
    residue: usize,
    is_confident: bool,
}

/// The metrics of two arrays of frames. Of several blocks and samples the worst of each metric is kept. Returns `None` if they cannot
/// be measured.
pub(crate) fn measure_placed(
    (expected, got): &(Vec<Vec<Point>>, Vec<Vec<Point>>),
    about: Placed<'_>,
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> Option<Vec<MetricValue>> {
    let mut groups: BTreeMap<(&[usize], usize), Vec<Member>> = BTreeMap::new();
    for (frame, place) in about.places.iter().enumerate() {
        // Padding is judged by the contract.
        if let Some(is_confident) = place.is_confident(about.confident) {
            let residue = place.residues.first().copied().unwrap_or(frame);
            let group = groups.entry((place.block.as_slice(), place.sample)).or_default();
            group.push(Member { frame, residue, is_confident });
        }
    }
    let mut worst: Vec<MetricValue> = Vec::new();
    for ((_, sample), group) in &groups {
        keep_worst(&mut worst, measure_group(expected, got, group, about.traces.get(*sample), gates)?);
    }
    for measure in &mut worst {
        measure.floor = floor.get(measure.key);
    }
    (!worst.is_empty()).then_some(worst)
}

fn measure_group(
    expected: &[Vec<Point>],
    got: &[Vec<Point>],
    group: &[Member],
    traces: Option<&Traces>,
    gates: &StructureGates,
) -> Option<Vec<MetricValue>> {
    let of_gate = |key, observed| measured(key, observed, gates, &NoiseFloor::unknown());
    let mut measures = Vec::new();
    let mut numbers = Vec::new();
    for (number, run) in group.chunk_by(|one, other| one.residue == other.residue).enumerate() {
        let points = run.iter().filter_map(|member| expected.get(member.frame)).map(Vec::len);
        numbers.extend(std::iter::repeat_n(number, points.sum()));
    }
    let all: Vec<&Member> = group.iter().collect();
    let score = symmetric_lddt(&points(expected, &all)?, &points(got, &all)?, &numbers);
    if score.is_some_and(f64::is_nan) {
        // A frame without a finite position must not pass because it is not confident.
        return None;
    }
    measures.extend(score.map(|score| of_gate("frame_lddt", score)));
    let confident: Vec<&Member> = group.iter().filter(|member| member.is_confident).collect();
    let residues = |members: &[&Member]| -> BTreeSet<usize> { members.iter().map(|member| member.residue).collect() };
    // A few residues can always be superposed. If no two are near each other either, all frames count, confident or not.
    let chosen = match (residues(&confident).len() >= FEWEST, score.is_some()) {
        (true, _) => confident,
        (false, true) => return Some(measures),
        (false, false) => all,
    };
    let (reference, model) = (points(expected, &chosen)?, points(got, &chosen)?);
    let motion = superpose(&model, &reference).ok()?;
    let farthest = motion.distances(&model, &reference).fold(0.0, f64::max);
    let allowed = gates.ca_max.max(2.0 * gates.rmsd);
    measures.push(of_gate("frame_rmsd", motion.rmsd));
    measures.push(MetricValue { allowed, ..of_gate("frame_max", farthest) });
    // Frames must lie where the structure lies; the position of the whole structure means nothing.
    if let Some(motion) = traces.and_then(|traces| traces.motion(&residues(&chosen))) {
        let squares = motion.distances(&model, &reference).map(|distance| distance * distance).sum::<f64>();
        let rmsd = (squares / model.len().max(1) as f64).sqrt();
        measures.push(MetricValue { allowed, ..of_gate("frame_offset", rmsd) });
    }
    Some(measures)
}

/// The points of some frames in a row; `None` if one is missing.
fn points(frames: &[Vec<Point>], members: &[&Member]) -> Option<Vec<Point>> {
    let chosen: Option<Vec<&Vec<Point>>> = members.iter().map(|member| frames.get(member.frame)).collect();
    Some(chosen?.into_iter().flatten().copied().collect())
}
