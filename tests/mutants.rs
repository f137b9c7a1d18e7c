//! The suites kill mutants of the embedded models and accept correct variants. `.ci/mutants` runs all mutants of all models in
//! release mode; this target runs those of one small model through the program.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn mutants(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
    command.env("HYDROTEST_FORMAT", "pretty");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("mutants").args(arguments);
    command.output().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The objects of a run, one for each mutant.
fn results(arguments: &[&str]) -> Vec<serde_json::Value> {
    let output = mutants(&[arguments, &["--format", "json"]].concat());
    let lines = printed(&output);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_wrong_class_is_killed_by_the_contract() {
    let output = mutants(&["--model", "esmc", "fault/another-class"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(printed(&output), @"
    hand-made                1 of 1 killed (100.0 %), 1 without a recorded result
    benign                   0 of 0 accepted
    without effect           0, not counted
    within tolerance         0, not counted
    ");
}

#[test]
fn without_the_check_that_kills_it_a_mutant_survives() {
    let arguments = ["--model", "esmc", "fault/negative-time", "--without", "contract"];
    let output = mutants(&arguments);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(printed(&output), @"
    hand-made                0 of 1 killed (0.0 %), 0 without a recorded result
    benign                   0 of 0 accepted
    without effect           0, not counted
    within tolerance         0, not counted

    survived: 1
      fault/negative-time: the time of the inference is negative
    ");
}

#[test]
fn a_backend_without_responses_passes_no_case() {
    let result = &results(&["--model", "esmc", "fault/refuses-everything"])[0];
    let failed = result["kills"].as_array().unwrap().len();
    // A size that the model does not have is refused at the start, which is correct.
    assert_eq!(result["cases"].as_u64().unwrap() as usize, failed + 1);
    let result = &results(&["--model", "esmc", "fault/empty-answers"])[0];
    assert!(result["kills"].as_array().unwrap().len() > 20);
}

#[test]
fn correct_variants_are_accepted() {
    let results = results(&["--model", "esmc,chai1", "benign/"]);
    let outcomes: Vec<&str> = results.iter().map(|result| result["fate"].as_str().unwrap()).collect();
    assert!(outcomes.iter().all(|outcome| matches!(*outcome, "accepted" | "no effect")), "{outcomes:?}");
    assert!(outcomes.iter().filter(|outcome| **outcome == "accepted").count() > 15, "{outcomes:?}");
}

#[test]
fn an_unknown_check_is_a_mistake() {
    let output = mutants(&["--without", "contrakt"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"
    error: there is no check contrakt
     |
     = help: did you mean `contract`?

    1 error in usage or configuration (exit code 2)
    ");
}

#[test]
fn an_empty_selection_is_not_a_success() {
    let output = mutants(&["no-such-mutant"]);
    assert_eq!(output.status.code(), Some(4));
    let listed = mutants(&["--list"]);
    assert_eq!(listed.status.code(), Some(0));
    assert!(printed(&listed).lines().count() > 4000);
}
