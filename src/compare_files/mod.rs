//! Two files of results as `hydrotest compare` shows them: their comparison, and every metric that applies. Does not print; verdicts
//! are those of `compare`.

mod arrays;
mod ensembles;
mod factors;
mod load;
mod pairing;
mod rules;
mod shared;
mod structures;

pub(crate) use load::{FileFormat, Loaded, load};
pub(crate) use rules::Rules;

use std::collections::BTreeSet;

use crate::compare::{Agreement, Comparison, FieldComparison, PLDDT, STRUCTURES, likely_cause};
use crate::diagnosis::{Cause, too_large};
use crate::metric_value::{MetricValue, MetricVerdict};
use crate::prediction::{Leaf, Listing, field_of};
use pairing::{Pairing, is_within, list};

/// The part of a value that a metric covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// Everything.
    All,
    /// The residues that both sides are confident of.
    Confident,
}

/// One metric of a pair and of its confident part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MetricRow {
    /// The metric with its unit.
    pub(crate) metric: &'static str,
    /// Over everything, or why there is no value.
    pub(crate) all: Result<f64, String>,
    /// Over the confident part, if there is one.
    pub(crate) confident: Option<Result<f64, String>>,
    /// The judged values with floor and bound. Empty if the metric has no gate.
    pub(crate) judged: Vec<(Coverage, MetricValue)>,
    /// The place of an extreme value.
    pub(crate) place: Option<String>,
}

impl MetricRow {
    const fn new(metric: &'static str, all: Result<f64, String>) -> Self {
        Self { metric, all, confident: None, judged: Vec::new(), place: None }
    }
}

/// A pair of structures, arrays or other values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ComparedPair {
    /// Its path, empty if a file has a single value.
    pub(crate) name: String,
    pub(crate) verdict: MetricVerdict,
    pub(crate) rows: Vec<MetricRow>,
    /// Differences that no metric shows, such as atoms that only one side has.
    pub(crate) differences: Vec<String>,
    pub(crate) notes: Vec<String>,
    /// Notes that are shown even if both sides are equal.
    pub(crate) warnings: Vec<String>,
    /// The likely cause, when something differs.
    pub(crate) cause: Option<Cause>,
    /// How well each residue of a structure fits.
    pub(crate) residues: Vec<ResidueScore>,
}

/// How well a residue fits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResidueScore {
    /// Its name, number and chain.
    pub(crate) name: String,
    /// The symmetric lDDT of its atoms. `None` if nothing is near.
    pub(crate) lddt: Option<f64>,
    /// Whether both sides are confident of it. All residues are if a side has no confidence.
    pub(crate) confident: bool,
}

impl ComparedPair {
    fn new(name: &str, rows: Vec<MetricRow>) -> Self {
        let judged = rows.iter().flat_map(|row| &row.judged);
        let verdict = judged.map(|(_, measure)| measure.verdict()).max();
        Self {
            name: name.to_owned(),
            verdict: verdict.unwrap_or(MetricVerdict::Indistinguishable),
            rows,
            differences: Vec::new(),
            notes: Vec::new(),
            warnings: Vec::new(),
            cause: None,
            residues: Vec::new(),
        }
    }

    fn different(name: &str, difference: String) -> Self {
        Self { verdict: MetricVerdict::Different, differences: vec![difference], ..Self::new(name, Vec::new()) }
    }

    /// Whether the two sides count as the same.
    pub(crate) fn is_same(&self) -> bool {
        self.verdict != MetricVerdict::Different
    }
}

/// The worst verdict of all sections.
pub(crate) fn verdict(sections: &[ComparedPair]) -> MetricVerdict {
    sections.iter().map(|section| section.verdict).max().unwrap_or(MetricVerdict::Different)
}

/// Compares everything in two files, or a single field. The first file is the reference.
///
/// # Errors
/// A message if the two have nothing in common.
pub(crate) fn compare(
    first: Loaded,
    second: Loaded,
    rules: &Rules,
    field: Option<&str>,
) -> Result<Vec<ComparedPair>, String> {
    let wants_samples = field.is_none_or(|field| field == STRUCTURES);
    let are_results = (first.form, second.form) == (FileFormat::Result, FileFormat::Result);
    let set = (wants_samples && are_results).then(|| ensembles::compare(&first, &second, rules)).flatten();
    let held = [&first, &second].map(|loaded| held(loaded, field));
    let pairing = pairing::pair(first, second, rules, field)?;
    let field = field.filter(|_| are_results);
    if let Some(mut set) = set {
        // Values of single samples are judged as sets or not at all, which a note tells.
        let is_sample = |path: &str| path.contains('[');
        set.notes.extend(unjudged(&pairing, field));
        let others = sections(&pairing, rules, |path| is_wanted(path, field) && !is_sample(path));
        let others = others.into_iter().filter(|section| section.name != STRUCTURES);
        return Ok(std::iter::once(set).chain(others).collect());
    }
    let mut sections = sections(&pairing, rules, |path| is_wanted(path, field));
    if let (Some(last), false) = (sections.last_mut(), pairing.besides.is_empty()) {
        let besides = list(pairing.besides.iter().map(String::as_str));
        last.notes.push(format!("not compared, because only one of the two is about it: {besides}"));
    }
    let missing = pairing.missing.iter();
    sections.extend(missing.map(|(name, side)| ComparedPair::different(name, format!("only the {side} has it"))));
    if sections.is_empty() {
        let [one, other] = held;
        return Err(format!("there is nothing to compare: the first holds {one}, the second {other}"));
    }
    Ok(sections)
}

fn is_wanted(path: &str, field: Option<&str>) -> bool {
    field.is_none_or(|field| is_within(path, field))
}

/// One section per wanted value, structures first.
fn sections(pairing: &Pairing, rules: &Rules, is_wanted: impl Fn(&str) -> bool) -> Vec<ComparedPair> {
    let policy = rules.policy.clone().with_scales(pairing.scales);
    let found = crate::compare::compare(&pairing.first, &pairing.second, &policy);
    let (Ok(first), Ok(second)) = (Listing::of(&pairing.first), Listing::of(&pairing.second)) else {
        let whole = found.fields.iter();
        return whole.map(|field| ComparedPair::different(&field.path, field.summary())).collect();
    };
    let table = ComparisonTable { pairing, rules, first: &first, second: &second };
    let is_structure = |path: &str| first.structure(path).is_some() && second.structure(path).is_some();
    let below = |path: &str| path.match_indices('.').any(|(end, _)| is_structure(&path[..end]));
    let is_hidden = |path: &str| pairing.hides_confidence && matches!(field_of(path), PLDDT | STRUCTURES);
    // Equal containers are not shown, only the values in them.
    let is_shown = |field: &FieldComparison| {
        let is_container = matches!(first.get(&field.path), Some(Leaf::Container(_)));
        field.agreement != Agreement::Equal || !is_container
    };
    let (structures, others): (Vec<&FieldComparison>, Vec<&FieldComparison>) = found
        .fields
        .iter()
        .filter(|field| is_wanted(&field.path) && is_shown(field))
        .partition(|field| is_structure(&field.path));
    let structures = structures.into_iter().map(|field| structures::section(field, &table));
    // Additional columns of a structure, such as charges, are shown as values of their own.
    let is_own = |path: &str| !below(path) || [".extra.", ".bonds", ".cell"].iter().any(|own| path.contains(own));
    let others = others.into_iter().filter(|field| !is_hidden(&field.path) && is_own(&field.path));
    structures.chain(others.map(|field| arrays::section(field, &table))).collect()
}

/// Both sides of a comparison and its rules.
struct ComparisonTable<'a> {
    pairing: &'a Pairing,
    rules: &'a Rules,
    first: &'a Listing<'a>,
    second: &'a Listing<'a>,
}

impl ComparisonTable<'_> {
    /// The likely cause of the difference of one value.
    fn cause(&self, field: &FieldComparison) -> Option<Cause> {
        let alone = Comparison { fields: vec![field.clone()] };
        likely_cause(None, &alone, &self.pairing.first, &self.pairing.second, &[])
    }
}

/// `not judged sample by sample: pae, ptm`, without the fields that are judged as sets.
fn unjudged(pairing: &Pairing, field: Option<&str>) -> Option<String> {
    let listing = Listing::of(&pairing.first).ok()?;
    let samples = listing.entries().map(|(path, _)| path).filter(|path| {
        let is_set = matches!(field_of(path), PLDDT | STRUCTURES | "metadata");
        path.contains('[') && !is_set && is_wanted(path, field)
    });
    let names: BTreeSet<&str> = samples.map(field_of).collect();
    let names: Vec<&str> = names.into_iter().collect();
    (!names.is_empty()).then(|| format!("not judged sample by sample: {}", names.join(", ")))
}

/// The content of a file as text.
fn held(loaded: &Loaded, field: Option<&str>) -> String {
    let Ok(listing) = Listing::of(&loaded.prediction) else {
        return "more than can be listed".to_owned();
    };
    let names: Vec<&str> = listing.entries().map(|(path, _)| path).filter(|path| !path.contains('.')).collect();
    match field {
        Some(field) if !names.iter().any(|name| is_within(name, field)) => {
            format!("no `{field}` but {}", list(names.into_iter()))
        }
        _ if names.is_empty() => "nothing".to_owned(),
        _ => list(names.into_iter()),
    }
}
