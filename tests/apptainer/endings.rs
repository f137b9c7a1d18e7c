//! Containers that do not start, do not answer or end by themselves, and what others on the machine get to see of them.

use std::fs;
use std::time::Duration;

use hydrotest::backend::{Fault, Stage};
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Bench, failed_start, names_in, request, run, started, wait_for};
use crate::project::Project;
use crate::traces;

pub const TRIALS: &[(&str, fn())] = &[
    ("an_image_without_the_program_is_a_wrong_setting", no_program),
    ("a_server_that_exits_at_start_died_with_its_last_words", exits_at_start),
    ("a_server_that_is_never_healthy_runs_into_the_limit", never_healthy),
    (
        "a_server_that_is_killed_in_a_call_is_named_with_its_signal",
        killed_in_a_call,
    ),
    ("a_configuration_reaches_the_model_letter_by_letter", letter_by_letter),
    ("the_secret_is_on_no_command_line_and_in_no_log", secret),
    (
        "nothing_of_the_environment_gets_in_but_what_is_listed",
        clean_environment,
    ),
];

/// The setting of a command that a shell in the container runs.
fn shell(script: &str) -> String {
    format!("command = ['/bin/sh', '-c', '''{script}''', '{{port}}']\n")
}

fn no_program() {
    let bench = Bench::stocked();
    let table = bench.table("command = ['/no/such/server', '{port}']\n");
    let ran = Project::new(&table).run(&["--model", "esm2", "--suite", "embed"]);
    ran.expect(
        3,
        &[
            "exited with status 255, by which apptainer says",
            "/no/such/server: no such file",
        ],
    );
    bench.nothing_left();
}

fn exits_at_start() {
    run(async {
        let bench = Bench::stocked();
        let error = failed_start(&bench, &shell("echo looking for weights; exit 3")).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        assert_eq!(error.message, "the server exited with status 3 before it was ready");
        assert_eq!(error.log_tail.last().unwrap(), "looking for weights");
    });
}

fn never_healthy() {
    run(async {
        let bench = Bench::stocked();
        let error = failed_start(&bench, &format!("start_timeout = '3s'\n{}", shell("sleep 1000"))).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Timeout));
        assert!(error.message.contains("not ready within 3 s"), "{error}");
    });
}

fn killed_in_a_call() {
    run(async {
        let bench = Bench::stocked();
        let instance = started(&bench, "").await;
        let server = traces::contained(&bench.token).unwrap();
        // A stopped server takes the call and does not answer it.
        server.signal(Signal::STOP);
        let request = request();
        let death = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            server.signal(Signal::KILL);
        };
        let (answer, ()) = tokio::join!(instance.predict(&request), death);
        let error = answer.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died));
        assert_eq!(error.message, "the server was ended by SIGKILL in the middle of a call");
        assert!(
            error.log_tail.iter().any(|line| line.contains("serving esm2")),
            "{:?}",
            error.log_tail
        );
        assert_eq!(instance.stop().await, None);
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
        bench.nothing_left();
        // And it can be started anew.
        instance.start().await.unwrap();
        assert!(instance.predict(&request).await.is_ok());
        assert_eq!(instance.stop().await, None);
        bench.nothing_left();
    });
}

fn letter_by_letter() {
    run(async {
        let bench = Bench::stocked();
        let text = "$HOME `id` $(id) \\ \" ' \n é";
        let config = json!({ "note": text });
        let instance = bench.configured(&shell("echo \"$MODEL_CONFIG\"; exit 3"), config.as_object().unwrap());
        let error = instance.start().await.unwrap_err();
        let expected = json!({ "note": text, "device": "cpu" }).to_string();
        assert!(error.log_tail.contains(&expected), "{:?}", error.log_tail);
    });
}

fn secret() {
    run(async {
        let bench = Bench::stocked();
        let logs = tempfile::tempdir().unwrap();
        let instance = started(&bench, &format!("log_dir = '{}'\n", logs.path().display())).await;
        let server = traces::contained(&bench.token).unwrap();
        let secret = server.variable("BOILEROOM_TRANSPORT_HMAC_KEY").unwrap().to_owned();
        assert!(secret.len() >= 32);
        let family = traces::of(&bench.token);
        assert!(family.len() >= 2, "the server, and what started it: {family:?}");
        for process in traces::processes() {
            assert!(!process.command.contains(&secret), "{}", process.command);
        }
        assert_eq!(instance.stop().await, None);
        let kept = names_in(logs.path());
        assert_eq!(kept.len(), 1);
        let log = fs::read_to_string(logs.path().join(&kept[0])).unwrap();
        assert!(log.contains("serving esm2") && !log.contains(&secret), "{log}");
    });
}

fn clean_environment() {
    run(async {
        let bench = Bench::stocked();
        let instance = started(&bench, "").await;
        let server = wait_for("the server", || traces::contained(&bench.token));
        assert_eq!(server.variable("HOME"), Some("/tmp"));
        assert_eq!(server.variable("LC_ALL"), Some("C.UTF-8"));
        assert_eq!(server.variable("DEVICE"), Some("cpu"));
        assert_eq!(server.variable("CARGO"), None);
        assert_eq!(server.variable("HYDROTEST_STATE_DIR"), None);
        assert!(server.variable("HYDROTEST_INSTANCE").is_some());
        assert_eq!(instance.stop().await, None);
    });
}
