//! `hydrotest doctor`: checks that the requirements of each backend are met. Does not start a model.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::list;
use super::list::ListArguments;
use super::output::{BROKEN, CommandError, runtime, say};
use super::project::Project;
use crate::backend::kind::Overrides;
use crate::backend::machine;
use crate::backend::registry::Platform;
use crate::backend::requirement::{Requirement, RequirementStatus};
use crate::plan::Selection;
use crate::prediction::Contract;
use crate::report::doctor::{self, Patient, Role};
use crate::snapshot::{Recording, Store};

/// Which backends to look at.
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Only this backend, as declared [default: all of them].
    #[arg(long, value_name = "NAME[:TAG]")]
    pub(crate) backend: Option<String>,
    /// The list, as JSON, and where the project lies.
    #[command(flatten)]
    pub(crate) list: ListArguments,
}

/// Time to examine one backend. Its kind bounds each question; this bounds all of them together.
const PATIENCE: Duration = Duration::from_secs(120);

/// Examines this machine and the selected backends.
pub(super) fn doctor(arguments: &DoctorArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.list.places)?;
    let selectors: Vec<&str> = match &arguments.backend {
        Some(selector) => vec![selector],
        None => project.config.backends.iter().map(|table| table.name.as_str()).collect(),
    };
    let select = |selector| Platform::select(&project.config, selector, Overrides::default());
    let platforms: Vec<Platform> = selectors.into_iter().map(select).collect::<Result<_, _>>()?;
    let runtime = runtime(1)?;
    let machine = machine::examine();
    let mut patients = Vec::with_capacity(platforms.len());
    for platform in &platforms {
        let served = |model: &&Arc<Contract>| platform.table.serves(&model.key);
        let models: Vec<Arc<Contract>> = project.config.models.iter().filter(served).cloned().collect();
        let examined = runtime.block_on(async { tokio::time::timeout(PATIENCE, platform.examine(&models)).await });
        let mut requirements = examined.unwrap_or_else(|_| {
            let found = format!("the examination was not over within {} s", PATIENCE.as_secs());
            vec![Requirement::unmet("platform", found, "ask the platform itself what it waits for")]
        });
        requirements.push(snapshots(&project, platform)?);
        patients.push(Patient {
            name: &platform.table.name,
            kind: platform.kind.name,
            role: if arguments.backend.is_some() || platform.table.name == project.config.default {
                Role::Wanted
            } else {
                Role::Declared
            },
            requirements,
        });
    }
    // A question that hangs must not keep the program from exiting.
    runtime.shutdown_background();
    let broken = machine.iter().any(|requirement| requirement.status == RequirementStatus::Unmet)
        || patients.iter().any(Patient::is_sick);
    if arguments.list.json {
        list::show_json(&doctor::json(&machine, &patients))?;
    } else {
        say(&doctor::table(&machine, &patients));
    }
    Ok(if broken { BROKEN } else { 0 })
}

/// How many of the results that the backend is compared with are recorded.
fn snapshots(project: &Project, platform: &Platform) -> Result<Requirement, CommandError> {
    const SUBJECT: &str = "snapshots";
    let plan = project.plan(&platform.table, &Selection::default())?;
    let weights = &platform.weights;
    let keys: HashSet<_> = plan.trials.iter().flat_map(|trial| trial.snapshot_keys(weights)).collect();
    let references = project.references(weights)?;
    let listed = Store::new(references.directory(), Recording::Never)?.list()?;
    let recorded = listed.iter().filter(|entry| keys.contains(&entry.key)).count();
    let found = format!("{recorded} of {} results are recorded for weights `{weights}`", keys.len());
    if recorded == keys.len() {
        return Ok(Requirement::met(SUBJECT, found));
    }
    let advice = "record them on a backend that you trust: hydrotest --backend NAME --record";
    Ok(Requirement::doubtful(SUBJECT, found, advice))
}
