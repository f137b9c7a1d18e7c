//! What `hydrotest doctor` looks at for this kind: the program, the images, the disk space for them, the server's source and the GPU.
//! Pulls nothing and starts no container.

use std::path::Path;
use std::sync::Arc;

use super::cache::{Found, Place};
use super::settings::{ApptainerSettings, Filled, Gpu};
use super::tool::Tool;
use super::trouble::{self, LITTLE};
use crate::backend::examination::Symptom;
use crate::backend::image::{ImageName, own_architecture};
use crate::backend::kind::Overrides;
use crate::os;
use crate::prediction::Contract;

/// What tells that a driver is there.
const AMD: &str = "/dev/kfd";

/// One symptom for each thing that the models need.
pub(super) async fn examine(
    settings: &ApptainerSettings,
    models: &[Arc<Contract>],
    overrides: &Overrides,
) -> Vec<Symptom> {
    let mut symptoms = vec![match Tool::find(settings.tool.as_deref()).await {
        Ok(tool) => Symptom::well("apptainer", tool.version),
        Err(error) => Symptom::broken("apptainer", error.message, "without it no container can be started"),
    }];
    symptoms.push(gpu(settings.gpu_for(overrides.device.as_deref())));
    let mut seen = Vec::new();
    for contract in models {
        match (settings.fill(contract, 0), settings.images.name(contract, overrides)) {
            (Ok(filled), Ok(image)) => {
                if seen.is_empty() {
                    symptoms.extend(surroundings(&filled));
                }
                if !seen.contains(&image) {
                    symptoms.push(look(settings, &filled, &image).await);
                    seen.push(image);
                }
            }
            (Err(error), _) | (_, Err(error)) => {
                Symptom::unset(&error).add_to(&mut symptoms);
            }
        }
    }
    symptoms
}

fn gpu(gpu: Gpu) -> Symptom {
    let (name, sign) = match gpu {
        Gpu::None => return Symptom::well("GPU", "not asked for"),
        Gpu::Nvidia => ("NVIDIA's", os::NVIDIA_DRIVER),
        Gpu::Rocm => ("AMD's", AMD),
    };
    if Path::new(sign).exists() {
        return Symptom::well("GPU", format!("{name} driver is loaded"));
    }
    let advice = "install the driver, or run on the processor with `device = \"cpu\"`";
    Symptom::doubtful(
        "GPU",
        format!("{name} driver is not loaded: there is no {sign}"),
        advice,
    )
}

/// What all images share: the server's source and the disk space for SIF files.
fn surroundings(filled: &Filled) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    if let Some(source) = &filled.source {
        let server = source.join("boileroom/backend/server.py");
        symptoms.push(if server.is_file() {
            Symptom::well("source", server.to_string_lossy())
        } else {
            let advice = "set `source` to the directory that holds the package `boileroom`";
            Symptom::broken("source", format!("there is no {}", server.display()), advice)
        });
    }
    let place = filled.cache.display();
    symptoms.push(match os::free_disk(&filled.cache).ok() {
        Some(free) if free >= LITTLE => Symptom::well("cache", format!("{place}, {} GiB free", free >> 30)),
        Some(free) => {
            let advice = "make room there, or set `cache` to a directory on a larger disk";
            Symptom::doubtful("cache", format!("{place}, {} MiB free", free >> 20), advice)
        }
        None => Symptom::doubtful("cache", format!("{place} cannot be looked at"), "set `cache`"),
    });
    symptoms
}

/// Whether an image is there, or can be had.
async fn look(settings: &ApptainerSettings, filled: &Filled, image: &ImageName) -> Symptom {
    let place = Place::new(&filled.cache, image);
    let subject = format!("image {image}");
    let own = own_architecture();
    let lacking = match place.look().await {
        Ok(Found::Sound(sif)) => {
            let foreign = sif.architecture.filter(|architecture| *architecture != own);
            return match foreign {
                None => Symptom::well(subject, place.sif.to_string_lossy()),
                Some(other) => {
                    let advice = format!("remove {} and name a tag for {own}", place.sif.display());
                    Symptom::broken(subject, format!("is for {other}, and this machine is {own}"), advice)
                }
            };
        }
        Ok(Found::Nothing) => "is not pulled yet".to_owned(),
        Ok(Found::Unsound(why)) => format!("{} {why}", place.sif.display()),
        Err(error) => {
            let advice = "set `cache` to a directory that may be read";
            return Symptom::broken(subject, format!("{}: {error}", place.sif.display()), advice);
        }
    };
    match trouble::reach(image, settings.https).await {
        Ok(()) => Symptom::doubtful(
            subject,
            lacking,
            format!(
                "the first start pulls it from {}, which answers; it may need a longer `start_timeout`",
                image.registry()
            ),
        ),
        Err(error) => Symptom::broken(
            subject,
            format!("{lacking}, and {} cannot be reached: {error}", image.registry()),
            "pull it where there is a way to the registry, into the same `cache`",
        ),
    }
}
