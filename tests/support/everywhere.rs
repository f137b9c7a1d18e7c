//! The server faults that every platform with servers has: what the server does, and what the program reports. Each platform
//! adds its own. Needs the module `failing`.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::failing::{Failure, LARGE, NARROW};

/// How a platform starts servers, and its own messages for their faults.
pub struct Servers {
    /// The shell command that serves the embedded models on the port `$0`.
    pub serve: &'static str,
    /// The message for a missing program, and the log line if there is one.
    pub no_program: (&'static [&'static str], Option<&'static str>),
    /// The message for a server that is never ready.
    pub never_ready: &'static str,
    /// The message for a server that is killed by SIGABRT while it loads, if the platform allows that.
    pub aborted: Option<&'static str>,
    /// The message for a server that is killed by SIGABRT in a call.
    pub aborted_in_a_call: &'static str,
}

/// Settings of a server that runs in a shell.
pub fn shell(script: &str) -> String {
    format!("command = ['/bin/sh', '-c', '''{script}''', '{{port}}']\ngrace = '1s'\n")
}

/// A sleep command that no other test uses.
fn sleep() -> String {
    static SLEEPS: AtomicU32 = AtomicU32::new(0);
    let number = SLEEPS.fetch_add(1, Ordering::Relaxed);
    format!("sleep {}", 1_000_000 + 10 * std::process::id() + number)
}

/// The faults.
pub fn everywhere(on: &Servers) -> Vec<Failure> {
    let serve = on.serve;
    let asleep = sleep();
    let loads_for_ever = shell(&format!("echo still loading; exec {asleep}"));
    let (parts, log) = on.no_program;
    let no_program = Failure::broken("no such program", "command = ['/no/such/program', '{port}']", parts);
    let no_program = log.into_iter().fold(no_program, Failure::log);
    let mut faults = vec![
        Failure::broken(
            "an end at the start",
            shell("echo looking for weights; echo there are none >&2; exit 3"),
            &["ready failed: the server exited with status 3", "before it was ready", "fault: died"],
        )
        .log("looking for weights")
        .log("there are none"),
        no_program,
        Failure::broken(
            "never ready",
            format!("{loads_for_ever}start_timeout = '20s'"),
            &["within 20 s", "fault: timeout"],
        )
        .parts(&[on.never_ready])
        .log("still loading")
        .gone(&asleep),
        Failure::broken(
            "an exit that prints the environment",
            format!(
                "{}device = 'cpu'",
                shell(
                    "echo $MODEL_CLASS on $DEVICE; echo with $MODEL_CONFIG; echo key=$BOILEROOM_TRANSPORT_HMAC_KEY; \
                     echo reported $# words; exit 4"
                )
            ),
            &["exited with status 4"],
        )
        .log("boileroom.models.esm.core.ESM2Core on cpu")
        .log(r#""device":"cpu""#)
        .log("key=[secret]")
        // The secret is in no argument of the command.
        .log("reported 0 words"),
        Failure::wrong(
            "an end in a call",
            shell(&format!("{NARROW} {serve}")),
            &["call failed: the server ", "in the middle of a call", "fault: crashed"],
        )
        .parts(&[on.aborted_in_a_call])
        .case(LARGE)
        .log("memory allocation of"),
        Failure::reported(
            "a server that ignores SIGTERM",
            // The shell waits for the rest of its script.
            shell(&format!("trap \"\" TERM; {serve}; exec {asleep}")),
            &["shutdown failed: the server did not end within 1 s of SIGTERM and was killed"],
        )
        .gone(&asleep),
    ];
    faults.extend(on.aborted.map(|parts| {
        Failure::broken(
            "an end by a signal at the start",
            shell("echo loading; kill -ABRT $$"),
            &["ready failed: the server was ended by SIGABRT", "fault: died"],
        )
        .parts(&[parts])
        .log("loading")
    }));
    faults
}
