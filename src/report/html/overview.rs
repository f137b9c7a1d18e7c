//! The head of the page as the template shows it: verdict, counts, what was tested and by what. Plain texts only.

use std::borrow::Cow;

use serde::Serialize;

use crate::outcome::record::{ConclusionWord, RunRecord, RunState};
use crate::report::words::hinted;

/// Digits of a hash that are shown; the whole is in its title.
const DIGITS: usize = 12;

/// The head of the page.
#[derive(Serialize)]
pub(super) struct Overview<'a> {
    backend: &'a str,
    version: &'a str,
    state: RunState,
    verdict: &'static str,
    tone: &'static str,
    sentence: Option<&'a str>,
    cases: usize,
    selected: usize,
    counts: Vec<ShownCount>,
    facts: Vec<Fact>,
    remarks: Vec<RemarkList<'a>>,
}

/// How many cases came to one verdict.
#[derive(Serialize)]
struct ShownCount {
    number: usize,
    word: String,
    tone: &'static str,
}

/// One line on what was tested.
#[derive(Serialize)]
struct Fact {
    name: String,
    value: String,
    /// The whole of a value that is shown in part.
    whole: Option<String>,
}

/// Remarks on the whole run.
#[derive(Serialize)]
struct RemarkList<'a> {
    title: &'static str,
    lines: Cow<'a, [String]>,
    is_open: bool,
}

impl<'a> Overview<'a> {
    /// Of a run.
    pub(super) fn of(run: &'a RunRecord) -> Self {
        let (verdict, tone) = match &run.conclusion {
            Some(conclusion) => word(conclusion.word),
            None if run.state == RunState::Incomplete => ("incomplete", "warn"),
            None => ("inconclusive", "warn"),
        };
        Self {
            backend: &run.backend.name,
            version: &run.harness.version,
            state: run.state,
            verdict,
            tone,
            sentence: run.conclusion.as_ref().map(|conclusion| conclusion.sentence.as_str()),
            cases: run.cases.len(),
            selected: run.selection.selected,
            counts: counts(run),
            facts: facts(run),
            remarks: remarks(run),
        }
    }
}

const fn word(word: ConclusionWord) -> (&'static str, &'static str) {
    match word {
        ConclusionWord::Conforms => ("conforms", "good"),
        ConclusionWord::OwnTolerances => ("passes with its own tolerances", "warn"),
        ConclusionWord::Passed => ("passed", "good"),
        ConclusionWord::Fails => ("fails", "bad"),
        ConclusionWord::KnownFailures => ("known failures only", "warn"),
        ConclusionWord::Outdated => ("out of date", "warn"),
        ConclusionWord::Misconfigured => ("misconfigured", "warn"),
        ConclusionWord::PlatformFailed => ("platform failed", "warn"),
        ConclusionWord::HarnessFailed => ("harness failed", "warn"),
        ConclusionWord::NothingToCompare => ("nothing to compare with", "warn"),
        ConclusionWord::NothingRan => ("nothing ran", "warn"),
        ConclusionWord::Interrupted => ("interrupted", "warn"),
    }
}

fn counts(run: &RunRecord) -> Vec<ShownCount> {
    let counts = run.counts();
    let passed = match counts.flaky {
        0 => "passed".to_owned(),
        flaky => format!("passed, {flaky} of them flaky"),
    };
    let all = [
        (counts.failed, "failed".to_owned(), "bad"),
        (counts.errors, "errors".to_owned(), "warn"),
        (counts.unexpected_passes, "passed unexpectedly".to_owned(), "warn"),
        (counts.without_reference, "without a reference".to_owned(), "warn"),
        (counts.passed, passed, "good"),
        (counts.expected_failures, "failed as expected".to_owned(), "calm"),
        (counts.known_upstream, "known upstream".to_owned(), "calm"),
        (counts.known_failures, "known failures".to_owned(), "warn"),
        (counts.skipped, "skipped".to_owned(), "calm"),
    ];
    all.into_iter()
        .filter(|(number, word, _)| *number > 0 || word == "passed" || word == "failed")
        .map(|(number, word, tone)| ShownCount { number, word, tone: if number == 0 { "calm" } else { tone } })
        .collect()
}

fn facts(run: &RunRecord) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.push(Fact { name: name.to_owned(), value: value.to_owned(), whole: None });
        }
    };
    let backend = &run.backend;
    add("Kind", Some(&backend.kind));
    add("Weights", Some(&backend.weights));
    add("Image tag", backend.tag.as_deref());
    add("Device", backend.device.as_deref());
    add("GPU", backend.gpu.as_deref());
    add("boileroom", backend.boileroom.as_deref());
    for (name, version) in &backend.versions {
        add(name, Some(version));
    }
    for own in run.own_tolerances() {
        let name = format!("Own tolerance {} {}", own.model, own.gate);
        add(&name, Some(&own.values()));
    }
    add("Machine", Some(&backend.machine));
    add("Started", Some(&run.started));
    add("Duration", Some(&duration(run.seconds)));
    add("Selection", Some(&selection(run)));
    add("Shard", run.selection.shard.as_deref());
    add("hydrotest", Some(&run.harness.version));
    let hashes = [
        ("Suites", &run.harness.suites_sha256),
        ("Snapshots", &run.harness.snapshots_sha256),
        ("Contracts", &run.harness.contracts_sha256),
    ];
    facts.extend(hashes.map(|(name, hash)| Fact {
        name: format!("{name} (SHA-256)"),
        value: hash.chars().take(DIGITS).collect(),
        whole: Some(hash.clone()),
    }));
    facts
}

fn selection(run: &RunRecord) -> String {
    let selection = &run.selection;
    if selection.whole {
        return format!("all {} cases", selection.planned);
    }
    let words = match selection.arguments.join(" ") {
        words if words.is_empty() => words,
        words => format!(": {words}"),
    };
    format!("{} of {} cases{words}", selection.selected, selection.planned)
}

fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) => format!("{seconds:.1} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

fn remarks(run: &RunRecord) -> Vec<RemarkList<'_>> {
    let all = [
        ("What the whole run shows", Cow::Owned(hinted(run)), true),
        ("Leaked", Cow::from(&run.leaks), true),
        ("Leak checks failed", Cow::from(&run.leak_checks_failed), true),
        ("Outdated expectations", Cow::from(&run.outdated), true),
        ("Warnings", Cow::from(&run.warnings), true),
        ("Remarks", Cow::from(&run.remarks), false),
    ];
    all.into_iter()
        .filter(|(_, lines, _)| !lines.is_empty())
        .map(|(title, lines, is_open)| RemarkList { title, lines, is_open })
        .collect()
}
