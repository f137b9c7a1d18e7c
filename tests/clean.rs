//! `hydrotest clean`, `doctor` and `new` as a user meets them: what they find, say, do and leave alone, and their exit codes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// A directory with a state of its own, and the name of a dead run that is no other's: processes are found by it wherever they
/// were started.
struct Home {
    directory: TempDir,
    dead: String,
}

impl Home {
    fn new() -> Self {
        static HOMES: AtomicU32 = AtomicU32::new(0);
        let number = HOMES.fetch_add(1, Ordering::Relaxed);
        Self {
            directory: tempfile::tempdir().unwrap(),
            dead: format!("hydrotest-{:08x}{number:08x}", std::process::id()),
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

    /// What the program says, on both streams, and its exit code.
    fn run(&self, arguments: &[&str]) -> (String, i32) {
        let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
            .current_dir(self.path())
            .args(arguments)
            .env("HYDROTEST_STATE_DIR", self.path().join("state"))
            .env_remove("NO_SUCH_VARIABLE")
            .env("LAB_SECRET", "s")
            .output()
            .unwrap();
        let told = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (told.concat(), output.status.code().unwrap())
    }
}

/// A process with the label of a run that is dead.
struct Orphan(Child);

impl Orphan {
    fn new(label: &str) -> Self {
        let child = Command::new("sleep")
            .arg("600")
            .env("HYDROTEST_INSTANCE", label)
            .spawn()
            .unwrap();
        let environment = format!("/proc/{}/environ", child.id());
        // Between fork and exec it has our environment, not its own.
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
fn what_a_killed_run_left_is_listed_then_removed_and_nothing_else_is() {
    let home = Home::new();
    assert_eq!(home.run(&["clean"]), ("nothing to clean\n".to_owned(), 0));
    home.write(&format!("state/runs/{}/lock", home.dead), "");
    home.write(&format!("state/runs/{}/3/server.log", home.dead), "last words");
    let mut orphan = Orphan::new(&format!("{}-3", home.dead));
    let mut stranger = Orphan::new("hydrotest-fedcba9876543210-1");

    let (told, code) = home.run(&["clean", "--dry-run"]);
    let listed = format!(
        "would remove process {} (sleep 600)\n1 killed run to clean up\n",
        orphan.0.id()
    );
    assert_eq!((told, code), (listed, 0));
    assert!(orphan.is_there());

    let (told, code) = home.run(&["clean"]);
    let removed = format!(
        "removed process {} (sleep 600)\n1 killed run cleaned up\n",
        orphan.0.id()
    );
    assert_eq!((told, code), (removed, 0));
    assert!(!orphan.is_there(), "it is gone when the program says so");
    assert!(stranger.is_there());
    assert!(!home.path().join("state/runs").join(&home.dead).exists());
    assert_eq!(home.run(&["clean"]), ("nothing to clean\n".to_owned(), 0));
}

#[test]
fn what_cannot_be_cleared_up_is_told_and_kept() {
    let home = Home::new();
    home.write(&format!("state/runs/{}/lock", home.dead), "");
    home.write(
        &format!("state/runs/{}/platforms/1.json", home.dead),
        r#"{"kind": "no_such_kind", "platform": {}}"#,
    );
    let (told, code) = home.run(&["clean"]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("kind `no_such_kind` has no resource finder"), "{told}");
    assert!(told.contains("`hydrotest clean` tries again (exit code 3)"), "{told}");
    assert!(home.path().join("state/runs").join(&home.dead).exists());
}

#[test]
fn the_moments_around_the_lock_leave_nothing_either() {
    let home = Home::new();
    // Killed before the lock was made, and after it was removed.
    fs::create_dir_all(home.path().join("state/runs").join(&home.dead)).unwrap();
    assert_eq!(home.run(&["clean"]).1, 0);
    assert!(!home.path().join("state/runs").join(&home.dead).exists());
}

const SEQUENCES: &str = ">short\nMLKNVHVLVLGAGDVGSVVVRLLEK\n";
const SUITE: &str = "about = 'x'\n[[case]]\nname = 'minimal'\nsequences = 'short'\nchecks = [{ check = 'contract' }, \
                     { check = 'snapshot' }]\n";

#[test]
fn the_doctor_says_what_is_there_what_is_missing_and_what_to_do() {
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
    let (told, code) = home.run(&["doctor", "--backend", "good"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("good (kind reference): can run"), "{told}");
    assert!(
        told.contains("0 of 1 results are recorded for weights `synthetic`"),
        "{told}"
    );
    assert!(told.contains("-> record them on a backend that you trust"), "{told}");
    assert!(told.contains("none left anything unchecked"), "{told}");

    home.write(&format!("state/runs/{}/lock", home.dead), "");
    let (told, code) = home.run(&["doctor"]);
    assert_eq!(code, 3, "{told}");
    for words in [
        "killed runs      one was not cleaned up",
        "-> hydrotest clean",
        "tool (kind process): cannot run like this",
        "`no-such-tool` is in none of the",
        "nowhere is not a directory",
        "unset (kind process): not set up on this machine\n  note    settings         environment variable `NO_SUCH_VARIABLE` is not set",
        "lab (kind http): cannot run like this",
        "secret           LAB_SECRET is set",
        "http://127.0.0.1:1 is not ready: ",
        "-> start the model server there, or correct `url`",
    ] {
        assert!(told.contains(words), "{words} is not in\n{told}");
    }

    let (told, code) = home.run(&["doctor", "--backend", "unset"]);
    assert_eq!(code, 3, "who is asked for has to run here: {told}");
    assert!(told.contains("unset (kind process): cannot run like this"), "{told}");
    let (told, code) = home.run(&["doctor", "--backend", "lab", "--json"]);
    assert_eq!(code, 3, "{told}");
    let json: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(json["backends"][0]["can_run"], false);
    assert_eq!(json["backends"][0]["symptoms"][0]["state"], "ok");

    let (told, code) = home.run(&["doctor", "--backend", "goood"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("did you mean `good`?"), "{told}");
}

#[test]
fn a_new_backend_is_green_at_once_and_the_rest_of_the_file_is_as_it_was() {
    let home = Home::new();
    home.write("suites/first.toml", &SUITE.replace(", { check = 'snapshot' }", ""));
    home.write("suites/sequences.fasta", SEQUENCES);
    let before = "# Mine.\ndefault = \"here\"\n\n[backends.here] # the first\nkind = \"reference\"";
    home.write("backends.toml", before);
    let file = home.path().join("backends.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();

    let (told, code) = home.run(&["new", "backend", "lab"]);
    assert_eq!(code, 0, "{told}");
    assert!(fs::read_to_string(&file).unwrap().starts_with(before));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    // What it says to do next is done.
    let next: Vec<Vec<&str>> = told
        .lines()
        .filter_map(|line| Some(line.strip_prefix("  hydrotest ")?.split(' ').collect()))
        .collect();
    assert_eq!(next.len(), 2, "{told}");
    for command in &next {
        let (told, code) = home.run(command);
        assert_eq!(code, 0, "{command:?}: {told}");
    }
    let (told, _) = home.run(&next[1]);
    assert!(told.contains("1 passed"), "{told}");

    for (arguments, words) in [
        (["lab", "process"], "backend `lab` is there already"),
        (["other", "proces"], "did you mean `process`?"),
        (
            ["no good", "process"],
            "`no good` is no name for a backend: expected a letter",
        ),
    ] {
        let (told, code) = home.run(&["new", "backend", arguments[0], "--kind", arguments[1]]);
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(words), "{told}");
    }
    home.write(
        "inline.toml",
        "default = 'a'\nbackends = { a = { kind = 'reference' } }\n",
    );
    let (told, code) = home.run(&["new", "backend", "lab", "--config", "inline.toml"]);
    assert_eq!(code, 2, "{told}");
    assert_eq!(
        told.matches("no table can be added to inline.toml").count(),
        1,
        "{told}"
    );
    fs::remove_file(home.path().join("inline.toml")).unwrap();
    let left: Vec<_> = home
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn without_a_configuration_the_first_backend_makes_one() {
    let home = Home::new();
    let (told, code) = home.run(&["new", "backend", "lab", "--kind", "http", "--config", "mine.toml"]);
    assert_eq!(code, 0, "{told}");
    assert!(
        told.contains("hydrotest doctor --backend lab --config mine.toml"),
        "{told}"
    );
    let written = fs::read_to_string(home.path().join("mine.toml")).unwrap();
    assert!(
        written.starts_with("default = \"lab\"\n\n[backends.lab]\nkind = \"http\"\n"),
        "{written}"
    );
}
