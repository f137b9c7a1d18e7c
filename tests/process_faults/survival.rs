//! No process outlives a server: neither its children, nor after an abandoned start, nor if the harness or the supervisor is
//! killed.

use std::process::Stdio;

use hydrotest::backend::Fault;
use rustix::process::{Pid, Signal, kill_process};

use crate::failing::CASE;
use crate::harness::{instance, request, run, started, table};
use crate::project::Project;
use crate::witness::{Guest, Witness};

/// The three processes of a server that starts others.
async fn processes_of(witness: &Witness) -> [Guest; 3] {
    let mut processes = [witness.meet().await, witness.meet().await, witness.meet().await];
    processes.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(processes.each_ref().map(|guest| guest.name.as_str()), ["orphan", "server", "stray"]);
    processes
}

async fn all_gone(processes: [Guest; 3]) {
    for guest in processes {
        guest.gone().await;
    }
}

#[test]
#[ignore = "needs a python3"]
fn children_of_a_server_end_with_it() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "breed", "");
        let processes = started(&instance, processes_of(&witness)).await;
        assert_eq!(instance.stop().await, None);
        let leaks = instance.take_leaks();
        assert!(leaks.len() == 2 && leaks.iter().all(|leak| leak.contains("was still there")), "{leaks:?}");
        all_gone(processes).await;
    });
}

#[test]
#[ignore = "needs a python3"]
fn children_of_a_server_end_when_it_dies() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "breed", "");
        let mut processes = started(&instance, processes_of(&witness)).await;
        let request = request();
        let (result, ()) = tokio::join!(instance.predict(&request), processes[1].order("abort"));
        assert_eq!(result.unwrap_err().fault, Fault::Died);
        // Already gone before the instance is stopped.
        all_gone(processes).await;
    });
}

#[test]
#[ignore = "needs a python3"]
fn an_abandoned_start_leaves_nothing() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "load", "");
        let guest = tokio::select! {
            _ = instance.start() => panic!("the start ends"),
            guest = witness.meet() => guest,
        };
        assert_eq!(instance.abort().await, None);
        guest.gone().await;
    });
}

#[test]
#[ignore = "needs a python3"]
fn no_process_outlives_a_killed_harness() {
    run(async {
        let witness = Witness::new().await;
        let project = Project::new(&table(&witness.misbehaving("breed")));
        let mut harness = tokio::process::Command::from(project.command(&["--exact", CASE]))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut processes = processes_of(&witness).await;
        assert_eq!(processes[1].receive().await, "called");
        harness.kill().await.unwrap();
        all_gone(processes).await;
    });
}

#[test]
#[ignore = "needs a python3"]
fn a_server_ends_when_its_supervisor_is_killed() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", "");
        let guest = started(&instance, witness.meet()).await;
        let status = std::fs::read_to_string(format!("/proc/{}/status", guest.process)).unwrap();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
        kill_process(Pid::from_raw(parent.trim().parse().unwrap()).unwrap(), Signal::KILL).unwrap();
        guest.gone().await;
        let error = instance.predict(&request()).await.unwrap_err();
        assert_eq!(error.fault, Fault::Died);
        assert!(error.message.contains("its supervisor was ended from outside"), "{error}");
        assert_eq!(instance.stop().await, None);
    });
}
