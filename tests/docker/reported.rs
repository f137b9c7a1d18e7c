//! What the program reports for each failure of an engine, an image or a container, and its exit code.

use crate::everywhere::{Servers, everywhere, shell};
use crate::failing::{Failure, run_all};
use crate::harness::{Platform, SERVE, alone, table};

const SERVERS: Servers = Servers {
    serve: "/usr/local/bin/hydrotest serve --host 0.0.0.0 --port $0",
    no_program: (&["launch failed: ", "/no/such/program", "fault: misconfigured"], None),
    never_ready: "was not ready within 20 s",
    // The first process of a container ignores signals that it sends to itself.
    aborted: None,
    // SIGABRT, or the exit code that results if the first process cannot be signalled.
    aborted_in_a_call: "the server ended with status 13",
};

/// The message for an image of the other architecture.
const FOREIGN: &[&str] = if cfg!(target_arch = "aarch64") {
    &["is for amd64, and the engine's machine is arm64", "platform = \"linux/amd64\""]
} else {
    &["is for arm64, and the engine's machine is amd64", "platform = \"linux/arm64\""]
};

fn every_failure(on: Platform) {
    let (on, _alone) = alone(on);
    let mut failures = everywhere(&SERVERS);
    failures.push(
        Failure::broken(
            "shared memory of a size",
            format!("{}shm = '96m'", shell("sed -n /shm/p /proc/mounts; exit 3")),
            &["exited with status 3"],
        )
        .log("size=98304k"),
    );
    run_all(|settings| table(on, settings), &failures);
    if on == Platform::Podman {
        return;
    }
    let failures = [
        Failure::mistaken(
            "a pull policy that is none",
            "pull = 'sometimes'",
            &["unknown pull `sometimes`", "`missing`"],
        ),
        Failure::mistaken("a size that is none", "memory = 'much'", &["memory"]),
        Failure::broken(
            "an image that is not there",
            format!("{SERVE}tag = '9.9.9'"),
            &["boileroom-esm:9.9.9 cannot be pulled", "manifest unknown", "--image-tag"],
        ),
        Failure::broken(
            "an image that is not to be pulled",
            format!("{SERVE}tag = '9.9.9'\npull = 'never'"),
            &["launch failed: ", "`pull = \"never\"`", "fault: misconfigured"],
        ),
        Failure::broken("an image for another machine", format!("{SERVE}tag = '0.4.1-foreign'"), FOREIGN),
        Failure::broken(
            "no GPU",
            format!("{SERVE}device = 'cuda:0'"),
            &["launch failed: ", "NVIDIA container toolkit", "fault: misconfigured"],
        ),
        Failure::broken(
            "too much memory at the start",
            format!("{}memory = '32m'", shell("echo loading; exec tail /dev/zero")),
            &["ready failed: ", "more memory than its limit of 32m (`memory`)", "fault: died"],
        )
        .log("loading"),
        Failure::broken(
            "a directory to bind that is not there",
            format!("{SERVE}model_dir = '/no/such/weights'"),
            &["launch failed: ", "/no/such/weights", "fault: misconfigured"],
        ),
    ];
    run_all(|settings| table(on, settings), &failures);
    assert!(!std::path::Path::new("/no/such/weights").exists(), "it was created");
    let nowhere = |settings: &str| table(on, settings).replace(&on.host(), "unix:///no/such/docker.sock");
    let parts = &["no engine at unix:///no/such/docker.sock", "there is no such socket", "systemctl start docker"];
    run_all(nowhere, &[Failure::broken("no engine", SERVE, parts)]);
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn every_failure_is_reported_with_its_exit_code_log_and_command() {
    every_failure(Platform::Docker);
}

#[test]
#[ignore = "needs HYDROTEST_PODMAN and HYDROTEST_REGISTRY"]
fn on_podman_every_failure_is_reported_with_its_exit_code_log_and_command() {
    every_failure(Platform::Podman);
}
