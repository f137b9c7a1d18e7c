//! The head of the page: verdict, counts, the tested backend, and remarks on the whole run. Makes values for the template, without
//! markup.

use minijinja::value::Serde;
use minijinja::{Value, context};

use crate::outcome::record::{ConclusionWord, RunRecord, RunState};
use crate::report::words::hinted;

/// Digits of a hash that are shown; the whole hash is in its tooltip.
const DIGITS: usize = 12;

/// The values for the head of the page.
pub(super) fn overview(run: &RunRecord) -> Value {
    let (verdict, tone) = match &run.conclusion {
        Some(conclusion) => word(conclusion.word),
        None if run.state == RunState::Incomplete => ("incomplete", "warn"),
        None => ("inconclusive", "warn"),
    };
    context! {
        backend => &run.backend.name,
        version => &run.harness.version,
        state => Value::from(Serde(run.state)),
        verdict => verdict,
        tone => tone,
        sentence => run.conclusion.as_ref().map(|conclusion| &conclusion.sentence),
        cases => run.cases.len(),
        selected => run.selection.selected,
        counts => counts(run),
        facts => facts(run),
        remarks => remarks(run),
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

fn counts(run: &RunRecord) -> Vec<Value> {
    let counts = run.counts();
    let passed = match counts.flaky {
        0 => "passed".to_owned(),
        flaky => format!("passed, {flaky} of them flaky"),
    };
    let all = [
        (counts.failed, "failed", "bad"),
        (counts.errors, "errors", "warn"),
        (counts.unexpected_passes, "passed unexpectedly", "warn"),
        (counts.without_reference, "without a reference", "warn"),
        (counts.passed, &passed, "good"),
        (counts.expected_failures, "failed as expected", "calm"),
        (counts.known_upstream, "known upstream", "calm"),
        (counts.known_failures, "known failures", "warn"),
        (counts.skipped, "skipped", "calm"),
    ];
    all.into_iter()
        .filter(|(number, word, _)| *number > 0 || *word == "passed" || *word == "failed")
        .map(|(number, word, tone)| {
            context! { number => number, word => word, tone => if number == 0 { "calm" } else { tone } }
        })
        .collect()
}

fn facts(run: &RunRecord) -> Vec<Value> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.push(context! { name => name, value => value });
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
        add(&format!("Own tolerance {} {}", own.model, own.gate), Some(&own.values()));
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
    facts.extend(hashes.map(|(name, hash)| {
        context! {
            name => format!("{name} (SHA-256)"),
            value => hash.chars().take(DIGITS).collect::<String>(),
            whole => hash,
        }
    }));
    facts
}

fn selection(run: &RunRecord) -> String {
    let selection = &run.selection;
    if selection.whole {
        return format!("all {} cases", selection.planned);
    }
    let arguments = selection.arguments.join(" ");
    let colon = if arguments.is_empty() { "" } else { ": " };
    format!("{} of {} cases{colon}{arguments}", selection.selected, selection.planned)
}

fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) => format!("{seconds:.1} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

fn remarks(run: &RunRecord) -> Vec<Value> {
    let hints = hinted(run);
    let all = [
        ("What the whole run shows", &hints, true),
        ("Leaked", &run.leaks, true),
        ("Leak checks failed", &run.leak_checks_failed, true),
        ("Outdated expectations", &run.outdated, true),
        ("Warnings", &run.warnings, true),
        ("Remarks", &run.remarks, false),
    ];
    all.into_iter()
        .filter(|(_, lines, _)| !lines.is_empty())
        .map(|(title, lines, is_open)| context! { title => title, lines => lines, is_open => is_open })
        .collect()
}
