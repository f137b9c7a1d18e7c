//! What the program tells of each way in which a job fails or is never started, and how it ends.

use crate::cluster::in_peace;
use crate::failing::{Failure, LARGE, NARROW, play};
use crate::harness::table;

pub const TRIALS: &[(&str, fn())] = &[
    (
        "every_refusal_and_wait_is_told_with_its_exit_code_and_command",
        unstarted,
    ),
    ("every_end_of_a_job_is_told_with_its_exit_code_log_and_command", ended),
];

const SERVE: &str = "command = ['{hydrotest}', 'serve', '--host', '{host}', '--port', '{port}']\n";

/// Settings of a server that a shell runs.
fn shell(script: &str) -> String {
    format!("command = ['/bin/sh', '-c', '''{script}''', '{{port}}']\ngrace = '1s'\n")
}

fn unstarted() {
    let _peace = in_peace();
    let refused = |name, settings: &str, words| Failure::broken(name, format!("{SERVE}{settings}"), words);
    let waiting = |name, settings: &str, words| {
        Failure::broken(name, format!("{SERVE}{settings}\nstart_timeout = '3s'"), words).log("was submitted")
    };
    play(
        table,
        &[
            Failure::mistaken(
                "a time that is a number",
                format!("{SERVE}time = 5"),
                &["`time` is an integer"],
            ),
            Failure::mistaken(
                "a container without an image",
                format!("{SERVE}apptainer = {{ tool = 'apptainer' }}"),
                &["missing key `image`"],
            ),
            refused(
                "no such partition",
                "partition = 'nope'",
                &[
                    "the job was refused: sbatch: ",
                    "Invalid partition name specified",
                    "misconfigured",
                ],
            ),
            refused(
                "an account that may not",
                "partition = 'members'\naccount = 'nobody'",
                &["the job was refused: sbatch: ", "Invalid account"],
            ),
            refused(
                "cards that no node has",
                "gres = 'gpu:a100:4'",
                &["Requested node configuration is not available"],
            ),
            refused(
                "more time than there is",
                "partition = 'short'\ntime = '5'",
                &["Requested time limit is invalid"],
            ),
            waiting(
                "a partition that is down",
                "partition = 'closed'",
                &[
                    "the job did not start within 3 s",
                    "(PartitionDown)",
                    "its partition starts no jobs",
                ],
            ),
            waiting(
                "a job that is held",
                "arguments = ['--hold']",
                &["(JobHeldUser)", "`scontrol release` lets it go"],
            ),
            waiting(
                "nodes that are down",
                "partition = 'broken'",
                &["`sinfo --list-reasons`"],
            ),
        ],
    );
}

fn ended() {
    let _peace = in_peace();
    play(
        table,
        &[
            Failure::broken(
                "an end at the start",
                shell("echo no weights; exit 3"),
                &["the server exited with status 3 in job ", "before it was ready"],
            )
            .log("no weights"),
            Failure::broken(
                "no such command",
                "command = ['no-such-command', '{port}']",
                &["misconfigured"],
            )
            .log("no-such-command: not found"),
            Failure::broken("no such module", format!("{SERVE}modules = ['no/such']"), &["in job "]).log("module"),
            Failure::broken(
                "cancelled from outside",
                shell("echo loading; scancel $SLURM_JOB_ID; exec sleep 1000"),
                &["by somebody's scancel (CANCELLED)"],
            )
            .log("loading"),
            Failure::broken(
                "never listens",
                format!("{}start_timeout = '8s'", shell("echo still loading; exec sleep 1000")),
                &["no server listened within 8 s"],
            )
            .log("still loading"),
            Failure::wrong(
                "an end in a call",
                shell(&format!("{NARROW} {{hydrotest}} serve --host 0.0.0.0 --port $0")),
                &["SIGABRT", "in the middle of a call"],
            )
            .case(LARGE)
            .log("memory allocation of"),
        ],
    );
}
