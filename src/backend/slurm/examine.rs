//! Looks whether a cluster can run jobs with these settings: commands, controller, partition, the shared directory, and
//! what sbatch itself says of such a job without submitting it.

use std::path::PathBuf;
use std::sync::Arc;

use super::settings::{JobSpec, SlurmSettings};
use super::tools::{ToolError, Tools};
use crate::backend::installation;
use crate::backend::kind::Overrides;
use crate::backend::requirement::Requirement;
use crate::prediction::Contract;

/// One requirement for each thing that a job needs.
pub(super) async fn examine(
    settings: &SlurmSettings,
    models: &[Arc<Contract>],
    overrides: &Overrides,
) -> Vec<Requirement> {
    let tools = Tools::new(settings.conf());
    let mut requirements = Vec::new();
    for contract in models {
        match settings.fill(contract) {
            Err(error) => Requirement::unset(&error).add_to(&mut requirements),
            Ok(JobSpec { container: Some(container), .. }) => {
                for requirement in container.look_here(settings.shared()) {
                    requirement.add_to(&mut requirements);
                }
            }
            Ok(_) => {}
        }
    }
    requirements.extend(gpu(settings, overrides));
    for tool in ["sbatch", "squeue", "scancel", "scontrol"] {
        match tools.ask(tool, &["--version".to_owned()]).await {
            Ok(version) => requirements.push(Requirement::met(tool, version.trim())),
            Err(error) => {
                let advice = "install Slurm's commands here, or run hydrotest on a login node";
                requirements.push(Requirement::unmet(tool, error.to_string(), advice));
                return requirements;
            }
        }
    }
    match tools.ask("scontrol", &["ping".to_owned()]).await {
        Ok(said) => requirements.push(Requirement::met("slurmctld", said.trim())),
        Err(error) => {
            let advice = "set `conf` or SLURM_CONF to the cluster's slurm.conf, and see that slurmctld and munged run";
            requirements.push(Requirement::unmet("slurmctld", error.to_string(), advice));
            return requirements;
        }
    }
    let filled = models.iter().find_map(|contract| settings.fill(contract).ok());
    requirements.push(submission(filled.map_or_else(|| settings.requested(), |filled| filled.arguments), &tools).await);
    requirements.push(directory(settings));
    requirements
}

/// A device that needs a GPU, for which a job has to ask. Whether a node has one, sbatch knows.
fn gpu(settings: &SlurmSettings, overrides: &Overrides) -> Option<Requirement> {
    let device = overrides.device.as_deref().or(settings.device.as_deref())?;
    if !device.starts_with("cuda") {
        return None;
    }
    let asked = settings.requested();
    let asked =
        asked.iter().chain(settings.arguments()).find(|option| option.contains("gpu") || option.starts_with("--gres"));
    Some(match asked {
        Some(option) => Requirement::met("GPU", format!("`{device}`, and the job asks for {option}")),
        None => Requirement::doubtful(
            "GPU",
            format!("the device is `{device}`, and the job asks for no GPU"),
            "ask for one with `gres = \"gpu:1\"`, unless every node of the partition gives one",
        ),
    })
}

/// What sbatch says of a job with these requests; it submits nothing.
async fn submission(asked: Vec<String>, tools: &Tools) -> Requirement {
    let mut arguments = asked;
    arguments.push("--test-only".to_owned());
    arguments.push("--wrap=true".to_owned());
    match tools.ask("sbatch", &arguments).await {
        Ok(_) => Requirement::met("job", "sbatch would take it"),
        Err(error @ ToolError::Late { .. }) => Requirement::doubtful("job", error.to_string(), "try again later"),
        Err(error) => {
            let advice = "compare the backend's table with what `sinfo` and `scontrol show partition` say";
            Requirement::unmet("job", error.to_string(), advice)
        }
    }
}

/// The directory for the job's files. Whether the nodes have it too is not to be seen from here.
fn directory(settings: &SlurmSettings) -> Requirement {
    let (subject, directory) = match settings.shared() {
        Some(shared) => ("shared_dir", shared.to_owned()),
        None => ("state directory", installation::state_directory()),
    };
    let exists = |path: &PathBuf| path.is_dir();
    let writable = tempfile::tempfile_in(&directory);
    match writable {
        Ok(_) if settings.shared().is_none() => Requirement::doubtful(
            subject,
            format!("{} is writable here", directory.display()),
            "the nodes must have it under the same path; set `shared_dir` when they have not",
        ),
        Ok(_) => Requirement::met(subject, format!("{} is writable here", directory.display())),
        Err(_) if settings.shared().is_none() && !exists(&directory) => Requirement::doubtful(
            subject,
            format!("{} is not there yet", directory.display()),
            "the nodes must have it under the same path; set `shared_dir` when they have not",
        ),
        Err(error) => {
            let advice = "name a directory that you may write to and that the nodes share";
            Requirement::unmet(subject, format!("{}: {error}", directory.display()), advice)
        }
    }
}
