//! Containers that are killed from outside, what is passed into them, and what other users of the machine can see. How a server
//! itself ends is tested in `reported`.

use std::fs;

use hydrotest::backend::{Fault, Stage};
use rustix::process::Signal;
use serde_json::json;

use crate::everywhere::shell;
use crate::harness::{Bench, names_in, request, run, started, wait_for};
use crate::traces;

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn a_server_that_is_killed_in_a_call_is_reported_with_the_signal() {
    run(async {
        let bench = Bench::stocked();
        let instance = started(&bench, "").await;
        let server = traces::contained(&bench.token).unwrap();
        // A stopped server accepts the call and does not respond.
        server.signal(Signal::STOP);
        let request = request();
        let death = async {
            let port = server.port();
            let called = move || wait_for("the call", || traces::is_called(port).then_some(()));
            tokio::task::spawn_blocking(called).await.unwrap();
            server.signal(Signal::KILL);
        };
        let (response, ()) = tokio::join!(instance.predict(&request), death);
        let error = response.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died));
        assert_eq!(error.message, "the server was ended by SIGKILL in the middle of a call");
        assert!(error.log_tail.iter().any(|line| line.contains("serving esm2")), "{:?}", error.log_tail);
        assert_eq!(instance.stop().await, None);
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
        bench.nothing_left();
        // It can be started again.
        instance.start().await.unwrap();
        assert!(instance.predict(&request).await.is_ok());
        assert_eq!(instance.stop().await, None);
        bench.nothing_left();
    });
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn a_configuration_reaches_the_model_unchanged() {
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

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn the_secret_is_on_no_command_line_and_in_no_log() {
    run(async {
        let bench = Bench::stocked();
        let logs = tempfile::tempdir().unwrap();
        let instance = started(&bench, &format!("log_dir = '{}'\n", logs.path().display())).await;
        let server = traces::contained(&bench.token).unwrap();
        let secret = server.variable("BOILEROOM_TRANSPORT_HMAC_KEY").unwrap().to_owned();
        assert!(secret.len() >= 32);
        let processes = traces::of(&bench.token);
        assert!(processes.len() >= 2, "the server and its launcher: {processes:?}");
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

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn only_listed_environment_variables_enter_the_container() {
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
