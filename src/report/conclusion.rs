//! What a run says as a whole, as its record keeps it: the word, the sentence and the exit code. "Conforms" is said of a level, and only
//! where every core case that applies was run.

use crate::metric_value::count;
use crate::outcome::record::{ConclusionRecord, ConclusionWord, SelectionRecord};
use crate::outcome::{Conclusion, RunEvidence};

use super::console::verdict;

/// The most features without a judged case that a sentence names.
const NAMED: usize = 3;

/// The conclusion of a run of the selected cases; `untested` names features of its models that no judged case needed.
pub(crate) fn concluded(evidence: &RunEvidence, selection: &SelectionRecord, untested: &[String]) -> ConclusionRecord {
    let conclusion = evidence.conclusion();
    let (conforms, sentence) = match conclusion {
        Conclusion::Conforms => without_failure(evidence, selection, untested),
        Conclusion::KnownFailures => {
            let all = evidence.counts;
            let (known, code) = (count(all.known_failures, "known failure"), conclusion.exit_code());
            let (passed, of) = (all.passed, all.cases());
            let sentence = format!(
                "passed with {known}: {passed} of {of} cases passed, so that the backend does not conform (exit code {code})"
            );
            (false, sentence)
        }
        _ => (false, verdict(conclusion)),
    };
    ConclusionRecord {
        word: ConclusionWord::of(conclusion, conforms),
        sentence,
        exit_code: conclusion.exit_code(),
    }
}

/// Whether a run in which all that ran came out as expected shows that the backend conforms, and what it says.
fn without_failure(evidence: &RunEvidence, selection: &SelectionRecord, untested: &[String]) -> (bool, String) {
    let exit_code = Conclusion::Conforms.exit_code();
    let (all, core) = (evidence.counts, evidence.core);
    let judged = all.passed + all.expected_failures;
    if !selection.every_core_case {
        let of = selection.planned;
        return (
            false,
            format!("passed: {judged} of {of} cases judged, as selected (exit code {exit_code})"),
        );
    }
    let mut gaps = match (evidence.missing(), core.ran()) {
        (0, 0) => vec!["no core case ran".to_owned()],
        (0, _) => Vec::new(),
        (missing, _) => vec![format!("{} skipped", count(missing, "core case"))],
    };
    // A part of the cases need not show every feature.
    if selection.whole {
        gaps.extend(untested.iter().take(NAMED).cloned());
        let more = untested.len().saturating_sub(NAMED);
        gaps.extend((more > 0).then(|| format!("{} more", count(more, "feature"))));
    }
    if !gaps.is_empty() {
        let (of, gap) = (all.cases(), gaps.join("; "));
        let sentence = format!(
            "passed: {judged} of {of} cases judged; {gap}, so that it is not known whether the backend conforms (exit code {exit_code})"
        );
        return (false, sentence);
    }
    let sentence = match (selection.whole, core.inapplicable) {
        (false, 0) => "conforms at level core: every core case came out as expected".to_owned(),
        (false, _) => "conforms at level core: every core case that applies came out as expected".to_owned(),
        (true, 0) => return (true, verdict(Conclusion::Conforms)),
        (true, some) => format!(
            "conforms: everything that applies came out as expected; {} not applicable",
            count(some, "core case")
        ),
    };
    (true, format!("{sentence} (exit code {exit_code})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::skip::SkipCause;
    use crate::config::Level;
    use crate::outcome::{Outcome, RunOutcome, Verdict};

    fn outcome(level: Level, verdict: Verdict, skip_cause: SkipCause) -> Outcome {
        Outcome {
            level,
            verdict,
            skip_cause,
            ..Outcome::skipped("esm2::embed::short", "")
        }
    }

    fn said(cases: &[(Level, Verdict, SkipCause)]) -> String {
        said_without(cases, &[])
    }

    fn said_without(cases: &[(Level, Verdict, SkipCause)], untested: &[String]) -> String {
        let cases = cases
            .iter()
            .map(|&(level, verdict, cause)| outcome(level, verdict, cause));
        let run = RunOutcome {
            outcomes: cases.collect(),
            ..RunOutcome::default()
        };
        let sentence = |whole, every_core_case| {
            let selection = SelectionRecord {
                whole,
                every_core_case,
                planned: 63,
                ..SelectionRecord::default()
            };
            concluded(&run.evidence(), &selection, untested).sentence
        };
        [sentence(true, true), sentence(false, true), sentence(false, false)].join("\n")
    }

    #[test]
    fn a_feature_that_no_case_has_shown_is_named_by_a_run_of_everything() {
        let line = |feature| format!("feature `{feature}` of esmfold: no case was judged");
        let untested = ["linker", "masks", "multimer", "tracks"].map(line);
        let passed = [(Level::Core, Verdict::Pass, SkipCause::NotRun)];
        insta::assert_snapshot!(said_without(&passed, &untested[..1]), @"
        passed: 1 of 1 cases judged; feature `linker` of esmfold: no case was judged, so that it is not known whether the backend conforms (exit code 0)
        conforms at level core: every core case came out as expected (exit code 0)
        passed: 1 of 63 cases judged, as selected (exit code 0)
        ");
        insta::assert_snapshot!(said_without(&passed, &untested).lines().next().unwrap_or_default(), @"passed: 1 of 1 cases judged; feature `linker` of esmfold: no case was judged; feature `masks` of esmfold: no case was judged; feature `multimer` of esmfold: no case was judged; 1 feature more, so that it is not known whether the backend conforms (exit code 0)");
    }

    #[test]
    fn only_where_every_core_case_ran_it_conforms() {
        use Level::{Core, Extended};
        use SkipCause::{Inapplicable, NotRun};
        let passed = [(Core, Verdict::Pass, NotRun), (Extended, Verdict::Pass, NotRun)];
        let with = |more: (Level, Verdict, SkipCause)| said(&[&passed[..], &[more]].concat());
        insta::assert_snapshot!(said(&passed), @"
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
        insta::assert_snapshot!(said(&passed[1..]), @"
        passed: 1 of 1 cases judged; no core case ran, so that it is not known whether the backend conforms (exit code 0)
        passed: 1 of 1 cases judged; no core case ran, so that it is not known whether the backend conforms (exit code 0)
        passed: 1 of 63 cases judged, as selected (exit code 0)
        ");
    }
}
