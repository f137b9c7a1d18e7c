//! What the program tells of each way in which an engine, an image or a container fails, and how it ends.

use crate::failing::{Failure, LARGE, NARROW, play};
use crate::harness::{Case, Platform, SERVE, table};

pub const TRIALS: &[Case] = &[Case::new(
    "every_failure_is_told_with_its_exit_code_log_and_command",
    every_failure,
)];

/// Settings of a container that a shell runs.
fn shell(script: &str) -> String {
    format!("command = ['/bin/sh', '-c', '''{script}''']\ngrace = '1s'\n")
}

fn every_failure(on: Platform) {
    let serve = "/usr/local/bin/hydrotest serve --host 0.0.0.0 --port {port}";
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
            &["boileroom-esm:9.9.9 cannot be pulled", "manifest unknown"],
        ),
        Failure::broken(
            "an image that is not to be pulled",
            format!("{SERVE}tag = '9.9.9'\npull = 'never'"),
            &["`pull = \"never\"`"],
        ),
        Failure::broken(
            "an image for another machine",
            format!("{SERVE}tag = '0.4.1-foreign'"),
            &["and the engine's machine is", "platform = \"linux/"],
        ),
        Failure::broken(
            "no such command",
            "command = ['/no/such/program', '{port}']",
            &["/no/such/program"],
        ),
        Failure::broken(
            "no GPU",
            format!("{SERVE}device = 'cuda:0'"),
            &["NVIDIA container toolkit"],
        ),
        Failure::broken(
            "an end at the start",
            shell("echo no weights; exit 3"),
            &["exited with status 3 before it was ready"],
        )
        .log("no weights"),
        Failure::broken(
            "too much memory at the start",
            format!("{}memory = '32m'", shell("echo loading; exec tail /dev/zero")),
            &["more memory than its limit of 32m (`memory`)"],
        )
        .log("loading"),
        Failure::broken(
            "never ready",
            format!("{}start_timeout = '8s'", shell("echo still loading; exec sleep 1000")),
            &["was not ready within 8 s"],
        )
        .log("still loading"),
        Failure::wrong(
            "an end in a call",
            shell(&format!("{NARROW} {serve}")),
            // SIGABRT, or what comes of it where nobody may signal the first process.
            &["the server ended with status 13", "in the middle of a call"],
        )
        .case(LARGE)
        .log("memory allocation of"),
    ];
    play(|settings| table(on, settings), &failures);
    let nowhere = |settings: &str| table(on, settings).replace(&on.host(), "unix:///no/such/docker.sock");
    let words = &["no engine at unix:///no/such/docker.sock", "there is no such socket"];
    play(nowhere, &[Failure::broken("no engine", SERVE, words)]);
}
