//! Looks whether an engine and what a backend needs of it are there, for `hydrotest doctor`. Starts, pulls and makes nothing.

use std::path::Path;
use std::sync::Arc;

use super::credentials;
use super::engine::{self, Engine, bounded};
use super::host::Environment;
use super::recipe::Recipe;
use super::settings::{DockerSettings, Gpus, Pull};
use super::{pull, size};
use crate::backend::examination::Symptom;
use crate::backend::kind::Overrides;
use crate::os;
use crate::prediction::Contract;

/// Memory below which no published model loads, in bytes.
const LITTLE_MEMORY: i64 = 8 << 30;

/// Disk space below which a published image may not fit, in bytes.
const LITTLE_DISK: i64 = 20 << 30;

/// All symptoms.
pub(super) async fn examine(
    settings: &DockerSettings,
    models: &[Arc<Contract>],
    overrides: &Overrides,
) -> Vec<Symptom> {
    let device = overrides.device.as_deref().or(settings.device.as_deref());
    let mut symptoms = Vec::new();
    let mut recipes: Vec<Recipe> = Vec::new();
    for model in models {
        if let Err(error) = settings.fill(model, overrides, device) {
            Symptom::unset(&error).add_to(&mut symptoms);
        }
        // Engine and images can be looked at whatever else is missing.
        match settings.outline(model, overrides, device) {
            // Models share images.
            Ok(recipe) if recipes.iter().any(|known| known.image == recipe.image) => {}
            Ok(recipe) => recipes.push(recipe),
            Err(error) => Symptom::unset(&error).add_to(&mut symptoms),
        }
    }
    let Some(first) = recipes.first() else {
        return symptoms;
    };
    let engine = match Engine::find(first.host.as_deref()).await {
        Ok(engine) => engine,
        Err(error) => {
            symptoms.push(Symptom::broken(
                "docker engine",
                error.message,
                "then run `hydrotest doctor` again",
            ));
            return symptoms;
        }
    };
    let found = format!("{} at {}, {}", engine.version, engine.host, engine.architecture);
    symptoms.push(Symptom::well("docker engine", found));
    machine(&engine, settings, &first.gpus, &mut symptoms).await;
    for recipe in &recipes {
        symptoms.push(image(&engine, settings, recipe).await);
    }
    symptoms
}

/// What the engine says of its machine: memory, and GPUs where they are wanted.
async fn machine(engine: &Engine, settings: &DockerSettings, gpus: &Gpus, symptoms: &mut Vec<Symptom>) {
    let info = match bounded("telling about its machine", engine.docker.info()).await {
        Ok(Ok(info)) => info,
        Ok(Err(error)) => {
            let words = engine::words(&error);
            symptoms.push(Symptom::doubtful(
                "engine's machine",
                words,
                "ask it yourself: `docker info`",
            ));
            return;
        }
        Err(error) => {
            symptoms.push(Symptom::doubtful(
                "engine's machine",
                error.message,
                "ask it yourself: `docker info`",
            ));
            return;
        }
    };
    let memory = info.mem_total.unwrap_or_default();
    let shown = size::approximately(memory);
    symptoms.push(match settings.memory {
        Some(limit) if limit > memory => Symptom::doubtful(
            "memory",
            format!("{shown}, and `memory` allows {}", size::show(limit)),
            "the limit protects nothing; set it below what the machine has",
        ),
        _ if memory < LITTLE_MEMORY => {
            Symptom::doubtful("memory", shown, "published models need more; take a larger machine")
        }
        _ => Symptom::well("memory", shown),
    });
    if settings.memory.is_some() && info.memory_limit == Some(false) {
        let advice = "the machine's kernel lacks the memory controller; the limit will be ignored";
        symptoms.push(Symptom::doubtful("memory limit", "not supported", advice));
    }
    if let Some(free) = free(engine, info.docker_root_dir.as_deref()) {
        let shown = format!("{} free", size::approximately(free));
        symptoms.push(if free < LITTLE_DISK {
            Symptom::doubtful(
                "disk of the engine",
                shown,
                "images take gigabytes; `docker system df` says what does",
            )
        } else {
            Symptom::well("disk of the engine", shown)
        });
    }
    if *gpus != Gpus::None {
        let runtimes = info.runtimes.unwrap_or_default();
        let devices = info.discovered_devices.unwrap_or_default();
        let has = runtimes.contains_key("nvidia") || !devices.is_empty();
        symptoms.push(if has {
            Symptom::well("GPU", "the engine has a runtime for NVIDIA's")
        } else {
            Symptom::doubtful(
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

async fn image(engine: &Engine, settings: &DockerSettings, recipe: &Recipe) -> Symptom {
    let subject = format!("image {}", recipe.image);
    match pull::inspect(engine, &recipe.image).await {
        Err(error) => Symptom::broken(subject, error.message, "ask it yourself: `docker images`"),
        Ok(Some(found)) => match pull::suits(engine, &recipe.image, &found, settings.platform.as_deref()) {
            Ok(()) => Symptom::well(
                subject,
                format!("here, {}", size::approximately(found.size.unwrap_or_default())),
            ),
            Err(error) => Symptom::broken(subject, error.message, "choose another tag or engine"),
        },
        Ok(None) if settings.pull == Pull::Never => {
            let advice = format!("`docker pull {}`, or `pull = \"missing\"`", recipe.image);
            Symptom::broken(subject, "not here, and it is not to be pulled", advice)
        }
        Ok(None) => missing(engine, recipe, subject).await,
    }
}

/// An image that would have to be pulled: whether its registry has it.
async fn missing(engine: &Engine, recipe: &Recipe, subject: String) -> Symptom {
    let environment: Environment<'_> = &|name| std::env::var(name).ok();
    let found = credentials::find(&recipe.registry, environment).await;
    let asked = engine.docker.inspect_registry_image(&recipe.image, found.credentials);
    match bounded("asking a registry", asked).await {
        Ok(Ok(_)) => {
            let advice = format!("the first start pulls it; `docker pull {}` does so now", recipe.image);
            Symptom::doubtful(subject, "not here, but its registry has it", advice)
        }
        Ok(Err(error)) => {
            let advice = format!("is the tag right? `docker login {}` if it is private", recipe.registry);
            Symptom::broken(
                subject,
                format!("not here, and asking {}: {}", found.origin, engine::words(&error)),
                advice,
            )
        }
        Err(error) => Symptom::broken(
            subject,
            error.message,
            "is the registry reachable from the engine's machine?",
        ),
    }
}
