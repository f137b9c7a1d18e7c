//! The checks of `hydrotest doctor` for this kind: the program, the images, their disk space, the server's source and
//! the GPU. Does not pull images or start containers.

use std::path::Path;
use std::sync::Arc;

use super::cache::{CacheEntry, EntryState};
use super::failure::{self, LITTLE};
use super::settings::{ApptainerSettings, ApptainerSpec};
use super::tool::Tool;
use crate::backend::container::Gpu;
use crate::backend::image::{ImageName, own_architecture};
use crate::backend::kind::Overrides;
use crate::backend::requirement::Requirement;
use crate::os;
use crate::prediction::Contract;

/// Exists if the driver of AMD is loaded.
const AMD: &str = "/dev/kfd";

impl ApptainerSettings {
    /// One requirement for everything that the models need.
    pub(super) async fn examine(&self, models: &[Arc<Contract>], overrides: &Overrides) -> Vec<Requirement> {
        let mut requirements = vec![match Tool::find(self.tool.as_deref()).await {
            Ok(tool) => Requirement::met("apptainer", tool.version),
            Err(error) => Requirement::unmet("apptainer", error.message, "without it no container can be started"),
        }];
        requirements.push(gpu(self.gpu_for(overrides.device.as_deref())));
        let mut seen = Vec::new();
        for contract in models {
            match (self.fill(contract, 0), self.images.name(contract, overrides)) {
                (Ok(filled), Ok(image)) => {
                    if seen.is_empty() {
                        requirements.extend(surroundings(&filled));
                    }
                    if !seen.contains(&image) {
                        requirements.push(look(self, &filled, &image).await);
                        seen.push(image);
                    }
                }
                (Err(error), _) | (_, Err(error)) => Requirement::unset(&error).add_to(&mut requirements),
            }
        }
        requirements
    }
}

fn gpu(gpu: Gpu) -> Requirement {
    let (name, sign) = match gpu {
        Gpu::None => return Requirement::met("GPU", "not asked for"),
        Gpu::Nvidia => ("NVIDIA's", os::NVIDIA_DRIVER),
        Gpu::Rocm => ("AMD's", AMD),
    };
    if Path::new(sign).exists() {
        return Requirement::met("GPU", format!("{name} driver is loaded"));
    }
    let advice = "install the driver, or run on the processor with `device = \"cpu\"`";
    Requirement::doubtful("GPU", format!("{name} driver is not loaded: there is no {sign}"), advice)
}

/// The requirements that all images share: the server's source and the disk space for SIF files.
fn surroundings(filled: &ApptainerSpec) -> Vec<Requirement> {
    let mut requirements = Vec::new();
    if let Some(source) = &filled.source {
        let server = source.join("boileroom/backend/server.py");
        requirements.push(if server.is_file() {
            Requirement::met("source", server.to_string_lossy())
        } else {
            let advice = "set `source` to the directory that holds the package `boileroom`";
            Requirement::unmet("source", format!("there is no {}", server.display()), advice)
        });
    }
    let entry = filled.cache.display();
    requirements.push(match os::free_disk(&filled.cache).ok() {
        Some(free) if free >= LITTLE => Requirement::met("cache", format!("{entry}, {} GiB free", free >> 30)),
        Some(free) => {
            let advice = "free some disk space there, or set `cache` to a directory on a larger disk";
            Requirement::doubtful("cache", format!("{entry}, {} MiB free", free >> 20), advice)
        }
        None => Requirement::doubtful("cache", format!("{entry} cannot be looked at"), "set `cache`"),
    });
    requirements
}

/// Whether an image is in the cache, or can be pulled.
async fn look(settings: &ApptainerSettings, filled: &ApptainerSpec, image: &ImageName) -> Requirement {
    let entry = CacheEntry::new(&filled.cache, image);
    let subject = format!("image {image}");
    let (own, registry) = (own_architecture(), image.registry());
    let problem = match entry.look().await {
        Ok(EntryState::Valid(sif)) => {
            return match sif.architecture.filter(|architecture| *architecture != own) {
                None => Requirement::met(subject, entry.sif.to_string_lossy()),
                Some(other) => {
                    let advice = format!("remove {} and name a tag for {own}", entry.sif.display());
                    Requirement::unmet(subject, format!("is for {other}, and this machine is {own}"), advice)
                }
            };
        }
        Ok(EntryState::Missing) => "is not pulled yet".to_owned(),
        Ok(EntryState::Invalid(why)) => format!("{} {why}", entry.sif.display()),
        Err(error) => {
            let advice = "set `cache` to a directory that may be read";
            return Requirement::unmet(subject, format!("{}: {error}", entry.sif.display()), advice);
        }
    };
    match failure::reach(image, settings.https).await {
        Ok(()) => {
            let pull = format!("the first start pulls it from {registry}, which answers");
            Requirement::doubtful(subject, problem, format!("{pull}; it may need a longer `start_timeout`"))
        }
        Err(error) => {
            let advice = "pull it where there is a way to the registry, into the same `cache`";
            Requirement::unmet(subject, format!("{problem}, and {registry} cannot be reached: {error}"), advice)
        }
    }
}
