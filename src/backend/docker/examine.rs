//! Looks whether an engine and what a backend needs of it are there, for `hydrotest doctor`. Starts, pulls and makes nothing.

use std::path::Path;
use std::sync::Arc;

use super::credentials;
use super::engine::{self, Engine, bounded};
use super::host::Environment;
use super::settings::{DockerSettings, Gpus, Pull};
use super::spec::ContainerSpec;
use super::{pull, size};
use crate::backend::kind::Overrides;
use crate::backend::requirement::Requirement;
use crate::os;
use crate::prediction::Contract;

/// Memory below which no published model loads, in bytes.
const LITTLE_MEMORY: i64 = 8 << 30;

/// Disk space below which a published image may not fit, in bytes.
const LITTLE_DISK: i64 = 20 << 30;

/// All requirements.
pub(super) async fn examine(
    settings: &DockerSettings,
    models: &[Arc<Contract>],
    overrides: &Overrides,
) -> Vec<Requirement> {
    let device = overrides.device.as_deref().or(settings.device.as_deref());
    let mut requirements = Vec::new();
    let mut specs: Vec<ContainerSpec> = Vec::new();
    for model in models {
        if let Err(error) = settings.fill(model, overrides, device) {
            Requirement::unset(&error).add_to(&mut requirements);
        }
        // Engine and images can be looked at whatever else is missing.
        match settings.outline(model, overrides, device) {
            // Models share images.
            Ok(spec) if specs.iter().any(|known| known.image == spec.image) => {}
            Ok(spec) => specs.push(spec),
            Err(error) => Requirement::unset(&error).add_to(&mut requirements),
        }
    }
    let Some(first) = specs.first() else {
        return requirements;
    };
    let engine = match Engine::find(first.host.as_deref()).await {
        Ok(engine) => engine,
        Err(error) => {
            requirements.push(Requirement::unmet("docker engine", error.message, "then run `hydrotest doctor` again"));
            return requirements;
        }
    };
    let found = format!("{} at {}, {}", engine.version, engine.host, engine.architecture);
    requirements.push(Requirement::met("docker engine", found));
    machine(&engine, settings, &first.gpus, &mut requirements).await;
    for spec in &specs {
        requirements.push(image(&engine, settings, spec).await);
    }
    requirements
}

/// What the engine says of its machine: memory, and GPUs where they are wanted.
async fn machine(engine: &Engine, settings: &DockerSettings, gpus: &Gpus, requirements: &mut Vec<Requirement>) {
    let info = match bounded("telling about its machine", engine.docker.info()).await {
        Ok(Ok(info)) => info,
        Ok(Err(error)) => {
            let words = engine::words(&error);
            requirements.push(Requirement::doubtful("engine's machine", words, "check with `docker info`"));
            return;
        }
        Err(error) => {
            requirements.push(Requirement::doubtful("engine's machine", error.message, "check with `docker info`"));
            return;
        }
    };
    let memory = info.mem_total.unwrap_or_default();
    let shown = size::approximately(memory);
    requirements.push(match settings.memory {
        Some(limit) if limit > memory => Requirement::doubtful(
            "memory",
            format!("{shown}, and `memory` allows {}", size::show(limit)),
            "the limit protects nothing; set it below what the machine has",
        ),
        _ if memory < LITTLE_MEMORY => {
            Requirement::doubtful("memory", shown, "published models need more; take a larger machine")
        }
        _ => Requirement::met("memory", shown),
    });
    if settings.memory.is_some() && info.memory_limit == Some(false) {
        let advice = "the machine's kernel lacks the memory controller; the limit will be ignored";
        requirements.push(Requirement::doubtful("memory limit", "not supported", advice));
    }
    if let Some(free) = free(engine, info.docker_root_dir.as_deref()) {
        let shown = format!("{} free", size::approximately(free));
        requirements.push(if free < LITTLE_DISK {
            Requirement::doubtful(
                "disk of the engine",
                shown,
                "images take gigabytes; `docker system df` says what does",
            )
        } else {
            Requirement::met("disk of the engine", shown)
        });
    }
    if *gpus != Gpus::None {
        let runtimes = info.runtimes.unwrap_or_default();
        let devices = info.discovered_devices.unwrap_or_default();
        let has = runtimes.contains_key("nvidia") || !devices.is_empty();
        requirements.push(if has {
            Requirement::met("GPU", "the engine has a runtime for NVIDIA's")
        } else {
            Requirement::doubtful(
                "GPU",
                "the engine names no runtime or device for GPUs",
                "install the NVIDIA container toolkit and run `nvidia-ctk runtime configure`, or set `device = \"cpu\"`",
            )
        });
    }
}

/// The bytes that are free where an engine of this machine keeps its images.
fn free(engine: &Engine, root: Option<&str>) -> Option<i64> {
    if engine.remote().is_some() {
        return None;
    }
    // A root that is not here is in the machine of an engine that has one of its own.
    let root = Path::new(root?);
    i64::try_from(os::free_disk(root.exists().then_some(root)?).ok()?).ok()
}

async fn image(engine: &Engine, settings: &DockerSettings, spec: &ContainerSpec) -> Requirement {
    let subject = format!("image {}", spec.image);
    match pull::inspect(engine, &spec.image).await {
        Err(error) => Requirement::unmet(subject, error.message, "check with `docker images`"),
        Ok(Some(found)) => match pull::suits(engine, &spec.image, &found, settings.platform.as_deref()) {
            Ok(()) => {
                Requirement::met(subject, format!("here, {}", size::approximately(found.size.unwrap_or_default())))
            }
            Err(error) => Requirement::unmet(subject, error.message, "choose another tag or engine"),
        },
        Ok(None) if settings.pull == Pull::Never => {
            let advice = format!("`docker pull {}`, or `pull = \"missing\"`", spec.image);
            Requirement::unmet(subject, "not here, and it is not to be pulled", advice)
        }
        Ok(None) => missing(engine, spec, subject).await,
    }
}

/// An image that would have to be pulled: whether its registry has it.
async fn missing(engine: &Engine, spec: &ContainerSpec, subject: String) -> Requirement {
    let environment: Environment<'_> = &|name| std::env::var(name).ok();
    let found = credentials::find(&spec.registry, environment).await;
    let asked = engine.docker.inspect_registry_image(&spec.image, found.credentials);
    match bounded("asking a registry", asked).await {
        Ok(Ok(_)) => {
            let advice = format!("the first start pulls it; `docker pull {}` does so now", spec.image);
            Requirement::doubtful(subject, "not here, but its registry has it", advice)
        }
        Ok(Err(error)) => {
            let advice = format!("is the tag right? `docker login {}` if it is private", spec.registry);
            Requirement::unmet(
                subject,
                format!("not here, and asking {}: {}", found.origin, engine::words(&error)),
                advice,
            )
        }
        Err(error) => {
            Requirement::unmet(subject, error.message, "is the registry reachable from the engine's machine?")
        }
    }
}
