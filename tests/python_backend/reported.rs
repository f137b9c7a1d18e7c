//! What the program reports for each failure of hosted code, and its exit code.

use crate::failing::{Failure, run_all};
use crate::hosted::declaration;

fn hosted(class: &str) -> String {
    format!("backend_class = 'misbehaving:{class}'\n")
}

/// A backend whose model does this in every call.
fn does(what: &str) -> String {
    format!("{}arguments = {{ what = '{what}' }}\n", hosted("Does"))
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn every_failure_is_reported_with_its_exit_code_log_and_command() {
    let failures = [
        Failure::mistaken("two things to host", "core = true\nselector = 'your_backend'", &["several things to host"]),
        Failure::mistaken(
            "a module that is not there",
            "backend_class = 'no.such:Class'",
            &["No module named 'no'", "name the folder it is in with `path`", "misconfigured"],
        ),
        Failure::mistaken(
            "a selector that is unknown",
            "selector = 'nowhere:1'",
            &["Backend nowhere not supported for ESM2"],
        ),
        Failure::wrong(
            "a start that raises",
            hosted("RaisesAtStart"),
            &["RaisesAtStart.start() raised RuntimeError: no engine here"],
        )
        .log("about to fail"),
        Failure::wrong(
            "a start that ends the interpreter in an orderly way",
            hosted("ExitsAtStart"),
            &["ended the interpreter: sys.exit(enough)"],
        ),
        Failure::broken("a start that ends the interpreter at once", hosted("DiesAtStart"), &["exited with status 7"])
            .log("last words"),
        Failure::broken(
            "a start that hangs",
            format!("{}start_timeout = '20s'", hosted("HangsAtStart")),
            &["HangsAtStart.start() took longer than"],
        )
        .log("in hang"),
        Failure::wrong("sys.exit in a call", does("exit"), &["the call ended the interpreter: sys.exit(3)"])
            .log("Traceback"),
        Failure::wrong("an end in a call", does("exit_at_once"), &["exited with status 7 in the middle of a call"])
            .log("asked to exit_at_once"),
        Failure::wrong(
            "a segmentation fault in a call",
            does("segfault"),
            &["ended by SIGSEGV in the middle of a call"],
        )
        .log("Fatal Python error: Segmentation fault"),
        Failure::broken("a call that hangs", format!("{}call_timeout = '2s'", does("hang")), &["timeout"])
            .log("in hang"),
        Failure::wrong("an exception in a call", does("refuse"), &["outer words"]).log("KeyError: 'inner'"),
        Failure::wrong("a response that would run something", does("evil"), &["refused to call posix.system"]),
        Failure::wrong("a response that cannot be pickled", does("unpicklable"), &["a ESM2Output cannot be pickled"]),
    ];
    let program = env!("CARGO_BIN_EXE_hydrotest");
    run_all(|settings| declaration(program, settings), &failures);
    let missing = [Failure::broken(
        "no interpreter",
        "",
        &["exited with status 127 before it said a word; is `interpreter` a Python?"],
    )];
    let table =
        "default = 'lab'\n[backends.lab]\nkind = 'python'\nbackend_class = 'a:B'\ninterpreter = '/no/such/python'\n";
    run_all(|_| table.to_owned(), &missing);
}
