//! One test for each way in which a server's process can fail.

use hydrotest::backend::{Fault, Stage};
use hydrotest::prediction::{Options, Value};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{SOON, declared, failed_start, instance, open, platform, request, run, started};
use crate::witness::Witness;

pub const TRIALS: &[(&str, fn())] = &[
    ("a_server_that_exits_at_once_died_with_its_last_words", exits_at_once),
    ("a_command_that_is_not_there_is_a_wrong_setting", not_there),
    ("a_directory_that_is_not_there_is_a_wrong_setting", no_directory),
    (
        "the_environment_tells_the_server_its_job_and_the_log_keeps_the_secret",
        environment,
    ),
    (
        "a_server_that_dies_while_loading_is_noticed_at_once",
        dies_while_loading,
    ),
    ("a_server_that_is_never_ready_runs_into_the_limit", never_ready),
    ("a_server_that_dies_in_a_call_is_named_with_its_signal", dies_in_a_call),
    (
        "a_server_that_dies_between_calls_is_noticed_by_the_next_and_can_be_started_anew",
        dies_between_calls,
    ),
    (
        "a_server_that_ignores_sigterm_is_killed_after_the_grace",
        ignores_sigterm,
    ),
    ("a_server_that_floods_its_output_works_all_the_same", floods),
    (
        "a_stranger_on_the_port_is_not_believed_and_another_port_is_tried",
        stranger,
    ),
    (
        "a_port_that_somebody_had_for_a_moment_costs_another_try_and_no_more",
        in_use,
    ),
    (
        "ten_instances_started_together_each_meet_their_own_server",
        ten_together,
    ),
];

fn exits_at_once() {
    run(async {
        let instance = instance(&Witness::new().await, "exit-at-start", "");
        let error = failed_start(&instance).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        assert_eq!(error.message, "the server exited with status 3 before it was ready");
        let mut tail = error.log_tail;
        tail.sort();
        assert_eq!(tail, ["looking for weights", "there are none"]);
    });
}

fn not_there() {
    run(async {
        let platform = declared("command = ['no-such-command', '{port}']");
        let error = failed_start(&open(&platform, &Options::new())).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Misconfigured));
        assert!(
            error.log_tail[0].contains("failed to run no-such-command: No such file"),
            "{error:?}"
        );
    });
}

fn no_directory() {
    run(async {
        let instance = instance(&Witness::new().await, "load", "cwd = '/no/such/directory'");
        let error = failed_start(&instance).await;
        assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Misconfigured));
        assert!(error.message.contains("/no/such/directory"));
    });
}

fn environment() {
    run(async {
        let platform = platform(&Witness::new().await, "tell-environment", "device = 'cpu'");
        let config = json!({ "model_name": "esm2_t6_8M_UR50D" });
        let instance = open(&platform, config.as_object().unwrap());
        let tail = failed_start(&instance).await.log_tail;
        assert_eq!(tail[0], "MODEL_CLASS=boileroom.models.esm.core.ESM2Core");
        assert_eq!(
            tail[1],
            r#"MODEL_CONFIG={"model_name":"esm2_t6_8M_UR50D","device":"cpu"}"#
        );
        assert_eq!(tail[2], "DEVICE=cpu");
        assert_eq!(tail[3], "BOILEROOM_TRANSPORT_HMAC_KEY=[secret]");
        assert!(
            tail[4].starts_with("arguments=") && !tail[4].contains("[secret]"),
            "{}",
            tail[4]
        );
    });
}

fn dies_while_loading() {
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

fn never_ready() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "load", "start_timeout = '5s'");
        let (error, guest) = tokio::join!(failed_start(&instance), witness.meet());
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Timeout));
        assert!(
            error
                .message
                .contains("was not ready within 5 s; at last: no connection"),
            "{error}"
        );
        assert_eq!(error.log_tail, ["loading"]);
        guest.gone().await;
    });
}

fn dies_in_a_call() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", "");
        let mut guest = started(&instance, witness.meet()).await;
        let request = request();
        let death = async {
            assert_eq!(guest.hear().await, "called");
            guest.order("abort").await;
        };
        let (result, ()) = tokio::join!(instance.predict(&request), death);
        let error = result.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died));
        assert_eq!(error.message, "the server was ended by SIGABRT in the middle of a call");
        assert_eq!(instance.stop().await, None);
    });
}

fn dies_between_calls() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", "");
        let guest = started(&instance, witness.meet()).await;
        let process = rustix::process::Pid::from_raw(guest.process).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
        guest.gone().await;
        let error = instance.predict(&request()).await.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died));
        // The news of the death and the call race each other; both tell of it.
        assert!(error.message.starts_with("the server was ended by SIGKILL"), "{error}");

        instance.stop().await;
        let mut guest = started(&instance, witness.meet()).await;
        let request = request();
        let (result, ()) = tokio::join!(instance.predict(&request), guest.order("proceed"));
        assert_eq!(
            result.unwrap().field("process"),
            Some(&Value::Integer(guest.process.into()))
        );
        assert_eq!(instance.stop().await, None);
        guest.gone().await;
    });
}

fn ignores_sigterm() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "ignore-sigterm", &format!("grace = '{}ms'", SOON.as_millis()));
        let guest = started(&instance, witness.meet()).await;
        let error = instance.stop().await.unwrap();
        assert_eq!((error.stage, error.fault), (Stage::Shutdown, Fault::Timeout));
        assert_eq!(
            error.message,
            "the server did not end within 0.2 s of SIGTERM and was killed"
        );
        guest.gone().await;
    });
}

fn floods() {
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
        let written: u64 = logs
            .path()
            .read_dir()
            .unwrap()
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert!(written < 34 << 20, "{written} bytes of log");
    });
}

/// Answers every request as a ready model server does, for as long as it is not dropped.
fn impostor(listener: TcpListener) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let ready = b"HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"status\":\"ready\"}";
            let _ = stream.write_all(ready).await;
        }
    })
}

fn stranger() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "wait-then-serve", "");
        let theft = async {
            // The server has not bound its port yet, and somebody else does.
            let first = witness.meet().await;
            let port: u16 = first.name.parse().unwrap();
            let impostor = impostor(TcpListener::bind(("127.0.0.1", port)).await.unwrap());
            // Only the impostor answers now: the server is ended and started with another port.
            first.gone().await;
            let mut second = witness.meet().await;
            assert_ne!(second.name, port.to_string());
            second.order("proceed").await;
            (impostor, second)
        };
        let (impostor, mut server) = started(&instance, theft).await;
        let request = request();
        let (result, ()) = tokio::join!(instance.predict(&request), server.order("proceed"));
        assert_eq!(
            result.unwrap().field("process"),
            Some(&Value::Integer(server.process.into()))
        );
        impostor.abort();
        assert_eq!(instance.stop().await, None);
        server.gone().await;
    });
}

/// Whoever had the port is gone when the server's end is noticed: only its own words tell.
fn in_use() {
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

        // A server that never gets its port listens elsewhere than it is told to: that is its own end.
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
        assert!(
            error
                .log_tail
                .iter()
                .any(|line| line.contains("address already in use")),
            "{error:?}"
        );
    });
}

fn ten_together() {
    run(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..10 {
            tasks.spawn(async {
                let witness = Witness::new().await;
                let instance = instance(&witness, "serve", "");
                let mut guest = started(&instance, witness.meet()).await;
                let request = request();
                let (result, ()) = tokio::join!(instance.predict(&request), guest.order("proceed"));
                assert_eq!(
                    result.unwrap().field("process"),
                    Some(&Value::Integer(guest.process.into()))
                );
                assert_eq!(instance.stop().await, None);
                guest.gone().await;
            });
        }
        while let Some(finished) = tasks.join_next().await {
            finished.unwrap();
        }
    });
}
