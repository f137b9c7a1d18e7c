//! The checks of `hydrotest doctor` for hosted Python code: the interpreter, its packages and, with the selector of
//! Modal, the service and the GPU. Does not import the hosted code.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::hosting::{Host, Hosting};
use crate::backend::requirement::Requirement;
use crate::backend::{BackendError, machine};
use crate::os::{self, Pid, Signal, kill_process};

/// Prints the interpreter's version and where it would find packages, without importing them.
const PACKAGES: &str = "
import importlib.util, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        spec = importlib.util.find_spec(name)
        found[name] = spec and (spec.origin or str(list(spec.submodule_search_locations or [])))
    except Exception as error:
        found[name] = None
version = '.'.join(str(number) for number in sys.version_info[:3])
print(); print(json.dumps({'version': version, 'executable': sys.executable, 'found': found}))
";
/// Makes the same check of the service as the bridge before a start.
const SERVICE: &str = concat!(
    include_str!("bridge/hydrotest_bridge/modal_service.py"),
    "
import json
try:
    check()
    failure = None
except BaseException as error:
    failure = '{}: {}'.format(type(error).__name__, error)
print(); print(json.dumps({'failure': failure}))
"
);
/// The client that a wrapper with the selector of Modal needs.
const MODAL: &str = "modal";
/// The package that every result needs.
const ALWAYS: &str = "numpy";
/// The known classes of Modal's GPUs. Modal adds new ones, so another class may be valid too.
const CLASSES: [&str; 12] =
    ["T4", "L4", "A10", "A10G", "A100", "A100-40GB", "A100-80GB", "L40S", "H100", "H200", "B200", "RTX-PRO-6000"];
/// How long an interpreter may take to answer: some create an environment first.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that are read of its answer.
const LONGEST: u64 = 64 << 10;

#[derive(Deserialize)]
struct InterpreterReply {
    version: String,
    executable: String,
    found: BTreeMap<String, Option<String>>,
}

#[derive(Deserialize)]
struct ServiceReply {
    failure: Option<String>,
}

/// One requirement for everything that the hosted code needs.
pub(super) async fn examine(hostings: Vec<Result<Hosting, BackendError>>) -> Vec<Requirement> {
    let mut requirements = Vec::new();
    let mut packages = vec![ALWAYS.to_owned()];
    let mut first = None;
    let mut device = None;
    for hosting in hostings {
        match hosting {
            Ok(hosting) => {
                let package = hosting.host.class().split(['.', ':']).next().unwrap_or_default();
                for package in std::iter::once(package).chain(uses_modal(&hosting).then_some(MODAL)) {
                    if !packages.iter().any(|known| known == package) {
                        packages.push(package.to_owned());
                    }
                }
                // A core runs on this machine; it is not known where other models run.
                if let Host::Core { .. } = hosting.host {
                    device = machine::gpu(hosting.device.as_deref());
                }
                first.get_or_insert(hosting);
            }
            Err(error) => Requirement::unset(&error).add_to(&mut requirements),
        }
    }
    let Some(hosting) = first else { return requirements };
    requirements.extend(device);
    match ask::<InterpreterReply>(&hosting, PACKAGES, &packages).await {
        Err(message) => {
            let usual = || "name a Python of version 3.8 or newer with `interpreter`".to_owned();
            let advice = hosting.meant_interpreter().unwrap_or_else(usual);
            requirements.push(Requirement::unmet("interpreter", message, advice));
        }
        Ok(reply) => {
            requirements.push(interpreter(&reply));
            requirements.extend(reply.found.iter().map(|(name, place)| package(name, place.as_deref())));
            if uses_modal(&hosting) {
                requirements.extend(modal_device(hosting.device.as_deref()));
                if reply.found.get(MODAL).is_some_and(Option::is_some) {
                    requirements.push(modal_service(&hosting).await);
                }
            }
        }
    }
    requirements
}

fn interpreter(reply: &InterpreterReply) -> Requirement {
    let found = format!("Python {}, {}", reply.version, reply.executable);
    let mut numbers = reply.version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    if (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()) < (3, 8) {
        return Requirement::unmet("interpreter", found, "name a Python of version 3.8 or newer with `interpreter`");
    }
    Requirement::met("interpreter", found)
}

fn package(name: &str, place: Option<&str>) -> Requirement {
    let subject = format!("package {name}");
    match place {
        Some(place) => Requirement::met(subject, place),
        None => Requirement::unmet(
            subject,
            "the interpreter does not find it",
            "name its folder with `path`, install it, or name the interpreter that has it with `interpreter`",
        ),
    }
}

fn uses_modal(hosting: &Hosting) -> bool {
    matches!(hosting.host, Host::Wrapper { .. }) && hosting.host.through().is_some_and(|name| name.trim() == MODAL)
}

/// Whether Modal's service answers and accepts the token.
async fn modal_service(hosting: &Hosting) -> Requirement {
    const SUBJECT: &str = "Modal";
    let failure = match ask::<ServiceReply>(hosting, SERVICE, &[]).await {
        Ok(ServiceReply { failure: None }) => {
            return Requirement::met(SUBJECT, "its service answers and takes the token");
        }
        Ok(ServiceReply { failure: Some(failure) }) | Err(failure) => failure,
    };
    Requirement::unmet(SUBJECT, failure, "`modal token new` gets a token; docs/modal.md says what else may be wrong")
}

/// Whether the device can be a class of Modal's GPUs.
fn modal_device(device: Option<&str>) -> Option<Requirement> {
    const SUBJECT: &str = "GPU";
    const LIST: &str = "modal.com/docs/guide/gpu lists the classes of GPU, such as `device = \"A100-40GB\"`";
    let device = device?;
    let class = device.split(':').next().unwrap_or(device).trim_end_matches('!');
    Some(if CLASSES.iter().any(|known| known.eq_ignore_ascii_case(class)) {
        Requirement::met(SUBJECT, format!("`{device}`, which Modal has"))
    } else if class.eq_ignore_ascii_case("cuda") || class.eq_ignore_ascii_case("cpu") {
        Requirement::unmet(SUBJECT, format!("to Modal the device `{device}` is no GPU"), LIST)
    } else {
        let found = format!("`{device}` is none of the classes of GPU that Modal is known to have; a start will tell");
        Requirement::doubtful(SUBJECT, found, LIST)
    })
}

/// Runs a program in the interpreter and parses the last line of its output as JSON. The error says why that failed.
async fn ask<T: DeserializeOwned>(hosting: &Hosting, question: &str, arguments: &[String]) -> Result<T, String> {
    let (program, own_arguments) = hosting.interpreter.split_first().ok_or("no interpreter is named")?;
    let mut command = Command::new(program);
    command
        .args(own_arguments)
        .args(["-c", question])
        .args(arguments)
        .envs(hosting.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(directory) = &hosting.directory {
        command.current_dir(directory);
    }
    let asking = async {
        let child = command.spawn().map_err(|error| format!("{program} cannot be run: {error}"))?;
        let mut child = AskedInterpreter(child);
        let mut text = String::new();
        if let Some(output) = child.0.stdout.take() {
            let read = output.take(LONGEST).read_to_string(&mut text).await;
            read.map_err(|error| format!("the response of {program} cannot be read: {error}"))?;
        }
        let status = child.0.wait().await.map_err(|error| error.to_string())?;
        serde_json::from_str(text.lines().last().unwrap_or_default())
            .map_err(|_| format!("{program} does not answer as a Python does ({status})"))
    };
    let asked = tokio::time::timeout(PATIENCE, asking).await;
    asked.unwrap_or_else(|_| Err(format!("{program} did not answer within {} s", PATIENCE.as_secs())))
}

/// An interpreter that was asked something. Dropping it before its exit kills also what it started: a launcher such as
/// `uv run python` has Python as its child. All stay in the process group of hydrotest, so that Ctrl-C ends them.
struct AskedInterpreter(Child);

impl Drop for AskedInterpreter {
    fn drop(&mut self) {
        let running = self.0.id().and_then(|id| os::with_descendants(id.cast_signed()).ok());
        for process in running.into_iter().flatten().filter_map(Pid::from_raw) {
            // It may have exited meanwhile.
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::dropped;
    use crate::backend::requirement::RequirementStatus;
    use crate::prediction::Options;

    #[test]
    fn a_device_is_a_class_of_gpu_or_not() {
        let state = |name: &str| modal_device(Some(name)).unwrap().status;
        assert_eq!(modal_device(None), None);
        for known in ["A100-40GB", "t4", "H100:4", "H100!"] {
            assert_eq!(state(known), RequirementStatus::Met, "{known}");
        }
        assert_eq!(state("cuda:0"), RequirementStatus::Unmet);
        assert_eq!(state("Z9000"), RequirementStatus::Doubtful);
    }

    #[tokio::test]
    #[cfg_attr(feature = "portable-os", ignore = "finding the descendants of a process is Linux's")]
    async fn a_question_that_is_given_up_leaves_no_child_of_a_launcher() {
        let reported = tempfile::NamedTempFile::new().unwrap();
        let script = dropped::script(reported.path());
        let hosting = Hosting {
            interpreter: ["sh", "-c", &script].map(str::to_owned).to_vec(),
            directory: None,
            environment: Vec::new(),
            host: Host::Core { class: String::new() },
            method: "embed",
            config: Options::new(),
            device: None,
            inputs: None,
        };
        dropped::leaves_no_child(ask::<serde_json::Value>(&hosting, SERVICE, &[]), reported.path()).await;
    }
}
