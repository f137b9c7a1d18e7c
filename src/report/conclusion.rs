//! The conclusion of a run as its record keeps it: word, sentence and exit code. Never says "conforms" unless every core case that applies
//! ran, and every own tolerance of the backend is narrower than the shared one.

use crate::metric_value::count;
use crate::outcome::record::{ConclusionRecord, ConclusionWord, SelectionRecord, ToleranceCount};
use crate::outcome::{Conclusion, RunEvidence};

use super::console::verdict;

/// The most untested features that a sentence names.
const NAMED: usize = 3;

/// The conclusion of a run of the selected cases. `untested` names features of its models that no judged case needed.
pub(crate) fn concluded(
    evidence: &RunEvidence,
    selection: &SelectionRecord,
    untested: &[String],
    own: ToleranceCount,
) -> ConclusionRecord {
    let conclusion = evidence.conclusion();
    let (passed, sentence) = match conclusion {
        Conclusion::Conforms => without_failure(evidence, selection, untested, own),
        Conclusion::KnownFailures => {
            let (all, code) = (evidence.counts, conclusion.exit_code());
            let (known, passed, of) = (count(all.known_failures, "known failure"), all.passed, all.cases());
            let sentence = format!(
                "passed with {known}: {passed} of {of} cases passed, so that the backend does not conform (exit code {code})"
            );
            (ConclusionWord::Passed, sentence)
        }
        _ => (ConclusionWord::Passed, verdict(conclusion)),
    };
    ConclusionRecord { word: ConclusionWord::of(conclusion, passed), sentence, exit_code: conclusion.exit_code() }
}

/// The word and sentence for a run in which every case that ran came out as expected.
fn without_failure(
    evidence: &RunEvidence,
    selection: &SelectionRecord,
    untested: &[String],
    own: ToleranceCount,
) -> (ConclusionWord, String) {
    let exit_code = Conclusion::Conforms.exit_code();
    let (all, core) = (evidence.counts, evidence.core);
    let judged = all.passed + all.expected_failures;
    let by = match own.all {
        0 => String::new(),
        some => format!(", by {} of its own", count(some, "tolerance")),
    };
    if !selection.every_core_case {
        let of = selection.planned;
        let sentence = format!("passed: {judged} of {of} cases judged, as selected{by} (exit code {exit_code})");
        return (ConclusionWord::Passed, sentence);
    }
    let mut gaps = match (evidence.missing(), core.ran()) {
        (0, 0) => vec!["no core case ran".to_owned()],
        (0, _) => Vec::new(),
        (missing, _) => vec![format!("{} skipped", count(missing, "core case"))],
    };
    // A run of some cases need not test every feature.
    if selection.whole {
        gaps.extend(untested.iter().take(NAMED).cloned());
        if untested.len() > NAMED {
            gaps.push(format!("{} more", count(untested.len() - NAMED, "feature")));
        }
    }
    if !gaps.is_empty() {
        let (of, gap) = (all.cases(), gaps.join("; "));
        let sentence = format!(
            "passed: {judged} of {of} cases judged{by}; {gap}, so that it is not known whether the backend conforms (exit code {exit_code})"
        );
        return (ConclusionWord::Passed, sentence);
    }
    let (level, everything) = if selection.whole { ("", "everything") } else { (" at level core", "every core case") };
    let applicable = if core.inapplicable == 0 { "" } else { " that applies" };
    let left_out = match (selection.whole, core.inapplicable) {
        (false, _) | (_, 0) => String::new(),
        (true, some) => format!("; {} not applicable", count(some, "core case")),
    };
    let (word, verb, by) = match own {
        ToleranceCount { all: 0, .. } => (ConclusionWord::Conforms, "conforms", String::new()),
        ToleranceCount { all, lenient: 0 } => {
            let by = format!(", by {} of its own, none wider than the shared one", count(all, "tolerance"));
            (ConclusionWord::Conforms, "conforms", by)
        }
        ToleranceCount { lenient, .. } => {
            let by = format!(", by {} wider than or unlike the shared ones", count(lenient, "tolerance"));
            (ConclusionWord::OwnTolerances, "passes with its own tolerances", by)
        }
    };
    let sentence =
        format!("{verb}{level}: {everything}{applicable} came out as expected{by}{left_out} (exit code {exit_code})");
    (word, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::skip::SkipCause;
    use crate::config::Level;
    use crate::outcome::{Outcome, RunOutcome, Verdict};

    fn outcome(level: Level, verdict: Verdict, skip_cause: SkipCause) -> Outcome {
        Outcome { level, verdict, skip_cause, ..Outcome::skipped("esm2::embed::short", "") }
    }

    fn sentences(cases: &[(Level, Verdict, SkipCause)]) -> String {
        sentences_without(cases, &[])
    }

    fn sentences_without(cases: &[(Level, Verdict, SkipCause)], untested: &[String]) -> String {
        sentences_by(cases, untested, ToleranceCount::default())
    }

    fn sentences_by(cases: &[(Level, Verdict, SkipCause)], untested: &[String], own: ToleranceCount) -> String {
        let cases = cases.iter().map(|&(level, verdict, cause)| outcome(level, verdict, cause));
        let run = RunOutcome { outcomes: cases.collect(), ..RunOutcome::default() };
        let sentence = |whole, every_core_case| {
            let selection = SelectionRecord { whole, every_core_case, planned: 63, ..SelectionRecord::default() };
            concluded(&run.evidence(), &selection, untested, own).sentence
        };
        [sentence(true, true), sentence(false, true), sentence(false, false)].join("\n")
    }

    #[test]
    fn a_feature_that_no_case_has_shown_is_named_by_a_run_of_everything() {
        let line = |feature| format!("feature `{feature}` of esmfold: no case was judged");
        let untested = ["linker", "masks", "multimer", "tracks"].map(line);
        let passed = [(Level::Core, Verdict::Pass, SkipCause::NotRun)];
        insta::assert_snapshot!(sentences_without(&passed, &untested[..1]), @"
        passed: 1 of 1 cases judged; feature `linker` of esmfold: no case was judged, so that it is not known whether the backend conforms (exit code 0)
        conforms at level core: every core case came out as expected (exit code 0)
        passed: 1 of 63 cases judged, as selected (exit code 0)
        ");
        insta::assert_snapshot!(sentences_without(&passed, &untested).lines().next().unwrap_or_default(), @"passed: 1 of 1 cases judged; feature `linker` of esmfold: no case was judged; feature `masks` of esmfold: no case was judged; feature `multimer` of esmfold: no case was judged; 1 feature more, so that it is not known whether the backend conforms (exit code 0)");
    }

    #[test]
    fn with_a_wider_tolerance_of_its_own_no_backend_conforms() {
        let passed = [(Level::Core, Verdict::Pass, SkipCause::NotRun)];
        let by = |all, lenient| sentences_by(&passed, &[], ToleranceCount { all, lenient });
        insta::assert_snapshot!(by(2, 1), @"
        passes with its own tolerances: everything came out as expected, by 1 tolerance wider than or unlike the shared ones (exit code 0)
        passes with its own tolerances at level core: every core case came out as expected, by 1 tolerance wider than or unlike the shared ones (exit code 0)
        passed: 1 of 63 cases judged, as selected, by 2 tolerances of its own (exit code 0)
        ");
        insta::assert_snapshot!(by(2, 0), @"
        conforms: everything came out as expected, by 2 tolerances of its own, none wider than the shared one (exit code 0)
        conforms at level core: every core case came out as expected, by 2 tolerances of its own, none wider than the shared one (exit code 0)
        passed: 1 of 63 cases judged, as selected, by 2 tolerances of its own (exit code 0)
        ");
        let skipped = (Level::Core, Verdict::Skip, SkipCause::NotRun);
        let gap = sentences_by(&[passed[0], skipped], &[], ToleranceCount { all: 1, lenient: 1 });
        insta::assert_snapshot!(gap.lines().next().unwrap_or_default(), @"passed: 1 of 2 cases judged, by 1 tolerance of its own; 1 core case skipped, so that it is not known whether the backend conforms (exit code 0)");
        let word = |all, lenient| {
            let run = RunOutcome {
                outcomes: vec![outcome(Level::Core, Verdict::Pass, SkipCause::NotRun)],
                ..RunOutcome::default()
            };
            let selection = SelectionRecord { whole: true, every_core_case: true, ..SelectionRecord::default() };
            concluded(&run.evidence(), &selection, &[], ToleranceCount { all, lenient }).word
        };
        assert_eq!(word(0, 0), ConclusionWord::Conforms);
        assert_eq!(word(3, 0), ConclusionWord::Conforms);
        assert_eq!(word(3, 1), ConclusionWord::OwnTolerances);
    }

    #[test]
    fn only_where_every_core_case_ran_it_conforms() {
        use Level::{Core, Extended};
        use SkipCause::{Inapplicable, NotRun};
        let passed = [(Core, Verdict::Pass, NotRun), (Extended, Verdict::Pass, NotRun)];
        let with = |more: (Level, Verdict, SkipCause)| sentences(&[&passed[..], &[more]].concat());
        insta::assert_snapshot!(sentences(&passed), @"
        conforms: everything came out as expected (exit code 0)
        conforms at level core: every core case came out as expected (exit code 0)
        passed: 2 of 63 cases judged, as selected (exit code 0)
        ");
        insta::assert_snapshot!(with((Core, Verdict::Skip, NotRun)), @"
        passed: 2 of 3 cases judged; 1 core case skipped, so that it is not known whether the backend conforms (exit code 0)
        passed: 2 of 3 cases judged; 1 core case skipped, so that it is not known whether the backend conforms (exit code 0)
        passed: 2 of 63 cases judged, as selected (exit code 0)
        ");
        insta::assert_snapshot!(with((Core, Verdict::Skip, Inapplicable)), @"
        conforms: everything that applies came out as expected; 1 core case not applicable (exit code 0)
        conforms at level core: every core case that applies came out as expected (exit code 0)
        passed: 2 of 63 cases judged, as selected (exit code 0)
        ");
        insta::assert_snapshot!(with((Extended, Verdict::Skip, NotRun)), @"
        conforms: everything came out as expected (exit code 0)
        conforms at level core: every core case came out as expected (exit code 0)
        passed: 2 of 63 cases judged, as selected (exit code 0)
        ");
        insta::assert_snapshot!(with((Core, Verdict::KnownUpstream, NotRun)), @"
        conforms: everything came out as expected (exit code 0)
        conforms at level core: every core case came out as expected (exit code 0)
        passed: 2 of 63 cases judged, as selected (exit code 0)
        ");
        insta::assert_snapshot!(sentences(&passed[1..]), @"
        passed: 1 of 1 cases judged; no core case ran, so that it is not known whether the backend conforms (exit code 0)
        passed: 1 of 1 cases judged; no core case ran, so that it is not known whether the backend conforms (exit code 0)
        passed: 1 of 63 cases judged, as selected (exit code 0)
        ");
    }
}
