//! What the program reports for each failure of a job or of its submission, and its exit code.

use crate::cluster::in_peace;
use crate::everywhere::{Servers, everywhere, shell};
use crate::failing::{Failure, run_all};
use crate::harness::table;

const SERVE: &str = "command = ['{hydrotest}', 'serve', '--host', '{host}', '--port', '{port}']\n";

const SERVERS: Servers = Servers {
    serve: "{hydrotest} serve --host 0.0.0.0 --port $0",
    no_program: (&["fault: misconfigured"], Some("/no/such/program: No such file")),
    never_ready: "no server listened within 20 s",
    aborted: Some("the server was ended by SIGABRT in job "),
    aborted_in_a_call: "SIGABRT",
};

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn every_refused_or_waiting_job_is_reported_with_its_exit_code_and_command() {
    let _peace = in_peace();
    let refused = |name, settings: &str, parts| {
        let failure = Failure::broken(name, format!("{SERVE}{settings}"), parts);
        failure.parts(&["launch failed: the job was refused: sbatch: ", "fault: misconfigured"])
    };
    let waiting = |name, settings: &str, parts| {
        let failure = Failure::broken(name, format!("{SERVE}{settings}\nstart_timeout = '15s'"), parts);
        let failure =
            failure.parts(&["launch failed: the job did not start within 15 s", "is PENDING", "fault: timeout"]);
        failure.log("was submitted")
    };
    run_all(
        table,
        &[
            Failure::mistaken("a time that is a number", format!("{SERVE}time = 5"), &["`time` is an integer"]),
            Failure::mistaken(
                "a container without an image",
                format!("{SERVE}apptainer = {{ tool = 'apptainer' }}"),
                &["missing key `image`"],
            ),
            refused("no such partition", "partition = 'nope'", &["Invalid partition name specified"]),
            refused("an account that may not", "partition = 'members'\naccount = 'unknown'", &["Invalid account"]),
            refused(
                "cards that no node has",
                "gres = 'gpu:a100:4'",
                &["Requested node configuration is not available"],
            ),
            refused("more time than there is", "partition = 'short'\ntime = '5'", &["Requested time limit is invalid"]),
            refused("more memory than there is", "memory = '1T'", &["Memory specification can not be satisfied"]),
            refused("a time that is none", "time = 'bogus'", &["Invalid --time specification"]),
            refused("an option that is none", "arguments = ['--no-such-option']", &["unrecognized option"]),
            waiting(
                "a partition that is down",
                "partition = 'closed'",
                &["(PartitionDown)", "its partition starts no jobs"],
            ),
            waiting(
                "a job that is held",
                "arguments = ['--hold']",
                &["(JobHeldUser)", "`scontrol release` lets it go"],
            ),
            waiting(
                "a job whose time has not come",
                "arguments = ['--begin=now+1hour']",
                &["(BeginTime)", "not start before its time"],
            ),
            waiting("nodes that are down", "partition = 'broken'", &["`sinfo --list-reasons`"]),
        ],
    );
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn every_exit_of_a_job_is_reported_with_its_exit_code_log_and_command() {
    let _peace = in_peace();
    let mut failures = everywhere(&SERVERS);
    failures.extend([
        Failure::broken("no such module", format!("{SERVE}modules = ['no/such']"), &["in job ", "fault: died"])
            .log("module"),
        Failure::broken(
            "an end after the prologue",
            format!("{}prologue = ['echo from the prologue']", shell("exit 3")),
            &["exited with status 3 in job "],
        )
        .log("from the prologue"),
        Failure::broken(
            "cancelled from outside",
            shell("echo loading; scancel $SLURM_JOB_ID; exec sleep 1000"),
            &["by a scancel from outside (CANCELLED)", "fault: died"],
        )
        .log("loading"),
    ]);
    run_all(table, &failures);
}
