//! Explains why a pull failed and what to do about it, from Apptainer's log, the disk space and the registry. Does not
//! pull.

use std::path::Path;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::backend::image::{ImageName, PullObstacle};
use crate::backend::supervise::ExitReason;
use crate::backend::{BackendError, Fault, Stage};
use crate::os;

/// How long a registry may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(3);
/// With fewer free bytes, a disk is too full for boileroom's images of several gigabytes each.
pub(super) const LITTLE: u64 = 1 << 30;
/// Docker Hub and the host of its registry.
const HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// The error of a failed pull.
pub(super) async fn explain(
    reason: ExitReason,
    log: Vec<String>,
    image: &ImageName,
    https: bool,
    disks: [&Path; 2],
) -> BackendError {
    let (last, registry) = (last_line(&log), image.registry());
    let free = |disk: &Path| os::free_disk(disk).ok().filter(|free| *free < LITTLE);
    let full = disks.iter().find_map(|disk| Some((disk, free(disk)?)));
    let (fault, cause) = if let Some((disk, free)) = full {
        let cause = format!(
            "only {} MiB are free in {}: free some disk space there, or set `cache` (and APPTAINER_TMPDIR) to a larger disk",
            free >> 20,
            disk.display()
        );
        (Fault::Misconfigured, cause)
    } else if let Some(obstacle) = PullObstacle::in_words(last) {
        (obstacle.fault(), obstacle.advice().to_owned())
    } else if let Err(error) = reach(image, https).await {
        let cause = format!(
            "its registry {registry} cannot be reached ({error}): is it up, and is there a way to it from here?"
        );
        (Fault::Unreachable, cause)
    } else {
        let cause = format!(
            "its registry {registry} answers: is there a tag `{}` of {}, and may you read it (`apptainer registry login`)? A registry \
             without TLS needs `https = false`",
            image.tag(),
            image.path()
        );
        (Fault::Misconfigured, cause)
    };
    let message = format!("the image {image} could not be pulled: apptainer {reason}, saying `{last}`; {cause}");
    BackendError::new(Stage::Launch, fault, message).with_log(log)
}

/// Apptainer's last fatal line, else its last line.
fn last_line(log: &[String]) -> &str {
    let fatal = log.iter().rev().find_map(|line| line.strip_prefix("FATAL:"));
    fatal.or_else(|| log.last().map(String::as_str)).unwrap_or("nothing").trim()
}

/// Tries to connect to the registry of an image, unless a proxy is configured.
pub(super) async fn reach(image: &ImageName, https: bool) -> std::io::Result<()> {
    const PROXIES: [&str; 6] = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
    if PROXIES.iter().any(|name| std::env::var_os(name).is_some()) {
        return Ok(());
    }
    let registry = if image.registry() == HUB.0 { HUB.1 } else { image.registry() };
    let port = if https { 443 } else { 80 };
    let address = if registry.contains(':') { registry.to_owned() } else { format!("{registry}:{port}") };
    match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(connected) => connected.map(drop),
        Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fatal_line_is_reported_before_the_last_line() {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let reported = lines(&["INFO:    Fetching", "FATAL:   no space left", "cleaning up"]);
        assert_eq!(last_line(&reported), "no space left");
        assert_eq!(last_line(&lines(&["one", "two"])), "two");
        assert_eq!(last_line(&[]), "nothing");
    }
}
