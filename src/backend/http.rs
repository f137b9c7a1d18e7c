//! The kind `http`: a model server that runs already. Waits for it and calls it. Does not start or stop it.

mod examine;

use std::cell::RefCell;
use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::kind::{Creates, Kind, LaunchSpec, Override, Overrides, Settings};
use super::launcher::{Endpoint, Launcher, ServerExit};
use super::requirement::Requirement;
use super::served::{Credentials, Served, ServedSettings};
use super::{Backend, BackendError, Watch, Work, placeholders};
use crate::config::{BackendTable, Diagnostics, Located, Location, PerModel, TableReader, interpolate};
use crate::prediction::{Contract, Options};
use crate::wire::Secret;
use crate::wire::client::{ModelClient, check_address};

/// Headers whose values are credentials: they must come from the environment, so that no file contains them.
const PRIVATE: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];
/// Headers that the exchange itself sets.
const OURS: [&str; 5] = ["host", "content-length", "content-type", "transfer-encoding", "connection"];

/// The row of this kind.
pub(crate) const KIND: Kind = Kind {
    is_served: true,
    overrides: &[Override::KeepResponses],
    template: r#"# Where the server answers; a server has one model.
url = "http://127.0.0.1:8000"
models = ["esm2"]
# The variable of your environment that holds the secret which the server signs with.
secret_env = "HYDROTEST_SECRET"
# What the server or a proxy before it wants in every request. Tokens come from your environment and are never shown.
# headers = { Authorization = "Bearer ${LAB_TOKEN}" }
"#,
    is_preconfigured: true,
    ..Kind::new("http", "a model server that runs already", Creates::Nothing, configure)
};

struct Http {
    url: Located<String>,
    /// The variable that holds the secret.
    secret: Located<String>,
    /// The location of the key `models`, or of the table if it is absent.
    models: Location,
    /// The name of the backend.
    name: String,
    /// Headers for every request, with variables of the environment in their values.
    headers: Vec<(HeaderName, String)>,
    /// The configuration with which the server was started.
    per_model: PerModel,
    served: ServedSettings,
}

fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    let mut reader = TableReader::new(&table.settings, diagnostics);
    let url = reader.required_text("url");
    if let Some(Err(error)) = url.as_ref().map(|url| interpolate(url, &[], |_| Some(String::new()))) {
        reader.reject("url", error, "in this address");
    }
    // An address with variables is checked once they are filled in.
    if let Some(address) = url.as_ref().filter(|url| !url.contains(['$', '{']))
        && let Err(error) = check_address(address)
    {
        reader.reject("url", error, "expected http://HOST:PORT");
    }
    let url = url.map(|value| Located { value, location: reader.location_of("url") });
    let secret = reader.text("secret_env").unwrap_or_else(|| Secret::VARIABLE.to_owned());
    let secret = Located { value: secret, location: reader.location_of("secret_env") };
    let models = reader.location_of("models");
    let headers = read_headers(&mut reader);
    let served = ServedSettings::read(table, &mut reader);
    reader.finish();
    Some(Arc::new(Http {
        url: url?,
        secret,
        models,
        headers,
        name: table.name.clone(),
        per_model: table.per_model.clone(),
        served,
    }))
}

/// Reads `headers` and reports what cannot be sent.
fn read_headers(reader: &mut TableReader<'_>) -> Vec<(HeaderName, String)> {
    let mut headers = Vec::new();
    for (name, value) in reader.object("headers").unwrap_or_default() {
        let (Ok(header), serde_json::Value::String(value)) = (HeaderName::try_from(&name), value) else {
            let message = format!("`headers.{name}` is no header with a text");
            reader.reject("headers", message, "expected NAME = \"text with ${VARIABLE}\"");
            continue;
        };
        if OURS.contains(&header.as_str()) {
            let message = format!("`headers.{name}` is not for a table to say");
            reader.reject("headers", message, "every exchange has its own");
        } else if PRIVATE.contains(&header.as_str()) && !value.contains("${") {
            let message = format!("`headers.{name}` is a secret in a file");
            reader.reject("headers", message, "expected \"… ${VARIABLE}\", filled in from the environment");
        } else if let Err(error) = interpolate(&value, &[], |_| Some(String::new())) {
            reader.reject("headers", error, format!("in `{name}`"));
        } else {
            headers.push((header, value));
        }
    }
    headers
}

impl Settings for Http {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        let url = self.address()?;
        if let Some(reason) = self.unsupported(&launch.contract, &launch.config) {
            return Err(BackendError::configuration(reason));
        }
        let own = self.credentials(self.secret().ok_or_else(|| {
            BackendError::configuration(format_args!(
                "the server's secret is expected in the environment variable {}, which is not set: export it, or name another in \
                 `secret_env`",
                self.secret.value
            ))
        })?)?;
        let launcher = Running(Endpoint { url, port: None });
        Ok(Box::new(Served::new(launcher, launch.on_device(None), self.served, Some(own))))
    }

    fn examine<'a>(&'a self, models: &'a [Arc<Contract>], _: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        Box::pin(self.examination(models))
    }

    fn foresee<'a>(&'a self, models: &'a [Arc<Contract>]) -> Work<'a, ()> {
        Box::pin(async move {
            let client = self.secret().and_then(|secret| self.client(&self.address().ok()?, secret).ok());
            if let Some(client) = client
                && models.len() > 1
                && client.health().await.is_ok()
            {
                let class = examine::probe(&client, models).await.ok();
                return Err(one_model(models, class.as_deref()));
            }
            // The start explains any other mistake better.
            Ok(())
        })
    }

    fn unsupported(&self, contract: &Contract, config: &Options) -> Option<String> {
        let has = self.per_model.config(contract);
        let differences = contract.differences(config, &has);
        let shown = differences
            .iter()
            .map(|(option, wanted, has)| format!("`{option}` {wanted} is wanted, and the server has {has}"));
        let (name, key) = (&self.name, &contract.key);
        (!differences.is_empty()).then(|| {
            format!(
                "a server that runs already cannot be given another configuration: {}, as `config.{key}` of [backends.{name}] \
                 or the model's default says",
                shown.collect::<Vec<_>>().join(", ")
            )
        })
    }
}

impl Http {
    /// The address with its variables filled in.
    fn address(&self) -> Result<String, BackendError> {
        placeholders::fill(&self.url.value, &[])
    }

    fn secret(&self) -> Option<Secret> {
        let secret = std::env::var(&self.secret.value).ok().and_then(Secret::new)?;
        Some(secret.given_in(&self.secret.value))
    }

    /// The credentials of the server. Values of variables are masked in every text of the server that is shown.
    ///
    /// # Errors
    /// If a variable is not set, or its value cannot be sent in a header.
    fn credentials(&self, secret: Secret) -> Result<Credentials, BackendError> {
        let (headers, hidden) = fill_headers(&self.headers, |name| std::env::var(name).ok())?;
        Ok(Credentials { secret: secret.hiding(hidden), headers })
    }

    fn client(&self, address: &str, secret: Secret) -> Result<ModelClient, BackendError> {
        let own = self.credentials(secret)?;
        let client = ModelClient::new(address, own.secret, self.served.timeouts);
        Ok(client.map_err(BackendError::configuration)?.with_headers(own.headers))
    }
}

/// The headers with the values of variables, and these values, which must not be shown.
///
/// # Errors
/// If a variable is not set, or its value cannot be sent in a header.
fn fill_headers(
    headers: &[(HeaderName, String)],
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(HeaderMap, Vec<String>), BackendError> {
    let hidden = RefCell::new(Vec::new());
    let hiding = |name: &str| {
        let value = variable(name)?;
        // As it is sent, without the line end of a file that it was read from.
        hidden.borrow_mut().push(value.trim().to_owned());
        Some(value)
    };
    let mut filled = HeaderMap::new();
    for (name, text) in headers {
        let unusable = |why: String| BackendError::configuration(format_args!("`headers.{name}`{why}"));
        let value = interpolate(text, &[], hiding).map_err(|error| unusable(format!(": {error}")))?;
        let mut value = HeaderValue::try_from(value.trim())
            .map_err(|_| unusable(" has characters that no header has".to_owned()))?;
        value.set_sensitive(true);
        filled.insert(name.clone(), value);
    }
    Ok((filled, hidden.into_inner()))
}

/// The error of a table that declares one server as several models.
fn one_model(models: &[Arc<Contract>], class: Option<&str>) -> BackendError {
    let of_class = models.iter().filter(|model| class == Some(model.output.as_str()));
    let choices: Vec<String> = of_class.map(|model| format!("`models = [\"{}\"]`", model.key)).collect();
    let advice = match class.filter(|_| !choices.is_empty()) {
        Some(class) => format!("this one answers with {class}: say {}", choices.join(" or ")),
        None => "say which with `models`, such as `models = [\"esm2\"]`".to_owned(),
    };
    let all = keys(models);
    BackendError::configuration(format_args!("a server has one model, and this backend is to have {all}: {advice}"))
}

fn keys(models: &[Arc<Contract>]) -> String {
    models.iter().map(|model| model.key.as_str()).collect::<Vec<_>>().join(", ")
}

/// A server that was not started by hydrotest.
struct Running(Endpoint);

impl Launcher for Running {
    fn launch<'a>(&'a mut self, _: &'a LaunchSpec, _: &'a Secret) -> Work<'a, Endpoint> {
        let endpoint = self.0.clone();
        Box::pin(async { Ok(endpoint) })
    }

    fn exited(&self) -> Watch<'_, ServerExit> {
        Box::pin(std::future::pending())
    }

    fn terminate(&mut self) -> Work<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::registry::Platform;
    use super::*;
    use crate::config::{Config, Source};

    fn select(table: &str) -> Result<Platform, String> {
        let text = format!("default = 'lab'\n[backends.lab]\nkind = 'http'\n{table}");
        let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
        Platform::select(&config, "lab", Overrides::default()).map_err(|diagnostics| diagnostics.to_string())
    }

    #[test]
    fn mistakes_are_shown_where_they_are_written() {
        let shown = select("url = 'http://{host}:80'\nsecrte_env = 'X'\n").err().unwrap();
        insta::assert_snapshot!(shown, @"
        error: unknown placeholder `{host}`; there are no placeholders here
         --> backends.toml:4:7
          |
        4 | url = 'http://{host}:80'
          |       ^^^^^^^^^^^^^^^^^^ in this address

        error: unknown key `secrte_env`
         --> backends.toml:5:1
          |
        5 | secrte_env = 'X'
          | ^^^^^^^^^^ did you mean `secret_env`?
        ");
        assert!(select("").err().unwrap().contains("missing key `url`"));
    }

    #[test]
    fn a_token_comes_from_the_environment_and_no_file() {
        let shown =
            |headers: &str| select(&format!("url = 'http://127.0.0.1:1'\nheaders = {headers}\n")).err().unwrap();
        insta::assert_snapshot!(shown("{ Authorization = 'Bearer abc' }"), @r#"
        error: `headers.Authorization` is a secret in a file
         --> backends.toml:5:11
          |
        5 | headers = { Authorization = 'Bearer abc' }
          |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected "… ${VARIABLE}", filled in from the environment
        "#);
        insta::assert_snapshot!(shown("{ Host = 'elsewhere' }"), @"
        error: `headers.Host` is not for a table to say
         --> backends.toml:5:11
          |
        5 | headers = { Host = 'elsewhere' }
          |           ^^^^^^^^^^^^^^^^^^^^^^ every exchange has its own
        ");
        insta::assert_snapshot!(shown("{ 'a b' = 'c' }"), @r#"
        error: `headers.a b` is no header with a text
         --> backends.toml:5:11
          |
        5 | headers = { 'a b' = 'c' }
          |           ^^^^^^^^^^^^^^^ expected NAME = "text with ${VARIABLE}"
        "#);
        insta::assert_snapshot!(shown("{ X = '{token}' }"), @"
        error: unknown placeholder `{token}`; there are no placeholders here
         --> backends.toml:5:11
          |
        5 | headers = { X = '{token}' }
          |           ^^^^^^^^^^^^^^^^^ in `X`
        ");
        let table = "url = 'http://127.0.0.1:1'\nsecret_env = 'PATH'\nheaders = { Authorization = 'Bearer ${NO_SUCH_TOKEN}' }\n";
        let contract = Config::built_in().unwrap().models[0].clone();
        let error = select(table).unwrap().open(&contract, &Options::new()).err().unwrap();
        insta::assert_snapshot!(error.message, @"`headers.authorization`: environment variable `NO_SUCH_TOKEN` is not set");
    }

    #[test]
    fn a_token_is_masked_as_it_is_sent() {
        let headers = [(HeaderName::from_static("authorization"), "Bearer ${LAB_TOKEN}".to_owned())];
        let (filled, hidden) = fill_headers(&headers, |_| Some("t0ken\n".to_owned())).unwrap();
        assert_eq!(filled["authorization"], "Bearer t0ken");
        let secret = Secret::new("s").unwrap().hiding(hidden);
        assert_eq!(secret.scrub("401: Bearer t0ken is unknown"), "401: Bearer [secret] is unknown");
    }

    #[test]
    fn only_what_a_call_cannot_say_and_changes_results_makes_another_configuration() {
        let declined = |table: &str, wanted: serde_json::Value| {
            let platform = select(&format!("url = 'http://127.0.0.1:1'\n{table}")).unwrap();
            let config = Config::built_in().unwrap();
            platform.unsupported(config.model("esm2").unwrap(), wanted.as_object().unwrap())
        };
        let default = "esm2_t33_650M_UR50D";
        assert_eq!(declined("config = { device = 'cpu' }", json!({})), None);
        assert_eq!(declined("", json!({ "device": "cpu", "include_fields": ["*"], "model_name": default })), None);
        assert_eq!(declined(&format!("config.esm2 = {{ model_name = '{default}' }}"), json!({})), None);
        let reason = declined("", json!({ "model_name": "nope" })).unwrap();
        insta::assert_snapshot!(reason, @r#"a server that runs already cannot be given another configuration: `model_name` "nope" is wanted, and the server has "esm2_t33_650M_UR50D", as `config.esm2` of [backends.lab] or the model's default says"#);
    }

    #[test]
    fn a_secret_that_is_not_set_is_named_before_anything_is_asked() {
        let platform = select("url = 'http://127.0.0.1:1'\nsecret_env = 'NO_SUCH_VARIABLE'\n").unwrap();
        let contract = Config::built_in().unwrap().models[0].clone();
        let error = platform.open(&contract, &Options::new()).err().unwrap();
        insta::assert_snapshot!(error.message, @"the server's secret is expected in the environment variable NO_SUCH_VARIABLE, which is not set: export it, or name another in `secret_env`");
    }
}
