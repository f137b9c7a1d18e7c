//! What `hydrotest doctor` finds out about hosted Python code: whether the interpreter is one, and has what is to be hosted.
//! Imports nothing of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::cloud;
use super::hosting::{Host, Hosting};
use super::question::ask;
use crate::backend::requirement::Requirement;
use crate::backend::{BackendError, machine};

/// Says who it is, and where it would find the packages that are asked for, without importing them.
const QUESTION: &str = "
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
/// The client that a wrapper with the selector of Modal needs.
const MODAL: &str = "modal";
/// What every result is made of.
const ALWAYS: &str = "numpy";

#[derive(Deserialize)]
struct InterpreterReply {
    version: String,
    executable: String,
    found: BTreeMap<String, Option<String>>,
}

/// Looks at the interpreter of what is to be hosted.
pub(super) async fn examine(hostings: Vec<Result<Hosting, BackendError>>) -> Vec<Requirement> {
    let mut requirements = Vec::new();
    let mut packages = vec![ALWAYS.to_owned()];
    let mut first = None;
    let mut device = None;
    for hosting in hostings {
        match hosting {
            Ok(hosting) => {
                let package = hosting.host.class().split(['.', ':']).next().unwrap_or_default().to_owned();
                if !packages.contains(&package) {
                    packages.push(package);
                }
                if cloud::is_selected(&hosting) && !packages.iter().any(|package| package == MODAL) {
                    packages.push(MODAL.to_owned());
                }
                // A core runs in this interpreter, and so on this machine; where else a model runs is not known here.
                if let Host::Core { .. } = hosting.host {
                    device = machine::gpu(hosting.device.as_deref());
                }
                first.get_or_insert(hosting);
            }
            Err(error) => {
                Requirement::unset(&error).add_to(&mut requirements);
            }
        }
    }
    let Some(hosting) = first else {
        return requirements;
    };
    requirements.extend(device);
    match ask::<InterpreterReply>(&hosting, QUESTION, &packages).await {
        Err(words) => {
            let usual = || "name a Python of version 3.8 or newer with `interpreter`".to_owned();
            let advice = hosting.meant_interpreter().unwrap_or_else(usual);
            requirements.push(Requirement::unmet("interpreter", words, advice));
        }
        Ok(response) => {
            requirements.push(interpreter(&response));
            let found = response.found.iter().map(|(name, place)| package(name, place.as_deref()));
            requirements.extend(found);
            if cloud::is_selected(&hosting) {
                requirements.extend(cloud::device(hosting.device.as_deref()));
                if response.found.get(MODAL).is_some_and(Option::is_some) {
                    requirements.push(cloud::service(&hosting).await);
                }
            }
        }
    }
    requirements
}

fn interpreter(response: &InterpreterReply) -> Requirement {
    let found = format!("Python {}, {}", response.version, response.executable);
    let mut numbers = response.version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    let version = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if version < (3, 8) {
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
