//! Runs the shipped suites through one backend and compares what passed with the plan of this checkout, name by name. Needs the
//! module `project`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Instant;

use crate::project::Project;

/// The reason of the two scenarios in which the program that holds the instance has to end.
const HELD: &str = "the harness holds the instance itself";

/// The scenarios that cannot run if the harness holds the instance, with part of the reason.
pub const HELD_BY_THE_HARNESS: &[(&str, &str)] = &[("orderly_exit", HELD), ("terminated", HELD)];

/// The reason if there is no server on the wire.
const UNSERVED: &str = "has no server that speaks the model-server protocol";

/// The server scenarios, on a kind without servers, with part of the reason.
#[allow(dead_code, reason = "most kinds have a server")]
pub const OF_SERVERS: &[(&str, &str)] = &[
    ("pause_and_resume", UNSERVED),
    ("cut", UNSERVED),
    ("drip_and_hang", UNSERVED),
    ("altered", UNSERVED),
    ("replayed", UNSERVED),
    ("statuses", UNSERVED),
    ("paths_and_methods", UNSERVED),
    ("bad_bodies", UNSERVED),
    ("health_and_connections", UNSERVED),
];

/// Checks that every case of the models that `models` selects passes, the life-cycle scenarios included. The scenarios in
/// `skipped` must be listed with their reason. A case that is missing, runs twice or is skipped unexpectedly is an error.
#[track_caller]
pub fn every_suite_passes(project: &Project, models: &[&str], skipped: &[(&str, &str)]) {
    let begun = Instant::now();
    let ran = project.run(&[models, &["--color", "never"]].concat());
    let other: Vec<&str> = ran.reported.lines().filter(|line| !line.ends_with("... ok")).collect();
    let other = other.join("\n");
    assert_eq!(ran.code, Some(0), "{other}");
    let lines = ran.reported.lines().filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
    let results: BTreeMap<&str, &str> = lines.map(|(name, result)| (name.trim_end(), result)).collect();
    let of = |wanted: &str| -> BTreeSet<&str> {
        let some = results.iter().filter(|(_, result)| result.starts_with(wanted));
        some.map(|(name, _)| *name).collect()
    };
    let (passed, ignored) = (of("ok"), of("ignored"));
    let planned = planned(models);
    let expected: BTreeSet<&str> = planned.iter().map(String::as_str).collect();
    assert_eq!(&passed | &ignored, expected, "the cases that ran are not the planned ones");
    let scenarios: BTreeSet<&str> = ignored.iter().filter_map(|name| name.rsplit("::").next()).collect();
    assert_eq!(scenarios, skipped.iter().map(|(scenario, _)| *scenario).collect(), "{ignored:?}");
    for (scenario, reason) in skipped {
        let result = results.iter().find(|(name, _)| name.ends_with(&format!("::{scenario}")));
        assert!(result.is_some_and(|(_, result)| result.contains(reason)), "{result:?}");
    }
    let summary = format!("{} passed; 0 failed; {} ignored", planned.len() - skipped.len(), skipped.len());
    ran.expect(0, &[&summary]);
    eprintln!("suites: {summary}; {:.1} s", begun.elapsed().as_secs_f64());
}

/// The names of all cases of the selected models: the plan of the backend `reference` of this checkout.
fn planned(models: &[&str]) -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
    command.env("HYDROTEST_FORMAT", "pretty");
    let listed =
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["--backend", "reference", "--list"]).args(models);
    let listed = String::from_utf8(listed.output().unwrap().stdout).unwrap();
    let names = listed.lines().filter_map(|line| line.strip_suffix(": test"));
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    assert!(names.len() > 80, "{names:?}");
    names
}
