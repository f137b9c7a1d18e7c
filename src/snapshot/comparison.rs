//! What a comparison with a snapshot found, as numbers. Holds results; compares nothing.

use std::path::PathBuf;

use super::rows::RowsDifference;
use crate::cause::{Aspect, Cause};
use crate::measure::Measure;
use crate::metric::Difference;
use crate::prediction::contract::Tolerance;

/// A response held against its snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Every value that either side has, in the order of the snapshot, then what only the response has.
    pub fields: Vec<FieldComparison>,
    /// The file of arrays, when its content is no longer what its name says.
    pub altered: Option<PathBuf>,
    /// The likely cause of the first difference that has one, where all of the recorded side is stored.
    pub cause: Option<Cause>,
}

/// One value held against its recorded counterpart.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldComparison {
    /// Its path, such as `plddt[0]`.
    pub path: String,
    /// Whether that passes.
    pub agreement: Agreement,
    /// What was found.
    pub finding: Finding,
    /// The numbers behind it, for values that are measured.
    pub measures: Vec<Measure>,
    /// What of a structure failed, and which residues it is about; nothing for other values.
    pub failed: Option<(Aspect, Vec<bool>)>,
}

/// How well two values agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// They are the same.
    Equal,
    /// They differ within tolerance.
    Within,
    /// They differ by more than that.
    Beyond,
}

/// What lies between two values.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Nothing.
    Same,
    /// Numbers, all of them known.
    Numbers {
        /// The numbers.
        difference: Difference,
        /// What they were allowed.
        tolerance: Tolerance,
        /// For a column of a structure, the atom with the greatest absolute difference: chain, residue and atom.
        atom: Option<String>,
    },
    /// Numbers of which the recorded side has some rows and the lengths of all.
    Rows {
        /// What these tell.
        difference: Box<RowsDifference>,
        /// What they were allowed.
        tolerance: Tolerance,
    },
    /// Another hash; which elements differ is not stored.
    Hash,
    /// Atoms with other names.
    Atoms {
        /// How many are named otherwise.
        differing: usize,
        /// Atoms compared.
        total: usize,
        /// Index of the first of them.
        first: usize,
        /// Its recorded name: chain, residue and atom.
        expected: String,
        /// Its name now.
        actual: String,
    },
    /// A value of another kind, type, shape, length or text.
    Changed {
        /// What was recorded.
        expected: String,
        /// What is there now.
        actual: String,
    },
    /// The snapshot has it, the response does not.
    Missing {
        /// What was recorded.
        expected: String,
    },
    /// The response has it, the snapshot does not.
    Extra {
        /// What is there now.
        actual: String,
    },
    /// In the words of a judge of its own.
    Judged(String),
    /// Why the gates of the field cannot be applied: no verdict about the backend.
    Unjudged(String),
}

impl Comparison {
    /// Whether the response is what was recorded, within tolerance, and the record itself is intact.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.altered.is_none() && self.beyond().next().is_none()
    }

    /// The values that are beyond tolerance.
    pub fn beyond(&self) -> impl Iterator<Item = &FieldComparison> {
        self.fields.iter().filter(|field| field.agreement == Agreement::Beyond)
    }

    /// Whether all that keeps it from passing is that it cannot be judged.
    #[must_use]
    pub fn is_unjudged(&self) -> bool {
        let mut beyond = self.beyond().peekable();
        beyond.peek().is_some() && beyond.all(|field| matches!(field.finding, Finding::Unjudged(_)))
    }

    /// Whether any value differs at all.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.altered.is_none() && self.fields.iter().all(|field| field.agreement == Agreement::Equal)
    }
}

impl Finding {
    /// Whether this passes; a judge's own words are taken for a difference.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        let (differs, within) = match self {
            Self::Same => return Agreement::Equal,
            Self::Numbers { difference, .. } => (difference.differing > 0, difference.is_within()),
            Self::Rows { difference, .. } => (true, difference.is_within()),
            _ => (true, false),
        };
        match (differs, within) {
            (false, _) => Agreement::Equal,
            (true, true) => Agreement::Within,
            (true, false) => Agreement::Beyond,
        }
    }
}
