//! What the program tells of each way in which Apptainer, an image or a container fails, and how it ends.

use crate::failing::{Failure, LARGE, NARROW, play};
use crate::harness::Bench;

pub const TRIALS: &[(&str, fn())] = &[(
    "every_failure_is_told_with_its_exit_code_log_and_command",
    every_failure,
)];

/// Settings of a container that a shell runs.
fn shell(script: &str) -> String {
    format!("command = ['/bin/sh', '-c', '''{script}''', '{{port}}']\ngrace = '1s'\n")
}

fn every_failure() {
    let bench = Bench::stocked();
    let failures = [
        Failure::mistaken(
            "drivers of nobody",
            "gpu = 'intel'",
            &["unknown gpu `intel`", "`nvidia`"],
        ),
        Failure::broken(
            "no such tool",
            "tool = 'no-such-apptainer'",
            &["there is no program `no-such-apptainer`", "name it by `tool`"],
        ),
        Failure::broken(
            "an image that is not there",
            "tag = '9.9.9'",
            &["boileroom-esm:9.9.9 could not be pulled", "manifest unknown"],
        ),
        Failure::broken(
            "a registry that is not there",
            "tag = '9.9.8'\nrepository = '127.0.0.1:9/lab'",
            &["its registry 127.0.0.1:9 cannot be reached"],
        ),
        Failure::broken(
            "a source without the package",
            "source = '/no/such/source'",
            &["does not hold the package `boileroom`"],
        ),
        Failure::broken(
            "no such program",
            "command = ['/no/such/server', '{port}']",
            &["exited with status 255, by which apptainer says"],
        )
        .log("/no/such/server"),
        Failure::broken(
            "an end at the start",
            shell("echo no weights; exit 3"),
            &["exited with status 3 before it was ready"],
        )
        .log("no weights"),
        Failure::broken(
            "never ready",
            format!("{}start_timeout = '8s'", shell("echo still loading; exec sleep 1000")),
            &["not ready within 8 s"],
        )
        .log("still loading"),
        Failure::wrong(
            "an end in a call",
            shell(&format!("{NARROW} /usr/local/bin/hydrotest serve --port $0")),
            &["ended by SIGABRT in the middle of a call"],
        )
        .case(LARGE)
        .log("memory allocation of"),
    ];
    play(|settings| bench.table(settings), &failures);
    bench.nothing_left();
}
