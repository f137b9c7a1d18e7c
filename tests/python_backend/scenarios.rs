//! The scenarios of the life cycle on backends that a user wrote: each flaw is detected in its scenario, on the hosted object
//! itself. `package` shows that a correct backend passes all of them.

use crate::hosted::declaration;
use crate::project::{Project, Ran};

/// Runs one scenario on a backend of a class of `flawed_backends`.
fn ran(scenario: &str, class: &str, more: &str) -> Ran {
    let settings = format!(
        "backend_class = 'flawed_backends:{class}'\narguments = {{ core_class = '{{model.core}}', config = '{{config}}' }}\nmax_instances = 2\n{more}"
    );
    let project = Project::new(&declaration(env!("CARGO_BIN_EXE_hydrotest"), &settings));
    project.run(&["--exact", &format!("esm2::life_cycle::{scenario}")])
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn every_flaw_is_found_in_its_scenario() {
    for (scenario, class, message) in [
        ("start_twice", "StartsTwice", "step 3: start]: expected startup() to be called 0 times; came 1 calls"),
        ("stop_twice", "StopsTwice", "step 4: stop]: expected shutdown() to be called 0 times; came 1 calls"),
        ("stop_twice", "LeavesWhenHosted", "step 3: stop]: expected nothing of it to be there; came process"),
        ("stop_before_start", "RaisesWhenNotRunning", "stop() raised RuntimeError: not running"),
        ("use_before_start", "WrongError", "expected a call to be refused because it `is not initialized`; came"),
        (
            "failed_start",
            "RunsAfterFailure",
            "step 1: start that fails]: expected one that is not running; came one that counts as running",
        ),
        ("failed_start", "KeepsHook", "step 1: start that fails]: expected no exit hook to be left"),
        ("failed_stop", "StopRaises", "stop() raised PlannedFailure"),
        ("restart_after_crash", "NoRecovery", "step 3: crash]: expected it stops without an error; came"),
        (
            "stop_during_start",
            "Orphans",
            "step 1: start that is given up]: expected nothing of it to be there; came process",
        ),
        ("orderly_exit", "NoHook", "exited with status 0: shutdown() was not called"),
        ("terminated", "IgnoresSignals", "exited with status 1: shutdown() was not called"),
        ("two_at_once", "Shared", "step 4: call of the other]: expected a response; came"),
    ] {
        let ran = ran(scenario, class, "");
        ran.expect(1, &["scenario [hosted object, step ", message]);
    }
}

/// An import is never interrupted. A server that is left because boileroom's base class does not call `shutdown` is not the
/// backend's failure.
#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn an_interrupted_start_can_be_repeated() {
    for class in ["ImportsInStart", "LeavesToStop"] {
        let ran = ran("stop_during_start", class, "");
        ran.expect(0, &["1 passed; 0 failed"]);
        let is_warned = ran.reported.contains("until shutdown() was called");
        assert_eq!(is_warned, class == "LeavesToStop", "{}", ran.reported);
    }
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_hanging_step_times_out_and_shows_the_current_line() {
    let ran = ran("start_twice", "HangsInSecondStart", "start_timeout = '16s'");
    let message = "step 3: start]: expected it starts; came";
    ran.expect(1, &[message, "start() took longer than 12 s; the log ends with where it was", "in hang"]);
}
