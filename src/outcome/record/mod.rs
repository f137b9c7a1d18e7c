//! The outcome file: one run as data with a version and a schema, from which every report is made. Written while the run goes on, and read
//! again to render, merge and compare runs. Does not judge or print.

mod agreement;
mod case;
mod causes;
mod difference;
mod file;
#[cfg(test)]
pub(crate) mod fixture;
mod hints;
pub(crate) mod history;
mod live;
mod matrix;
mod merge;
mod noted;
mod number;
mod plain;
mod plots;
mod tolerances;
mod trend;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use agreement::{AgreeingRows, Disagreement, LikelyFault, agreeing, disagreements};
pub(crate) use case::{AttemptRecord, CallRecord, CaseRecord, FindingRecord, MetricRecord};
pub(crate) use causes::{CauseGroup, cause_of, causes};
pub(crate) use difference::{CaseChange, Change, RunDifference, difference};
pub(crate) use file::{read, schema, text};
pub(crate) use hints::{HintKind, HintRecord};
pub(crate) use history::HistoryLine;
pub(crate) use live::{LiveRecord, Planned};
pub(crate) use matrix::{LevelReached, Matrix, MatrixCell, MatrixRow, matrix};
pub(crate) use merge::merge;
pub(crate) use noted::{CaseTimes, ResponseRecord};
pub(crate) use number::RecordedNumber;
pub(crate) use plain::{is_harmful, plain_line, plain_text, redacted};
pub(crate) use plots::{
    BothCurves, BothMaps, EmbeddingPlot, PackedCurve, PlotData, PlotRecord, ResidueRun, StructurePlot,
};
pub(crate) use tolerances::{OwnToleranceRecord, ToleranceCount, are_same};
#[cfg(test)]
pub(crate) use trend::tests as trend_fixture;
pub(crate) use trend::{CaseTrend, SOON, WINDOW, trends};

use crate::backend::facts::PlatformFacts;

use super::{Conclusion, Interruption, RunEvidence, RunOutcome, VerdictCounts};

/// The `format` of an outcome file.
pub(crate) const FORMAT: &str = "hydrotest-outcome";
/// The version of the format. A change that an older reader would misread raises it.
pub(crate) const VERSION: u32 = 1;

/// One run of the suites on one backend.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunRecord {
    /// `hydrotest-outcome`.
    pub(crate) format: String,
    /// The version of the format of this file.
    pub(crate) version: u32,
    /// Whether the run reached its end.
    pub(crate) state: RunState,
    /// The conclusion of the run; absent while it is incomplete.
    pub(crate) conclusion: Option<ConclusionRecord>,
    /// The program and the rules by which it judged.
    pub(crate) harness: HarnessRecord,
    /// The tested backend.
    pub(crate) backend: BackendRecord,
    /// Which cases were selected.
    pub(crate) selection: SelectionRecord,
    /// When the run began: RFC 3339, UTC.
    pub(crate) started: String,
    /// Wall time of the run, in seconds.
    pub(crate) seconds: f64,
    /// The result of each case, in plan order. A case that has not ended yet is absent.
    pub(crate) cases: Vec<CaseRecord>,
    /// Resources that instances left after their stop: each is a fault of the backend.
    pub(crate) leaks: Vec<String>,
    /// Leak checks that failed.
    pub(crate) leak_checks_failed: Vec<String>,
    /// Entries of known failures that are out of date, with the edit.
    pub(crate) outdated: Vec<String>,
    /// Features of the models of the backend that no judged case needed.
    #[serde(default)]
    pub(crate) untested: Vec<String>,
    /// Hints that follow from several cases together.
    #[serde(default)]
    pub(crate) hints: Vec<HintRecord>,
    /// Warnings that belong to no case, such as about an instance that would not stop.
    pub(crate) warnings: Vec<String>,
    /// Remarks that are no faults.
    pub(crate) remarks: Vec<String>,
}

/// Whether a run reached its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RunState {
    /// It is still running, or was killed: the file holds the cases that had ended.
    #[default]
    Incomplete,
    /// Every selected case has an outcome.
    Complete,
    /// A signal ended it early.
    Interrupted,
}

/// The conclusion of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConclusionRecord {
    /// The conclusion in a word.
    pub(crate) word: ConclusionWord,
    /// The sentence that the run ended with.
    pub(crate) sentence: String,
    /// The exit code of the program.
    pub(crate) exit_code: u8,
}

/// A conclusion in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConclusionWord {
    /// Every core case ran, and everything came out as expected.
    Conforms,
    /// As `conforms`, but by the backend's own tolerances, of which some are not narrower than the shared ones.
    OwnTolerances,
    /// Everything that ran came out as expected, but not every core case ran.
    Passed,
    /// Everything that failed is listed as a known failure of the backend.
    KnownFailures,
    /// The backend is wrong.
    Fails,
    /// Something passes that is expected to fail.
    Outdated,
    /// The configuration is wrong.
    Misconfigured,
    /// The platform failed.
    PlatformFailed,
    /// Hydrotest itself failed.
    HarnessFailed,
    /// There was nothing to compare with.
    NothingToCompare,
    /// Not one case ran.
    NothingRan,
    /// A signal ended the run.
    Interrupted,
}

/// The program and the rules by which it judged. Runs with other hashes were judged by other rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HarnessRecord {
    /// The version of hydrotest.
    pub(crate) version: String,
    /// SHA-256 of the suites and their sequences.
    pub(crate) suites_sha256: String,
    /// SHA-256 of the recorded results with the weights of the backend.
    pub(crate) snapshots_sha256: String,
    /// SHA-256 of the contracts of the models.
    pub(crate) contracts_sha256: String,
}

/// The tested backend and its platform.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackendRecord {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// Its kind.
    pub(crate) kind: String,
    /// The weights of its models.
    pub(crate) weights: String,
    /// The tag of its images, if one was chosen.
    pub(crate) tag: Option<String>,
    /// The device that models ran on, if known.
    pub(crate) device: Option<String>,
    /// The requested class of GPU.
    pub(crate) gpu: Option<String>,
    /// The release of boileroom, if the backend states it.
    pub(crate) boileroom: Option<String>,
    /// Versions and digests that the platform and its instances reported, by name.
    pub(crate) versions: BTreeMap<String, String>,
    /// The backend's own gates, which replaced those of the contracts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tolerances: Vec<OwnToleranceRecord>,
    /// Operating system and processor of the machine that ran hydrotest, without its name.
    pub(crate) machine: String,
}

/// Which cases were selected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SelectionRecord {
    /// Whether nothing was left out by filters, models, suites, levels or shards.
    pub(crate) whole: bool,
    /// Whether no core case was left out.
    pub(crate) every_core_case: bool,
    /// Cases that apply to the models of the backend.
    pub(crate) planned: usize,
    /// Cases that were selected.
    pub(crate) selected: usize,
    /// The command line arguments that selected them.
    pub(crate) arguments: Vec<String>,
    /// `INDEX/COUNT` of the shard that was run.
    pub(crate) shard: Option<String>,
}

impl BackendRecord {
    /// Takes over the facts that the platform has reported. A device from the command line stays.
    pub(crate) fn learn(&mut self, facts: &PlatformFacts) {
        let versions = facts.versions().into_iter();
        self.versions.extend(versions.map(|(name, version)| (plain_line(&name), plain_line(&version))));
        if self.device.is_none() {
            self.device = facts.devices().as_deref().map(plain_line);
        }
    }
}

impl RunRecord {
    /// A run of which no case has ended.
    pub(crate) fn begun(harness: HarnessRecord, backend: BackendRecord, selection: SelectionRecord) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            harness,
            backend,
            selection,
            started: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            ..Self::default()
        }
    }

    /// Takes over the facts that are known only at the end of a run.
    pub(crate) fn finish(&mut self, run: &RunOutcome, conclusion: ConclusionRecord) {
        self.state = if run.interrupted.is_some() { RunState::Interrupted } else { RunState::Complete };
        self.conclusion = Some(conclusion);
        self.seconds = run.elapsed.as_secs_f64();
        self.leaks = plain_texts(&run.leaks);
        self.leak_checks_failed = plain_texts(&run.unknown);
        self.outdated = plain_texts(&run.outdated);
        self.untested = plain_texts(&run.untested);
        self.warnings = plain_texts(&run.notes);
        self.remarks = plain_texts(&run.remarks);
    }

    /// Computes the hints again.
    pub(crate) fn find_hints(&mut self) {
        let cases: Vec<&CaseRecord> = self.cases.iter().collect();
        self.hints = hints::hints(&cases, &self.backend.kind, &self.backend.weights);
    }

    /// The same run without plots.
    pub(crate) fn without_plots(&self) -> Self {
        let mut run = self.clone();
        for case in &mut run.cases {
            case.plots.clear();
        }
        run
    }

    /// Counts the verdicts.
    pub(crate) fn counts(&self) -> VerdictCounts {
        self.evidence().counts
    }

    /// The facts that decide about the run. The signal that interrupted it follows from its exit code.
    pub(crate) fn evidence(&self) -> RunEvidence {
        let mut evidence = RunEvidence {
            has_leaks: !self.leaks.is_empty(),
            has_failed_leak_checks: !self.leak_checks_failed.is_empty(),
            has_outdated_entries: !self.outdated.is_empty(),
            interrupted: match self.conclusion.as_ref().map(|conclusion| conclusion.exit_code) {
                _ if self.state != RunState::Interrupted => None,
                Some(143) => Some(Interruption::Terminate),
                Some(129) => Some(Interruption::Hangup),
                _ => Some(Interruption::Interrupt),
            },
            ..RunEvidence::default()
        };
        for case in &self.cases {
            evidence.add(case.facts());
        }
        evidence
    }
}

impl ConclusionWord {
    /// The word of a conclusion. `passed` is the word for a run in which everything came out as expected.
    pub(crate) const fn of(conclusion: Conclusion, passed: Self) -> Self {
        match conclusion {
            Conclusion::Conforms => passed,
            Conclusion::KnownFailures => Self::KnownFailures,
            Conclusion::Fails => Self::Fails,
            Conclusion::Outdated => Self::Outdated,
            Conclusion::Misconfigured => Self::Misconfigured,
            Conclusion::PlatformFailed => Self::PlatformFailed,
            Conclusion::HarnessFailed => Self::HarnessFailed,
            Conclusion::NothingToCompare => Self::NothingToCompare,
            Conclusion::NothingRan => Self::NothingRan,
            Conclusion::Interrupted(_) => Self::Interrupted,
        }
    }
}

fn plain_texts(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| plain_text(text)).collect()
}
