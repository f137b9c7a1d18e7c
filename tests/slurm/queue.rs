//! A job that never starts is removed from the queue, and a cluster that accepts no jobs reports why.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use hydrotest::backend::registry::Platform;
use hydrotest::backend::{Fault, Stage};

use crate::cluster::{self, in_peace};
use crate::harness::{declared, failed_start, instance, open, run};
use crate::witness::Witness;

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_job_that_never_starts_is_cancelled() {
    let _peace = in_peace();
    run(async {
        let settings = "arguments = ['--hold']\nstart_timeout = '15s'";
        let instance = instance(&Witness::new().await, "serve", settings);
        let error = failed_start(&instance).await;
        assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Timeout), "{error}");
        assert!(error.message.contains("is PENDING"), "{error}");
        let submitted = error.log_tail[0].strip_prefix("slurm: job ").unwrap();
        let job = submitted.strip_suffix(" was submitted").unwrap();
        let states = cluster::slurm("squeue", &["--noheader", "--states=all", "--format=%i %T"]);
        assert!(states.lines().any(|line| line == format!("{job} CANCELLED")), "{states}");
    });
}

/// A backend whose configured controller does not exist.
fn elsewhere(directory: &std::path::Path) -> Platform {
    let text = std::fs::read_to_string(cluster::conf()).unwrap();
    let port = cluster::setting("SlurmctldPort");
    let mut text = text.replace(&format!("SlurmctldPort={port}"), "SlurmctldPort=9");
    // The shortest timeout that its commands accept for a controller.
    writeln!(text, "MessageTimeout=2").unwrap();
    let conf = directory.join("slurm.conf");
    std::fs::write(&conf, text).unwrap();
    let config = format!(
        "default = 'lab'\n[backends.lab]\nkind = 'slurm'\nconf = '{}'\ncommand = ['true', '{{port}}']\n",
        conf.display()
    );
    let config = hydrotest::config::Source::new("backends.toml", config);
    let config = hydrotest::config::Config::parse(&config).unwrap();
    Platform::select(&config, "lab", hydrotest::backend::kind::Overrides::default()).ok().unwrap()
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn without_a_controller_the_platform_is_unreachable() {
    run(async {
        let home = tempfile::tempdir().unwrap();
        let instance = open(&elsewhere(home.path()));
        let error = instance.start().await.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Unreachable), "{error}");
        assert!(error.message.contains("is DOWN"), "{error}");
        assert_eq!(instance.take_leaks(), [""; 0]);
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn missing_slurm_commands_are_a_configuration_mistake() {
    let home = tempfile::tempdir().unwrap();
    let checkout = env!("CARGO_MANIFEST_DIR");
    let conf = cluster::conf();
    let config = std::fs::read_to_string(format!("{checkout}/backends.toml")).unwrap();
    let table = format!("\n[backends.lab]\nkind = 'slurm'\nconf = '{conf}'\ncommand = ['true', '{{port}}']\n");
    std::fs::write(home.path().join("backends.toml"), config + &table).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
        .env("HYDROTEST_FORMAT", "pretty")
        .args(["--backend", "lab", "--model", "esm2", "--suite", "multimer", "--suites"])
        .arg(format!("{checkout}/suites"))
        .current_dir(home.path())
        .env("PATH", home.path())
        .env("HYDROTEST_STATE_DIR", home.path().join("state"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let reported = String::from_utf8_lossy(&ran.stdout);
    assert!(reported.contains("`scontrol` cannot be run"), "{reported}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(reported.contains("are Slurm's commands installed here"), "{reported}");
    assert_eq!(ran.status.code(), Some(3), "{reported}");
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_server_that_loses_a_sigterm_before_it_listens_gets_another() {
    let _peace = in_peace();
    run(async {
        let home = tempfile::tempdir().unwrap();
        let loading = home.path().join("loading");
        // Like Apptainer's starter, it loses the first one.
        let script = format!("trap \"trap - TERM\" TERM; touch {}; while true; do sleep 0.1; done", loading.display());
        let instance = open(&declared(&format!("command = ['/bin/sh', '-c', '{script}', '{{port}}']")));
        let loads = cluster::meanwhile(move || cluster::until("the server loads", || loading.exists()));
        tokio::select! {
            _ = instance.start() => panic!("the start ends"),
            () = loads => {}
        }
        assert_eq!(instance.abort().await, None);
        assert_eq!(instance.take_leaks(), [""; 0]);
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_start_that_is_abandoned_in_the_queue_leaves_no_job() {
    let _peace = in_peace();
    run(async {
        let settings = "arguments = ['--hold', '--comment=given-up']";
        let instance = instance(&Witness::new().await, "serve", settings);
        let queued = async {
            cluster::meanwhile(|| cluster::until("a job is held", || cluster::commented("given-up").is_some())).await;
            // The start reports what it waits for.
            let held = || {
                let doing = instance.doing()?;
                let reported = doing.to_string();
                let whole =
                    reported.contains("is PENDING (JobHeldUser)") && reported.contains("`scontrol release` lets it go");
                (whole && doing.stage == Stage::Launch).then_some(())
            };
            while held().is_none() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = instance.start() => panic!("the start ends"),
            () = queued => {}
        }
        assert_eq!(instance.abort().await, None);
        assert_eq!(instance.take_leaks(), [""; 0]);
    });
}
