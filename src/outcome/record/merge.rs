//! Merges the parts of one run. Refuses parts of other backends or judged by other rules. Does not conclude or write files.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{BackendRecord, CaseRecord, RunRecord, RunState, SelectionRecord};

/// Merges the parts of a run, each with a name for messages. Leaves out the conclusion.
///
/// # Errors
/// Why they are no parts of one run.
pub(crate) fn merge(parts: Vec<(String, RunRecord)>) -> Result<RunRecord, String> {
    let Some(((first_name, first), others)) = parts.split_first() else {
        return Err("there is nothing to join".to_owned());
    };
    for (name, part) in others {
        for ((what, one), (_, other)) in identity(first).into_iter().zip(identity(part)) {
            if one != other {
                let [one, other] = [one, other].map(|value| value.unwrap_or_else(|| "none".to_owned()));
                return Err(format!("{first_name} and {name} differ in {what}: {one} and {other}"));
            }
        }
    }
    refuse_overlaps(&parts)?;
    let versions = versions(&parts)?;
    let selection = selection(&parts);
    let backend = BackendRecord {
        device: joined(parts.iter().filter_map(|(_, part)| part.backend.device.as_deref())),
        gpu: joined(parts.iter().filter_map(|(_, part)| part.backend.gpu.as_deref())),
        machine: joined(parts.iter().map(|(_, part)| &*part.backend.machine)).unwrap_or_default(),
        versions,
        ..first.backend.clone()
    };
    let mut whole = RunRecord::begun(first.harness.clone(), backend, selection);
    (whole.started, whole.seconds) = span(&parts);
    whole.state = state(&parts);
    // The exit code of an interrupted run shows its signal, so the whole takes it over.
    let interrupted = parts.iter().find(|(_, part)| part.state == RunState::Interrupted);
    whole.conclusion = interrupted.and_then(|(_, part)| part.conclusion.clone());
    let mut cases = Vec::new();
    whole.untested = untested(&parts);
    for (_, mut part) in parts {
        cases.append(&mut part.cases);
        whole.leaks.append(&mut part.leaks);
        whole.leak_checks_failed.append(&mut part.leak_checks_failed);
        add_new(&mut whole.outdated, part.outdated);
        add_new(&mut whole.warnings, part.warnings);
        add_new(&mut whole.remarks, part.remarks);
    }
    whole.cases = ordered(cases);
    whole.find_hints();
    Ok(whole)
}

/// The features that no part has tested.
fn untested(parts: &[(String, RunRecord)]) -> Vec<String> {
    let lines = parts.first().into_iter().flat_map(|(_, first)| &first.untested);
    lines.filter(|line| parts.iter().all(|(_, part)| part.untested.contains(line))).cloned().collect()
}

/// The facts that all parts of a run must have in common.
fn identity(run: &RunRecord) -> [(&'static str, Option<String>); 10] {
    let (harness, backend) = (&run.harness, &run.backend);
    [
        ("the version of hydrotest", Some(harness.version.clone())),
        ("the suites (SHA-256)", Some(harness.suites_sha256.clone())),
        ("the recorded results (SHA-256)", Some(harness.snapshots_sha256.clone())),
        ("the contracts (SHA-256)", Some(harness.contracts_sha256.clone())),
        ("the backend", Some(backend.name.clone())),
        ("the kind", Some(backend.kind.clone())),
        ("the weights", Some(backend.weights.clone())),
        ("the tag of the images", backend.tag.clone()),
        ("the release of boileroom", backend.boileroom.clone()),
        ("the tolerances of the backend's own", Some(run.tolerance_set())),
    ]
}

fn refuse_overlaps(parts: &[(String, RunRecord)]) -> Result<(), String> {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for (name, part) in parts {
        for case in &part.cases {
            if let Some(other) = seen.insert(&case.name, name) {
                return Err(format!("{} is in {other} and in {name}", case.name));
            }
        }
    }
    Ok(())
}

fn versions(parts: &[(String, RunRecord)]) -> Result<BTreeMap<String, String>, String> {
    let mut versions: BTreeMap<String, (String, &str)> = BTreeMap::new();
    for (name, part) in parts {
        for (what, version) in &part.backend.versions {
            let (known, by) = versions.entry(what.clone()).or_insert_with(|| (version.clone(), name));
            if known != version {
                return Err(format!("{by} and {name} differ in the version of {what}: {known} and {version}"));
            }
        }
    }
    Ok(versions.into_iter().map(|(what, (version, _))| (what, version)).collect())
}

/// Distinct values in the order of their first appearance.
fn joined<'a>(values: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut different: Vec<&str> = Vec::new();
    for value in values {
        if !different.contains(&value) {
            different.push(value);
        }
    }
    (!different.is_empty()).then(|| different.join(", "))
}

fn add_new(known: &mut Vec<String>, texts: Vec<String>) {
    let seen: HashSet<String> = known.iter().cloned().collect();
    known.extend(texts.into_iter().filter(|text| !seen.contains(text)));
}

/// The first start (RFC 3339), and the seconds from there to the last end. If a start is unknown, those of the first and the longest part.
fn span(parts: &[(String, RunRecord)]) -> (String, f64) {
    let start = |part: &RunRecord| Some(chrono::DateTime::parse_from_rfc3339(&part.started).ok()?.timestamp() as f64);
    let times: Option<Vec<(f64, &RunRecord)>> = parts.iter().map(|(_, part)| Some((start(part)?, part))).collect();
    let times = times.unwrap_or_default();
    if let Some((begin, first)) = times.iter().min_by(|one, other| one.0.total_cmp(&other.0)) {
        let end = times.iter().map(|(start, part)| start + part.seconds).fold(f64::MIN, f64::max);
        return (first.started.clone(), end - begin);
    }
    let longest = parts.iter().map(|(_, part)| part.seconds).fold(0.0, f64::max);
    (parts.first().map(|(_, part)| part.started.clone()).unwrap_or_default(), longest)
}

fn state(parts: &[(String, RunRecord)]) -> RunState {
    let has = |state: &RunState| parts.iter().any(|(_, part)| part.state == *state);
    [RunState::Incomplete, RunState::Interrupted].into_iter().find(has).unwrap_or(RunState::Complete)
}

/// The selection of all parts together. It is whole only if the parts are all shards, and nothing else was left out.
fn selection(parts: &[(String, RunRecord)]) -> SelectionRecord {
    if let [(_, only)] = parts {
        return only.selection.clone();
    }
    let selections = || parts.iter().map(|(_, part)| &part.selection);
    let selected = selections().map(|one| one.selected).fold(0, usize::saturating_add);
    let planned: BTreeSet<usize> = selections().map(|one| one.planned).collect();
    // A shard counts either its own cases as planned, or all of them.
    let planned = match planned.iter().next() {
        Some(&all) if planned.len() == 1 && all >= selected => all,
        _ => selections().map(|one| one.planned).fold(0, usize::saturating_add),
    };
    let mut arguments: Vec<Vec<String>> = selections().map(|one| without_shard(&one.arguments)).collect();
    arguments.dedup();
    let is_unfiltered = arguments.iter().all(Vec::is_empty);
    let is_complete = planned == selected && are_all_shards(selections());
    SelectionRecord {
        whole: is_unfiltered && is_complete,
        every_core_case: is_complete && selections().all(|one| is_unfiltered || one.every_core_case),
        planned,
        selected,
        arguments: arguments.into_iter().next().unwrap_or_default(),
        shard: None,
    }
}

/// Whether the parts are the shards 1/n to n/n.
fn are_all_shards<'a>(selections: impl Iterator<Item = &'a SelectionRecord>) -> bool {
    let mut shards: Vec<(usize, usize)> = Vec::new();
    for selection in selections {
        let parsed = selection.shard.as_deref().and_then(|shard| shard.split_once('/'));
        let Some((Ok(index), Ok(count))) = parsed.map(|(index, count)| (index.parse(), count.parse())) else {
            return false;
        };
        shards.push((index, count));
    }
    shards.sort_unstable();
    shards.iter().copied().eq((1..=shards.len()).map(|index| (index, shards.len())))
}

/// The arguments of a selection without those that choose a shard.
fn without_shard(arguments: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--shard" {
            arguments.next();
        } else if !argument.starts_with("--shard=") && !argument.starts_with("--shard ") {
            kept.push(argument.clone());
        }
    }
    kept
}

/// Sorts cases in plan order. If each part has its own plan, models come in the order of the parts.
fn ordered(mut cases: Vec<CaseRecord>) -> Vec<CaseRecord> {
    let mut models: HashMap<String, (usize, usize)> = HashMap::new();
    for case in &cases {
        let appeared = models.len();
        let (first, _) = models.entry(case.model.clone()).or_insert((case.position, appeared));
        *first = case.position.min(*first);
    }
    cases.sort_by_key(|case| (models[&case.model], case.position));
    cases
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{case, run, with_tolerances};
    use super::*;
    use crate::outcome::Verdict;

    fn shard(index: usize, count: usize, names: &[(&str, usize)]) -> (String, RunRecord) {
        let cases = names
            .iter()
            .map(|(name, position)| CaseRecord { position: *position, ..case(name, Verdict::Pass, vec![]) });
        let mut run = run(cases.collect());
        run.state = RunState::Complete;
        run.selection.whole = false;
        run.selection.shard = Some(format!("{index}/{count}"));
        run.selection.arguments = vec!["--shard".into(), format!("{index}/{count}")];
        (format!("{index}.json"), run)
    }

    fn names(run: &RunRecord) -> Vec<&str> {
        run.cases.iter().map(|case| &*case.name).collect()
    }

    #[test]
    fn all_shards_are_the_whole_in_the_order_of_the_plan() {
        let parts = || {
            let mut first = shard(1, 2, &[("esmc::batch::a", 5), ("esm2::batch::a", 1), ("esm2::batch::b", 4)]);
            let mut second = shard(2, 2, &[("esm2::embed::d", 3), ("esm2::batch::c", 2), ("esmfold::fold::a", 0)]);
            second.1.started = "2026-11-29T12:00:10Z".into();
            first.1.untested = vec!["linker".into(), "masks".into()];
            second.1.untested = vec!["masks".into(), "multimer".into()];
            vec![first, second]
        };
        let whole = merge(parts()).unwrap();
        let order = [
            "esmfold::fold::a",
            "esm2::batch::a",
            "esm2::batch::c",
            "esm2::embed::d",
            "esm2::batch::b",
            "esmc::batch::a",
        ];
        assert_eq!(names(&whole), order);
        assert!(whole.selection.whole);
        assert_eq!(whole.untested, ["masks"], "what one part has shown is shown");
        assert_eq!((whole.selection.planned, whole.selection.selected), (6, 6));
        assert_eq!((whole.started.as_str(), whole.seconds), ("2026-11-29T12:00:00Z", 11.5));
        assert_eq!(whole.state, RunState::Complete);
        let mut filtered = parts();
        filtered[0].1.selection.arguments.push("--model=esm2".into());
        assert!(!merge(filtered).unwrap().selection.whole);
        assert!(!merge(parts().into_iter().take(1).collect()).unwrap().selection.whole);
        let twice = vec![shard(1, 2, &[("esm2::a::a", 1)]), shard(1, 2, &[("esm2::a::b", 2)])];
        assert!(!merge(twice).unwrap().selection.whole);
    }

    #[test]
    fn parts_of_other_runs_are_refused() {
        let parts = |alter: fn(&mut RunRecord)| {
            let mut other = shard(2, 2, &[("esm2::a::b", 2)]);
            alter(&mut other.1);
            merge(vec![shard(1, 2, &[("esm2::a::a", 1)]), other]).unwrap_err()
        };
        insta::assert_snapshot!(parts(|run| run.backend.weights = "synthetic".into()), @"1.json and 2.json differ in the weights: published and synthetic");
        insta::assert_snapshot!(parts(|run| run.harness.version = "0.2.0".into()), @"1.json and 2.json differ in the version of hydrotest: 0.1.0 and 0.2.0");
        insta::assert_snapshot!(parts(|run| run.backend.tag = Some("a".into())), @"1.json and 2.json differ in the tag of the images: none and a");
        insta::assert_snapshot!(parts(|run| run.cases[0].name = "esm2::a::a".into()), @"esm2::a::a is in 1.json and in 2.json");
        let own = parts(|run| *run = with_tolerances(run.clone()));
        insta::assert_snapshot!(own, @"1.json and 2.json differ in the tolerances of the backend's own: none and esm2 floor.slack 1.2, shared 1.5 (narrower); esmfold structure.rmsd 1.2, shared 0.6 (wider)");
        assert!(parts(|run| run.harness.suites_sha256 = "1".into()).contains("the suites (SHA-256)"));
        assert!(parts(|run| run.harness.snapshots_sha256 = "1".into()).contains("the recorded results"));
        assert!(parts(|run| run.harness.contracts_sha256 = "1".into()).contains("the contracts"));
    }

    #[test]
    fn versions_of_one_thing_must_agree_and_a_part_that_did_not_end_leaves_the_whole_incomplete() {
        let parts = || {
            let mut parts = vec![shard(1, 2, &[("esm2::a::a", 1)]), shard(2, 2, &[("esm2::a::b", 2)])];
            for (_, part) in &mut parts {
                part.backend.versions.insert("torch".into(), "2.9".into());
                part.backend.device = Some("cuda:0".into());
            }
            parts
        };
        let mut other = parts();
        other[1].1.backend.device = Some("cuda:1".into());
        assert_eq!(merge(other).unwrap().backend.device.as_deref(), Some("cuda:0, cuda:1"));
        let mut other = parts();
        other[1].1.backend.versions.insert("torch".into(), "2.8".into());
        insta::assert_snapshot!(merge(other).unwrap_err(), @"1.json and 2.json differ in the version of torch: 2.9 and 2.8");
        let mut other = parts();
        for (part, digest) in other.iter_mut().zip(["sha256:1", "sha256:2"]) {
            part.1.backend.versions.insert("image esm:0.4.1".into(), digest.into());
        }
        insta::assert_snapshot!(merge(other).unwrap_err(), @"1.json and 2.json differ in the version of image esm:0.4.1: sha256:1 and sha256:2");
        let mut killed = parts();
        killed[1].1.state = RunState::Incomplete;
        assert_eq!(merge(killed).unwrap().state, RunState::Incomplete);
    }
}
