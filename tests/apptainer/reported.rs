//! What the program reports for each failure of Apptainer, an image or a container, and its exit code.

use crate::everywhere::{Servers, everywhere};
use crate::failing::{Failure, run_all};
use crate::harness::Bench;

const SERVERS: Servers = Servers {
    serve: "/usr/local/bin/hydrotest serve --port $0",
    no_program: (&["exited with status 255, by which apptainer says"], Some("/no/such/program: no such file")),
    never_ready: "not ready within 20 s",
    aborted: Some("the server was ended by SIGABRT before it was ready"),
    aborted_in_a_call: "the server was ended by SIGABRT in the middle of a call",
};

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn every_failure_is_reported_with_its_exit_code_log_and_command() {
    let bench = Bench::stocked();
    let mut failures = everywhere(&SERVERS);
    failures.extend([
        Failure::mistaken("unknown drivers", "gpu = 'intel'", &["unknown gpu `intel`", "`nvidia`"]),
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
            &["could not be pulled", "connection refused", "its registry 127.0.0.1:9 cannot be reached"],
        ),
        Failure::broken(
            "a source without the package",
            "source = '/no/such/source'",
            &["`source` is /no/such/source, which does not hold the package `boileroom`"],
        ),
    ]);
    run_all(|settings| bench.table(settings), &failures);
    bench.nothing_left();
}
