//! Disturbances of a whole cluster while jobs run on it. Each test reserves the cluster.

use std::process::Command;

use hydrotest::backend::{Fault, Stage};

use crate::cluster::{self, alone, job_of, slurm, tried};
use crate::harness::{failed_start, instance, request, run, started, stopped};
use crate::witness::Witness;

/// Keeps the controller down until it is dropped.
struct Away;

impl Away {
    fn new() -> Self {
        let number = std::fs::read_to_string(cluster::setting("SlurmctldPidFile")).unwrap();
        let process = rustix::process::Pid::from_raw(number.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        cluster::until("the controller has ended", || rustix::process::test_kill_process(process).is_err());
        Self
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        let started = Command::new("slurmctld").env("SLURM_CONF", cluster::conf()).status();
        assert!(started.is_ok_and(|status| status.success()), "the controller does not start");
        cluster::until("the controller answers", || tried("scontrol", &["ping"]).status.success());
    }
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_controller_restart_during_a_call_is_tolerated() {
    let _alone = alone();
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", "");
        let mut guest = started(&instance, witness.meet()).await;
        let request = request();
        let disturbed = async {
            assert_eq!(guest.receive().await, "called");
            tokio::task::block_in_place(|| drop(Away::new()));
            guest.order("proceed").await;
        };
        let (result, ()) = tokio::join!(instance.predict(&request), disturbed);
        result.unwrap();
        stopped(&instance).await;
        guest.gone().await;
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_controller_restart_while_a_job_is_queued_is_tolerated() {
    let _alone = alone();
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", "arguments = ['--hold']");
        let released = async {
            cluster::meanwhile(|| {
                cluster::until("a job is held", || !cluster::jobs("hydrotest-").is_empty());
                drop(Away::new());
                slurm("scontrol", &["release", &cluster::jobs("hydrotest-")[0].0]);
            })
            .await;
            witness.meet().await
        };
        let guest = started(&instance, released).await;
        stopped(&instance).await;
        guest.gone().await;
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_stop_waits_for_a_controller_that_is_down() {
    let _alone = alone();
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", "");
        let guest = started(&instance, witness.meet()).await;
        let away = Away::new();
        let back = async {
            // The first command begins without a controller. No event shows that.
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            tokio::task::block_in_place(|| drop(away));
        };
        tokio::join!(stopped(&instance), back);
        guest.gone().await;
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_node_that_fails_in_a_call_is_named() {
    let _alone = alone();
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", "");
        let mut guest = started(&instance, witness.meet()).await;
        let request = request();
        let node = cluster::node();
        let failed = async {
            assert_eq!(guest.receive().await, "called");
            slurm("scontrol", &["update", &format!("nodename={node}"), "state=down", "reason=tested"]);
        };
        let (result, ()) = tokio::join!(instance.predict(&request), failed);
        let error = result.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died), "{error}");
        assert!(error.message.contains("failure of its node (NODE_FAIL"), "{error}");
        stopped(&instance).await;
        guest.gone().await;
        // It may have recovered by itself.
        tried("scontrol", &["update", &format!("nodename={node}"), "state=resume"]);
        tokio::task::block_in_place(|| cluster::until("the node is back", cluster::node_is_up));
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_job_that_is_preempted_in_a_call_died() {
    let _alone = alone();
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", "cpus = 64");
        let mut guest = started(&instance, witness.meet()).await;
        let request = request();
        let preempted = async {
            assert_eq!(guest.receive().await, "called");
            let urgent = ["--partition=urgent", "--cpus-per-task=64", "--output=/dev/null", "--wrap=true"];
            slurm("sbatch", &urgent);
        };
        let (result, ()) = tokio::join!(instance.predict(&request), preempted);
        let error = result.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died), "{error}");
        assert!(error.message.contains("a job that goes before it (PREEMPTED"), "{error}");
        stopped(&instance).await;
        guest.gone().await;
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_job_without_free_resources_is_reported() {
    let _alone = alone();
    run(async {
        let witness = Witness::new().await;
        let first = instance(&witness, "serve", "cpus = 64");
        let guest = started(&first, witness.meet()).await;
        let second = instance(&witness, "serve", "cpus = 64\nstart_timeout = '15s'");
        let error = failed_start(&second).await;
        assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Timeout), "{error}");
        assert!(error.message.contains("(Resources)"), "{error}");
        assert!(error.message.contains("no node with what it asks for is free"), "{error}");
        assert!(!job_of(guest.process).is_empty());
        stopped(&first).await;
        guest.gone().await;
    });
}
