//! No job outlives the harness: not one that is asked to end, and, after the next run, not one that was killed.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::clean::clean;
use crate::cluster::{self, in_peace};

/// A checkout with a backend on the cluster, and a harness of its own.
struct World {
    home: TempDir,
}

impl World {
    fn new(settings: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let config = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("backends.toml")).unwrap();
        let table = format!(
            "\n[backends.lab]\nkind = 'slurm'\nweights = 'synthetic'\nconf = '{}'\npoll_interval = '500ms'\nshared_dir = '{}'\n\
             command = ['{{hydrotest}}', 'serve', '--host', '{{host}}', '--port', '{{port}}']\n{settings}\n",
            cluster::conf(),
            home.path().join("shared").display()
        );
        std::fs::create_dir(home.path().join("shared")).unwrap();
        std::fs::write(home.path().join("backends.toml"), config + &table).unwrap();
        Self { home }
    }

    fn harness(&self, model: &str) -> Child {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        Command::new(env!("CARGO_BIN_EXE_hydrotest"))
            .args(["--backend", "lab", "--model", model, "--suites"])
            .arg(checkout.join("suites"))
            .arg("--snapshots")
            .arg(checkout.join("snapshots"))
            .current_dir(self.home.path())
            .env("HYDROTEST_STATE_DIR", self.home.path().join("state"))
            .env("CI", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// The name of its run, once it has one.
    fn run_name(&self) -> String {
        let mut name = None;
        cluster::until("a run begins", || {
            name = self.runs().into_iter().next();
            name.is_some()
        });
        name.unwrap()
    }

    fn runs(&self) -> Vec<String> {
        let runs = std::fs::read_dir(self.home.path().join("state/runs"));
        let runs = runs.into_iter().flatten().flatten();
        runs.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    #[track_caller]
    fn nothing_is_left(&self, run: &str) {
        assert_eq!(cluster::jobs(run), []);
        assert_eq!(self.runs(), [""; 0]);
        let shared: Vec<_> = self.home.path().join("shared").read_dir().unwrap().collect();
        assert!(shared.is_empty(), "{shared:?}");
    }
}

fn signalled(signal: Signal) -> ExitStatus {
    let _peace = in_peace();
    let world = World::new("");
    let mut harness = world.harness("esmfold");
    let run = world.run_name();
    cluster::until("a job is submitted", || !cluster::jobs(&run).is_empty());
    kill_process(Pid::from_child(&harness), signal).unwrap();
    let ended = harness.wait().unwrap();
    world.nothing_is_left(&run);
    ended
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn sigint_leaves_no_job() {
    assert_eq!(signalled(Signal::INT).code(), Some(130));
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn sigterm_leaves_no_job() {
    assert_eq!(signalled(Signal::TERM).code(), Some(143));
}

/// Kills a run so many milliseconds after it began.
fn killed_after(wait: u64) {
    let _peace = in_peace();
    let world = World::new("");
    let mut harness = world.harness("esmfold");
    let run = world.run_name();
    // The moment is the point: it falls before, into and after the submission.
    std::thread::sleep(Duration::from_millis(wait));
    harness.kill().unwrap();
    harness.wait().unwrap();
    // Whatever there is of it by now, the next run removes it, and itself leaves nothing.
    let next = world.harness("esmc").wait().unwrap();
    assert_eq!(next.code(), Some(0));
    // A job that was submitted in its last moment is waited for.
    let cleaned = clean(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command
            .arg("clean")
            .env("HYDROTEST_STATE_DIR", world.home.path().join("state"));
        command
    });
    assert_eq!(cleaned, Ok(()));
    world.nothing_is_left(&run);
    cluster::until("its processes are gone", || !processes_of(&run));
}

/// Whether a process of this machine carries the mark of a run.
fn processes_of(run: &str) -> bool {
    let mark = format!("HYDROTEST_INSTANCE={run}");
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| std::fs::read(entry.path().join("environ")).ok())
        .any(|environment| environment.windows(mark.len()).any(|window| window == mark.as_bytes()))
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_run_after_one_that_was_killed_at_once_clears_up_after_it() {
    killed_after(0);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_run_after_one_that_was_killed_after_40_ms_clears_up_after_it() {
    killed_after(40);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_run_after_one_that_was_killed_after_150_ms_clears_up_after_it() {
    killed_after(150);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_run_after_one_that_was_killed_after_400_ms_clears_up_after_it() {
    killed_after(400);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_run_after_one_that_was_killed_after_900_ms_clears_up_after_it() {
    killed_after(900);
}
