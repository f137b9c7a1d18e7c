//! The shipped life-cycle suite on real processes and on a server that already runs, and the messages for mistakes in the
//! suite's file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/plain.rs"]
#[expect(dead_code, reason = "these tests compare the whole output")]
mod plain;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use plain::plain;
use tempfile::TempDir;

const SCENARIOS: &str = include_str!("../suites/life_cycle.toml");
/// Faults between client and server, and requests that no call makes.
const ON_THE_WIRE: &[(&str, &str)] = &[
    ("faults.toml", include_str!("../suites/faults.toml")),
    ("protocol.toml", include_str!("../suites/protocol.toml")),
];

/// The expected results of the scenarios. Only Linux can crash and freeze an instance from outside.
const ALL: &str =
    if cfg!(feature = "portable-os") { "7 passed; 0 failed; 5 ignored" } else { "10 passed; 0 failed; 2 ignored" };

/// A directory with the shipped scenarios, and the state of the runs in it.
fn home(backends: &str, scenarios: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("suites")).unwrap();
    std::fs::write(home.path().join("backends.toml"), backends).unwrap();
    std::fs::write(home.path().join("suites/life_cycle.toml"), scenarios).unwrap();
    let sequences = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/sequences.fasta");
    std::fs::copy(sequences, home.path().join("suites/sequences.fasta")).unwrap();
    home
}

/// What the program prints on both streams, and its exit code.
fn run(home: &TempDir, arguments: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
        .env("HYDROTEST_FORMAT", "pretty")
        .current_dir(home.path())
        .args(arguments)
        .env("HYDROTEST_STATE_DIR", home.path().join("state"))
        .env("LAB_SECRET", "s")
        .output()
        .unwrap();
    let reported = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (reported.concat(), output.status.code())
}

fn line<'a>(reported: &'a str, scenario: &str) -> &'a str {
    let name = format!("esm2::life_cycle::{scenario} ");
    let found = reported.lines().find(|line| line.contains(&name));
    found.unwrap_or_else(|| panic!("no line about {scenario} in\n{reported}"))
}

#[test]
fn processes_pass_every_scenario() {
    let backends = "default = 'self'\n[backends.self]\nkind = 'process'\nweights = 'synthetic'\nmax_instances = 2\n\
                    command = ['{hydrotest}', 'serve', '--port', '{port}']\ngrace = '5s'\n";
    let home = home(backends, SCENARIOS);
    let (reported, code) = run(&home, &[]);
    assert_eq!(code, Some(0), "{reported}");
    assert!(reported.contains(ALL), "{reported}");
    let ignored = ["orderly_exit", "terminated"].map(|scenario| line(&reported, scenario));
    insta::assert_snapshot!(ignored.join("\n"), @"
    test esm2::life_cycle::orderly_exit        ... ignored (the harness holds the instance itself, and does not end in the middle of a run)
    test esm2::life_cycle::terminated          ... ignored (the harness holds the instance itself, and does not end in the middle of a run)
    ");
    let unavailable = reported.contains("leak check of processes: not available on this system");
    assert_eq!(unavailable, cfg!(feature = "portable-os"), "{reported}");
    let left: Vec<_> = home.path().join("state/runs").read_dir().unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Behaves like a server that imports `PyTorch`: creates an empty temporary directory at import, ignores SIGTERM while it
/// loads, listens afterwards, is terminated by the signal it receives, and leaves the directory.
const TORCH: &str = "trap '' TERM; mktemp -d >/dev/null; sleep 2.5; trap - TERM; \
                     $SERVE $0 & s=$!; trap 'kill $s; wait $s; trap - TERM; kill -TERM $$' TERM; wait $s";

#[test]
fn a_server_that_behaves_like_pytorch_passes_every_scenario() {
    let backends = format!(
        "default = 'torch'\n[backends.torch]\nkind = 'process'\nweights = 'synthetic'\nmax_instances = 2\ngrace = '2s'\n\
         command = ['sh', '-c', '''{TORCH}''', '{{port}}']\nenv = {{ SERVE = '{{hydrotest}} serve --port' }}\n"
    );
    let home = home(&backends, SCENARIOS);
    let (reported, code) = run(&home, &[]);
    assert_eq!(code, Some(0), "{reported}");
    assert!(reported.contains(ALL), "{reported}");
    // Nothing leaks and nothing is wrong. The number of notes is random.
    let (_, closing) = reported.split_once("test result: ").unwrap();
    let closing: Vec<&str> = closing.lines().filter(|line| !line.contains("  note: ")).collect();
    insta::assert_snapshot!(plain(closing[2], &[]), @"backend torch (kind process, weights synthetic): 12 cases over 1 model in TIME s");
    // What only Linux can detect is not run elsewhere, and is not reported as checked.
    let levels = if cfg!(all(target_os = "linux", not(feature = "portable-os"))) {
        "core: 9 of 11 passed, 2 not applicable"
    } else {
        "core: 6 of 11 passed, 3 skipped, 2 not applicable"
    };
    assert_eq!(closing[4].trim(), format!("{levels}; extended: 1 of 1 passed"), "{reported}");
    // These suites have no case for most capabilities of the models.
    assert!(closing[5].starts_with("passed: ") && closing[5].contains("(exit code 0)"), "{reported}");
    let notes: Vec<&str> = reported.lines().filter(|line| line.contains("note: esm2 on torch: ")).collect();
    let has_note = |text: &str| notes.iter().any(|note| note.contains(text));
    assert!(has_note("temporary directory tmp.") && has_note("(0 bytes) was left in its TMPDIR"), "{reported}");
    assert!(has_note("had to be killed: the server did not end within 2 s of SIGTERM"), "{reported}");
}

#[test]
fn scenarios_run_only_on_the_first_preferred_model_that_is_selected() {
    let home = home("default = 'reference'\n[backends.reference]\nkind = 'reference'\n", SCENARIOS);
    for (arguments, model) in [(vec![], "esm2::"), (vec!["--model", "boltz2,esmc"], "esmc::")] {
        let (reported, code) = run(&home, &[&["--list"][..], &arguments].concat());
        assert_eq!(code, Some(0), "{reported}");
        let listed: Vec<&str> = reported.lines().filter(|line| line.contains("::")).collect();
        assert_eq!(listed.len(), 12, "{reported}");
        assert!(listed.iter().all(|line| line.starts_with(model)), "{reported}");
    }
    let (reported, _) = run(&home, &[]);
    insta::assert_snapshot!(line(&reported, "two_at_once"), @"test esm2::life_cycle::two_at_once         ... ignored (needs 2 instances at once, and `max_instances` of backend `reference` is 1)");
    assert!(line(&reported, "failed_start").ends_with("ok"), "{reported}");
}

/// A server that hydrotest did not start.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve() -> (Server, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
        .env("HYDROTEST_FORMAT", "pretty")
        .args(["serve", "--port", "0"])
        .env("MODEL_CLASS", "boileroom.models.esm.core.ESM2Core")
        .env("BOILEROOM_TRANSPORT_HMAC_KEY", "s")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reported = String::new();
    let stderr = server.stderr.take().unwrap();
    BufReader::new(stderr).read_line(&mut reported).unwrap();
    let address = reported.trim_end().strip_prefix("serving esm2 on ").unwrap().to_owned();
    (Server(server), address)
}

#[test]
fn scenarios_are_skipped_on_a_server_that_already_runs() {
    let (_server, address) = serve();
    let backends = format!(
        "default = 'lab'\n[backends.lab]\nkind = 'http'\nurl = '{address}'\nsecret_env = 'LAB_SECRET'\nmodels = ['esm2']\n"
    );
    let size = "\n[[case]]\nname = 'other_size'\nsequences = 'short'\nconfig = { model_name = 'esm2_t6_8M_UR50D' }\n\
                checks = [{ check = 'contract' }]\n";
    let home = home(&backends, &format!("{SCENARIOS}{size}"));
    let (reported, code) = run(&home, &[]);
    assert_eq!(code, Some(4), "{reported}");
    let reasons = reported.lines().filter(|line| line.starts_with("test esm2::life_cycle::"));
    let reasons: Vec<&str> = reasons.filter_map(|line| Some(line.split_once(" ... ")?.1)).collect();
    let alike = reasons.iter().filter(|reason| **reason == reasons[0]);
    assert_eq!(alike.count(), 12, "{reported}");
    insta::assert_snapshot!(reasons[0], @"ignored (kind `http` starts nothing, so that only hydrotest itself would be tested)");
    // A server that hydrotest did not start cannot fail a start.
    insta::assert_snapshot!(line(&reported, "other_size"), @r#"test esm2::life_cycle::other_size          ... ignored (a server that runs already cannot be given another configuration: `model_name` "esm2_t6_8M_UR50D" is wanted, and the server has "esm2_t33_650M_UR50D", as `config.esm2` of [backends.lab] or the model's default says)"#);
}

/// The same with the suites for the wire.
fn wired(backends: &str) -> TempDir {
    let home = home(backends, SCENARIOS);
    for (name, text) in ON_THE_WIRE {
        std::fs::write(home.path().join("suites").join(name), text).unwrap();
    }
    home
}

#[test]
fn servers_keep_responding_after_faults_between_client_and_server() {
    let process = "default = 'self'\n[backends.self]\nkind = 'process'\nweights = 'synthetic'\n\
                   command = ['{hydrotest}', 'serve', '--port', '{port}']\n";
    let (reported, code) = run(&wired(process), &["--suite", "faults,protocol"]);
    assert_eq!(code, Some(0), "{reported}");
    assert!(reported.contains("8 passed; 0 failed; 0 ignored"), "{reported}");

    let (_server, address) = serve();
    let http = format!(
        "default = 'lab'\n[backends.lab]\nkind = 'http'\nurl = '{address}'\nsecret_env = 'LAB_SECRET'\nmodels = ['esm2']\n\
         weights = 'synthetic'\n"
    );
    let (reported, code) = run(&wired(&http), &["--suite", "faults,protocol"]);
    assert_eq!(code, Some(0), "{reported}");
    assert!(reported.contains("7 passed; 0 failed; 1 ignored"), "{reported}");
    let replayed = reported.lines().find(|line| line.contains("::replayed ")).unwrap();
    assert!(replayed.contains("ignored (kind `http` starts nothing"), "{replayed}");

    let reference = "default = 'reference'\n[backends.reference]\nkind = 'reference'\n";
    let (reported, code) = run(&wired(reference), &["--suite", "faults,protocol"]);
    assert_eq!(code, Some(4), "{reported}");
    let reason = "ignored (kind `reference` has no server that speaks the model-server protocol)";
    assert_eq!(reported.matches(reason).count(), 8, "{reported}");
}

#[test]
fn a_fault_with_an_unexpected_result_is_an_error_of_hydrotest() {
    let (_server, address) = serve();
    let http = format!(
        "default = 'lab'\n[backends.lab]\nkind = 'http'\nurl = '{address}'\nsecret_env = 'LAB_SECRET'\nmodels = ['esm2']\n\
         weights = 'synthetic'\n"
    );
    let faults = [
        "{ fault = 'cut', must = ['call', 'timeout', 'platform'] }",
        "{ fault = 'corrupt', must = 'response' }",
        "{ fault = 'drip', must = ['decode', 'signature', 'backend'] }",
    ];
    let cases = faults.iter().enumerate().map(|(index, fault)| {
        format!(
            "[[case]]\nname = 'fault_{index}'\nsteps = ['start', {fault}, 'call', 'stop']\nsequences = 'short'\n\
             checks = [{{ check = 'contract' }}]\n"
        )
    });
    let suite = format!("about = 'x'\n{}", cases.collect::<String>());
    let (reported, code) = run(&home(&http, &suite), &[]);
    assert_eq!(code, Some(3), "{reported}");
    let lines = reported.lines().filter(|line| line.contains("expected ") || line.contains("error: inconclusive"));
    // How the closed connection is described does not matter here.
    let lines: Vec<&str> = lines.filter_map(|line| line.trim().split(": the connection ended").next()).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    error: inconclusive, hydrotest could not judge it
    scenario [step 2: fault cut at 0.5]: call failed: expected the fault timeout in stage call; came the fault died in stage call: call failed
    error: inconclusive, hydrotest could not judge it
    scenario [step 2: fault corrupt at 0.5]: call failed: expected a response; came the signature does not match: another key, or a payload changed on the way
    error: inconclusive, hydrotest could not judge it
    scenario [step 2: fault drip]: call failed: expected the fault signature in stage decode; came a response
    ");
}

#[test]
fn mistakes_in_steps_are_shown_where_they_are_written() {
    let reported = [
        "[\"start\", \"cal\", \"stop\"]",
        "[]",
        "[\"call\"]",
        "[\"start\", \"call\"]",
        "[\"start\", \"stop\", \"kill\"]",
        "[\"start\", { fault = \"cutt\", must = \"response\" }, \"stop\"]",
        "[\"start\", { fault = \"drip\" }, \"stop\"]",
        "[\"start\", { fault = \"hang\", must = [\"call\", \"timeuot\", \"platform\"] }, \"stop\"]",
        "[\"start\", { fault = \"hang\", must = [\"call\", \"timeout\", \"backend\"] }, \"stop\"]",
        "[\"start\", { fault = \"replay\", must = \"response\" }, \"stop\"]",
        "[\"start\", { request = \"GET health\", status = [200] }, \"stop\"]",
        "[\"start\", \"pause\", \"call\"]",
    ]
    .map(|steps| {
        let backends = "default = 'reference'\n[backends.reference]\nkind = 'reference'\n";
        let checks = "checks = [{ check = 'contract' }]";
        let suite = format!("about = 'x'\n[[case]]\nname = 'a'\nsteps = {steps}\nsequences = 'short'\n{checks}\n");
        let (reported, code) = run(&home(backends, &suite), &[]);
        assert_eq!(code, Some(2), "{reported}");
        let lines = reported
            .lines()
            .filter(|line| line.starts_with("error: ") || line.contains('^') || line.contains("= help"));
        lines.map(str::trim_end).collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(reported.join("\n"), @r#"
    error: unknown step `cal`
      |                   ^^^^^ did you mean `call`?
    error: a scenario without steps proves nothing
      |         ^^ expected at least one
    error: step 1 cannot be `call`
      |          ^^^^^^ it does not run: expected `start` before it, or `refuse`
    error: step 2 cannot be `call`
      |                   ^^^^^^ it runs after the last step: expected `stop` at the end
    error: step 3 cannot be `kill`
      |                           ^^^^^^ it does not run: expected `start` before it
    error: unknown fault `cutt`
      |                             ^^^^^^ did you mean `cut`?
    error: missing key `must`
      |                   ^^^^^^^^^^^^^^^^^^ in this table
    error: unknown fault `timeuot`
      |                                                     ^^^^^^^^^ did you mean `timeout`?
    error: `backend` is not responsible for the fault timeout
      |                                                                ^^^^^^^^^ expected "platform"
    error: step 2 cannot be `fault replay`
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ there is no response to replay: expected a `drip` and then a `restart` before it
    error: this is no request
      |                               ^^^^^^^^^^^^ expected "METHOD /path"
    error: step 3 cannot be `call`
      |                            ^^^^^^ it is paused: expected `resume`
    "#);
}

#[test]
fn mistakes_in_scenarios_are_shown_where_they_are_written() {
    let backends = "default = 'reference'\n[backends.reference]\nkind = 'reference'\n";
    let checks = "checks = [{ check = 'contract' }]";
    let wrong = format!(
        "about = 'x'\nfirst_of = ['esm9']\n[[case]]\nname = 'a'\nsteps = ['start_thrice']\nsequences = 'short'\n{checks}\n"
    );
    let (reported, code) = run(&home(backends, &wrong), &[]);
    assert_eq!(code, Some(2), "{reported}");
    insta::assert_snapshot!(reported, @"
    error: unknown model `esm9`
     --> suites/life_cycle.toml:2:13
      |
    2 | first_of = ['esm9']
      |             ^^^^^^ did you mean `esm2`?

    1 error in usage or configuration (exit code 2)
    ");
    let unknown = wrong.replace("first_of = ['esm9']\n", "");
    let (reported, code) = run(&home(backends, &unknown), &[]);
    assert_eq!(code, Some(2), "{reported}");
    insta::assert_snapshot!(reported, @"
    error: unknown step `start_thrice`
     --> suites/life_cycle.toml:4:10
      |
    4 | steps = ['start_thrice']
      |          ^^^^^^^^^^^^^^
      |
      = help: known: `start`, `stop`, `restart`, `call`, `call_many`, `down`, `refuse`, `fail_start`, `fail_stop`, `abandon_start`, `kill`, `pause`, `resume`, `exit`, `terminate`, `start_both`, `call_both`, `call_other`, `stop_other`, `health_while_busy`, `keep_alive`

    1 error in usage or configuration (exit code 2)
    ");
    let calls = format!(
        "about = 'x'\n[[case]]\nname = 'a'\nsteps = ['stop', 'stop']\n{checks}\n[[case.call]]\nname = 'b'\nsequences = 'short'\n"
    );
    let (reported, code) = run(&home(backends, &calls), &[]);
    assert_eq!(code, Some(2), "{reported}");
    insta::assert_snapshot!(reported, @"
    error: a scenario makes its own calls
     --> suites/life_cycle.toml:6:1
      |
    6 | [[case.call]]
      | ^^^^^^^^^^^^^ say in the case what it sends, without `call`

    1 error in usage or configuration (exit code 2)
    ");
}
