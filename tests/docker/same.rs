//! Models in a container predict the same as in this process, over the whole path: registry, pull, container, published port.

use crate::alike::predicts_as_reference;
use crate::harness::{Platform, SERVE, alone, declared, esm_image, run, table};
use crate::project::Project;
use crate::whole::{HELD_BY_THE_HARNESS, every_suite_passes};

fn same(on: Platform) {
    let (on, _alone) = alone(on);
    run(async { predicts_as_reference(&declared(on, SERVE)).await });
}

fn green(on: Platform) {
    let (on, _alone) = alone(on);
    let project = Project::new(&table(on, &format!("{SERVE}max_instances = 2\n")));
    // Podman implements Docker's API. The predictions above already cover all models there.
    let models: &[&str] = match on {
        Platform::Docker => &[],
        Platform::Podman => &["--model", "esm2,boltz2"],
    };
    every_suite_passes(&project, models, HELD_BY_THE_HARNESS);
}

/// The outcome contains the engine's and the image's own description, and another image makes it another run.
fn stated(on: Platform, brand: &str) {
    let (on, _alone) = alone(on);
    let project = Project::new(&table(on, SERVE));
    let case = "esm2::embed::minimal";
    let report = ["--exact", case, "--report", "json=outcome.json", "--report", "junit=junit.xml"];
    project.run(&report).expect(0, &["1 passed"]);
    let read = |name: &str| std::fs::read_to_string(project.state().with_file_name(name)).unwrap();
    let outcome: serde_json::Value = serde_json::from_str(&read("outcome.json")).unwrap();
    let versions = &outcome["backend"]["versions"];
    let engine = versions["engine"].as_str().unwrap();
    assert!(engine.starts_with(brand) && engine.contains("(API 1."), "{engine}");
    let image = versions[format!("image {}", esm_image())].as_str().unwrap();
    let digest = versions[format!("image {} in its registry", esm_image())].as_str().unwrap();
    for hash in [image, digest] {
        let hash = hash.trim_start_matches("sha256:");
        assert!(hash.len() == 64 && hash.chars().all(|digit| digit.is_ascii_hexdigit()), "{versions}");
    }
    assert!(read("junit.xml").contains("\"version:engine\""));
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn engine_and_image_are_in_the_outcome() {
    stated(Platform::Docker, "Docker ");
}

#[test]
#[ignore = "needs HYDROTEST_PODMAN and HYDROTEST_REGISTRY"]
fn on_podman_engine_and_image_are_in_the_outcome() {
    stated(Platform::Podman, "Podman ");
}

/// Without `command`, the image's Python runs the server from the source, which can be any directory here.
#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn suites_pass_through_the_command_that_boileroom_uses() {
    let (on, _alone) = alone(Platform::Docker);
    let source = tempfile::tempdir().unwrap();
    let source = source.path().display();
    let project = Project::new(&table(on, &format!("source = '{source}'\ntag = 'cuda12.6'\nuser = '65534:65534'\n")));
    project.run(&["--model", "esm2", "--suite", "embed"]).expect(0, &["0 failed"]);
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn two_concurrent_runs_do_not_interfere() {
    let (on, _alone) = alone(Platform::Docker);
    let projects = [(); 2].map(|()| Project::new(&table(on, SERVE)));
    let runs = projects.each_ref().map(|project| {
        let mut command = project.command(&["--model", "esm2", "--suite", "embed"]);
        command.stdout(std::process::Stdio::piped()).spawn().unwrap()
    });
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn predictions_are_byte_equal_to_the_reference() {
    same(Platform::Docker);
}

#[test]
#[ignore = "needs HYDROTEST_PODMAN and HYDROTEST_REGISTRY"]
fn on_podman_predictions_are_byte_equal_to_the_reference() {
    same(Platform::Podman);
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn every_suite_passes_in_containers() {
    green(Platform::Docker);
}

#[test]
#[ignore = "needs HYDROTEST_PODMAN and HYDROTEST_REGISTRY"]
fn on_podman_every_suite_passes_in_containers() {
    green(Platform::Podman);
}
