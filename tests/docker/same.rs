//! The models in a container answer as they do in this process, over the whole way: registry, pull, container, published port.

use crate::alike::predicts_as_reference;
use crate::harness::{Platform, SERVE, alone, declared, run, table};
use crate::project::Project;
use crate::whole::{HELD_BY_THE_HARNESS, every_suite_passes};

fn same(on: Platform) {
    let (on, _alone) = alone(on);
    run(async { predicts_as_reference(&declared(on, SERVE)).await });
}

fn green(on: Platform) {
    let (on, _alone) = alone(on);
    let project = Project::new(&table(on, &format!("{SERVE}max_instances = 2\n")));
    // Podman offers Docker's interface; that all models answer there is what the predictions above show.
    let models: &[&str] = match on {
        Platform::Docker => &[],
        Platform::Podman => &["--model", "esm2,boltz2"],
    };
    every_suite_passes(&project, models, HELD_BY_THE_HARNESS);
}

/// No `command`: the image's Python runs the server from the source, which here is any directory.
#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn suites_pass_through_the_command_that_boileroom_uses() {
    let (on, _alone) = alone(Platform::Docker);
    let source = tempfile::tempdir().unwrap();
    let source = source.path().display();
    let project = Project::new(&table(
        on,
        &format!("source = '{source}'\ntag = 'cuda12.6'\nuser = '65534:65534'\n"),
    ));
    project
        .run(&["--model", "esm2", "--suite", "embed"])
        .expect(0, &["0 failed"]);
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn two_runs_at_once_do_not_meet() {
    let (on, _alone) = alone(Platform::Docker);
    let worlds = [(); 2].map(|()| Project::new(&table(on, SERVE)));
    let runs = worlds.each_ref().map(|project| {
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
