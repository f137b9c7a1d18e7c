//! One test for each way in which a server in a job can fail.

use std::os::unix::fs::PermissionsExt;

use hydrotest::backend::{Fault, Stage};
use hydrotest::prediction::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::cluster::{self, in_peace, job_of, mark_of, slurm};
use crate::harness::{declared, failed_start, instance, open, request, run, started, stopped};
use crate::runtime::run_within;
use crate::witness::{LONG, Witness};

pub const TRIALS: &[(&str, fn())] = &[
    ("a_job_that_meets_its_time_limit_in_a_call_died", time_limit),
    ("a_server_that_exits_at_once_died_with_its_last_words", exits_at_once),
    ("a_command_that_the_node_does_not_have_is_a_wrong_setting", not_there),
    ("a_module_that_is_not_there_ends_the_job_before_the_server", no_module),
    (
        "the_environment_tells_the_server_its_job_and_the_log_keeps_the_secret",
        environment,
    ),
    ("the_secret_is_for_the_owner_of_the_job_alone", secret),
    ("a_server_that_dies_while_loading_is_noticed", dies_while_loading),
    ("a_server_that_never_listens_runs_into_the_limit", never_listens),
    ("a_server_that_dies_in_a_call_is_named_with_its_signal", dies_in_a_call),
    (
        "a_job_that_is_cancelled_from_outside_in_a_call_died",
        cancelled_in_a_call,
    ),
    (
        "a_job_that_is_cancelled_from_outside_while_loading_died",
        cancelled_while_loading,
    ),
    (
        "a_job_that_is_put_back_into_the_queue_died_and_can_be_started_anew",
        requeued,
    ),
    (
        "a_server_that_ignores_sigterm_is_killed_after_the_grace",
        ignores_sigterm,
    ),
    (
        "a_stranger_on_the_port_is_not_believed_and_another_port_is_tried",
        stranger,
    ),
    ("a_directory_that_the_node_cannot_write_to_is_named", not_shared),
];

fn exits_at_once() {
    let _peace = in_peace();
    run(async {
        let instance = instance(&Witness::new().await, "exit-at-start", "");
        let error = failed_start(&instance).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        assert!(
            error.message.starts_with("the server exited with status 3 in job "),
            "{error}"
        );
        assert!(error.message.ends_with("before it was ready"), "{error}");
        for line in ["looking for weights", "there are none"] {
            assert!(error.log_tail.iter().any(|found| found == line), "{error:?}");
        }
        assert!(error.log_tail[0].starts_with("slurm: job "), "{error:?}");
    });
}

fn not_there() {
    let _peace = in_peace();
    run(async {
        let error = failed_start(&open(&declared("command = ['no-such-command', '{port}']"))).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Misconfigured));
        let tail = error.log_tail.join("\n");
        assert!(tail.contains("no-such-command: not found"), "{tail}");
    });
}

fn no_module() {
    let _peace = in_peace();
    run(async {
        let instance = instance(&Witness::new().await, "serve", "modules = ['no/such']");
        let error = failed_start(&instance).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        assert!(error.log_tail.join("\n").contains("module"), "{error:?}");
    });
}

fn environment() {
    let _peace = in_peace();
    run(async {
        let settings = "device = 'cpu'\nprologue = ['echo from the prologue']";
        let instance = instance(&Witness::new().await, "tell-environment", settings);
        let tail = failed_start(&instance).await.log_tail;
        let first = tail.iter().position(|line| line == "from the prologue").unwrap();
        assert_eq!(tail[first + 1], "MODEL_CLASS=boileroom.models.esm.core.ESM2Core");
        assert_eq!(tail[first + 2], r#"MODEL_CONFIG={"device":"cpu"}"#);
        assert_eq!(tail[first + 3], "DEVICE=cpu");
        assert_eq!(tail[first + 4], "BOILEROOM_TRANSPORT_HMAC_KEY=[secret]");
        let arguments = &tail[first + 5];
        assert!(
            arguments.starts_with("arguments=") && !arguments.contains("[secret]"),
            "{arguments}"
        );
    });
}

fn secret() {
    let _peace = in_peace();
    run(async {
        let shared = tempfile::tempdir().unwrap();
        let witness = Witness::new().await;
        let instance = instance(
            &witness,
            "serve",
            &format!("shared_dir = '{}'", shared.path().display()),
        );
        let guest = started(&instance, witness.meet()).await;
        let directory = shared.path().join(mark_of(guest.process)).join("1");
        let file = std::fs::read_to_string(directory.join("environment")).unwrap();
        let secret = file
            .lines()
            .find_map(|line| line.strip_prefix("export BOILEROOM_TRANSPORT_HMAC_KEY="));
        let secret = secret.unwrap();
        assert_eq!(secret.len(), 64);
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(directory.clone()), mode(directory.join("environment"))),
            (0o700, 0o600)
        );
        let job = job_of(guest.process);
        let shown = slurm("scontrol", &["show", "job", &job]);
        let script = slurm("scontrol", &["write", "batch_script", &job, "-"]);
        assert!(script.contains("hydrotest_serve") && !script.contains(secret));
        assert!(!shown.contains(secret));
        let state = cluster::setting("StateSaveLocation");
        let kept = std::process::Command::new("grep")
            .args(["-rl", secret, &state])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&kept.stdout), "", "the controller keeps it");
        stopped(&instance).await;
        assert_eq!(shared.path().read_dir().unwrap().count(), 0, "something is left");
    });
}

fn dies_while_loading() {
    let _peace = in_peace();
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
        assert!(
            error.message.starts_with("the server was ended by SIGABRT in job "),
            "{error}"
        );
        assert!(error.log_tail.iter().any(|line| line == "loading"), "{error:?}");
    });
}

fn never_listens() {
    let _peace = in_peace();
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "load", "start_timeout = '20s'");
        let (error, guest) = tokio::join!(failed_start(&instance), witness.meet());
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Timeout));
        assert!(error.message.contains("no server listened within 20 s"), "{error}");
        assert!(error.log_tail.iter().any(|line| line == "loading"), "{error:?}");
        guest.gone().await;
    });
}

fn dies_in_a_call() {
    let _peace = in_peace();
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
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died), "{error}");
        stopped(&instance).await;
    });
}

/// Starts a call, does something to the job in the middle of it, and gives the error that came of it.
async fn in_a_call(settings: &str, disturb: impl FnOnce(&str)) -> hydrotest::backend::BackendError {
    let witness = Witness::new().await;
    let instance = instance(&witness, "serve", settings);
    let mut guest = started(&instance, witness.meet()).await;
    let request = request();
    let disturbed = async {
        assert_eq!(guest.hear().await, "called");
        let job = job_of(guest.process);
        tokio::task::block_in_place(|| disturb(&job));
    };
    let (result, ()) = tokio::join!(instance.predict(&request), disturbed);
    stopped(&instance).await;
    guest.gone().await;
    result.unwrap_err()
}

fn cancelled_in_a_call() {
    let _peace = in_peace();
    run(async {
        let error = in_a_call("", |job| drop(slurm("scancel", &[job]))).await;
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died), "{error}");
        assert!(error.message.contains("by somebody's scancel (CANCELLED)"), "{error}");
        assert!(error.message.ends_with("in the middle of a call"), "{error}");
    });
}

fn cancelled_while_loading() {
    let _peace = in_peace();
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "load", "");
        let cancelled = async {
            let guest = witness.meet().await;
            slurm("scancel", &[&job_of(guest.process)]);
            guest.gone().await;
        };
        let (error, ()) = tokio::join!(failed_start(&instance), cancelled);
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        assert!(error.message.contains("by somebody's scancel (CANCELLED)"), "{error}");
    });
}

fn requeued() {
    let _peace = in_peace();
    run(async {
        let settings = "arguments = ['--requeue']";
        let error = in_a_call(settings, |job| drop(slurm("scontrol", &["requeue", job]))).await;
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died), "{error}");
        assert!(error.message.contains("was put back into the queue"), "{error}");
        let refused = in_a_call("", |job| {
            assert!(!cluster::tried("scontrol", &["requeue", job]).status.success());
            slurm("scancel", &[job]);
        });
        assert_eq!(refused.await.fault, Fault::Died);
    });
}

fn ignores_sigterm() {
    let _peace = in_peace();
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "ignore-sigterm", "grace = '1s'");
        let guest = started(&instance, witness.meet()).await;
        let error = instance.stop().await.unwrap();
        assert_eq!((error.stage, error.fault), (Stage::Shutdown, Fault::Timeout));
        assert_eq!(
            error.message,
            "the server did not end within 1 s of SIGTERM and was killed"
        );
        assert_eq!(instance.take_leaks(), [""; 0]);
        guest.gone().await;
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
    let _peace = in_peace();
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "wait-then-serve", "");
        let theft = async {
            // The server has not bound its port yet, and somebody else does.
            let first = witness.meet().await;
            let port: u16 = first.name.parse().unwrap();
            let impostor = impostor(TcpListener::bind(("127.0.0.1", port)).await.unwrap());
            // The job sees who listens there, ends the server and starts it with another port.
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
        stopped(&instance).await;
        server.gone().await;
    });
}

fn not_shared() {
    let _peace = in_peace();
    run(async {
        // A directory in which Slurm cannot open the job's log stands for one that the node does not have.
        let logs = tempfile::tempdir().unwrap();
        std::fs::create_dir(logs.path().join("gone")).unwrap();
        let settings = format!(
            "log_dir = '{0}/gone'\narguments = ['--begin=now+2', '--comment=not-shared']",
            logs.path().display()
        );
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", &settings);
        let taken = async {
            cluster::meanwhile(|| cluster::until("the job waits", || cluster::commented("not-shared"))).await;
            std::fs::remove_dir(logs.path().join("gone")).unwrap();
        };
        let (error, ()) = tokio::join!(failed_start(&instance), taken);
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        assert!(error.message.contains("was never started in job"), "{error}");
        assert!(error.message.contains("`shared_dir`"), "{error}");
    });
}

fn time_limit() {
    let _peace = in_peace();
    // The shortest limit is a minute, and is looked at every half minute.
    run_within(8 * LONG, async {
        let error = in_a_call("time = '1'\ncall_timeout = '4m'", |_| {}).await;
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died), "{error}");
        assert!(
            error
                .message
                .contains("by its time limit (TIMEOUT; `time` asks for more)"),
            "{error}"
        );
    });
}
