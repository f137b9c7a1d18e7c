//! Credentials for a registry, where the `docker` command keeps them: `auths`, `credHelpers` and `credsStore` of its
//! `config.json`. Reads them and asks helper programs; never shows or keeps one.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::host::{self, Environment};

/// The name of Docker Hub, and the one it has in configurations.
const HUB: &str = "docker.io";
const HUB_KEY: &str = "https://index.docker.io/v1/";
/// The user that a helper names when what it gives is a token.
const TOKEN: &str = "<token>";
/// How long a helper may take: it may ask its keychain and nothing else.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was found for a registry.
pub(super) struct FoundCredentials {
    /// The credentials, if any.
    pub(super) credentials: Option<DockerCredentials>,
    /// Where they are from, or why there are none, for messages.
    pub(super) origin: String,
}

/// The credentials for a registry, as the docker command would find them.
pub(super) async fn find(registry: &str, environment: Environment<'_>) -> FoundCredentials {
    let none = |origin: String| FoundCredentials { credentials: None, origin };
    let Some(path) = host::configuration(environment).map(|directory| directory.join("config.json")) else {
        return none("without credentials".to_owned());
    };
    let Some(config) = host::json(&path) else {
        return none(format!("without credentials: there is no usable {}", path.display()));
    };
    let keys: &[&str] = if registry == HUB { &[HUB_KEY, HUB, "index.docker.io"] } else { &[registry] };
    if let Some(helper) = helper(&config, keys) {
        return ask(&helper, keys.first().copied().unwrap_or(registry)).await;
    }
    match stored(&config, keys) {
        Some(mut credentials) => {
            credentials.serveraddress = Some(registry.to_owned());
            let user = credentials.username.as_deref().unwrap_or("a token");
            let origin = format!("with the credentials of {user} from {}", path.display());
            FoundCredentials { credentials: Some(credentials), origin }
        }
        None => none(format!("without credentials: {} has none for {registry}", path.display())),
    }
}

/// The helper that keeps the credentials of a registry: its own, else the one for all.
fn helper(config: &Value, keys: &[&str]) -> Option<String> {
    let own = keys.iter().find_map(|key| config.get("credHelpers")?.get(key)?.as_str());
    let helper = own.or_else(|| config.get("credsStore")?.as_str())?;
    // It becomes part of a program's name.
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    (!helper.is_empty() && helper.chars().all(plain)).then(|| helper.to_owned())
}

/// What stands in the file itself.
fn stored(config: &Value, keys: &[&str]) -> Option<DockerCredentials> {
    let auths = config.get("auths")?.as_object()?;
    let bare = |key: &str| {
        let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
        key.trim_end_matches('/').to_owned()
    };
    let entry = keys.iter().find_map(|wanted| {
        let found = auths.iter().find(|(key, _)| bare(key) == bare(wanted));
        found.map(|(_, entry)| entry)
    })?;
    let text = |name: &str| entry.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(token) = text("identitytoken") {
        return Some(of_token(token));
    }
    if let (Some(username), Some(password)) = (text("username"), text("password")) {
        return Some(of_user(username, password));
    }
    let decoded = base64_simd::STANDARD.decode_to_vec(text("auth")?).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some(of_user(username.to_owned(), password.trim_end_matches('\0').to_owned()))
}

/// Asks a helper program.
async fn ask(helper: &str, registry: &str) -> FoundCredentials {
    let program = format!("docker-credential-{helper}");
    let none =
        |why: String| FoundCredentials { credentials: None, origin: format!("without credentials: {program} {why}") };
    let asked = tokio::time::timeout(PATIENCE, run(Path::new(&program), registry)).await;
    let response = match asked {
        Err(_) => return none(format!("did not answer within {} s", PATIENCE.as_secs())),
        Ok(Err(error)) => return none(format!("could not be run: {error}")),
        // It says in its output that it has none.
        Ok(Ok(None)) => return none(format!("has none for {registry}")),
        Ok(Ok(Some(response))) => response,
    };
    let text = |name: &str| response.get(name).and_then(Value::as_str).map(str::to_owned);
    match (text("Username"), text("Secret")) {
        (Some(user), Some(secret)) => {
            let mut credentials = if user == TOKEN { of_token(secret) } else { of_user(user.clone(), secret) };
            credentials.serveraddress = Some(registry.to_owned());
            FoundCredentials {
                credentials: Some(credentials),
                origin: format!("with the credentials of {user} from {program}"),
            }
        }
        _ => none("gave a response without `Username` and `Secret`".to_owned()),
    }
}

/// The response of a helper, nothing when it says that it has none.
async fn run(program: &Path, registry: &str) -> std::io::Result<Option<Value>> {
    let mut child = tokio::process::Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // One that needs no input may have closed it.
        let _ = input.write_all(format!("{registry}\n").as_bytes()).await;
    }
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&output.stdout)?))
}

fn of_user(username: String, password: String) -> DockerCredentials {
    DockerCredentials { username: Some(username), password: Some(password), ..DockerCredentials::default() }
}

fn of_token(token: String) -> DockerCredentials {
    DockerCredentials { identitytoken: Some(token), ..DockerCredentials::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn found(config: &str, registry: &str) -> FoundCredentials {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("config.json"), config).unwrap();
        let path = home.path().to_str().unwrap().to_owned();
        find(registry, &|name| (name == "DOCKER_CONFIG").then(|| path.clone())).await
    }

    #[tokio::test]
    async fn stored_credentials_are_found_by_the_registry_in_every_spelling() {
        // ada:lovelace
        let config = r#"{"auths": {"https://index.docker.io/v1/": {"auth": "YWRhOmxvdmVsYWNl"}, "http://lab:5000/": {"identitytoken": "t"}}}"#;
        let hub = found(config, "docker.io").await;
        let credentials = hub.credentials.unwrap();
        assert_eq!((credentials.username.as_deref(), credentials.password.as_deref()), (Some("ada"), Some("lovelace")));
        assert!(hub.origin.contains("ada") && !hub.origin.contains("lovelace"), "{}", hub.origin);
        let lab = found(config, "lab:5000").await.credentials.unwrap();
        assert_eq!(lab.identitytoken.as_deref(), Some("t"));
        assert!(found(config, "quay.io").await.credentials.is_none());
        assert!(found("{broken", "quay.io").await.credentials.is_none());
    }

    #[tokio::test]
    async fn a_helper_that_is_not_there_is_named() {
        let config = r#"{"credHelpers": {"quay.io": "no-such-helper"}, "credsStore": "../evil"}"#;
        let quay = found(config, "quay.io").await;
        insta::assert_snapshot!(quay.origin, @"without credentials: docker-credential-no-such-helper could not be run: No such file or directory (os error 2)");
        let none = found(config, "docker.io").await.origin;
        assert!(none.ends_with("has none for docker.io"), "{none}");
    }
}
