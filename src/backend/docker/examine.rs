//! The checks of `hydrotest doctor` for an engine and the images of a backend. Starts, pulls and creates nothing.

use std::path::Path;
use std::sync::Arc;

use super::engine::{self, Engine, bounded};
use super::settings::{DockerSettings, Gpus, Pull, approximate_bytes, show_bytes};
use super::spec::ContainerSpec;
use super::{credentials, host, pull};
use crate::backend::kind::Overrides;
use crate::backend::requirement::Requirement;
use crate::os;
use crate::prediction::Contract;

/// Memory in bytes below which no published model loads.
const LITTLE_MEMORY: i64 = 8 << 30;

/// Disk space in bytes below which a published image may not fit.
const LITTLE_DISK: i64 = 20 << 30;

/// All requirements.
pub(super) async fn examine(
    settings: &DockerSettings,
    models: &[Arc<Contract>],
    overrides: &Overrides,
) -> Vec<Requirement> {
    let device = overrides.device.as_ref().or(settings.device.as_ref()).cloned();
    let overrides = &Overrides { device, ..overrides.clone() };
    let mut requirements = Vec::new();
    let mut specs: Vec<ContainerSpec> = Vec::new();
    for model in models {
        if let Err(error) = settings.fill(model, overrides) {
            Requirement::unset(&error).add_to(&mut requirements);
        }
        // Engine and images can be checked even if something else is missing.
        match settings.outline(model, overrides) {
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

/// The engine's machine: memory and disk, and GPUs if they are wanted.
async fn machine(engine: &Engine, settings: &DockerSettings, gpus: &Gpus, requirements: &mut Vec<Requirement>) {
    let response = bounded("telling about its machine", engine.docker.info()).await.map_err(|error| error.message);
    let info = match response.and_then(|info| info.map_err(|error| engine::message(&error))) {
        Ok(info) => info,
        Err(message) => {
            requirements.push(Requirement::doubtful("engine's machine", message, "check with `docker info`"));
            return;
        }
    };
    let memory = info.mem_total.unwrap_or_default();
    let shown = approximate_bytes(memory);
    requirements.push(match settings.memory {
        Some(limit) if limit > memory => Requirement::doubtful(
            "memory",
            format!("{shown}, and `memory` allows {}", show_bytes(limit)),
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
        let shown = format!("{} free", approximate_bytes(free));
        let advice = "images take gigabytes; `docker system df` says what does";
        requirements.push(if free < LITTLE_DISK {
            Requirement::doubtful("disk of the engine", shown, advice)
        } else {
            Requirement::met("disk of the engine", shown)
        });
    }
    if *gpus != Gpus::None {
        let has_runtime = info.runtimes.is_some_and(|runtimes| runtimes.contains_key("nvidia"));
        requirements.push(if has_runtime || info.discovered_devices.is_some_and(|devices| !devices.is_empty()) {
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

/// The free bytes where an engine of this machine keeps its images.
fn free(engine: &Engine, root: Option<&str>) -> Option<i64> {
    // A root that does not exist here is in the virtual machine of an engine that has one.
    let root = Path::new(root.filter(|_| engine.remote().is_none())?);
    i64::try_from(os::free_disk(root.exists().then_some(root)?).ok()?).ok()
}

async fn image(engine: &Engine, settings: &DockerSettings, spec: &ContainerSpec) -> Requirement {
    let subject = format!("image {}", spec.image);
    match pull::inspect(engine, &spec.image).await {
        Err(error) => Requirement::unmet(subject, error.message, "check with `docker images`"),
        Ok(Some(found)) => match pull::suits(engine, &spec.image, &found, settings.platform.as_deref()) {
            Ok(()) => Requirement::met(subject, format!("here, {}", approximate_bytes(found.size.unwrap_or_default()))),
            Err(error) => Requirement::unmet(subject, error.message, "choose another tag or engine"),
        },
        Ok(None) if settings.pull == Pull::Never => {
            let advice = format!("`docker pull {}`, or `pull = \"missing\"`", spec.image);
            Requirement::unmet(subject, "not here, and it is not to be pulled", advice)
        }
        Ok(None) => missing(engine, spec, subject).await,
    }
}

/// Whether the registry has an image that the engine would have to pull.
async fn missing(engine: &Engine, spec: &ContainerSpec, subject: String) -> Requirement {
    let found = credentials::find(&spec.registry, &host::variable).await;
    let asked = engine.docker.inspect_registry_image(&spec.image, found.credentials);
    match bounded("asking a registry", asked).await {
        Ok(Ok(_)) => {
            let advice = format!("the first start pulls it; `docker pull {}` does so now", spec.image);
            Requirement::doubtful(subject, "not here, but its registry has it", advice)
        }
        Ok(Err(error)) => {
            let found = format!("not here, and asking {}: {}", found.origin, engine::message(&error));
            let advice = format!("is the tag right? `docker login {}` if it is private", spec.registry);
            Requirement::unmet(subject, found, advice)
        }
        Err(error) => {
            Requirement::unmet(subject, error.message, "is the registry reachable from the engine's machine?")
        }
    }
}
