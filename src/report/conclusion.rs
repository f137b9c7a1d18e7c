//! What a run says as a whole, as its record keeps it: the word, the sentence and the exit code.

use super::console::verdict;
use crate::outcome::record::{ConclusionRecord, ConclusionWord, SelectionRecord};
use crate::outcome::{Conclusion, VerdictCounts};

/// The conclusion of a run of these cases. Only a run of every case says that a backend conforms.
pub(crate) fn concluded(
    conclusion: Conclusion,
    counts: &VerdictCounts,
    selection: &SelectionRecord,
) -> ConclusionRecord {
    let word = ConclusionWord::of(conclusion, selection.whole);
    let exit_code = conclusion.exit_code();
    let sentence = if word == ConclusionWord::Passed {
        let judged = counts.passed + counts.expected_failures + counts.known_upstream;
        let of = selection.planned;
        format!(
            "passed: {judged} of {of} cases judged, which does not show that the backend conforms (exit code {exit_code})"
        )
    } else {
        verdict(conclusion)
    };
    ConclusionRecord {
        word,
        sentence,
        exit_code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_run_says_that_a_backend_conforms() {
        let counts = VerdictCounts {
            passed: 2,
            ..VerdictCounts::default()
        };
        let mut selection = SelectionRecord {
            whole: true,
            planned: 5,
            selected: 2,
            ..SelectionRecord::default()
        };
        let whole = concluded(Conclusion::Conforms, &counts, &selection);
        assert_eq!(whole.word, ConclusionWord::Conforms);
        insta::assert_snapshot!(whole.sentence, @"conforms: everything came out as expected (exit code 0)");
        selection.whole = false;
        let part = concluded(Conclusion::Conforms, &counts, &selection);
        assert_eq!(part.word, ConclusionWord::Passed);
        insta::assert_snapshot!(part.sentence, @"passed: 2 of 5 cases judged, which does not show that the backend conforms (exit code 0)");
    }
}
