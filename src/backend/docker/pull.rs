//! Sees to it that the engine has an image, and one that it can run: pulls by policy, with the registry's credentials, telling
//! how far it is; then compares architectures.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{CreateImageInfo, ImageInspect};
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::credentials;
use super::engine::{self, Engine, bounded};
use super::host::Environment;
use super::logs::DockerLogWriter;
use super::settings::Pull;
use super::size;
use super::spec::ContainerSpec;
use crate::backend::image::{self, PullObstacle};
use crate::backend::start_progress::StartProgress;
use crate::backend::{BackendError, Fault, Stage};

/// Time between two lines about a pull.
const INTERVAL: Duration = Duration::from_secs(2);
/// The first of all statuses that are a server's fault.
const SERVER_ERROR: u16 = 500;

/// Where a pull reports how far it is.
pub(super) struct PullReporter<'a> {
    /// The log of the instance.
    pub(super) log: &'a mut DockerLogWriter,
    /// The progress of the start.
    pub(super) progress: &'a StartProgress,
}

/// Makes sure of the image, and gives what the engine says of it.
///
/// # Errors
/// When there is no such image, it cannot be had, or it is for another machine.
pub(super) async fn ensure(
    engine: &Engine,
    spec: &ContainerSpec,
    policy: Pull,
    platform: Option<&str>,
    reporter: &mut PullReporter<'_>,
) -> Result<ImageInspect, BackendError> {
    let looking = format!("asking the engine for the image {}", spec.image);
    reporter.progress.set(Stage::Launch, looking);
    let here = inspect(engine, &spec.image).await?;
    let here = match (policy, here) {
        (Pull::Missing | Pull::Never, Some(here)) => here,
        (Pull::Never, None) => {
            let message = format!(
                "the engine has no image {} and `pull = \"never\"`; run `docker pull {}`, or allow \"missing\"",
                spec.image, spec.image
            );
            return Err(unusable(message));
        }
        (Pull::Always | Pull::Missing, _) => {
            pull(engine, spec, platform, reporter).await?;
            inspect(engine, &spec.image)
                .await?
                .ok_or_else(|| unusable(format!("the engine has pulled {} and does not have it", spec.image)))?
        }
    };
    suits(engine, &spec.image, &here, platform)?;
    Ok(here)
}

/// The digest by which a registry knows an image, where the engine pulled or pushed it.
pub(super) fn registry_digest(found: &ImageInspect) -> Option<&str> {
    let digests = found.repo_digests.iter().flatten();
    digests.filter_map(|digest| digest.rsplit_once('@')).map(|(_, digest)| digest).min()
}

/// The image as the engine has it, if it does.
///
/// # Errors
/// When the engine does not say.
pub(super) async fn inspect(engine: &Engine, image: &str) -> Result<Option<ImageInspect>, BackendError> {
    match bounded("looking at an image", engine.docker.inspect_image(image)).await? {
        Ok(found) => Ok(Some(found)),
        Err(error) if engine::is_missing(&error) => Ok(None),
        Err(error) => {
            let message = format!("the engine does not tell about the image {image}: {}", engine::words(&error));
            Err(BackendError::new(Stage::Launch, Fault::Unreachable, message))
        }
    }
}

/// Whether the engine can run an image: its architecture is the engine's, or the one that was asked for.
///
/// # Errors
/// When it is another.
pub(super) fn suits(
    engine: &Engine,
    name: &str,
    found: &ImageInspect,
    platform: Option<&str>,
) -> Result<(), BackendError> {
    let asked =
        platform.map(|platform| image::architecture(platform.rsplit_once('/').map_or(platform, |(_, last)| last)));
    let wanted = asked.as_ref().unwrap_or(&engine.architecture);
    let has = found.architecture.as_deref().map(image::architecture).unwrap_or_default();
    // Some builders leave it out.
    if has.is_empty() || wanted.is_empty() || has == *wanted {
        return Ok(());
    }
    let says = asked
        .as_ref()
        .map_or_else(|| format!("the engine's machine is {wanted}"), |asked| format!("`platform` asks for {asked}"));
    Err(unusable(format!(
        "the image {name} is for {has}, and {says}; take a tag that is built for {wanted}, or, where emulation is installed and \
         meant, write `platform = \"linux/{has}\"`"
    )))
}

async fn pull(
    engine: &Engine,
    spec: &ContainerSpec,
    platform: Option<&str>,
    reporter: &mut PullReporter<'_>,
) -> Result<(), BackendError> {
    let PullReporter { log, progress } = reporter;
    let environment: Environment<'_> = &|name| std::env::var(name).ok();
    let found = credentials::find(&spec.registry, environment).await;
    log.line(&format!("pulling {} {}", spec.image, found.origin)).await;
    progress.set(Stage::Launch, format!("pulling {}", spec.image));
    let mut options = CreateImageOptionsBuilder::default().from_image(&spec.image);
    if let Some(platform) = platform {
        options = options.platform(platform);
    }
    let mut pieces = engine.docker.create_image(Some(options.build()), None, found.credentials);
    let mut pulled = PullProgress::default();
    let mut last_report = Instant::now();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| refused(spec, &found.origin, &error))?;
        pulled.take(&piece);
        progress.set_detail(pulled.show());
        if last_report.elapsed() >= INTERVAL {
            last_report = Instant::now();
            log.line(&format!("pulling {}: {}", spec.image, pulled.show())).await;
        }
    }
    log.line(&format!("pulled {}: {}", spec.image, pulled.show())).await;
    Ok(())
}

/// How far a pull is.
#[derive(Debug, Default)]
struct PullProgress {
    /// For each layer the bytes that are here and those there will be.
    layers: HashMap<String, (i64, i64)>,
    last: String,
}

impl PullProgress {
    fn take(&mut self, piece: &CreateImageInfo) {
        if let Some(status) = &piece.status {
            self.last.clone_from(status);
        }
        let detail = piece.progress_detail.as_ref();
        let (Some(id), Some(status)) = (&piece.id, piece.status.as_deref()) else {
            return;
        };
        match (status, detail.and_then(|detail| Some((detail.current?, detail.total?)))) {
            ("Downloading", Some(numbers)) => drop(self.layers.insert(id.clone(), numbers)),
            ("Download complete" | "Pull complete", _) => {
                if let Some((current, total)) = self.layers.get_mut(id) {
                    *current = *total;
                }
            }
            _ => {}
        }
    }

    fn show(&self) -> String {
        if self.layers.is_empty() {
            return self.last.clone();
        }
        let (mut here, mut all, mut whole) = (0i64, 0i64, 0);
        for (current, total) in self.layers.values() {
            here = here.saturating_add(*current);
            all = all.saturating_add(*total);
            whole += usize::from(current >= total);
        }
        format!(
            "{whole} of {} layers, {} of {}",
            self.layers.len(),
            size::approximately(here),
            size::approximately(all)
        )
    }
}

fn refused(spec: &ContainerSpec, origin: &str, error: &bollard::errors::Error) -> BackendError {
    let (image, words) = (&spec.image, engine::words(error));
    // Engines report most of what a registry says as their own failure, and only a missing image as missing.
    let server = engine::refusal(error).is_none_or(|(status, _)| status >= SERVER_ERROR);
    let fault = if server { Fault::Unreachable } else { Fault::Misconfigured };
    if let Some(obstacle) = PullObstacle::in_words(&words) {
        let message = format!("{image} cannot be pulled ({origin}): {words}; {}", obstacle.advice());
        return BackendError::new(Stage::Launch, obstacle.fault(), message);
    }
    let message = format!(
        "{image} cannot be pulled ({origin}): {words}; is the name right (`--image-tag`, `repository`)? Is the registry there \
         (`docker pull {image}`)? If it is private, `docker login {}`",
        spec.registry
    );
    BackendError::new(Stage::Launch, fault, message)
}

fn unusable(message: String) -> BackendError {
    BackendError::new(Stage::Launch, Fault::Misconfigured, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(id: &str, status: &str, numbers: &str) -> CreateImageInfo {
        let text = format!(r#"{{"id": "{id}", "status": "{status}", "progressDetail": {{{numbers}}}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_image_has_the_digest_of_its_registry_where_it_came_from_one() {
        let digest = |digests: &[&str]| {
            let found = ImageInspect {
                repo_digests: Some(digests.iter().map(|&digest| digest.to_owned()).collect()),
                ..ImageInspect::default()
            };
            registry_digest(&found).map(str::to_owned)
        };
        assert_eq!(digest(&["lab/esm@sha256:7d"]).as_deref(), Some("sha256:7d"));
        assert_eq!(digest(&["mirror:5000/esm@sha256:7d", "lab/esm@sha256:7d"]).as_deref(), Some("sha256:7d"));
        assert_eq!(digest(&[]), None, "built here");
    }

    #[test]
    fn progress_counts_layers_and_bytes() {
        let mut progress = PullProgress::default();
        progress.take(&piece("0.4.1", "Pulling from lab/esm", ""));
        insta::assert_snapshot!(progress.show(), @"Pulling from lab/esm");
        progress.take(&piece("a", "Downloading", r#""current": 500000, "total": 2000000"#));
        progress.take(&piece("b", "Downloading", r#""current": 1000000, "total": 3000000000"#));
        insta::assert_snapshot!(progress.show(), @"0 of 2 layers, 1.5 MB of 3.0 GB");
        progress.take(&piece("a", "Pull complete", ""));
        insta::assert_snapshot!(progress.show(), @"1 of 2 layers, 3.0 MB of 3.0 GB");
    }
}
