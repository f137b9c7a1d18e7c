//! The result of comparing two responses, as numbers. Does not compare anything.

use super::kept_rows::RowsDifference;
use super::structure::StructureComparison;
use crate::metric::Difference;
use crate::metric_value::{MetricValue, MetricVerdict};
use crate::prediction::contract::Tolerance;

/// A response compared with the expected one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// Every value of the expected response in its order, then the values that only the other one has.
    pub fields: Vec<FieldComparison>,
}

/// One value compared with its expected counterpart.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldComparison {
    /// Its path, such as `plddt[0]`.
    pub path: String,
    /// Whether it passes.
    pub agreement: Agreement,
    /// How it differs.
    pub finding: ValueDifference,
    /// The metrics behind it, if it is measured.
    pub measures: Vec<MetricValue>,
}

/// How well two values agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// They are the same.
    Equal,
    /// They differ within tolerance.
    Within,
    /// They differ by more than the tolerance.
    Beyond,
}

/// The difference between two values.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueDifference {
    /// None.
    Same,
    /// Numbers, all of them known.
    Numbers {
        /// The differences of the elements.
        difference: Difference,
        /// The tolerance of each element.
        tolerance: Tolerance,
        /// The place of the element with the greatest absolute difference, such as `chain A residue 12`.
        place: Option<String>,
    },
    /// Rows of numbers with different directions.
    Directions {
        /// The least cosine of two rows.
        cosine: f64,
        /// The least allowed cosine.
        least: f64,
        /// The position of the first element of the row.
        position: Vec<usize>,
        /// The place of the row.
        place: Option<String>,
    },
    /// Numbers of which some rows and the lengths of all rows are recorded.
    Rows {
        /// The difference of the recorded numbers.
        difference: Box<RowsDifference>,
        /// The tolerance of each element.
        tolerance: Tolerance,
    },
    /// Another hash, although everything that is recorded is equal.
    Hash,
    /// Atoms with other names.
    Atoms {
        /// How many have another name.
        differing: usize,
        /// Atoms compared.
        total: usize,
        /// Index of the first atom with another name.
        first: usize,
        /// Its expected name: chain, residue and atom.
        expected: String,
        /// Its actual name.
        actual: String,
    },
    /// Texts that differ from this line on.
    Lines {
        /// Counted from 1.
        line: usize,
        /// The expected line; `None` past the end.
        expected: Option<String>,
        /// The actual line.
        actual: Option<String>,
    },
    /// A value of another kind, type, shape, length or text.
    Changed {
        /// The expected value.
        expected: String,
        /// The actual value.
        actual: String,
    },
    /// A value that the response does not have.
    Missing {
        /// The expected value.
        expected: String,
    },
    /// A value that only the response has.
    Extra {
        /// The actual value.
        actual: String,
    },
    /// A structure, by the gates of its model.
    Structure(Box<StructureComparison>),
    /// Another value, by the gates of its model. Its metrics give the verdict.
    Gates,
    /// Why the gates of the field cannot be applied. This is not a verdict about the backend.
    Unjudged(String),
}

impl Comparison {
    /// A single finding about the whole responses.
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

    /// Whether it does not pass only because values could not be judged.
    #[must_use]
    pub fn is_unjudged(&self) -> bool {
        let mut beyond = self.beyond().peekable();
        beyond.peek().is_some() && beyond.all(|field| matches!(field.finding, ValueDifference::Unjudged(_)))
    }

    /// Whether all values are equal.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.fields.iter().all(|field| field.agreement == Agreement::Equal)
    }

    /// Names the place of every extreme element. `name` gets the path and the position.
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
    fn agreement(&self, measures: &[MetricValue]) -> Agreement {
        let is_within = match self {
            Self::Same => return Agreement::Equal,
            Self::Numbers { difference, .. } if difference.differing == 0 => return Agreement::Equal,
            Self::Structure(found) => found.verdict() != MetricVerdict::Different,
            Self::Gates => {
                let verdict = measures.iter().map(MetricValue::verdict).max();
                verdict.is_some_and(|verdict| verdict != MetricVerdict::Different)
            }
            Self::Numbers { difference, .. } => difference.is_within(),
            Self::Rows { difference, .. } => difference.is_within(),
            _ => false,
        };
        if is_within { Agreement::Within } else { Agreement::Beyond }
    }
}
