//! Checks whether a cluster can run jobs with these settings: commands, controller, shared directory, and whether
//! sbatch would accept such a job. Does not submit a job.

use std::sync::Arc;

use super::settings::{JobSpec, SlurmSettings};
use super::tools::{ToolError, Tools};
use crate::backend::installation;
use crate::backend::kind::Overrides;
use crate::backend::requirement::Requirement;
use crate::prediction::Contract;

impl SlurmSettings {
    /// One requirement for everything that a job needs.
    pub(super) async fn examine(&self, models: &[Arc<Contract>], overrides: &Overrides) -> Vec<Requirement> {
        let tools = Tools { conf: self.conf() };
        let mut requirements = Vec::new();
        for contract in models {
            match self.fill(contract) {
                Err(error) => Requirement::unset(&error).add_to(&mut requirements),
                Ok(JobSpec { container: Some(container), .. }) => {
                    for requirement in container.look_here(self.shared.as_deref()) {
                        requirement.add_to(&mut requirements);
                    }
                }
                Ok(_) => {}
            }
        }
        requirements.extend(gpu(self, overrides));
        for tool in ["sbatch", "squeue", "scancel", "scontrol"] {
            match tools.ask(tool, &["--version"]).await {
                Ok(version) => requirements.push(Requirement::met(tool, version.trim())),
                Err(error) => {
                    let advice = "install Slurm's commands here, or run hydrotest on a login node";
                    requirements.push(Requirement::unmet(tool, error.to_string(), advice));
                    return requirements;
                }
            }
        }
        match tools.ask("scontrol", &["ping"]).await {
            Ok(reply) => requirements.push(Requirement::met("slurmctld", reply.trim())),
            Err(error) => {
                let advice =
                    "set `conf` or SLURM_CONF to the cluster's slurm.conf, and see that slurmctld and munged run";
                requirements.push(Requirement::unmet("slurmctld", error.to_string(), advice));
                return requirements;
            }
        }
        let filled = models.iter().find_map(|contract| self.fill(contract).ok());
        requirements.push(submission(filled.map_or_else(|| self.requested(), |filled| filled.arguments), &tools).await);
        requirements.push(directory(self));
        requirements
    }
}

/// Whether the job asks for the GPU that its device needs. sbatch checks whether a node has one.
fn gpu(settings: &SlurmSettings, overrides: &Overrides) -> Option<Requirement> {
    let device = overrides.device.as_deref().or(settings.device.as_deref())?;
    if !device.starts_with("cuda") {
        return None;
    }
    let asked = settings.requested();
    let asked =
        asked.iter().chain(&settings.arguments).find(|option| option.contains("gpu") || option.starts_with("--gres"));
    Some(match asked {
        Some(option) => Requirement::met("GPU", format!("`{device}`, and the job asks for {option}")),
        None => Requirement::doubtful(
            "GPU",
            format!("the device is `{device}`, and the job asks for no GPU"),
            "ask for one with `gres = \"gpu:1\"`, unless every node of the partition gives one",
        ),
    })
}

/// Whether sbatch would accept a job with these arguments.
async fn submission(mut arguments: Vec<String>, tools: &Tools) -> Requirement {
    arguments.extend(["--test-only", "--wrap=true"].map(str::to_owned));
    match tools.ask("sbatch", &arguments).await {
        Ok(_) => Requirement::met("job", "sbatch would take it"),
        Err(error @ ToolError::Late { .. }) => Requirement::doubtful("job", error.to_string(), "try again later"),
        Err(error) => {
            let advice = "compare the backend's table with what `sinfo` and `scontrol show partition` say";
            Requirement::unmet("job", error.to_string(), advice)
        }
    }
}

/// The directory for the job's files. Whether the nodes share it cannot be checked from here.
fn directory(settings: &SlurmSettings) -> Requirement {
    const SHARE: &str = "the nodes must have it under the same path; set `shared_dir` when they have not";
    let (subject, directory) = match &settings.shared {
        Some(shared) => ("shared_dir", shared.clone()),
        None => ("state directory", installation::state_directory()),
    };
    let (path, is_shared) = (directory.display(), settings.shared.is_some());
    match tempfile::tempfile_in(&directory) {
        Ok(_) if is_shared => Requirement::met(subject, format!("{path} is writable here")),
        Ok(_) => Requirement::doubtful(subject, format!("{path} is writable here"), SHARE),
        Err(_) if !is_shared && !directory.is_dir() => {
            Requirement::doubtful(subject, format!("{path} is not there yet"), SHARE)
        }
        Err(error) => {
            let advice = "name a directory that you may write to and that the nodes share";
            Requirement::unmet(subject, format!("{path}: {error}"), advice)
        }
    }
}
