//! Reviewing results: pending results are accepted completely, and unused files are pruned.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use hydrotest::prediction::{Prediction, Value};
use hydrotest::snapshot::{Prune, Recording, ReviewState, SnapshotKey, StoredArrays};

use crate::place::{Judged, Place, key, prediction, with, with_large, within};

#[test]
fn a_pending_result_is_accepted_completely() {
    let place = Place::new();
    place.record(&prediction());
    let changed = with_large(|values| values[3] = 7.0);
    let Judged::Differs { pending: Some(pending), .. } = place.judge(Recording::Pending, &changed).unwrap() else {
        panic!("nothing pending");
    };
    let store = place.store(Recording::Never);
    assert_eq!(store.accept(|key| key.case() == "another").unwrap(), []);
    assert_eq!(store.accept(|_| true).unwrap(), [key("two_chains")]);
    assert!(!pending.exists());
    assert!(matches!(place.judge(Recording::Never, &changed), Ok(Judged::Matches(_))));
    assert!(matches!(place.judge(Recording::Never, &prediction()), Ok(Judged::Differs { .. })));
}

#[test]
fn accepting_as_the_review_of_insta_does_is_complete() {
    let place = Place::new();
    let (path, _) = place.record(&prediction());
    let changed = with_large(|values| values[3] = 7.0);
    place.judge(Recording::Pending, &changed).unwrap();
    let pending = path.with_extension("snap.new");
    let ours = fs::read(&pending).unwrap();
    insta::Snapshot::from_file(&pending).unwrap().save(&path).unwrap();
    fs::remove_file(&pending).unwrap();
    assert_eq!(fs::read(&path).unwrap(), ours);
    assert!(matches!(place.judge(Recording::Never, &changed), Ok(Judged::Matches(_))));
}

#[test]
fn a_result_whose_arrays_are_gone_is_not_accepted() {
    let place = Place::new();
    place.judge(Recording::Pending, &prediction()).unwrap();
    let arrays = place.root().join("synthetic/arrays");
    fs::remove_dir_all(&arrays).unwrap();
    let error = place.store(Recording::Never).accept(|_| true).unwrap_err().to_string();
    assert!(error.starts_with(&arrays.display().to_string()), "{error}");
    assert_eq!(place.store(Recording::Never).list().unwrap()[0].state, ReviewState::Pending);
}

#[test]
fn a_pending_result_is_removed_when_the_response_matches_again() {
    let place = Place::new();
    place.record(&prediction());
    let changed = with("max_pae", Value::Float(1.0));
    place.judge(Recording::Pending, &changed).unwrap();
    assert_eq!(place.store(Recording::Never).list().unwrap().len(), 2);
    place.judge(Recording::Never, &prediction()).unwrap();
    assert_eq!(place.store(Recording::Never).list().unwrap().len(), 2);
    place.judge(Recording::Pending, &prediction()).unwrap();
    assert_eq!(place.store(Recording::Never).list().unwrap().len(), 1);
}

#[test]
fn pruning_removes_only_unused_results() {
    let place = Place::new();
    let store = place.store(Recording::Missing);
    let judge = |case: &str, prediction: &Prediction| {
        crate::place::judge(&store, &key(case), prediction, &within(0.0)).unwrap();
    };
    let changed = with_large(|values| values[3] = 7.0);
    judge("kept", &prediction());
    judge("twin", &prediction());
    judge("dropped", &changed);
    judge("kept", &with_large(|values| values[3] = 8.0)); // differs, so it waits for review
    assert_eq!(store.list().unwrap().len(), 4);
    assert_eq!(store.prune(None, Prune::Delete).unwrap(), Vec::<PathBuf>::new());

    let used: HashSet<SnapshotKey> = [key("kept"), key("twin")].into();
    let unused = store.unused(&used).unwrap();
    assert_eq!(unused.iter().map(|entry| entry.key.case()).collect::<Vec<_>>(), ["dropped"]);
    let StoredArrays::File { path, size: Some(_) } = &unused[0].arrays else {
        panic!("{unused:?}");
    };
    let expected = vec![unused[0].path.clone(), path.clone()];
    assert_eq!(store.prune(Some(&used), Prune::Report).unwrap(), expected);
    assert!(path.exists());
    assert_eq!(store.prune(Some(&used), Prune::Delete).unwrap(), expected);
    assert!(!path.exists());
    assert_eq!(store.list().unwrap().len(), 3);

    // One file of arrays belonged to two snapshots and stays until both are gone.
    let none = HashSet::new();
    assert_eq!(store.prune(Some(&none), Prune::Delete).unwrap().len(), 5);
    assert_eq!(fs::read_dir(place.root()).unwrap().count(), 0);
}

#[test]
fn arrays_are_not_pruned_while_a_snapshot_is_unreadable() {
    let place = Place::new();
    let (path, arrays) = place.record(&prediction());
    fs::write(&path, "---\n<<<<<<< ours\n---\n").unwrap();
    let store = place.store(Recording::Never);
    assert!(matches!(store.list().unwrap()[0].arrays, StoredArrays::Unreadable(_)));
    let error = store.prune(None, Prune::Delete).unwrap_err().to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
    assert!(arrays.exists());
}

#[test]
fn pending_results_in_another_directory_are_accepted_from_there() {
    let place = Place::new();
    place.record(&prediction());
    let files = |root: &std::path::Path| crate::place::files(root);
    let before = files(&place.root());
    let downloads = tempfile::tempdir().unwrap();
    let waiting = downloads.path().join("pending");
    let store = place.store(Recording::Pending).with_pending(&waiting).unwrap();
    let changed = with_large(|values| values[3] = 7.0);
    let Judged::Differs { pending: Some(pending), .. } =
        crate::place::judge(&store, &key("two_chains"), &changed, &within(0.0)).unwrap()
    else {
        panic!("nothing pending");
    };
    crate::place::judge(&store, &key("unrecorded"), &prediction(), &within(0.0)).unwrap();
    assert!(pending.starts_with(&waiting), "{}", pending.display());
    assert_eq!(files(&place.root()), before, "only references");
    assert_eq!(files(&waiting).len(), 4, "two results, each with its arrays");

    assert_eq!(store.accept(|key| key.case() == "two_chains").unwrap(), [key("two_chains")]);
    assert!(!pending.exists());
    assert!(matches!(place.judge(Recording::Never, &changed), Ok(Judged::Matches(_))));
    assert_eq!(files(&place.root()).len(), before.len() + 1, "the new arrays are added");

    // Arrays that do not match the text are not accepted.
    for array in files(&waiting.join("synthetic/arrays")) {
        fs::write(array, "other").unwrap();
    }
    let before = files(&place.root());
    assert!(store.accept(|_| true).is_err());
    assert_eq!(files(&place.root()), before);
}
