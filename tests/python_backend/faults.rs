//! Mistakes of hosted code, on a real interpreter: each leads to the right fault in the right stage with a helpful message, and
//! nothing is left.

use hydrotest::backend::{BackendError, Fault, Stage};

use crate::hosted::{asked, declared, open, platform, run, start, stop};

fn backend(class: &str, more: &str) -> String {
    format!("backend_class = 'misbehaving:{class}'\n{more}")
}

async fn failed_start(settings: &str) -> BackendError {
    let instance = open(&platform(settings), "esm2");
    let error = instance.start().await.expect_err("the start succeeds");
    assert_eq!(instance.take_leaks(), Vec::<String>::new());
    error
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_failed_start_is_reported_with_the_reason() {
    run(async {
        let table = (Stage::Configure, Fault::Misconfigured);
        for (settings, owner, expected) in [
            (
                backend("RaisesWhenMade", ""),
                (Stage::Ready, Fault::Refused),
                "the constructor of RaisesWhenMade raised RuntimeError: made wrong",
            ),
            (
                backend("RaisesAtStart", ""),
                (Stage::Ready, Fault::Refused),
                "RaisesAtStart.start() raised RuntimeError: no engine here",
            ),
            (backend("ExitsAtStart", ""), (Stage::Ready, Fault::Refused), "ended the interpreter: sys.exit(enough)"),
            (
                backend("DiesAtStart", ""),
                (Stage::Ready, Fault::Died),
                "exited with status 7 while DiesAtStart.start() was under way",
            ),
            (
                backend("Incomplete", ""),
                (Stage::Ready, Fault::Protocol),
                ": Incomplete has no get_model(), which boileroom's wrapper calls; add one that returns `self.model`",
            ),
            (backend("Backand", ""), table, "has no 'Backand'; did you mean 'Backend'?"),
            (backend("Backend", "arguments = { colour = 1 }"), table, "TypeError"),
            ("backend_class = 'no.such:Class'".into(), table, "No module named 'no'"),
            ("selector = 'nowhere:1'".into(), table, "Backend nowhere not supported for ESM2"),
        ] {
            let error = failed_start(&settings).await;
            assert_eq!((error.stage, error.fault), owner, "{error}");
            assert!(error.message.contains(expected), "{error}");
            assert_eq!(error.exception, None);
        }
        let error = failed_start("backend_class = 'no.such:Class'").await;
        assert!(error.message.contains("name the folder it is in with `path`"), "{error}");
        imports().await;
        let error = failed_start(&backend("RaisesAtStart", "")).await;
        let log = error.log_tail.join("\n");
        assert!(log.contains("about to fail") && log.contains("misbehaving.py"), "{log}");
        assert!(!log.contains("hydrotest_bridge"), "{log}");
        let error = failed_start(&backend("DiesAtStart", "")).await;
        assert!(error.log_tail.iter().any(|line| line == "last words"), "{error:?}");
    });
}

/// A module that fails during import is not reported as missing.
async fn imports() {
    let folder = tempfile::tempdir().unwrap();
    let own = (Stage::Ready, Fault::Refused);
    for (name, text, owner, expected) in [
        ("raising", "raise ValueError('by itself')", own, "raised ValueError: by itself"),
        ("unreadable", "def (", own, "raised SyntaxError"),
        ("leaving", "import sys; sys.exit(5)", own, "ended the interpreter: sys.exit(5)"),
        (
            "needing",
            "import no_such_dependency",
            (Stage::Configure, Fault::Misconfigured),
            "; install it there, or name the interpreter",
        ),
    ] {
        std::fs::write(folder.path().join(format!("{name}.py")), text).unwrap();
        let (python, path) = (crate::python(), folder.path().display());
        let text = format!(
            "default = 'lab'\n[backends.lab]\nkind = 'python'\ninterpreter = ['{python}']\npath = ['{path}']\n\
             backend_class = '{name}:Class'\n"
        );
        let error = open(&declared(&text), "esm2").start().await.unwrap_err();
        assert_eq!((error.stage, error.fault), owner, "{error}");
        assert!(error.message.contains(expected), "{error}");
        assert!(!error.message.contains("`path`"), "{error}");
    }
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_wrong_interpreter_is_a_configuration_mistake() {
    run(async {
        for (interpreter, expected) in [
            ("'/no/such/python'", "exited with status 127 before it said a word; is `interpreter` a Python?"),
            ("'/'", "exited with status 126"),
            ("'no-such-uv run python'", "write `interpreter = [\"no-such-uv\", \"run\", \"python\"]`"),
            ("'true'", "exited with status 0 before it said a word"),
            ("['sh', '-c', 'echo not a snake; exit 4']", "exited with status 4"),
        ] {
            let text = format!(
                "default = 'lab'\n[backends.lab]\nkind = 'python'\nbackend_class = 'a:B'\ninterpreter = {interpreter}\n"
            );
            let instance = open(&declared(&text), "esm2");
            let error = instance.start().await.unwrap_err();
            assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Misconfigured), "{error}");
            assert!(error.message.contains(expected), "{error}");
            if interpreter.contains("snake") {
                assert_eq!(error.log_tail, ["not a snake"]);
            }
            assert_eq!(instance.take_leaks(), Vec::<String>::new());
        }
        let text = "default = 'lab'\n[backends.lab]\nkind = 'python'\nbackend_class = 'a:B'\n\
                    interpreter = ['sh', '-c', 'sleep 600']\nstart_timeout = '2s'\n";
        let error = open(&declared(text), "esm2").start().await.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Timeout), "{error}");
        assert!(error.message.contains("did not connect within"), "{error}");
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_hanging_start_times_out_and_shows_the_current_line() {
    run(async {
        let error = failed_start(&backend("HangsAtStart", "start_timeout = '20s'")).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Timeout));
        assert!(error.message.contains("HangsAtStart.start() took longer than 15 s"), "{error}");
        assert!(error.log_tail.iter().any(|line| line.contains("in hang")), "{error:?}");
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_refused_call_leaves_the_model_usable() {
    run(async {
        let instance = open(&platform(&backend("Backend", "")), "esm2");
        start(&instance).await;
        let error = asked(&instance, "refuse").await.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Refused));
        assert_eq!(
            (error.message.as_str(), error.exception.as_deref()),
            ("outer words", None),
            "its class does not name the model"
        );
        let traceback = error.log_tail.join("\n");
        assert!(traceback.contains("KeyError: 'inner'") && traceback.ends_with("Refusal: outer words"), "{traceback}");
        let error = asked(&instance, "wordless").await.unwrap_err();
        assert!(error.message.contains("str() of it raises RuntimeError"), "{error}");
        let error = asked(&instance, "unlikely_text").await.unwrap_err();
        assert_eq!(error.message, "lone \\ud800 and nul \0");
        let error = asked(&instance, "much_text").await.unwrap_err();
        assert_eq!(error.message.len(), 64 << 10);
        let error = asked(&instance, "unreachable").await.unwrap_err();
        assert_eq!(error.fault, Fault::Unreachable, "{error}");
        assert!(asked(&instance, "kind").await.is_ok());
        stop(&instance).await;
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_call_in_which_the_interpreter_ends_reports_how() {
    run(async {
        for (what, expected) in [
            ("exit", "the call ended the interpreter: sys.exit(3)"),
            ("interrupt", "the call raised KeyboardInterrupt"),
            ("exit_at_once", "the interpreter exited with status 7 in the middle of a call"),
            ("segfault", "the interpreter was ended by SIGSEGV in the middle of a call"),
        ] {
            let instance = open(&platform(&backend("Backend", "")), "esm2");
            start(&instance).await;
            let error = asked(&instance, what).await.unwrap_err();
            assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died), "{error}");
            assert_eq!(error.message, expected);
            let log = error.log_tail.join("\n");
            match what {
                "segfault" => assert!(log.contains("Fatal Python error: Segmentation fault"), "{log}"),
                "exit_at_once" => assert!(log.contains("asked to exit_at_once"), "{log}"),
                _ => assert!(log.contains("Traceback"), "{log}"),
            }
            stop(&instance).await;
            // It can be started again.
            start(&instance).await;
            assert!(asked(&instance, "kind").await.is_ok());
            stop(&instance).await;
        }
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_hanging_call_times_out_and_shows_the_current_line() {
    run(async {
        let instance = open(&platform(&backend("Backend", "call_timeout = '2s'")), "esm2");
        start(&instance).await;
        let error = asked(&instance, "hang").await.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Timeout));
        assert!(error.log_tail.iter().any(|line| line.contains("in hang")), "{error:?}");
        // The stop interrupts the call and is orderly.
        stop(&instance).await;
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn responses_are_data_or_refused() {
    run(async {
        let instance = open(&platform(&backend("Backend", "")), "esm2");
        start(&instance).await;
        for (what, expected) in [
            ("unpicklable", "a ESM2Output cannot be pickled"),
            ("evil", "refused to call posix.system"),
            ("no_prediction", "not a prediction"),
        ] {
            let error = asked(&instance, what).await.unwrap_err();
            assert_eq!((error.stage, error.fault), (Stage::Decode, Fault::Undecodable), "{error}");
            assert!(error.message.contains(expected), "{error}");
        }
        let evil = crate::installed::state().join("evil");
        assert!(!evil.exists(), "the pickle was run");
        assert!(asked(&instance, "kind").await.is_ok());
        let error = asked(&instance, "write").await.unwrap_err();
        assert_eq!(error.fault, Fault::Died, "this interpreter is unusable: {error}");
        assert!(error.message.contains("cannot be read: a frame announces"), "{error}");
        // It cannot report any more, and it ends nevertheless.
        instance.stop().await;
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn memory_that_is_too_small_is_not_the_models_fault() {
    run(async {
        let instance = open(&platform(&backend("Backend", "")), "esm2");
        start(&instance).await;
        for (what, expected) in [
            ("no_memory", "the call raised MemoryError\n"),
            ("big_array", "Unable to allocate 1.00 EiB for an array"),
            ("big_result", "the call raised MemoryError\n"),
        ] {
            let error = asked(&instance, what).await.unwrap_err();
            assert_eq!((error.stage, error.fault), (Stage::Call, Fault::OutOfMemory), "{what}: {error}");
            assert!(error.message.contains(expected), "{error}");
            assert!(error.message.ends_with("or fewer instances on one"), "{error}");
        }
        assert!(asked(&instance, "kind").await.is_ok());
        stop(&instance).await;
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn prints_do_not_disturb_a_response() {
    run(async {
        let instance = open(&platform(&backend("Backend", "")), "esm2");
        start(&instance).await;
        for _ in 0..2 {
            asked(&instance, "print").await.unwrap();
        }
        while instance.log_tail().await.last().is_none_or(|line| !line.ends_with("the last line")) {
            tokio::task::yield_now().await;
        }
        stop(&instance).await;
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_failed_stop_is_reported_and_still_ends_the_server() {
    run(async {
        let short = "stop_timeout = '1s'";
        for (class, settings, fault, expected) in [
            ("RaisesAtStop", "", Fault::Refused, "raised RuntimeError: will not"),
            ("HangsAtStop", short, Fault::Timeout, "did not stop within 1 s"),
            ("LeavesThread", short, Fault::Timeout, "a thread that is no daemon"),
        ] {
            let instance = open(&platform(&backend(class, settings)), "esm2");
            start(&instance).await;
            let error = instance.stop().await.expect("no error is reported");
            assert_eq!((error.stage, error.fault), (Stage::Shutdown, fault), "{error}");
            assert!(error.message.contains(expected), "{error}");
            assert_eq!(instance.take_leaks(), Vec::<String>::new());
            assert!(!instance.is_running().await);
        }
        let instance = open(&platform(&backend("LeavesProcess", "")), "esm2");
        start(&instance).await;
        assert_eq!(instance.stop().await, None);
        let leaks = instance.take_leaks();
        assert!(leaks.len() == 1 && leaks[0].contains("(sleep 600) was still there"), "{leaks:?}");
    });
}
