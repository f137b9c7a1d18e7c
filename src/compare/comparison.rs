//! What a comparison of two responses found, as numbers. Holds results; compares nothing.

use super::kept_rows::RowsDifference;
use super::structure::StructureComparison;
use crate::metric::Difference;
use crate::metric_value::MetricValue;
use crate::prediction::contract::Tolerance;

/// A response compared with the expected one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// Every value that either side has, in the order of the expected one, then what only the other one has.
    pub fields: Vec<FieldComparison>,
}

/// One value compared with its expected counterpart.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldComparison {
    /// Its path, such as `plddt[0]`.
    pub path: String,
    /// Whether that passes.
    pub agreement: Agreement,
    /// What was found.
    pub finding: ValueDifference,
    /// The numbers behind it, for values that are measured.
    pub measures: Vec<MetricValue>,
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
pub enum ValueDifference {
    /// Nothing.
    Same,
    /// Numbers, all of them known.
    Numbers {
        /// The numbers.
        difference: Difference,
        /// What they were allowed.
        tolerance: Tolerance,
        /// What the element with the greatest absolute difference is about, such as `chain A residue 12`.
        place: Option<String>,
    },
    /// Rows of numbers that do not point the same way.
    Directions {
        /// The cosine of the two rows that are farthest apart.
        cosine: f64,
        /// The least that is allowed.
        least: f64,
        /// The position of the first element of the row.
        position: Vec<usize>,
        /// What the row is about.
        place: Option<String>,
    },
    /// Numbers of which the expected side has some rows and the lengths of all.
    Rows {
        /// What these tell.
        difference: Box<RowsDifference>,
        /// What they were allowed.
        tolerance: Tolerance,
    },
    /// Another hash, while all that is recorded is equal.
    Hash,
    /// Atoms with other names.
    Atoms {
        /// How many are named otherwise.
        differing: usize,
        /// Atoms compared.
        total: usize,
        /// Index of the first of them.
        first: usize,
        /// Its expected name: chain, residue and atom.
        expected: String,
        /// Its name now.
        actual: String,
    },
    /// Texts that differ from this line on.
    Lines {
        /// Counted from 1.
        line: usize,
        /// The line that is expected; `None` behind the end.
        expected: Option<String>,
        /// The line that is there.
        actual: Option<String>,
    },
    /// A value of another kind, type, shape, length or text.
    Changed {
        /// What is expected.
        expected: String,
        /// What is there now.
        actual: String,
    },
    /// It is expected, and the response does not have it.
    Missing {
        /// What is expected.
        expected: String,
    },
    /// The response has it, and it is not expected.
    Extra {
        /// What is there now.
        actual: String,
    },
    /// A structure, by the gates of its model.
    Structure(Box<StructureComparison>),
    /// Another value, by the gates of its model: its measures tell.
    Gates,
    /// Why the gates of the field cannot be applied: no verdict about the backend.
    Unjudged(String),
}

impl Comparison {
    /// What is found of the responses as wholes.
    pub(super) fn of_whole(finding: ValueDifference) -> Self {
        Self { fields: vec![FieldComparison::new("response", finding, Vec::new())] }
    }

    /// Whether the response is the expected one, within tolerance.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.beyond().next().is_none()
    }

    /// The values that are beyond tolerance.
    pub fn beyond(&self) -> impl Iterator<Item = &FieldComparison> {
        self.fields.iter().filter(|field| field.agreement == Agreement::Beyond)
    }

    /// Whether all that keeps it from passing is that it cannot be judged.
    #[must_use]
    pub fn is_unjudged(&self) -> bool {
        let mut beyond = self.beyond().peekable();
        beyond.peek().is_some() && beyond.all(|field| matches!(field.finding, ValueDifference::Unjudged(_)))
    }

    /// Whether any value differs at all.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.fields.iter().all(|field| field.agreement == Agreement::Equal)
    }

    /// Says of every extreme element what it is about, as `name` makes it of the path and the flat index.
    pub fn name_places(&mut self, name: impl Fn(&str, &[usize]) -> Option<String>) {
        for field in &mut self.fields {
            match &mut field.finding {
                ValueDifference::Numbers { difference, place, .. } if place.is_none() => {
                    let most = difference.absolute.as_ref();
                    *place = most.and_then(|most| name(&field.path, &most.position));
                }
                ValueDifference::Directions { position, place, .. } => *place = name(&field.path, position),
                _ => {}
            }
        }
    }
}

impl FieldComparison {
    pub(super) fn new(path: &str, finding: ValueDifference, measures: Vec<MetricValue>) -> Self {
        Self { path: path.to_owned(), agreement: finding.agreement(&measures), finding, measures }
    }
}

impl ValueDifference {
    /// Whether this passes.
    fn agreement(&self, measures: &[MetricValue]) -> Agreement {
        use crate::metric_value::MetricVerdict;
        let by_verdict = |verdict: Option<MetricVerdict>| match verdict {
            Some(MetricVerdict::Indistinguishable | MetricVerdict::WithinTolerance) => Agreement::Within,
            _ => Agreement::Beyond,
        };
        let (differs, within) = match self {
            Self::Same => return Agreement::Equal,
            Self::Structure(found) => return by_verdict(Some(found.verdict())),
            Self::Gates => return by_verdict(measures.iter().map(MetricValue::verdict).max()),
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
