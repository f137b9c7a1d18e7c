//! Two files of results held against each other by every metric that applies, and judged by the gates of their model. Data and
//! numbers; nothing here prints.

mod arrays;
mod confidence;
mod ensembles;
mod factors;
mod load;
mod pairing;
mod rules;
mod shared;
mod structures;

pub use load::{Form, Loaded, load};
pub use rules::Rules;

use std::collections::BTreeSet;

use crate::cause::{Candidate, Cause, Relation, of_arrays, too_large};
use crate::measure::{Measure, Verdict};
use crate::prediction::Value;
use crate::snapshot::{Agreement, Contents, Entry, FieldComparison, Finding};
use pairing::{is_within, list, pair_arrays};

/// Other items of a list that a value may be by mistake.
const MOST_ITEMS: usize = 16;

/// What a metric was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything.
    All,
    /// What both sides are confident of.
    Confident,
}

/// One metric on all of the pair and on its confident part.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The metric with its unit.
    pub metric: &'static str,
    /// Over everything, or why there is no value.
    pub all: Result<f64, String>,
    /// Where both sides are confident; `None` where there is no such part.
    pub confident: Option<Result<f64, String>>,
    /// What was judged, with floor and bound; nothing where the metric has no gate.
    pub judged: Vec<(Part, Measure)>,
    /// The place of an extreme value.
    pub place: Option<String>,
}

/// A pair of structures, arrays or other values.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its path, empty where a file holds one thing only.
    pub name: String,
    /// What the whole comes down to.
    pub verdict: Verdict,
    /// The metrics.
    pub rows: Vec<Row>,
    /// What differs beyond all metrics, such as atoms that only one side has.
    pub differences: Vec<String>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// What a reader must know even of what is equal.
    pub warnings: Vec<String>,
    /// The likely cause, when something differs.
    pub cause: Option<Cause>,
    /// How well each residue of a structure fits.
    pub residues: Vec<ResidueScore>,
}

/// How well a residue fits.
#[derive(Debug, Clone, PartialEq)]
pub struct ResidueScore {
    /// Its name, number and chain.
    pub name: String,
    /// The symmetric lDDT of its atoms; `None` where nothing is near it.
    pub lddt: Option<f64>,
    /// Whether both sides are confident of it; all are where a side does not say.
    pub confident: bool,
}

impl Section {
    fn new(name: &str, rows: Vec<Row>) -> Self {
        let judged = rows.iter().flat_map(|row| &row.judged);
        let verdict = judged.map(|(_, measure)| measure.verdict()).max();
        Self {
            name: name.to_owned(),
            verdict: verdict.unwrap_or(Verdict::Indistinguishable),
            rows,
            differences: Vec::new(),
            notes: Vec::new(),
            warnings: Vec::new(),
            cause: None,
            residues: Vec::new(),
        }
    }

    fn different(name: &str, difference: String) -> Self {
        Self {
            verdict: Verdict::Different,
            differences: vec![difference],
            ..Self::new(name, Vec::new())
        }
    }

    /// Whether the two sides count as the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.verdict != Verdict::Different
    }
}

/// What all sections together say.
#[must_use]
pub fn verdict(sections: &[Section]) -> Verdict {
    let verdicts = sections.iter().map(|section| section.verdict);
    verdicts.max().unwrap_or(Verdict::Different)
}

/// Compares everything that two files hold, or the field that is named. The first is the reference.
///
/// # Errors
/// When the two have nothing in common that could be compared, in words.
pub fn compare(first: &Loaded, second: &Loaded, rules: &Rules, field: Option<&str>) -> Result<Vec<Section>, String> {
    let wants_samples = field.is_none_or(|field| field == "atom_array");
    if let (true, Some(mut set)) = (wants_samples, ensembles::compare(first, second, rules)) {
        // What there is of each sample is judged with the sets or not at all, and that is said.
        let (of_samples, others): (Vec<Section>, Vec<Section>) = values(first, second, rules, field)
            .into_iter()
            .partition(|section| section.name.contains('['));
        set.notes.extend(unjudged(&of_samples));
        return Ok(std::iter::once(set).chain(others).collect());
    }
    let structures = [first, second].map(|loaded| structures_of(loaded, field));
    let mut sections = pairs(&structures[0], &structures[1], |name, (), ()| {
        structures::compare(name.0, name.1, first, second, rules)
    });
    if (first.form, second.form) == (Form::Result, Form::Result) {
        sections.extend(values(first, second, rules, field));
    } else if sections.is_empty() {
        // A file of structures says nothing of the arrays in a result, and the other way round.
        let paired = pair_arrays(first, second, field, &|name| rules.knows(name))?;
        let both = paired.both.iter();
        sections = both
            .map(|(name, one, other)| arrays::compare(name, [first, second], one, other, rules))
            .collect();
        if let (Some(last), false) = (sections.last_mut(), paired.besides.is_empty()) {
            let besides = list(paired.besides.iter().map(String::as_str));
            last.notes.push(format!(
                "not compared, because only one of the two is about it: {besides}"
            ));
        }
        let missing = paired.missing.iter();
        sections.extend(missing.map(|(name, side)| Section::different(name, format!("only the {side} has it"))));
    }
    if sections.is_empty() {
        let [one, other] = [first, second].map(|loaded| held(loaded, field));
        return Err(format!(
            "there is nothing to compare: the first holds {one}, the second {other}"
        ));
    }
    Ok(sections)
}

/// `not judged sample by sample: pae, ptm`, without those that are judged as sets.
fn unjudged(sections: &[Section]) -> Option<String> {
    let field = |section: &Section| section.name.split(['[', '.']).next().map(str::to_owned);
    let names: BTreeSet<String> = sections
        .iter()
        .filter_map(field)
        .filter(|name| name != "plddt")
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    (!names.is_empty()).then(|| format!("not judged sample by sample: {}", names.join(", ")))
}

/// What a file holds, in words.
fn held(loaded: &Loaded, field: Option<&str>) -> String {
    let entries = &loaded.contents.digest().entries;
    let names: Vec<&str> = entries
        .iter()
        .map(|(path, _)| path.as_str())
        .filter(|path| !path.contains('.'))
        .collect();
    match field {
        Some(field) if !names.iter().any(|name| is_within(name, field)) => {
            format!("no `{field}` but {}", list(names.into_iter()))
        }
        _ if names.is_empty() => "nothing".to_owned(),
        _ => list(names.into_iter()),
    }
}

/// A file of one structure holds what is asked for, whatever it is called in the result.
fn structures_of<'a>(loaded: &'a Loaded, field: Option<&str>) -> Vec<(&'a str, ())> {
    let is_wanted = |path: &str| loaded.form != Form::Result || field.is_none_or(|field| is_within(path, field));
    let entries = loaded.contents.digest().entries.iter();
    let structures = entries.filter(|(path, _)| loaded.contents.structure(path).is_some() && is_wanted(path));
    structures.map(|(path, _)| (path.as_str(), ())).collect()
}

fn pairs<T: Copy>(
    first: &[(&str, T)],
    second: &[(&str, T)],
    compare: impl Fn((&str, &str), T, T) -> Section,
) -> Vec<Section> {
    if first.is_empty() || second.is_empty() {
        return Vec::new();
    }
    // One thing against one thing needs no common name.
    if let (&[(name, first)], &[(other, second)]) = (first, second) {
        return vec![compare((name, other), first, second)];
    }
    let missing = |name: &str, side: &str| Section::different(name, format!("only the {side} has it"));
    let mut sections: Vec<Section> = first
        .iter()
        .map(|&(name, value)| match second.iter().find(|(other, _)| *other == name) {
            Some(&(_, other)) => compare((name, name), value, other),
            None => missing(name, "first"),
        })
        .collect();
    let extra = second
        .iter()
        .filter(|(name, _)| !first.iter().any(|(other, _)| other == name));
    sections.extend(extra.map(|(name, _)| missing(name, "second")));
    sections
}

/// Everything but structures that two whole results hold, judged as an answer is against what was recorded.
fn values(first: &Loaded, second: &Loaded, rules: &Rules, field: Option<&str>) -> Vec<Section> {
    let is_wanted = |path: &str| field.is_none_or(|field| is_within(path, field));
    let is_structure =
        |path: &str| first.contents.structure(path).is_some() && second.contents.structure(path).is_some();
    let below = |path: &str| path.match_indices(['.']).any(|(end, _)| is_structure(&path[..end]));
    let fields = first.contents.compare(&second.contents, &rules.judge);
    let kept = fields
        .into_iter()
        .filter(|field| is_wanted(&field.path) && !is_structure(&field.path) && !below(&field.path));
    // Lists and the like are told by what they hold.
    let is_container = |path: &str| matches!(first.contents.digest().entry(path), Some(Entry::Container(_)));
    let told = kept.filter(|field| field.agreement != Agreement::Equal || !is_container(&field.path));
    told.map(|field| value(&field, first, second, rules)).collect()
}

fn value(field: &FieldComparison, first: &Loaded, second: &Loaded, rules: &Rules) -> Section {
    let path = field.path.as_str();
    let arrays = first.contents.array(path).zip(second.contents.array(path));
    let mut section = match arrays {
        // Of another element type, these were not measured yet.
        Some((one, other)) if one.dtype() != other.dtype() => {
            return arrays::compare(path, [first, second], one, other, rules);
        }
        Some((one, other)) if field.agreement != Agreement::Equal => {
            Section::new(path, arrays::rows(one, other, &field.measures))
        }
        _ => Section::new(path, arrays::judged(&field.measures)),
    };
    section
        .warnings
        .extend(arrays.and_then(|(one, other)| arrays::not_finite(one, other)));
    section.verdict = match field.agreement {
        Agreement::Equal => Verdict::Indistinguishable,
        Agreement::Within if field.measures.is_empty() => Verdict::WithinTolerance,
        Agreement::Within => section.verdict.min(Verdict::WithinTolerance),
        Agreement::Beyond => Verdict::Different,
    };
    if let (Finding::Rows { difference, .. }, Agreement::Within) = (&field.finding, field.agreement) {
        let grid = difference.grid;
        section.notes.push(format!(
            "{} of {} rows are recorded, of the others their lengths",
            grid.kept(),
            grid.rows
        ));
    }
    if field.agreement == Agreement::Beyond {
        section.differences.push(difference(field));
        if let Some((one, other)) = arrays {
            section.cause = with_siblings(&first.contents, path, |candidates| of_arrays(one, other, candidates));
            section.notes.extend(too_large(one, other));
        }
    }
    section
}

/// Asks for a cause with the other items of the list that a value of the first result is in.
fn with_siblings(
    contents: &Contents,
    path: &str,
    explain: impl FnOnce(&[Candidate<'_>]) -> Option<Cause>,
) -> Option<Cause> {
    let list = path.strip_suffix(']').and_then(|path| path.rsplit_once('['));
    let paths = list.map(|(list, own)| {
        let others = (0..=MOST_ITEMS)
            .map(|place| place.to_string())
            .filter(|place| place != own);
        others.map(|place| format!("{list}[{place}]")).collect::<Vec<_>>()
    });
    let values = paths.unwrap_or_default().into_iter();
    let values: Vec<(String, Value)> = values
        .filter_map(|path| Some((format!("{path} of the first"), contents.value(&path)?)))
        .collect();
    let candidates = values.iter();
    let candidates: Vec<Candidate<'_>> = candidates
        .map(|(label, value)| Candidate::new(label, Relation::OtherItem, value))
        .collect();
    explain(&candidates)
}

/// What is beyond its limit: the measures by name where there are some, else the finding in its own words.
fn difference(field: &FieldComparison) -> String {
    let beyond = field.measures.iter();
    let beyond = beyond.filter(|measure| measure.verdict() == Verdict::Different);
    let beyond: Vec<String> = beyond.map(ToString::to_string).collect();
    if let (Finding::Judged(_), false) = (&field.finding, beyond.is_empty()) {
        return beyond.join("; ");
    }
    let words = field.to_string();
    let words = words.strip_prefix(&format!("{}: ", field.path)).unwrap_or(&words);
    words.strip_prefix("different: ").unwrap_or(words).to_owned()
}
