//! Every way in which a container can end or not begin: told apart, with the last words of the server, and nothing left.

use hydrotest::backend::{Fault, Stage};

use crate::containers::{self, engine, the_running_one};
use crate::harness::{Case, Platform, declared, failed_start, open, request, run, started};

pub const TRIALS: &[Case] = &[
    Case::on_both("a_server_that_exits_at_once_is_told_with_its_last_words", exits_at_once),
    Case::new(
        "a_server_that_needs_more_memory_than_its_limit_is_named_so",
        out_of_memory,
    ),
    Case::on_both("shared_memory_is_as_large_as_asked_for", shared_memory),
    Case::new("a_server_that_is_never_ready_runs_into_the_limit", never_ready),
    Case::new("a_command_that_the_image_does_not_have_is_a_wrong_setting", no_command),
    Case::new("a_directory_to_bind_that_is_not_there_is_a_wrong_setting", no_directory),
    Case::new("gpus_that_the_engine_cannot_give_are_explained", no_gpu),
    Case::on_both(
        "a_server_killed_in_a_call_is_named_with_its_signal_and_can_be_started_anew",
        killed_in_a_call,
    ),
    Case::new(
        "a_container_removed_from_outside_in_a_call_is_told_so",
        removed_in_a_call,
    ),
    Case::new(
        "a_server_that_ignores_sigterm_is_killed_after_the_grace",
        ignores_sigterm,
    ),
    Case::new("a_start_that_is_given_up_leaves_nothing", given_up),
    Case::new("the_secret_is_in_no_log", secret),
];

fn shell(script: &str) -> String {
    format!("command = ['/bin/sh', '-c', '''{script}''']\n")
}

fn exits_at_once(on: Platform) {
    run(async {
        let error = failed_start(on, &shell("echo looking for weights; echo there are none >&2; exit 3")).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died), "{error}");
        assert_eq!(error.message, "the server exited with status 3 before it was ready");
        let mut tail = error.log_tail;
        tail.retain(|line| line.contains("weights") || line.contains("there are none"));
        tail.sort();
        assert_eq!(tail, ["looking for weights", "there are none"]);
    });
}

fn out_of_memory(on: Platform) {
    run(async {
        let eater = format!("{}memory = '32m'\n", shell("echo loading; exec tail /dev/zero"));
        let error = failed_start(on, &eater).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        assert!(
            error.message.contains("more memory than its limit of 32m (`memory`)"),
            "{error}"
        );
        assert!(error.log_tail.contains(&"loading".to_owned()), "{:?}", error.log_tail);
    });
}

fn shared_memory(on: Platform) {
    run(async {
        let error = failed_start(on, &format!("{}shm = '96m'\n", shell("cat /proc/mounts; exit 3"))).await;
        let mount = error.log_tail.iter().find(|line| line.contains(" /dev/shm tmpfs "));
        let size = format!("size={}k", 96 << 10);
        assert!(mount.is_some_and(|mount| mount.contains(&size)), "{:?}", error.log_tail);
    });
}

fn never_ready(on: Platform) {
    run(async {
        let sleeper = shell("echo still loading; exec sleep 1000");
        let error = failed_start(on, &format!("{sleeper}grace = '1s'\nstart_timeout = '8s'\n")).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Timeout));
        assert!(error.message.contains("was not ready within 8 s"), "{error}");
        assert!(
            error.log_tail.contains(&"still loading".to_owned()),
            "{:?}",
            error.log_tail
        );
    });
}

fn no_command(on: Platform) {
    run(async {
        let error = failed_start(on, "command = ['/no/such/program', '{port}']\n").await;
        assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Misconfigured));
        assert!(error.message.contains("/no/such/program"), "{error}");
    });
}

fn no_directory(on: Platform) {
    run(async {
        let error = failed_start(on, &format!("{}model_dir = '/no/such/weights'\n", shell("exit 0"))).await;
        assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Misconfigured));
        assert!(error.message.contains("/no/such/weights"), "{error}");
        assert!(!std::path::Path::new("/no/such/weights").exists());
    });
}

fn no_gpu(on: Platform) {
    run(async {
        let error = failed_start(on, &format!("{}device = 'cuda:0'\n", shell("exit 0"))).await;
        assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Misconfigured));
        assert!(error.message.contains("NVIDIA container toolkit"), "{error}");
    });
}

fn killed_in_a_call(on: Platform) {
    run(async {
        let instance = started(on, "").await;
        let docker = engine(on).await;
        let container = the_running_one(&docker).await;
        // Stopped, it takes the call and never answers.
        containers::signal(&docker, &container, "SIGSTOP").await;
        let call = request();
        let (result, ()) = tokio::join!(
            instance.predict(&call),
            containers::signal(&docker, &container, "SIGKILL")
        );
        let error = result.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died));
        assert!(error.message.contains("status 137 (SIGKILL)"), "{error}");
        assert!(
            error.log_tail.iter().any(|line| line.contains("serving esm2")),
            "{:?}",
            error.log_tail
        );
        assert_eq!(instance.stop().await, None);
        instance.start().await.unwrap();
        assert!(instance.predict(&call).await.is_ok());
        assert_eq!(instance.stop().await, None);
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    });
}

fn removed_in_a_call(on: Platform) {
    run(async {
        let instance = started(on, "").await;
        let docker = engine(on).await;
        let container = the_running_one(&docker).await;
        containers::signal(&docker, &container, "SIGSTOP").await;
        let call = request();
        let (result, ()) = tokio::join!(instance.predict(&call), containers::remove(&docker, &container));
        let error = result.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died));
        // A removal kills first, and either may be seen.
        let seen = ["somebody removed", "somebody killed"]
            .iter()
            .any(|part| error.message.contains(part));
        assert!(seen, "{error}");
        assert_eq!(instance.stop().await, None);
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    });
}

fn ignores_sigterm(on: Platform) {
    run(async {
        let deaf =
            "trap \"\" TERM; /usr/local/bin/hydrotest serve --host 0.0.0.0 --port {port}; while true; do sleep 1; done";
        let instance = open(&declared(on, &format!("{}grace = '1s'\n", shell(deaf))));
        instance.start().await.unwrap();
        assert!(instance.predict(&request()).await.is_ok());
        let error = instance.stop().await.unwrap();
        assert_eq!((error.stage, error.fault), (Stage::Shutdown, Fault::Timeout));
        assert_eq!(
            error.message,
            "the server did not end within 1 s of SIGTERM and was killed"
        );
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    });
}

fn given_up(on: Platform) {
    run(async {
        let instance = open(&declared(on, &format!("{}grace = '1s'\n", shell("exec sleep 1000"))));
        let docker = engine(on).await;
        tokio::select! {
            _ = instance.start() => panic!("the start ends"),
            _ = the_running_one(&docker) => {}
        }
        instance.abort().await;
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    });
    // Given up at every moment of it, from the first.
    run(async {
        let docker = engine(on).await;
        let platform = declared(on, &format!("{}grace = '1s'\n", shell("exec sleep 1000")));
        for milliseconds in (0..400).step_by(40) {
            let instance = open(&platform);
            let moment = std::time::Duration::from_millis(milliseconds);
            assert!(tokio::time::timeout(moment, instance.start()).await.is_err());
            instance.abort().await;
            assert_eq!(instance.take_leaks(), Vec::<String>::new(), "{milliseconds} ms");
            assert_eq!(
                containers::all(&docker).await,
                Vec::<String>::new(),
                "{milliseconds} ms"
            );
        }
    });
}

fn secret(on: Platform) {
    run(async {
        let logs = tempfile::tempdir().unwrap();
        let script = format!(
            "{}log_dir = '{}'\n",
            shell("echo key=$BOILEROOM_TRANSPORT_HMAC_KEY; exit 4"),
            logs.path().display()
        );
        let error = failed_start(on, &script).await;
        assert!(
            error.log_tail.contains(&"key=[secret]".to_owned()),
            "{:?}",
            error.log_tail
        );
        let kept = std::fs::read_dir(logs.path()).unwrap().next().unwrap().unwrap();
        let text = std::fs::read_to_string(kept.path()).unwrap();
        assert!(text.contains("key=[secret]"), "{text}");
    });
}
