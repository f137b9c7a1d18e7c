//! Majorities, odd backends, and what says nothing.

use super::*;
use crate::outcome::record::fixture::{case, finding, metric, run};
use crate::outcome::record::{RunRecord, matrix};

/// A run of one backend: how much of the allowance each case uses; more than 1 fails.
fn backend(name: &str, used: &[f64]) -> RunRecord {
    let cases = used.iter().enumerate().map(|(index, &used)| {
        let name = format!("esm2::embed::{index}");
        let mut metric = metric("embeddings", used);
        if used <= 1.0 {
            let mut passed = case(&name, Verdict::Pass, vec![]);
            passed.metrics = vec![metric];
            return passed;
        }
        metric.verdict = MetricVerdict::Different;
        let mut failed = case(&name, Verdict::Fail, vec![finding(SNAPSHOT, "1 of 1 values differs")]);
        failed.metrics = vec![metric];
        failed
    });
    let mut run = run(cases.collect());
    run.backend.name = name.into();
    run
}

fn seen(runs: &[RunRecord]) -> Vec<(LikelyFault, Vec<usize>, Vec<usize>, String)> {
    let found = disagreements(&matrix(runs));
    let found = found.into_iter();
    found.map(|one| (one.fault, one.rows, one.matching, one.cases.join(" "))).collect()
}

#[test]
fn a_majority_with_the_same_numbers_makes_the_reference_suspect() {
    let runs = [
        backend("a", &[2.0, 0.5]),
        backend("b", &[2.001, 0.5]),
        backend("c", &[1.999, 0.5]),
        backend("d", &[0.1, 0.5]),
    ];
    assert_eq!(seen(&runs), [(LikelyFault::Reference, vec![0, 1, 2], vec![3], "esm2::embed::0".to_owned())]);
    let found = disagreements(&matrix(&runs));
    assert_eq!(found[0].fields, ["embeddings"]);
    // Two of four are no majority, and one that differs otherwise is odd itself.
    let two = [runs[0].clone(), runs[1].clone(), runs[3].clone(), backend("e", &[0.1, 0.5])];
    assert_eq!(seen(&two)[0].0, LikelyFault::Unclear);
    let other = [runs[0].clone(), runs[1].clone(), backend("e", &[3.0, 0.5])];
    assert_eq!(
        seen(&other),
        [
            (LikelyFault::Reference, vec![0, 1], vec![], "esm2::embed::0".to_owned()),
            (LikelyFault::Backend, vec![2], vec![], "esm2::embed::0".to_owned()),
        ]
    );
}

#[test]
fn a_backend_that_differs_alone_is_odd() {
    let runs = [backend("a", &[2.0, 3.0]), backend("b", &[0.1, 0.1]), backend("c", &[0.1, 0.1])];
    let both = "esm2::embed::0 esm2::embed::1".to_owned();
    assert_eq!(seen(&runs), [(LikelyFault::Backend, vec![0], vec![1, 2], both)]);
}

#[test]
fn other_numbers_are_no_agreement_and_one_backend_says_nothing() {
    let runs = [backend("a", &[2.0]), backend("b", &[2.01]), backend("c", &[4.0])];
    assert_eq!(seen(&runs), [(LikelyFault::Unclear, vec![0, 1, 2], vec![], "esm2::embed::0".to_owned())]);
    assert_eq!(seen(&runs[..1]), []);
    let mut other = backend("b", &[2.0]);
    other.harness.snapshots_sha256 = "1".repeat(64);
    assert_eq!(seen(&[runs[0].clone(), other]), [], "compared with other recorded results");
    let (mut one, mut other) = (backend("a", &[0.1]), backend("b", &[0.1]));
    for (run, check) in [(&mut one, "contract"), (&mut other, SNAPSHOT)] {
        let failed = case("esm2::embed::0", Verdict::Fail, vec![finding(check, "float64")]);
        run.cases = vec![failed];
    }
    assert_eq!(seen(&[one, other]), [], "a contract is no recorded result");
}

#[test]
fn backends_that_agree_form_groups() {
    let runs =
        [backend("a", &[2.0, 0.5]), backend("b", &[0.1, 0.5]), backend("c", &[2.0, 0.5]), backend("d", &[9.0, 0.5])];
    let group = |rows: &[usize], match_reference| AgreeingRows { rows: rows.to_vec(), match_reference };
    assert_eq!(agreeing(&matrix(&runs)), [group(&[0, 2], false), group(&[1], true), group(&[3], false)]);
    assert_eq!(agreeing(&matrix(&runs[..1])), []);
}

#[test]
fn numbers_are_the_same_within_a_thousandth() {
    assert!(is_same(1.0, 1.000_9) && is_same(f64::NAN, f64::NAN) && is_same(f64::INFINITY, f64::INFINITY));
    assert!(!is_same(1.0, 1.002) && !is_same(f64::NAN, 1.0) && !is_same(f64::INFINITY, 1.0));
    assert!(!is_same(f64::INFINITY, f64::NEG_INFINITY) && !is_same(0.0, 1e-9));
}
