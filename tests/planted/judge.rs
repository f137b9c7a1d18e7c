//! The one place where this target asks the comparison: a verdict on two predictions, and the likely cause.

use hydrotest::cause::{Aspect, Candidate, Cause, Failed, Frame, Kind, Relation, of_arrays, of_failed, of_structures};
use hydrotest::check::{Limits, Tolerances};
use hydrotest::prediction::{Contract, Prediction, Value};
use hydrotest::snapshot::{Agreement, Contents, FieldComparison};

/// What a comparison says.
#[derive(Debug)]
pub struct Judged {
    /// Whether the two are different, by the gates of the model.
    pub different: bool,
    /// Which mistake explains it.
    pub cause: Option<Kind>,
    /// What was said.
    pub words: String,
}

/// Differences that a cause is looked for in, as many as a report of a check looks into.
const MOST_FIELDS: usize = 4;

/// Holds a prediction against the expected one, as the check `snapshot` does.
pub fn judge(contract: &Contract, expected: &Prediction, actual: &Prediction) -> Judged {
    let (expected, actual) = (Contents::of(expected).unwrap(), Contents::of(actual).unwrap());
    let fields = compare(contract, &expected, &actual);
    let beyond = || fields.iter().filter(|field| field.agreement == Agreement::Beyond);
    let cause = beyond()
        .take(MOST_FIELDS)
        .find_map(|field| explain(field, &expected, &actual));
    let words = beyond()
        .map(|field| format!("{}: {:?}", field.path, field.finding))
        .take(3)
        .collect::<Vec<_>>();
    Judged {
        different: beyond().next().is_some(),
        words: format!(
            "{cause:?} of {}",
            words.join("; ").chars().take(300).collect::<String>()
        ),
        cause: cause.map(|cause| cause.kind),
    }
}

/// The verdict alone: no cause is looked for.
pub fn is_different(contract: &Contract, expected: &Prediction, actual: &Prediction) -> bool {
    let (expected, actual) = (Contents::of(expected).unwrap(), Contents::of(actual).unwrap());
    let fields = compare(contract, &expected, &actual);
    fields.iter().any(|field| field.agreement == Agreement::Beyond)
}

fn compare(contract: &Contract, expected: &Contents, actual: &Contents) -> Vec<FieldComparison> {
    expected.compare(actual, &Tolerances::new(contract, &Limits::default(), None))
}

fn explain(field: &FieldComparison, expected: &Contents, actual: &Contents) -> Option<Cause> {
    let path = field.path.as_str();
    let (parent, column) = match path.rsplit_once('.') {
        Some((parent, column @ ("coord" | "b_factor"))) => (parent, Some(column)),
        _ => (path, None),
    };
    let items: Vec<(String, Value)> = siblings(parent)
        .filter_map(|path| Some((format!("what was recorded as {path}"), expected.value(&path)?)))
        .collect();
    let candidates: Vec<Candidate<'_>> = items
        .iter()
        .map(|(label, value)| Candidate::new(label, Relation::OtherItem, value))
        .collect();
    if let (Some(before), Some(after)) = (expected.structure(parent), actual.structure(parent)) {
        if column.is_some() {
            return of_structures(before, after, Frame::Fixed, &candidates);
        }
        let failed = field.failed.as_ref();
        let failed = Failed {
            aspect: failed.map_or(Aspect::Any, |failed| failed.0),
            confident: failed.map(|failed| failed.1.as_slice()),
        };
        return of_failed(before, after, Frame::Free, &candidates, failed);
    }
    of_arrays(expected.array(path)?, actual.array(path)?, &candidates)
}

/// The paths of the other items of a list.
fn siblings(path: &str) -> impl Iterator<Item = String> + '_ {
    let item = path.strip_suffix(']').and_then(|path| path.rsplit_once('['));
    item.into_iter().flat_map(|(list, own)| {
        let others = (0..16).map(|place| place.to_string()).filter(move |place| place != own);
        others.map(move |place| format!("{list}[{place}]"))
    })
}
