//! `hydrotest doctor`: looks whether everything is there that backends need, without starting a model.

use std::sync::Arc;
use std::time::Duration;

use super::arguments::DoctorArguments;
use super::project::Project;
use super::{BROKEN, CommandError, list, runtime, say};
use crate::backend::kind::Overrides;
use crate::backend::machine;
use crate::backend::registry::Platform;
use crate::backend::requirement::{Requirement, RequirementStatus};
use crate::plan::{Overriding, Selection, expand};
use crate::prediction::Contract;
use crate::report::doctor::{self, Patient, Role};
use crate::snapshot::{Recording, Store};

/// How long one backend may be looked at; its kind bounds each question, this bounds them all.
const PATIENCE: Duration = Duration::from_secs(120);

/// Examines this machine and the backends that were asked for.
pub(crate) fn doctor(arguments: &DoctorArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.list.places)?;
    let selectors: Vec<&str> = match &arguments.backend {
        Some(selector) => vec![selector],
        None => project.config.backends.iter().map(|table| table.name.as_str()).collect(),
    };
    let platforms =
        selectors.into_iter().map(|selector| Platform::select(&project.config, selector, Overrides::default()));
    let platforms: Vec<Platform> = platforms.collect::<Result<_, _>>()?;
    let runtime = runtime()?;
    let machine = machine::examine();
    let mut patients = Vec::with_capacity(platforms.len());
    for platform in &platforms {
        let models = project.config.models.iter();
        let models: Vec<Arc<Contract>> = models.filter(|model| platform.table.serves(&model.key)).cloned().collect();
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
    // What hangs on a platform must not keep the program from ending.
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

/// How many of the results that the backend will be held against are recorded.
fn snapshots(project: &Project, platform: &Platform) -> Result<Requirement, CommandError> {
    const SUBJECT: &str = "snapshots";
    let everything = Selection::default();
    let plan = expand(&project.config, &project.suites, &platform.table, &everything, Overriding::default())?;
    let weights = &platform.weights;
    let keys = plan.trials.iter().flat_map(|trial| trial.snapshot_keys(weights));
    let keys: std::collections::HashSet<_> = keys.collect();
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
