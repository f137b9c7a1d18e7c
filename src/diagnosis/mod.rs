//! The likely cause of a difference: applies the mistakes that real ports make to the expected result and names the one that yields
//! the actual result. Does not decide what is right or wrong, and is called only if two results differ.

mod array;
mod assembly;
mod axes;
mod copied;
mod failed;
mod gaps;
mod hinge;
mod length;
mod local;
mod matching;
mod models;
mod numbering;
mod numbers;
mod order;
mod pairs;
mod points;
mod reorder;
mod structure;

use std::fmt;

pub use array::of_arrays;
pub(crate) use array::too_large;
pub(crate) use axes::roles;
pub use failed::{Aspect, Failed, of_failed};
pub(crate) use models::of_models;
pub use structure::of_structures;

use crate::prediction::{Prediction, Value};

/// A mistake that explains a difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// Which mistake.
    pub kind: MistakeKind,
    /// What exactly, as text: `mirror image`.
    pub what: String,
    /// The share of the difference that it explains, from 0 to 1: 1 − (the rest after undoing it) / (the difference), both as root
    /// mean squares.
    pub(crate) share: f64,
    /// The axes of an array along which it was made.
    axes: Vec<usize>,
}

/// The mistakes that are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MistakeKind {
    /// Moved or turned as a whole.
    RigidMotion,
    /// The other hand.
    Mirror,
    /// Multiplied by one number.
    Scale,
    /// One number added everywhere.
    Offset,
    /// Axes transposed or swapped.
    AxesSwapped,
    /// The mean of a matrix and its transpose.
    Symmetrised,
    /// Every entry is one place further.
    Shifted,
    /// Atoms in another order, or with each other's names.
    PermutedAtoms,
    /// Chains in another order.
    PermutedChains,
    /// Entries along an axis, such as the samples of a batch, in another order.
    PermutedItems,
    /// Features, or entries of a vocabulary, in another order or not all there.
    Features,
    /// Layers of the model, in another order or not all there.
    Layers,
    /// A sign, a softmax or a mean too many or too few.
    Transformed,
    /// Two pieces, each right, in a wrong position relative to each other.
    Broken,
    /// Chains, each right, in a wrong position relative to each other.
    ChainsMoved,
    /// Two parts of one chain, each right, that turned against each other about a residue.
    Hinge,
    /// A chain that has the positions of another one.
    Copied,
    /// A few residues, while all others are right.
    Local,
    /// Rounded to fewer bits.
    LowerPrecision,
    /// Not a number, or infinite.
    NotFinite,
    /// The same number everywhere.
    Constant,
    /// An atom that is there more often than expected.
    DuplicateAtoms,
    /// More residues than expected: a linker, special tokens or padding were left in.
    ExtraResidues,
    /// The beginning alone.
    CutShort,
    /// Without some entries at the beginning or in the middle.
    Missing,
    /// The response to something else.
    Stale,
    /// The response under another seed.
    OtherSeed,
}

impl MistakeKind {
    /// Where the mistake is usually made.
    #[must_use]
    pub const fn place(self) -> &'static str {
        match self {
            Self::RigidMotion => "the frame in which coordinates are written: centring, or a final alignment",
            Self::Mirror => "the handedness of frames: a rotation of determinant -1, or a flipped axis",
            Self::Scale => {
                "units (ångström against nanometre, fraction against percent), and factors such as a temperature"
            }
            Self::Offset => "where counting starts, or a bias that was added or left out",
            Self::AxesSwapped => "a transpose or reshape, and the order in which arrays are laid out",
            Self::Symmetrised => "an average over both directions of a pair, such as one taken for a plot",
            Self::Shifted => "tokens at the start of a sequence, and slices that begin one place off",
            Self::PermutedAtoms => "the table of atom names and the order of atoms in a residue",
            Self::PermutedChains => "the order in which chains are assembled and named",
            Self::PermutedItems => "the order in which a batch is sorted, padded and put back",
            Self::Features => "the last axis: the order and number of features or of the vocabulary",
            Self::Layers => "the list of hidden states: which layers are kept, from which on, and in which order",
            Self::Transformed => "the last step before the output: a sign, a softmax or a mean",
            Self::Broken => "where chains or fragments are joined, and the gap between the indices of their residues",
            Self::ChainsMoved => {
                "how chains are placed against each other, and the gap between the indices of their residues"
            }
            Self::Hinge => {
                "how fragments and domains are put together: positions from more than one pass, and the indices that join them"
            }
            Self::Copied => "a buffer of positions that is used again for the next chain or item",
            Self::Local => "the table of atoms of these residues, and what was done to them alone",
            Self::LowerPrecision => "the element type of weights and activations, and TF32 or autocast settings",
            Self::NotFinite => "overflow in half precision, division by zero, and memory that was never written",
            Self::Constant => "a step that was skipped, or a buffer that was never filled",
            Self::DuplicateAtoms => "alternate locations, and atoms that are appended a second time",
            Self::ExtraResidues => "the removal of linkers between chains, of special tokens and of padding",
            Self::CutShort => "a limit on the length of the input",
            Self::Missing => "slices that begin one place off, and masks that leave residues out",
            Self::Stale => "a cache, or a buffer or response that is used twice",
            Self::OtherSeed => "how the seed reaches the generators of random numbers",
        }
    }
}

/// `mirror image explains 99.9 % of the difference; look at …`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded down: only a cause that explains everything has 100 %.
        let percent = (self.share * 1000.0).floor() / 10.0;
        write!(f, "likely cause: {} (explains {percent} % of the difference); look at {}", self.what, self.kind.place())
    }
}

/// Another result that the actual one may equal by mistake.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// What it is, such as `the response to call first`.
    pub label: &'a str,
    /// How it came about.
    pub relation: Relation,
    /// The result.
    pub value: &'a Value,
}

/// How a candidate came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Something else was asked.
    OtherRequest,
    /// The same was asked with another seed.
    OtherSeed,
    /// It is another sample of the same batch.
    OtherItem,
}

/// Another result of the same model that a response may equal by mistake: a response of the same case, or a recorded one.
#[derive(Debug, Clone)]
pub struct OtherResult {
    /// What it is, such as `the recorded result of fold::short`.
    pub(crate) label: String,
    /// How its request differs.
    pub(crate) relation: Relation,
    /// The result.
    pub(crate) prediction: Prediction,
}

impl<'a> Candidate<'a> {
    /// A result by its label and how it came about.
    #[must_use]
    pub const fn new(label: &'a str, relation: Relation, value: &'a Value) -> Self {
        Self { label, relation, value }
    }

    /// The cause of a difference if the actual result is known to be this one, for example by an equal hash.
    pub(crate) fn identical(&self) -> Cause {
        self.cause(1.0)
    }

    fn cause(&self, share: f64) -> Cause {
        let kind = match self.relation {
            Relation::OtherRequest => MistakeKind::Stale,
            Relation::OtherSeed => MistakeKind::OtherSeed,
            Relation::OtherItem => MistakeKind::PermutedItems,
        };
        Cause::new(kind, format!("equals {}", self.label), share)
    }
}

/// Whether structures are compared as they are or after superposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StructureFrame {
    /// As they are: a rigid motion is a difference.
    Fixed,
    /// After superposition: a rigid motion is none.
    Free,
}

impl Cause {
    fn new(kind: MistakeKind, what: impl Into<String>, share: f64) -> Self {
        Self { kind, what: what.into(), share, axes: Vec::new() }
    }

    /// The same, made along these axes.
    fn along(self, axes: &[usize]) -> Self {
        Self { axes: axes.to_vec(), ..self }
    }
}

/// The share of a difference that a mistake must explain to be its cause.
const SUFFICIENT: f64 = 0.9;

/// From this share on no better cause is looked for.
const CLEAR: f64 = 0.999;

/// The best of several explanations, the likelier ones first. A later one must leave less than half of what an earlier one leaves.
fn best<const COUNT: usize>(tries: [&dyn Fn() -> Option<Cause>; COUNT]) -> Option<Cause> {
    let mut best: Option<Cause> = None;
    for explain in tries {
        let left = best.as_ref().map_or(f64::INFINITY, |known| 1.0 - known.share);
        if best.as_ref().is_some_and(|known| known.share >= CLEAR) {
            break;
        }
        best = explain().filter(|found| 2.0 * (1.0 - found.share) < left).or(best);
    }
    best
}

/// The share of a difference that is explained if `residual` is left of `difference`. Returns `None` if it is not sufficient. The
/// rest must also be small compared with the spread of the expected values: undoing a large factor makes any two arrays alike.
fn share(residual: f64, difference: f64, spread: f64) -> Option<f64> {
    let most = (1.0 - SUFFICIENT) * difference.min(spread);
    (difference > 0.0 && residual <= most).then(|| 1.0 - residual / difference)
}
