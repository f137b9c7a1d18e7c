//! What the program tells of each way in which a server's process fails, and how it ends.

use crate::everywhere::{Servers, everywhere, shell};
use crate::failing::{Failure, play};
use crate::harness::table;

const SERVERS: Servers = Servers {
    serve: "{hydrotest} serve --port $0",
    no_program: (
        &["ready failed: ", "fault: misconfigured"],
        Some("failed to run /no/such/program: No such file"),
    ),
    never_ready: "was not ready within 8 s; at last: no connection",
    aborted: Some("the server was ended by SIGABRT before it was ready"),
    aborted_in_a_call: "the server was ended by SIGABRT in the middle of a call",
};

#[test]
#[ignore = "needs a python3"]
fn every_failure_is_told_with_its_exit_code_log_and_command() {
    let mut failures = everywhere(&SERVERS);
    failures.push(Failure::broken(
        "a directory that is not there",
        format!("{}cwd = '/no/such/directory'", shell("exit 0")),
        &["launch failed: ", "/no/such/directory", "fault: misconfigured"],
    ));
    play(table, &failures);
}
