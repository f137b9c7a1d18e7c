//! Leaks on a platform, late creations and failed leak checks: a slow engine, one that stops responding, and unreadable
//! directories.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};

use crate::engine::{Creation, Engine};
use crate::project::{Project, Ran};
use crate::{ONE, Refusing, scripted};

fn on_engine(home: &Refusing) {
    let socket = home.path().join("e.sock");
    let table = format!(
        "default = 'lab'\n[backends.lab]\nkind = 'docker'\nhost = 'unix://{}'\nimage = 'x/y:1'\ncommand = ['serve', '{{port}}']\n",
        socket.display()
    );
    fs::write(home.path().join("backends.toml"), table).unwrap();
}

/// Makes the pending creation of the only stale run so old that it is abandoned.
fn age(home: &Refusing) {
    let runs = fs::read_dir(home.path().join("state/runs")).unwrap().flatten();
    for run in runs {
        for file in fs::read_dir(run.path().join("pending")).unwrap().flatten() {
            let file = fs::File::options().write(true).open(file.path()).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
        }
    }
}

fn run_until_requested(home: &Refusing, engine: &Engine) -> std::process::Child {
    let mut command = home.command(&[]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    engine.wait_for_request();
    child
}

#[test]
fn an_abandoned_creation_is_searched_for_until_it_cannot_complete() {
    let home = Refusing::new("");
    on_engine(&home);
    let engine = Engine::start(&home.path().join("e.sock"), Creation::Late);
    let child = run_until_requested(&home, &engine);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    Ran::from(child.wait_with_output().unwrap()).expect(
        130,
        &["leak check failed: esm2 on lab: the creation of a container was given up and may still be carried out"],
    );
    home.run(&["clean"]).expect(3, &["may still create it for "]);
    engine.create();
    home.run(&["clean"]).expect(3, &["removed container cccccccccccc (late)"]);
    assert_eq!(engine.containers(), 0);
    age(&home);
    home.run(&["clean"]).expect(0, &["1 killed run cleaned up"]);
    home.run(&["clean"]).expect(0, &["nothing to clean"]);
}

#[test]
fn a_run_that_is_killed_in_a_creation_is_kept_as_well() {
    let home = Refusing::new("");
    on_engine(&home);
    let engine = Engine::start(&home.path().join("e.sock"), Creation::Late);
    let mut child = run_until_requested(&home, &engine);
    child.kill().unwrap();
    child.wait().unwrap();
    home.run(&["clean"]).expect(3, &["may still create it for"]);
    engine.create();
    age(&home);
    home.run(&["clean"]).expect(0, &["removed container cccccccccccc (late)", "1 killed run cleaned up"]);
    assert_eq!(engine.containers(), 0);
}

#[test]
fn an_engine_that_stops_is_not_the_backends_fault() {
    let home = Refusing::new("");
    on_engine(&home);
    let _engine = Engine::start(&home.path().join("e.sock"), Creation::GoesAway);
    let ran = home.run(&[]);
    ran.expect(
        3,
        &["leak check failed: esm2 on lab: resources could not be listed", "the platform failed (exit code 3)"],
    );
    assert!(!ran.reported.contains("leaked:"), "{}", ran.reported);
}

#[test]
fn stale_runs_on_a_hanging_engine_delay_a_run_once_and_are_reported() {
    let project = Project::new(&scripted("exec $SERVE $0", ""));
    let socket = project.state().with_file_name("h.sock");
    // Connections wait in its queue forever.
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for number in 0..3 {
        let run = project.state().join(format!("runs/hydrotest-000000000000000{number}"));
        fs::create_dir_all(run.join("platforms")).unwrap();
        fs::write(run.join("lock"), "").unwrap();
        let record = format!(r#"{{"kind": "docker", "platform": {{"host": "unix://{}"}}}}"#, socket.display());
        fs::write(run.join("platforms/1.json"), record).unwrap();
    }
    let begun = Instant::now();
    let ran = project.run(ONE);
    ran.expect(0, &["warning: a killed run was not cleaned up", "not done within 20 s"]);
    assert!(begun.elapsed() < Duration::from_secs(40), "the delays add up: {:?}", begun.elapsed());
    assert_eq!(ran.reported.matches("warning:").count(), 1, "{}", ran.reported);
}

#[test]
fn an_unreadable_state_directory_is_an_error() {
    let home = Refusing::new("");
    fs::write(home.path().join("backends.toml"), scripted("exec $SERVE $0", "")).unwrap();
    fs::write(home.path().join("state"), "a file").unwrap();
    home.run(&["clean"]).expect(3, &["killed runs could not be listed", "Not a directory"]);
    home.run(&["doctor"]).expect(3, &["they could not be listed"]);
    let ran = home.run(&[]);
    ran.expect(3, &["hydrotest itself failed (exit code 3)"]);
    assert!(!ran.reported.contains("leaked:"), "{}", ran.reported);
}
