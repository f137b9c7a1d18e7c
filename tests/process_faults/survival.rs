//! Nothing outlives a server: not what it started, not when the start is given up, not when the harness or the supervisor
//! is killed.

use std::process::{Command, ExitCode};

use hydrotest::backend::Fault;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;

use crate::harness::{instance, request, run, started};
use crate::witness::{Guest, Witness};

pub const TRIALS: &[(&str, fn())] = &[
    ("what_a_server_started_ends_with_it", breeding_stopped),
    ("what_a_server_started_ends_when_it_dies", breeding_dies),
    ("a_start_that_is_given_up_leaves_nothing", start_given_up),
    ("nothing_survives_the_harness_being_killed", harness_killed),
    (
        "a_server_does_not_survive_its_supervisor_being_killed",
        supervisor_killed,
    ),
];

/// First argument of a harness that is there to be killed.
pub const BE_KILLED: &str = "be-killed";

/// The three processes of a breeding server.
async fn family(witness: &Witness) -> [Guest; 3] {
    let mut family = [witness.meet().await, witness.meet().await, witness.meet().await];
    family.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(
        family.each_ref().map(|guest| guest.name.as_str()),
        ["orphan", "server", "stray"]
    );
    family
}

async fn all_gone(family: [Guest; 3]) {
    for guest in family {
        guest.gone().await;
    }
}

fn breeding_stopped() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "breed", "");
        let family = started(&instance, family(&witness)).await;
        assert_eq!(instance.stop().await, None);
        let leaks = instance.take_leaks();
        assert!(
            leaks.len() == 2 && leaks.iter().all(|leak| leak.contains("was still there")),
            "{leaks:?}"
        );
        all_gone(family).await;
    });
}

fn breeding_dies() {
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "breed", "");
        let mut family = started(&instance, family(&witness)).await;
        let request = request();
        let (result, ()) = tokio::join!(instance.predict(&request), family[1].order("abort"));
        assert_eq!(result.unwrap_err().fault, Fault::Died);
        // Gone already before anybody stops the instance.
        all_gone(family).await;
    });
}

fn start_given_up() {
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

/// What the harness does that is to be killed: it starts a breeding server and then nothing.
pub fn be_killed(witness: &str) -> ExitCode {
    run(async {
        let witness = Witness::elsewhere(witness);
        let instance = instance(&witness, "breed", "");
        instance.start().await.unwrap();
        println!("started");
        std::future::pending::<()>().await;
    });
    ExitCode::FAILURE
}

fn harness_killed() {
    run(async {
        let witness = Witness::new().await;
        let mut harness = tokio::process::Command::from(Command::new(std::env::current_exe().unwrap()))
            .args([BE_KILLED, &witness.address().to_string()])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut started = [0; 7];
        let (read, family) = tokio::join!(
            harness.stdout.as_mut().unwrap().read_exact(&mut started),
            family(&witness)
        );
        read.unwrap();
        harness.kill().await.unwrap();
        all_gone(family).await;
    });
}

fn supervisor_killed() {
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
        assert!(
            error.message.contains("its supervisor was ended from outside"),
            "{error}"
        );
        assert_eq!(instance.stop().await, None);
    });
}
