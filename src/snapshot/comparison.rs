//! What a comparison with a snapshot found, as numbers first and words second. Holds results; compares nothing.

use std::fmt;
use std::path::PathBuf;

use super::sketched::SketchDifference;
use crate::metric::{Difference, Extreme};
use crate::prediction::contract::Tolerance;

/// A response held against its snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Every value that either side has, in the order of the snapshot, then what only the response has.
    pub fields: Vec<FieldComparison>,
    /// The file of arrays, when its content is no longer what its name says.
    pub altered: Option<PathBuf>,
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
    /// Numbers of which the recorded side is known by a sketch only.
    Sketched {
        /// What the sketches tell.
        difference: Box<SketchDifference>,
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

    /// Whether any value differs at all.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.altered.is_none() && self.fields.iter().all(|field| field.agreement == Agreement::Equal)
    }
}

/// The most differing values a message tells of.
const TOLD: usize = 12;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.altered {
            writeln!(
                f,
                "{} was altered: its content is not what its name says",
                path.display()
            )?;
        }
        for field in self.beyond().take(TOLD) {
            writeln!(f, "{field}")?;
        }
        let differing = self.beyond().count();
        if differing > TOLD {
            writeln!(f, "and {} more", differing - TOLD)?;
        }
        write!(
            f,
            "{differing} of {} values differ from the snapshot",
            self.fields.len()
        )
    }
}

impl fmt::Display for FieldComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.finding {
            Finding::Same => write!(f, "{path}: equal"),
            Finding::Numbers {
                difference,
                tolerance,
                atom,
            } => {
                write!(f, "{path}: {}", Counts(difference))?;
                let atom = atom.as_deref().map(|atom| format!(" ({atom})")).unwrap_or_default();
                extremes(f, difference, &atom)?;
                allowed(f, *tolerance, difference.needed, "")
            }
            Finding::Sketched { difference, tolerance } => sketched(f, path, difference, *tolerance),
            Finding::Hash => write!(
                f,
                "{path}: differs, but too little of it is stored to say where; its hash is another"
            ),
            Finding::Atoms {
                differing,
                total,
                first,
                expected,
                actual,
            } => write!(
                f,
                "{path}: {differing} of {total} atoms have other names, first atom {first}: expected {expected}, got \
                 {actual}"
            ),
            Finding::Changed { expected, actual } => write!(f, "{path}: expected {expected}, got {actual}"),
            Finding::Missing { expected } => write!(f, "{path}: missing, expected {expected}"),
            Finding::Extra { actual } => write!(f, "{path}: not in the snapshot, got {actual}"),
            Finding::Judged(words) => write!(f, "{path}: {words}"),
        }
    }
}

struct Counts<'a>(&'a Difference);

impl fmt::Display for Counts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference {
            total,
            differing,
            beyond,
            ..
        } = self.0;
        write!(f, "{beyond} of {total} elements beyond tolerance")?;
        if differing > beyond {
            write!(f, " ({differing} differ)")?;
        }
        Ok(())
    }
}

fn extremes(f: &mut fmt::Formatter<'_>, difference: &Difference, place: &str) -> fmt::Result {
    if let Some(most) = &difference.absolute {
        write!(f, "\n  greatest absolute difference {}", At(most, place))?;
    }
    // The same element twice is told once, with both numbers.
    match (&difference.absolute, &difference.relative) {
        (Some(absolute), Some(relative)) if absolute.index == relative.index => {
            write!(
                f,
                "\n  greatest relative difference {} there",
                Number(relative.difference)
            )
        }
        (_, Some(relative)) => write!(f, "\n  greatest relative difference {}", At(relative, "")),
        _ => Ok(()),
    }
}

fn allowed(f: &mut fmt::Formatter<'_>, tolerance: Tolerance, needed: f64, about: &str) -> fmt::Result {
    let Tolerance { absolute, relative } = tolerance;
    write!(
        f,
        "\n  allowed {} + {} × |expected|",
        Number(absolute),
        Number(relative)
    )?;
    if needed.is_finite() {
        write!(f, "; an absolute tolerance of {about}{} would pass", Number(needed))
    } else {
        f.write_str("; no tolerance would pass")
    }
}

fn sketched(
    f: &mut fmt::Formatter<'_>,
    path: &str,
    difference: &SketchDifference,
    tolerance: Tolerance,
) -> fmt::Result {
    let SketchDifference {
        total,
        samples,
        blocks,
        differing,
        worst,
        ..
    } = difference;
    write!(
        f,
        "{path}: {total} elements, recorded as a sketch: {differing} of {blocks} blocks and {} of {} samples differ",
        samples.differing, samples.total
    )?;
    extremes(f, samples, ", sampled")?;
    if let Some(block) = worst {
        let (start, end) = (block.range.start, block.range.end);
        write!(
            f,
            "\n  elements {start}..{end} ({:?} to {:?}) differ by at least {}, together by about {}",
            block.first,
            block.last,
            Number(block.at_least),
            Number(block.distance),
        )?;
        if let Some(single) = &block.single {
            write!(f, "\n  one changed element would be {}", At(single, ""))?;
        }
    }
    write!(
        f,
        "\n  distance over all elements about {}, allowed {}",
        Number(difference.distance),
        Number(difference.distance_allowed)
    )?;
    allowed(f, tolerance, difference.needed, "about ")
}

/// `0.25 at [0, 3]: expected 1, got 1.25`.
struct At<'a>(&'a Extreme, &'a str);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(extreme, place) = self;
        write!(
            f,
            "{} at {:?}{place}: expected {}, got {}",
            Number(extreme.difference),
            extreme.position,
            Number(extreme.expected),
            Number(extreme.actual)
        )
    }
}

/// A number as short as it reads back, with an exponent where that is what people write.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size == 0.0 || !size.is_finite() || (1e-4..1e15).contains(&size) {
            write!(f, "{}", self.0)
        } else {
            write!(f, "{:e}", self.0)
        }
    }
}
