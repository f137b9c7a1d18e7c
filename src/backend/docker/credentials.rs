//! The credentials for a registry, from where the `docker` command keeps them: `auths`, `credHelpers` and `credsStore` of its
//! `config.json`. Reads them and runs helper programs. Never shows or stores a credential.

use std::process::Stdio;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::host::{self, Environment};

/// The name of Docker Hub, and its name in configurations.
const HUB: &str = "docker.io";
const HUB_KEY: &str = "https://index.docker.io/v1/";
/// The user that a helper returns with a token.
const TOKEN: &str = "<token>";
/// How long a helper may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The result of looking for the credentials of a registry.
pub(super) struct FoundCredentials {
    /// The credentials, if any.
    pub(super) credentials: Option<DockerCredentials>,
    /// Where they come from, or why there are none, for messages.
    pub(super) origin: String,
}

/// The credentials for a registry, as the docker command would find them.
pub(super) async fn find(registry: &str, environment: Environment<'_>) -> FoundCredentials {
    match look(registry, environment).await {
        Ok((credentials, origin)) => {
            FoundCredentials { credentials: Some(credentials), origin: format!("with the credentials of {origin}") }
        }
        Err(reason) => FoundCredentials { credentials: None, origin: format!("without credentials{reason}") },
    }
}

/// The credentials and their origin.
///
/// # Errors
/// The reason why there are none, empty or with a colon before it: it follows the words "without credentials".
async fn look(registry: &str, environment: Environment<'_>) -> Result<(DockerCredentials, String), String> {
    let path = host::configuration(environment).ok_or_else(String::new)?.join("config.json");
    let shown = path.display();
    let config = host::json(&path).ok_or_else(|| format!(": there is no usable {shown}"))?;
    let keys: &[&str] = if registry == HUB { &[HUB_KEY, HUB, "index.docker.io"] } else { &[registry] };
    let (credentials, place) = if let Some(helper) = helper(&config, keys) {
        let program = format!("docker-credential-{helper}");
        let asked = tokio::time::timeout(PATIENCE, ask(&program, keys[0])).await;
        let credentials = asked
            .unwrap_or_else(|_| Err(format!("did not answer within {} s", PATIENCE.as_secs())))
            .map_err(|reason| format!(": {program} {reason}"))?;
        (credentials, program)
    } else {
        let credentials = stored(&config, keys).ok_or_else(|| format!(": {shown} has none for {registry}"))?;
        (credentials, shown.to_string())
    };
    let origin = format!("{} from {place}", shown_user(&credentials));
    // Docker Hub is known to engines by its name in configurations.
    Ok((DockerCredentials { serveraddress: Some(keys[0].to_owned()), ..credentials }, origin))
}

/// The helper that keeps the credentials of a registry: its own, else the default helper.
fn helper<'a>(config: &'a Value, keys: &[&str]) -> Option<&'a str> {
    let own = keys.iter().find_map(|key| config.get("credHelpers")?.get(key)?.as_str());
    let helper = own.or_else(|| config.get("credsStore")?.as_str())?;
    // It becomes part of a program's name.
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    Some(helper).filter(|helper| !helper.is_empty() && helper.chars().all(plain))
}

/// The credentials in the file itself.
fn stored(config: &Value, keys: &[&str]) -> Option<DockerCredentials> {
    let auths = config.get("auths")?.as_object()?;
    let bare = |key: &str| {
        let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
        key.trim_end_matches('/').to_owned()
    };
    let (_, entry) = keys.iter().find_map(|wanted| auths.iter().find(|(key, _)| bare(key) == bare(wanted)))?;
    let text = |name: &str| entry.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(token) = text("identitytoken") {
        return Some(of_token(token));
    }
    if let (Some(username), Some(password)) = (text("username"), text("password")) {
        return Some(of_user(username, password));
    }
    let decoded = String::from_utf8(base64_simd::STANDARD.decode_to_vec(text("auth")?).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some(of_user(username.to_owned(), password.trim_end_matches('\0').to_owned()))
}

/// The credentials that a helper program returns.
async fn ask(program: &str, registry: &str) -> Result<DockerCredentials, String> {
    let run = async {
        let mut child = tokio::process::Command::new(program)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A helper that needs no input may have closed it.
            let _ = input.write_all(format!("{registry}\n").as_bytes()).await;
        }
        let output = child.wait_with_output().await?;
        // A helper that has no credentials says so in its output.
        let response: Option<Value> =
            output.status.success().then(|| serde_json::from_slice(&output.stdout)).transpose()?;
        std::io::Result::Ok(response)
    };
    let response = run.await.map_err(|error| format!("could not be run: {error}"))?;
    let response = response.ok_or_else(|| format!("has none for {registry}"))?;
    let text = |name: &str| response.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(user), Some(secret)) = (text("Username"), text("Secret")) else {
        return Err("gave a response without `Username` and `Secret`".to_owned());
    };
    Ok(if user == TOKEN { of_token(secret) } else { of_user(user, secret) })
}

/// The user of credentials, for messages. Some registries want their token as the user too, or with an empty password.
fn shown_user(credentials: &DockerCredentials) -> &str {
    let password = credentials.password.as_deref().unwrap_or_default();
    let user = credentials.username.as_deref();
    user.filter(|user| !password.is_empty() && *user != password).unwrap_or("a token")
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
        assert_eq!(credentials.serveraddress.as_deref(), Some(HUB_KEY));
        assert!(hub.origin.contains("ada") && !hub.origin.contains("lovelace"), "{}", hub.origin);
        let lab = found(config, "lab:5000").await.credentials.unwrap();
        assert_eq!((lab.identitytoken.as_deref(), lab.serveraddress.as_deref()), (Some("t"), Some("lab:5000")));
        assert!(found(config, "quay.io").await.credentials.is_none());
        assert!(found("{broken", "quay.io").await.credentials.is_none());
    }

    #[tokio::test]
    async fn a_token_that_is_also_the_user_is_not_shown() {
        let stored = |text: &str| {
            format!(r#"{{"auths": {{"lab": {{"auth": "{}"}}}}}}"#, base64_simd::STANDARD.encode_to_string(text))
        };
        for (text, user) in [("ada:t0ken", "ada"), ("t0ken:t0ken", "a token"), ("t0ken:", "a token")] {
            let lab = found(&stored(text), "lab").await;
            assert!(lab.origin.starts_with(&format!("with the credentials of {user} from ")), "{}", lab.origin);
            assert!(lab.credentials.is_some() && !lab.origin.contains("t0ken"), "{}", lab.origin);
        }
        assert_eq!(shown_user(&of_token("t0ken".to_owned())), "a token");
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
