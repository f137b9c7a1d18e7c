//! Where the engine is: from the table, the environment, the configuration of the `docker` command, or the usual sockets. Reads files and
//! connects to nothing.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The usual sockets of an engine on this machine, with the variable that names the parent directory, if any.
const SOCKETS: [(Option<&str>, &str); 6] = [
    (None, "/var/run/docker.sock"),
    (Some("XDG_RUNTIME_DIR"), "docker.sock"),
    (Some("HOME"), ".docker/run/docker.sock"),
    (Some("HOME"), ".docker/desktop/docker.sock"),
    (Some("XDG_RUNTIME_DIR"), "podman/podman.sock"),
    (None, "/run/podman/podman.sock"),
];

/// The environment, or its replacement in a test.
pub(super) type Environment<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// A variable of this process.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The address of the engine, such as `unix:///var/run/docker.sock`, and its origin.
pub(super) fn find(declared: Option<&str>, environment: Environment<'_>) -> (String, &'static str) {
    let variable = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
    if let Some(host) = declared {
        return (address(host), "`host` in the backend's table");
    }
    if let Some(host) = variable("DOCKER_HOST") {
        return (address(&host), "DOCKER_HOST");
    }
    if let Some(host) = context(environment) {
        return (address(&host), "the current context of the docker command");
    }
    let socket = |(parent, path): &(Option<&str>, &str)| match parent {
        Some(name) => Some(Path::new(&variable(name)?).join(path)),
        None => Some(PathBuf::from(path)),
    };
    let mut sockets = SOCKETS.iter().filter_map(socket);
    let existing = sockets.find(|path| path.exists());
    let socket = existing.unwrap_or_else(|| PathBuf::from(SOCKETS[0].1));
    (format!("unix://{}", socket.display()), "the usual place")
}

/// The directory of the docker command's configuration.
pub(super) fn configuration(environment: Environment<'_>) -> Option<PathBuf> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let named = variable("DOCKER_CONFIG").map(PathBuf::from);
    named.or_else(|| Some(Path::new(&variable("HOME")?).join(".docker")))
}

/// The engine of the docker command's current context. Returns `None` for the context `default`.
fn context(environment: Environment<'_>) -> Option<String> {
    let directory = configuration(environment)?;
    let name = environment("DOCKER_CONTEXT").filter(|name| !name.is_empty()).or_else(|| {
        let config = json(&directory.join("config.json"))?;
        Some(config.get("currentContext")?.as_str()?.to_owned())
    })?;
    if name == "default" {
        return None;
    }
    let folder = hex::encode(Sha256::digest(name.as_bytes()));
    let meta = json(&directory.join("contexts/meta").join(folder).join("meta.json"))?;
    Some(meta.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned())
}

/// A small file as JSON.
pub(super) fn json(path: &Path) -> Option<serde_json::Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// A path is the address of a socket.
fn address(host: &str) -> String {
    let host = host.trim();
    if host.starts_with('/') { format!("unix://{host}") } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_comes_before_the_environment_and_that_before_the_context() {
        let home = tempfile::tempdir().unwrap();
        let docker = home.path().join(".docker");
        let digest = "f24fd3749c1368328e2b149bec149cb6795619f244c5b584e844961215dadd16";
        let meta = docker.join("contexts/meta").join(digest);
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(docker.join("config.json"), r#"{"currentContext": "colima"}"#).unwrap();
        let text = r#"{"Name": "colima", "Endpoints": {"docker": {"Host": "unix:///colima.sock"}}}"#;
        std::fs::write(meta.join("meta.json"), text).unwrap();
        let home_path = home.path().to_str().unwrap().to_owned();
        let plain = |name: &str| (name == "HOME").then(|| home_path.clone());
        assert_eq!(find(None, &plain).0, "unix:///colima.sock");
        let with_host = |name: &str| match name {
            "DOCKER_HOST" => Some("tcp://elsewhere:2375".to_owned()),
            name => plain(name),
        };
        assert_eq!(find(None, &with_host).0, "tcp://elsewhere:2375");
        assert_eq!(find(Some("/my.sock"), &with_host).0, "unix:///my.sock");
        std::fs::write(docker.join("config.json"), r#"{"currentContext": "default"}"#).unwrap();
        assert!(find(None, &plain).0.ends_with("docker.sock"));
    }
}
