//! `hydrotest clean`, `doctor` and `new` as a user sees them: what they find, print, do and leave unchanged, and their exit
//! codes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/plain.rs"]
#[expect(dead_code, reason = "these tests compare the whole output")]
mod plain;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use plain::plain;
use tempfile::TempDir;

/// A directory with a state directory of its own, and the name of a stale run that no other test uses, because processes are
/// found by that name machine-wide.
struct Home {
    directory: TempDir,
    stale: String,
}

impl Home {
    fn new() -> Self {
        static HOMES: AtomicU32 = AtomicU32::new(0);
        let number = HOMES.fetch_add(1, Ordering::Relaxed);
        Self {
            directory: tempfile::tempdir().unwrap(),
            stale: format!("hydrotest-{:08x}{number:08x}", std::process::id()),
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What the program prints on both streams, and its exit code. The directory is shown as `HOME` and the stale run as
    /// `STALE`.
    fn run(&self, arguments: &[&str]) -> (String, i32) {
        let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
            .env("HYDROTEST_FORMAT", "pretty")
            .current_dir(self.path())
            .args(arguments)
            .env("HYDROTEST_STATE_DIR", self.path().join("state"))
            .env_remove("NO_SUCH_VARIABLE")
            .env("LAB_SECRET", "s")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .output()
            .unwrap();
        let reported = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        let home = self.path().display().to_string();
        let reported = plain(&reported.concat(), &[(&home, "HOME"), (&self.stale, "STALE")]);
        (reported, output.status.code().unwrap())
    }
}

/// A process with the label of a stale run.
struct Orphan(Child);

impl Orphan {
    fn new(label: &str) -> Self {
        let child = Command::new("sleep").arg("600").env("HYDROTEST_INSTANCE", label).spawn().unwrap();
        let environment = format!("/proc/{}/environ", child.id());
        // Between fork and exec it still has our environment.
        while !String::from_utf8_lossy(&fs::read(&environment).unwrap()).contains(label) {
            std::thread::yield_now();
        }
        Self(child)
    }

    fn is_there(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Orphan {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg_attr(feature = "portable-os", ignore = "finding processes by their environment is Linux's")]
fn resources_of_a_killed_run_are_listed_then_removed_and_no_others() {
    let home = Home::new();
    insta::assert_snapshot!(home.run(&["clean"]).0, @"nothing to clean");
    home.write(&format!("state/runs/{}/lock", home.stale), "");
    home.write(&format!("state/runs/{}/3/server.log", home.stale), "last words");
    let mut orphan = Orphan::new(&format!("{}-3", home.stale));
    let mut other = Orphan::new("hydrotest-fedcba9876543210-1");

    let own = format!("process {} ", orphan.0.id());
    let (reported, code) = home.run(&["clean", "--dry-run"]);
    insta::assert_snapshot!(reported.replace(&own, "process PID "), @"
    would remove process PID (sleep 600)
    1 killed run to clean up
    ");
    assert_eq!(code, 0);
    assert!(orphan.is_there());

    let (reported, code) = home.run(&["clean"]);
    insta::assert_snapshot!(reported.replace(&own, "process PID "), @"
    removed process PID (sleep 600)
    1 killed run cleaned up
    ");
    assert_eq!(code, 0);
    assert!(!orphan.is_there(), "it is gone when the program reports its removal");
    assert!(other.is_there());
    assert!(!home.path().join("state/runs").join(&home.stale).exists());
    insta::assert_snapshot!(home.run(&["clean"]).0, @"nothing to clean");
}

#[test]
fn resources_that_cannot_be_removed_are_reported_and_kept() {
    let home = Home::new();
    home.write(&format!("state/runs/{}/lock", home.stale), "");
    home.write(&format!("state/runs/{}/platforms/1.json", home.stale), r#"{"kind": "no_such_kind", "platform": {}}"#);
    let (reported, code) = home.run(&["clean"]);
    assert_eq!(code, 3, "{reported}");
    // The portable system reports this in an additional line.
    let reported = reported.replace("processes of killed runs: not available on this system\n", "");
    insta::assert_snapshot!(reported, @"
    not cleaned up: STALE: kind `no_such_kind` has no resource finder (no_such_kind at {})
    `hydrotest clean` tries again (exit code 3)
    ");
    assert!(home.path().join("state/runs").join(&home.stale).exists());
}

#[test]
fn runs_killed_around_the_lock_leave_nothing_either() {
    let home = Home::new();
    // Killed before the lock was created, and after it was removed.
    fs::create_dir_all(home.path().join("state/runs").join(&home.stale)).unwrap();
    assert_eq!(home.run(&["clean"]).1, 0);
    assert!(!home.path().join("state/runs").join(&home.stale).exists());
}

const SEQUENCES: &str = ">short\nMLKNVHVLVLGAGDVGSVVVRLLEK\n";
const SUITE: &str = "about = 'x'\n[[case]]\nname = 'minimal'\nsequences = 'short'\nchecks = [{ check = 'contract' }, \
                     { check = 'snapshot' }]\n";

/// The doctor's output without the free disk space of this machine.
fn without_disk(reported: &str) -> String {
    let lines = reported.lines().filter(|line| !line.contains(" GiB free at "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_doctor_reports_what_is_there_what_is_missing_and_what_to_do() {
    let home = Home::new();
    home.write("suites/first.toml", SUITE);
    home.write("suites/sequences.fasta", SEQUENCES);
    home.write(
        "backends.toml",
        "default = 'good'\n[backends.good]\nkind = 'reference'\nmodels = ['esm2']\n\
         [backends.tool]\nkind = 'process'\ncommand = ['no-such-tool', '{port}']\ncwd = 'nowhere'\nmodels = ['esm2']\n\
         [backends.unset]\nkind = 'process'\ncommand = ['sh', '{port}', '${NO_SUCH_VARIABLE}']\n\
         [backends.lab]\nkind = 'http'\nurl = 'http://127.0.0.1:1'\nsecret_env = 'LAB_SECRET'\nmodels = ['esm2']\n",
    );
    let (reported, code) = home.run(&["doctor", "--backend", "good"]);
    assert_eq!(code, 0, "{reported}");
    insta::assert_snapshot!(without_disk(&reported), @"
    this machine
      ok      state directory  HOME/state can be written
      ok      killed runs      none left anything unchecked

    good (kind reference): can run
      ok      models           embedded: nothing else is needed
      note    snapshots        0 of 1 results are recorded for weights `synthetic`
                               -> record them on a backend that you trust: hydrotest --backend NAME --record
    ");

    home.write(&format!("state/runs/{}/lock", home.stale), "");
    let (reported, code) = home.run(&["doctor"]);
    assert_eq!(code, 3, "{reported}");
    insta::assert_snapshot!(without_disk(&reported), @"
    this machine
      ok      state directory  HOME/state can be written
      note    killed runs      one was not cleaned up
                               -> hydrotest clean

    good (kind reference): can run
      ok      models           embedded: nothing else is needed
      note    snapshots        0 of 1 results are recorded for weights `synthetic`
                               -> record them on a backend that you trust: hydrotest --backend NAME --record

    tool (kind process): cannot run like this
      broken  cwd              nowhere is not a directory
                               -> correct `cwd`, or the variable it refers to
      broken  command          `no-such-tool` is in none of the 3 directories of PATH
                               -> install it, or write its whole path
      note    snapshots        0 of 1 results are recorded for weights `published`
                               -> record them on a backend that you trust: hydrotest --backend NAME --record

    unset (kind process): not set up on this machine
      note    settings         environment variable `NO_SUCH_VARIABLE` is not set
                               -> set it in your environment, or correct the backend's table
      note    snapshots        0 of 7 results are recorded for weights `published`
                               -> record them on a backend that you trust: hydrotest --backend NAME --record

    lab (kind http): cannot run like this
      ok      secret           LAB_SECRET is set
      broken  server           http://127.0.0.1:PORT is not ready: no connection to http://127.0.0.1:PORT/: Connection refused (os error 111)
                               -> start the model server there, or correct `url` at backends.toml:15:7
      note    snapshots        0 of 1 results are recorded for weights `published`
                               -> record them on a backend that you trust: hydrotest --backend NAME --record
    ");

    let (reported, code) = home.run(&["doctor", "--backend", "unset"]);
    assert_eq!(code, 3, "a backend that was asked for must be usable: {reported}");
    insta::assert_snapshot!(without_disk(&reported), @"
    this machine
      ok      state directory  HOME/state can be written
      note    killed runs      one was not cleaned up
                               -> hydrotest clean

    unset (kind process): cannot run like this
      broken  settings         environment variable `NO_SUCH_VARIABLE` is not set
                               -> set it in your environment, or correct the backend's table
      note    snapshots        0 of 7 results are recorded for weights `published`
                               -> record them on a backend that you trust: hydrotest --backend NAME --record
    ");
    let (reported, code) = home.run(&["doctor", "--backend", "lab", "--json"]);
    assert_eq!(code, 3, "{reported}");
    let json: serde_json::Value = serde_json::from_str(&reported).unwrap();
    assert_eq!(json["backends"][0]["can_run"], false);
    assert_eq!(json["backends"][0]["requirements"][0]["state"], "ok");

    let (reported, code) = home.run(&["doctor", "--backend", "goood"]);
    assert_eq!(code, 2, "{reported}");
    insta::assert_snapshot!(reported, @"
    error: backend goood is not declared. Supported backends: good, tool, unset, lab
     |
     = help: did you mean `good`?

    1 error in usage or configuration (exit code 2)
    ");
}

#[test]
fn a_new_backend_passes_at_once_and_the_rest_of_the_file_is_unchanged() {
    let home = Home::new();
    home.write("suites/first.toml", &SUITE.replace(", { check = 'snapshot' }", ""));
    home.write("suites/sequences.fasta", SEQUENCES);
    let before = "# Mine.\ndefault = \"here\"\n\n[backends.here] # the first\nkind = \"reference\"";
    home.write("backends.toml", before);
    let file = home.path().join("backends.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();

    let (reported, code) = home.run(&["new", "backend", "lab"]);
    assert_eq!(code, 0, "{reported}");
    assert!(fs::read_to_string(&file).unwrap().starts_with(before));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    // Follow the instructions that it prints.
    let next: Vec<Vec<&str>> =
        reported.lines().filter_map(|line| Some(line.strip_prefix("  hydrotest ")?.split(' ').collect())).collect();
    assert_eq!(next.len(), 2, "{reported}");
    for command in &next {
        let (reported, code) = home.run(command);
        assert_eq!(code, 0, "{command:?}: {reported}");
    }
    let (reported, _) = home.run(&next[1]);
    assert!(reported.contains("1 passed"), "{reported}");

    let refused = [["lab", "process"], ["other", "proces"], ["no good", "process"]].map(|[name, kind]| {
        let (reported, code) = home.run(&["new", "backend", name, "--kind", kind]);
        assert_eq!(code, 2, "{reported}");
        reported
    });
    insta::assert_snapshot!(refused.join("\n"), @"
    error: backend `lab` is there already
     --> backends.toml:7:11
      |
    7 | [backends.lab]
      |           ^^^
      |
      = help: choose another name, or change that table

    1 error in usage or configuration (exit code 2)

    error: unknown kind `proces`
     |
     = help: did you mean `process`?

    1 error in usage or configuration (exit code 2)

    error: `no good` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, 64 in all at most

    1 error in usage or configuration (exit code 2)
    ");
    home.write("inline.toml", "default = 'a'\nbackends = { a = { kind = 'reference' } }\n");
    let (reported, code) = home.run(&["new", "backend", "lab", "--config", "inline.toml"]);
    assert_eq!(code, 2, "{reported}");
    insta::assert_snapshot!(reported, @"
    error: no table can be added to inline.toml: its `backends` are written as one inline table
     |
     = help: write every backend as a table of its own, [backends.NAME]

    1 error in usage or configuration (exit code 2)
    ");
    fs::remove_file(home.path().join("inline.toml")).unwrap();
    let left: Vec<_> = home.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn without_a_configuration_new_creates_one() {
    let home = Home::new();
    let (reported, code) = home.run(&["new", "backend", "lab", "--kind", "http", "--config", "mine.toml"]);
    assert_eq!(code, 0, "{reported}");
    insta::assert_snapshot!(reported, @"
    declared [backends.lab] of kind http in mine.toml: its keys are explained there
    next:
      hydrotest doctor --backend lab --config mine.toml
      hydrotest --backend lab --model esm2 minimal --config mine.toml
    ");
    let written = fs::read_to_string(home.path().join("mine.toml")).unwrap();
    assert!(written.starts_with("default = \"lab\"\n\n[backends.lab]\nkind = \"http\"\n"), "{written}");
}
