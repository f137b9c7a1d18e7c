//! Executes the steps of `action.yml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{text, yaml};

/// A runner with a checkout.
struct Runner {
    home: TempDir,
}

/// Result of the action.
#[derive(Default)]
struct Job {
    /// The exit code of the first step that failed, else 0.
    code: i32,
    stdout: String,
    stderr: String,
    /// The outputs of each step with an id.
    outputs: BTreeMap<String, BTreeMap<String, String>>,
    /// The external actions that would have been used, with their inputs.
    used: Vec<(String, BTreeMap<String, String>)>,
}

const BACKENDS: &str = "[backends.reference]\nkind = 'reference'\n";

impl Runner {
    /// A checkout with a configuration and a suite whose only case has these checks.
    fn with_checks(checks: &str) -> Self {
        let runner = Self { home: tempfile::tempdir().unwrap() };
        let suite = format!(
            "about = 'own'\n[[case]]\nname = 'one'\nliteral = 'MLKNV'\nmodels = ['esm2']\nchecks = [{checks}]\n"
        );
        fs::create_dir_all(runner.checkout().join("suites")).unwrap();
        fs::create_dir(runner.path("temp")).unwrap();
        fs::write(runner.checkout().join("suites/own.toml"), suite).unwrap();
        fs::write(runner.checkout().join("backends.toml"), BACKENDS).unwrap();
        runner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn checkout(&self) -> PathBuf {
        self.path("checkout")
    }

    fn reports(&self) -> PathBuf {
        self.path("temp/hydrotest-reports")
    }

    fn summary(&self) -> String {
        fs::read_to_string(self.path("summary")).unwrap_or_default()
    }

    /// Executes the action with these inputs. It uses the program that was built.
    fn run(&self, given: &[(&str, &str)]) -> Job {
        let action = yaml("action.yml");
        let declared = action["inputs"].as_object().unwrap();
        let mut inputs: BTreeMap<String, String> = BTreeMap::new();
        for (name, input) in declared {
            inputs.insert(name.clone(), text(input, "default").to_owned());
        }
        let program = ("program", env!("CARGO_BIN_EXE_hydrotest"));
        for (name, value) in given.iter().chain([&program]) {
            assert!(inputs.insert((*name).to_owned(), (*value).to_owned()).is_some(), "{name}");
        }
        let mut job = Job::default();
        for step in action["runs"]["steps"].as_array().unwrap() {
            if job.code == 0 && is_wanted(text(step, "if"), &inputs, &job) {
                self.step(step, &inputs, &mut job);
            }
        }
        job
    }

    fn step(&self, step: &Value, inputs: &BTreeMap<String, String>, job: &mut Job) {
        let values = |key: &str| -> BTreeMap<String, String> {
            let table = step.get(key).and_then(Value::as_object);
            let pairs = table.into_iter().flatten();
            pairs.map(|(name, value)| (name.clone(), filled(value.as_str().unwrap(), inputs, job))).collect()
        };
        if let Some(uses) = step.get("uses").and_then(Value::as_str) {
            job.used.push((uses.to_owned(), values("with")));
            return;
        }
        assert_eq!(text(step, "shell"), "bash", "{step}");
        let script = self.path("step.sh");
        fs::write(&script, text(step, "run")).unwrap();
        let outputs = self.path("outputs");
        fs::write(&outputs, "").unwrap();
        let directory = match text(step, "working-directory") {
            "" => self.checkout(),
            given => self.checkout().join(filled(given, inputs, job)),
        };
        let ran = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(&script)
            .current_dir(directory)
            .env_remove("CARGO")
            .envs(values("env"))
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", &outputs)
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .env("RUNNER_TEMP", self.path("temp"))
            .env("HYDROTEST_STATE_DIR", self.path("state"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        job.code = ran.status.code().unwrap();
        job.stdout += &String::from_utf8(ran.stdout).unwrap();
        job.stderr += &String::from_utf8(ran.stderr).unwrap();
        let lines = fs::read_to_string(&outputs).unwrap();
        let pairs = lines.lines().map(|line| line.split_once('=').unwrap());
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        job.outputs.insert(text(step, "id").to_owned(), pairs.collect());
    }
}

/// The value of an expression between `${{` and `}}`. Fails for expressions that it does not know.
fn value(expression: &str, inputs: &BTreeMap<String, String>, job: &Job) -> String {
    let words: Vec<&str> = expression.trim().split('.').collect();
    match *words.as_slice() {
        ["inputs", name] => inputs.get(name).unwrap_or_else(|| panic!("{expression}")).clone(),
        ["steps", id, "outputs", name] => {
            job.outputs.get(id).and_then(|step| step.get(name)).cloned().unwrap_or_default()
        }
        ["github", "action_path"] => env!("CARGO_MANIFEST_DIR").to_owned(),
        _ => panic!("unknown expression {expression}"),
    }
}

/// Replaces the expressions in a text.
fn filled(text: &str, inputs: &BTreeMap<String, String>, job: &Job) -> String {
    let mut parts = text.split("${{");
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once("}}").unwrap();
        whole += &(value(expression, inputs, job) + rest);
    }
    whole
}

/// Whether a step with this condition runs if no earlier step failed.
fn is_wanted(condition: &str, inputs: &BTreeMap<String, String>, job: &Job) -> bool {
    if condition.is_empty() {
        return true;
    }
    let inner = condition.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap();
    let (expression, literal) = inner.split_once("!=").unwrap();
    assert_eq!(literal.trim(), "''", "{condition}");
    !value(expression, inputs, job).is_empty()
}

#[test]
fn a_correct_backend_passes_with_summary_annotation_and_reports() {
    let runner = Runner::with_checks("{ check = 'contract' }");
    fs::write(runner.path("summary"), "# of another step\n").unwrap();
    let job =
        runner.run(&[("backend", "reference"), ("arguments", "--model=esm2\n\n--suite=own\n"), ("artifact", "mine")]);
    assert_eq!(job.code, 0, "{}{}", job.stdout, job.stderr);
    assert!(job.stdout.contains("\n::notice "), "{}", job.stdout);
    assert!(!job.stdout.contains("::error"), "{}", job.stdout);
    let summary = runner.summary();
    assert!(summary.starts_with("# of another step\n") && summary.contains("| all |  | 1 | 0 |"), "{summary}");
    assert_eq!(job.outputs["run"]["exit-code"], "0");
    let reports = runner.reports();
    assert_eq!(Path::new(&job.outputs["run"]["reports"]), reports.canonicalize().unwrap());
    let outcome: Value = serde_json::from_slice(&fs::read(reports.join("outcome.json")).unwrap()).unwrap();
    assert_eq!(outcome["cases"].as_array().unwrap().len(), 1);
    assert!(fs::read_to_string(reports.join("junit.xml")).unwrap().contains("esm2::own"));
    let [(uses, with)] = &job.used[..] else { panic!("{:?}", job.used) };
    assert!(uses.starts_with("actions/upload-artifact@v"), "{uses}");
    assert_eq!((&*with["name"], Path::new(&with["path"])), ("mine", &*reports.canonicalize().unwrap()));
}

#[test]
fn a_wrong_backend_keeps_its_exit_code_and_is_reported() {
    let runner = Runner::with_checks("{ check = 'absent', fields = ['embeddings'] }");
    let job = runner.run(&[]);
    assert_eq!(job.code, 1, "{}{}", job.stdout, job.stderr);
    assert!(job.stdout.contains("\n::error "), "{}", job.stdout);
    let summary = runner.summary();
    assert!(summary.contains("does not conform") && summary.contains("esm2::own::one"), "{summary}");
    let junit = fs::read_to_string(runner.reports().join("junit.xml")).unwrap();
    assert!(junit.contains("<failure"), "{junit}");
    assert!(job.used.is_empty(), "nothing is uploaded without a name");
}

#[test]
fn a_wrong_configuration_is_not_a_verdict_and_reports_of_earlier_runs_are_not_reused() {
    let runner = Runner::with_checks("{ check = 'contract' }");
    assert_eq!(runner.run(&[]).code, 0);
    fs::remove_file(runner.path("summary")).unwrap();
    let job = runner.run(&[("arguments", "--model=esm9")]);
    assert_eq!(job.code, 2, "{}{}", job.stdout, job.stderr);
    assert!(job.stdout.contains("::error title=hydrotest::no case was run (exit code 2)"), "{}", job.stdout);
    assert!(runner.summary().contains("exit code 2"), "{}", runner.summary());
    assert!(!runner.summary().contains("passed"));
    assert!(!runner.reports().join("outcome.json").exists());
}

#[test]
fn inputs_are_never_executed_as_commands() {
    let runner = Runner::with_checks("{ check = 'contract' }");
    let hostile = "\"; touch pwned; $(touch pwned) `touch pwned`\ntouch pwned";
    for input in ["backend", "arguments", "command", "reports"] {
        let job = runner.run(&[(input, hostile)]);
        assert!(job.code != 0, "{input}: {}", job.stdout);
    }
    let found = Command::new("find").arg(runner.home.path()).args(["-name", "pwned"]).output().unwrap();
    assert!(found.status.success() && found.stdout.is_empty(), "{found:?}");
}

#[test]
fn it_runs_in_a_subdirectory_and_uses_the_project_above_it() {
    let runner = Runner::with_checks("{ check = 'contract' }");
    fs::create_dir(runner.checkout().join("deep")).unwrap();
    let job = runner.run(&[("working-directory", "deep"), ("reports", "out")]);
    assert_eq!(job.code, 0, "{}{}", job.stdout, job.stderr);
    assert!(runner.checkout().join("deep/out/outcome.json").exists());
}

#[test]
fn scripts_use_inputs_only_as_variables() {
    let action = yaml("action.yml");
    for step in action["runs"]["steps"].as_array().unwrap() {
        assert!(!text(step, "run").contains("${{"), "{step}");
    }
    let file = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml")).unwrap();
    for name in action["inputs"].as_object().unwrap().keys() {
        assert!(file.contains(&format!("inputs.{name} ")), "{name} is not used");
    }
}

#[test]
fn results_without_a_reference_are_kept_for_review_among_the_reports() {
    let runner = Runner::with_checks("{ check = 'snapshot' }");
    let stale = runner.reports().join("hydrotest-pending/synthetic/esm2/own/stale.snap.new");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    fs::write(&stale, "").unwrap();
    let job = runner.run(&[]);
    assert_eq!(job.code, 3, "{}{}", job.stdout, job.stderr);
    let pending = runner.reports().join("hydrotest-pending");
    assert!(pending.join("synthetic/esm2/own/one.snap.new").exists(), "{}", job.stdout);
    assert!(!stale.exists(), "it is from an earlier run");
    assert!(!runner.checkout().join("snapshots").exists(), "only references");

    // A reviewer copies them into a checkout.
    let hydrotest = |action: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.current_dir(runner.checkout()).args(["snapshots", action, "--pending"]);
        command.arg(&pending).args(more).stdin(Stdio::null()).output().unwrap()
    };
    let listed = hydrotest("list", &[]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("synthetic/esm2/own/one"), "{listed:?}");
    let accepted = hydrotest("accept", &["--yes"]);
    assert!(accepted.status.success(), "{accepted:?}");
    let job = runner.run(&[]);
    assert_eq!(job.code, 0, "{}{}", job.stdout, job.stderr);
}
