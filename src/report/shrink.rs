//! The result of a search for a shorter input, for people. Does not search.

use std::fmt::Write;

use crate::metric_value::count;
use crate::outcome::{Shrinking, ShrunkCase};
use crate::prediction::Input;
use crate::protein::sequence::{CHAIN_SEPARATOR, residues_in};

/// The lines about one case, ending in an empty one. `reproduce` makes the shrunk call, or runs the case if no single call fails.
pub(crate) fn reported(case: &str, shrinking: &Shrinking, reproduce: &str) -> String {
    let shrunk = match shrinking {
        Shrinking::Shrunk(shrunk) => shrunk,
        Shrinking::LeftOut(reason) => return format!("{case} not shrunk: {reason}\n\n"),
    };
    let calls = count(shrunk.calls, "call");
    let finding = shrunk.finding.shortened();
    let call = finding.call.as_deref().unwrap_or_default();
    let failure = format!("{} [{call}]: {}", finding.check, finding.summary);
    let result = if shrunk.is_unchanged() {
        format!("fails with nothing less than its {}", size(&shrunk.before, None))
    } else {
        format!("shrunk {}", change(shrunk))
    };
    let mut text = format!("{case} {result} in {calls}: {failure}\n");
    if let Some(reason) = &shrunk.cut_short {
        let _ = writeln!(text, "  the search was not over: {reason}");
    }
    match shrunk.is_repeated {
        Some(true) => {}
        Some(false) => text.push_str("  a fresh instance does not fail by it: the failure depends on earlier calls\n"),
        None => text.push_str("  it was not tried on a fresh instance\n"),
    }
    for note in &shrunk.notes {
        let _ = writeln!(text, "  {note}");
    }
    if !shrunk.others.is_empty() {
        let others = shrunk.others.join("`, `");
        let input = shrunk.request.input.to_json();
        let _ = writeln!(text, "  it takes the case's calls `{others}` too; the input of `{call}`: {input}");
    }
    let _ = writeln!(text, "  reproduce: {reproduce}\n");
    text
}

/// The size of the input before and after.
fn change(shrunk: &ShrunkCase) -> String {
    let (before, after) = (&shrunk.before, &shrunk.request.input);
    let mut text = if before == after {
        format!("by options alone, with its {},", size(before, None))
    } else {
        let (from, to) = (InputSize::of(before), InputSize::of(after));
        if from.items == to.items && from.chains == to.chains {
            format!("from {} to {}", from.residues, residues(to.residues))
        } else {
            format!("from {} to {}", size(before, Some(after)), size(after, Some(before)))
        }
    };
    let removed = shrunk.removed_options();
    if !removed.is_empty() {
        let _ = write!(text, " without `{}`", removed.join("`, `"));
    }
    text
}

/// The size of an input.
struct InputSize {
    items: usize,
    chains: usize,
    residues: usize,
}

impl InputSize {
    fn of(input: &Input) -> Self {
        let items = input.strings();
        let chains = || items.iter().flat_map(|item| item.split(CHAIN_SEPARATOR));
        Self { items: items.len(), chains: chains().count(), residues: chains().map(residues_in).sum() }
    }
}

fn residues(number: usize) -> String {
    count(number, "residue")
}

/// The size of an input: its sequences or chains if it or the other input has more than one, and its residues.
fn size(input: &Input, other: Option<&Input>) -> String {
    let own = InputSize::of(input);
    let other = other.map(InputSize::of);
    let several =
        |number: fn(&InputSize) -> usize| number(&own) > 1 || other.as_ref().is_some_and(|other| number(other) > 1);
    if several(|counts| counts.items) {
        format!("{} of {}", count(own.items, "sequence"), residues(own.residues))
    } else if several(|counts| counts.chains) {
        format!("{} of {}", count(own.chains, "chain"), residues(own.residues))
    } else {
        residues(own.residues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Finding;
    use crate::prediction::{Method, Options, Request};

    fn shrunk(before: &Input, after: &Input) -> ShrunkCase {
        ShrunkCase {
            before: before.clone(),
            options_before: Options::new(),
            request: Request { method: Method::Fold, input: after.clone(), options: Options::new() },
            config: Options::new(),
            finding: Finding::wrong("contract", "call", "plddt[0]: expected shape (4,), got (3,)"),
            calls: 34,
            cut_short: None,
            others: Vec::new(),
            is_repeated: Some(true),
            notes: Vec::new(),
        }
    }

    fn one(sequence: &str) -> Input {
        Input::One(sequence.to_owned())
    }

    #[test]
    fn a_shrunk_case_is_told_in_two_lines() {
        let case = shrunk(&one(&"A".repeat(1239)), &one("ACDE"));
        let reported = reported("esmfold::long::x", &Shrinking::Shrunk(Box::new(case)), "hydrotest try ACDE");
        insta::assert_snapshot!(reported.trim_end(), @"
        esmfold::long::x shrunk from 1239 to 4 residues in 34 calls: contract [call]: plddt[0]: expected shape (4,), got (3,)
          reproduce: hydrotest try ACDE
        ");
    }

    #[test]
    fn lists_and_complexes_are_told_with_what_there_was_of_them() {
        let many = |items: &[&str]| Input::Many(items.iter().map(|item| (*item).to_owned()).collect());
        let reported =
            [(many(&["ACD", "EF", "G"]), many(&["A"])), (one("ACD:EF"), one("A")), (one("ACD:EF"), one("A:E"))]
                .map(|(before, after)| change(&shrunk(&before, &after)));
        assert_eq!(
            reported,
            [
                "from 3 sequences of 6 residues to 1 sequence of 1 residue",
                "from 2 chains of 5 residues to 1 chain of 1 residue",
                "from 5 to 2 residues",
            ]
        );
    }

    #[test]
    fn what_weakens_a_result_is_said() {
        let mut case = shrunk(&one("ACD:EF"), &one("ACD:EF"));
        case.cut_short = Some("it was interrupted".to_owned());
        case.is_repeated = Some(false);
        case.others = vec!["first".to_owned()];
        let reported = reported("esm2::x::y", &Shrinking::Shrunk(Box::new(case)), "hydrotest --exact esm2::x::y");
        insta::assert_snapshot!(reported.trim_end(), @r#"
        esm2::x::y fails with nothing less than its 2 chains of 5 residues in 34 calls: contract [call]: plddt[0]: expected shape (4,), got (3,)
          the search was not over: it was interrupted
          a fresh instance does not fail by it: the failure depends on earlier calls
          it takes the case's calls `first` too; the input of `call`: "ACD:EF"
          reproduce: hydrotest --exact esm2::x::y
        "#);
    }
}
