//! What the program reports for each failure of a server's process, and its exit code.

use crate::everywhere::{Servers, everywhere, shell};
use crate::failing::{Failure, run_all};
use crate::harness::table;

const SERVERS: Servers = Servers {
    serve: "{hydrotest} serve --port $0",
    no_program: (&["ready failed: ", "fault: misconfigured"], Some("failed to run /no/such/program: No such file")),
    never_ready: "was not ready within 20 s; at last: no connection",
    aborted: Some("the server was ended by SIGABRT before it was ready"),
    aborted_in_a_call: "the server was ended by SIGABRT in the middle of a call",
};

/// The case that checks for memory growth.
const MANY_CALLS: &str = "esm2::metamorphic::many_calls";

#[test]
#[ignore = "needs a python3"]
fn every_failure_is_reported_with_its_exit_code_log_and_command() {
    let mut failures = everywhere(&SERVERS);
    failures.push(Failure::broken(
        "a directory that is not there",
        format!("{}cwd = '/no/such/directory'", shell("exit 0")),
        &["launch failed: ", "/no/such/directory", "fault: misconfigured"],
    ));
    let growing = |resource| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/growing.py");
        format!("command = ['python3', '{script}', '{resource}', '{{hydrotest}}', '{{port}}']")
    };
    let grows = |name, resource, parts| Failure::wrong(name, growing(resource), parts).case(MANY_CALLS);
    failures.push(grows(
        "memory that grows",
        "memory",
        &["scenario [step 2: many calls]: expected 12 calls without growth; came one whose memory grew in each of the last 8"],
    ));
    failures.push(grows(
        "time that grows",
        "time",
        &["expected 12 calls without growth; came one that took longer in each of the last 8"],
    ));
    run_all(table, &failures);
}
