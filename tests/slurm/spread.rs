//! A run that is spread over the nodes of a cluster, by instances or by shards, has the same verdicts as a run on one node.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use crate::cluster;
use crate::harness::table;
use crate::project::{Project, Ran};

const SERVE: &str = "command = ['{hydrotest}', 'serve', '--host', '{host}', '--port', '{port}']\npartition = 'spread'";

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn instances_on_four_nodes_have_the_verdicts_of_one() {
    let _peace = cluster::in_peace();
    let run = |instances: usize| {
        let project = Project::new(&table(&format!("{SERVE}\nmax_instances = {instances}")));
        let report = project.state().with_extension("json");
        let suites = ["--suite", "recorded", "--suite", "batch", "--report"];
        let begun = Instant::now();
        let ran = project.run(&[&suites[..], &[&format!("json={}", report.display())]].concat());
        ran.expect(0, &[]);
        eprintln!("at most {instances} at once: {:.1} s", begun.elapsed().as_secs_f64());
        verdicts(&outcome(&report))
    };
    let one = run(1);
    assert!(one.len() > 50, "{one:?}");
    assert_eq!(run(4), one);
    let jobs = ["--noheader", "--states=all", "--partition=spread", "--format=%N"];
    let nodes = cluster::slurm("squeue", &jobs);
    let nodes: BTreeSet<&str> = nodes.lines().map(str::trim).collect();
    assert_eq!(nodes, BTreeSet::from(["spread1", "spread2", "spread3", "spread4"]));
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_job_array_of_the_page_equals_the_whole_run() {
    let _peace = cluster::in_peace();
    let project = Project::new("default = 'reference'\n[backends.reference]\nkind = 'reference'\n");
    let home = project.state().parent().map(Path::to_path_buf).unwrap();
    let report = format!("json={}", home.join("whole.json").display());
    project.run(&["--quiet", "--report", &report]).expect(0, &[]);

    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = repository.join("docs/reports.md");
    let block = Command::new(repository.join(".ci/page-block"))
        .args([page.as_os_str(), "sh".as_ref(), "--array".as_ref()])
        .output()
        .unwrap();
    let script = String::from_utf8(block.stdout).unwrap().replace("NAME", "reference");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_hydrotest"));
    let path = std::env::join_paths(
        std::iter::once(program.parent().unwrap().to_path_buf())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("bash");
    shell
        .args(["-euc", &script])
        .current_dir(&home)
        .env("PATH", path.unwrap())
        .env("SLURM_CONF", cluster::conf())
        .env("HYDROTEST_STATE_DIR", project.state());
    let ran = Ran::from(shell.output().unwrap());
    ran.expect(0, &["cases of 4 parts joined"]);
    let [joined, whole] = ["outcome.json", "whole.json"].map(|name| outcome(&home.join(name)));
    assert_eq!(verdicts(&joined), verdicts(&whole));
    assert_eq!(joined["conclusion"], whole["conclusion"]);
    assert_eq!(joined["selection"]["whole"], true);
}

fn outcome(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every case with its verdict, in the order of the file.
fn verdicts(outcome: &Value) -> Vec<(String, String)> {
    let cases = outcome["cases"].as_array().unwrap().iter();
    cases.map(|case| (case["name"].to_string(), case["verdict"].to_string())).collect()
}
