//! Faults of a server's process that need a witness to order events. Other faults are tested in `reported`.

use std::time::Duration;

use hydrotest::backend::{Fault, Stage};
use hydrotest::prediction::Value;

use crate::foreign_server;
use crate::harness::{failed_start, instance, request, run, started};
use crate::witness::{Guest, Witness};

#[test]
#[ignore = "needs a python3"]
fn a_server_that_dies_while_loading_is_noticed_at_once() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "load", "");
        let death = async {
            let mut guest = witness.meet().await;
            guest.order("abort").await;
            guest.gone().await;
        };
        let (error, ()) = tokio::join!(failed_start(&instance), death);
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        assert_eq!(error.message, "the server was ended by SIGABRT before it was ready");
        assert_eq!(error.log_tail, ["loading"]);
    });
}

#[test]
#[ignore = "needs a python3"]
fn a_server_that_is_never_ready_times_out() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "load", "start_timeout = '15s'");
        let (error, guest) = tokio::join!(failed_start(&instance), witness.meet());
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Timeout));
        assert!(error.message.contains("was not ready within 15 s; at last: no connection"), "{error}");
        assert_eq!(error.log_tail, ["loading"]);
        guest.gone().await;
    });
}

#[test]
#[ignore = "needs a python3"]
fn a_server_that_dies_between_calls_is_noticed_by_the_next_and_can_be_restarted() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", "");
        let guest = started(&instance, witness.meet()).await;
        let process = rustix::process::Pid::from_raw(guest.process).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
        guest.gone().await;
        let error = instance.predict(&request()).await.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died));
        // The exit notification and the call race. Both report the exit.
        assert!(error.message.starts_with("the server was ended by SIGKILL"), "{error}");

        instance.stop().await;
        let mut guest = started(&instance, witness.meet()).await;
        let request = request();
        let (result, ()) = tokio::join!(instance.predict(&request), guest.order("proceed"));
        assert_eq!(result.unwrap().field("process"), Some(&Value::Integer(guest.process.into())));
        assert_eq!(instance.stop().await, None);
        guest.gone().await;
    });
}

#[test]
#[ignore = "needs a python3"]
fn a_server_that_floods_its_output_keeps_working() {
    run(async {
        let witness = Witness::new().await;
        let logs = tempfile::tempdir().unwrap();
        let instance = instance(&witness, "flood", &format!("log_dir = '{}'", logs.path().display()));
        let mut guest = started(&instance, witness.meet()).await;
        let request = request();
        for _ in 0..3 {
            guest.order("proceed").await;
            instance.predict(&request).await.unwrap();
        }
        guest.order("exit").await;
        let error = instance.predict(&request).await.unwrap_err();
        assert_eq!(error.message, "the server exited with status 5 in the middle of a call");
        assert_eq!(error.log_tail.len(), 50);
        assert!(error.log_tail[0].starts_with("flood flood"));
        instance.stop().await;
        let written: u64 = logs.path().read_dir().unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert!(written < 34 << 20, "{written} bytes of log");
    });
}

/// The process that had the port is gone when the server's exit is noticed. Only the server's log shows the cause.
#[test]
#[ignore = "needs a python3"]
fn a_port_that_is_briefly_taken_costs_only_another_try() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "wait-then-serve", "");
        let meanwhile = async {
            let mut first = witness.meet().await;
            let port = first.name.clone();
            first.order("in-use").await;
            first.gone().await;
            let mut second = witness.meet().await;
            assert_ne!(second.name, port);
            second.order("proceed").await;
            second
        };
        let server = started(&instance, meanwhile).await;
        assert_eq!(instance.stop().await, None);
        server.gone().await;

        // A server that never gets its port listens elsewhere than requested, and exits by itself.
        let always = async {
            let mut met = 0;
            loop {
                let mut guest = witness.meet().await;
                guest.order("in-use").await;
                guest.gone().await;
                met += 1;
                if met == 3 {
                    return met;
                }
            }
        };
        let (error, met) = tokio::join!(failed_start(&instance), always);
        assert_eq!(met, 3);
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        assert_eq!(error.message, "the server exited with status 1 before it was ready");
        assert!(error.log_tail.iter().any(|line| line.contains("address already in use")), "{error:?}");
    });
}

/// The last server that has connected so far. A start whose port another process took first starts a second server, and the first
/// one is gone.
async fn latest(witness: &Witness, first: Guest) -> Guest {
    let mut latest = first;
    // A connection that is in the queue already is accepted at once.
    while let Some(next) = witness.meet_within(Duration::from_millis(50)).await {
        latest = next;
    }
    latest
}

#[test]
#[ignore = "needs a python3"]
fn ten_instances_started_together_each_use_their_own_server() {
    run(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..10 {
            tasks.spawn(async {
                let witness = Witness::new().await;
                let instance = instance(&witness, "serve", "");
                let guest = started(&instance, witness.meet()).await;
                let mut guest = latest(&witness, guest).await;
                let request = request();
                let (result, ()) = tokio::join!(instance.predict(&request), guest.order("proceed"));
                assert_eq!(result.unwrap().field("process"), Some(&Value::Integer(guest.process.into())));
                assert_eq!(instance.stop().await, None);
                guest.gone().await;
            });
        }
        while let Some(finished) = tasks.join_next().await {
            finished.unwrap();
        }
    });
}

#[test]
#[ignore = "needs a python3"]
fn a_foreign_server_on_the_port_is_rejected_and_another_port_is_tried() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "wait-then-serve", "");
        foreign_server::is_rejected_on_the_port(&witness, &instance).await;
    });
}
