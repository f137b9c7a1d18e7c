//! `hydrotest serve`: serves an embedded model by the model-server protocol, with the variables and exit codes of boileroom's server, so
//! that the binary that tests a platform can be the server that it runs. Does not know the protocol.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::output::{CommandError, complain, runtime};
use crate::config::Config;
use crate::prediction::{Contract, Options, Prediction, Request, largest_response};
use crate::synthetic::SyntheticModel;
use crate::wire::Secret;
use crate::wire::server::{ModelServer, ServedModel};

/// Where to serve.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// The port to listen on; 0 means any that is free.
    #[arg(long, default_value_t = 8000)]
    pub(crate) port: u16,
    /// A file that declares other models than those built in.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Exit code: the model could not be loaded.
const NOT_LOADED: u8 = 3;
/// Exit code: the address is taken.
const NOT_BOUND: u8 = 1;
/// Exit code: SIGINT ended it.
const INTERRUPTED: u8 = 130;
/// Exit code: SIGTERM ended it. The signal kills boileroom's server, which a shell shows as this code.
const TERMINATED: u8 = 143;

/// Loads the model that the environment names, then listens. Ends on SIGINT or SIGTERM, after the current call.
pub(super) fn serve(arguments: &ServeArguments) -> Result<u8, CommandError> {
    let config = match &arguments.config {
        Some(path) => Config::load(path)?,
        None => Config::built_in()?,
    };
    let broken = |error: std::io::Error| CommandError::Broken(format!("the server could not start: {error}"));
    runtime(2)?.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(broken)?;
        let model = match load(&config, |name| std::env::var(name).ok()) {
            Ok(model) => model,
            Err(message) => {
                complain(&format!("error: {message}"));
                return Ok(NOT_LOADED);
            }
        };
        let address = format!("{}:{}", arguments.host, arguments.port);
        let listener = match TcpListener::bind((arguments.host.as_str(), arguments.port)).await {
            Ok(listener) => listener,
            Err(error) => {
                complain(&format!("error: {address} cannot be listened on: {error}"));
                return Ok(NOT_BOUND);
            }
        };
        let bound = listener.local_addr().map_or(address, |bound| bound.to_string());
        complain(&format!("serving {} on http://{bound}", model.contract.key));
        let server = ModelServer::new(model, std::env::var(Secret::VARIABLE).ok().and_then(Secret::new));
        let mut code = 0;
        let stop = async {
            code = tokio::select! {
                _ = interrupt.recv() => INTERRUPTED,
                _ = terminate.recv() => TERMINATED,
            };
        };
        server.serve(listener, stop).await;
        Ok(code)
    })
}

/// The model that `MODEL_CLASS` and `MODEL_CONFIG` describe. Only the classes of embedded models are known.
fn load(config: &Config, variable: impl Fn(&str) -> Option<String>) -> Result<EmbeddedServer, String> {
    let class = variable("MODEL_CLASS").filter(|class| !class.is_empty());
    let class = class.ok_or("MODEL_CLASS environment variable must be set")?;
    let text = variable("MODEL_CONFIG").unwrap_or_else(|| "{}".to_owned());
    let options: Options =
        serde_json::from_str(&text).map_err(|error| format!("Invalid MODEL_CONFIG JSON: {error}"))?;
    let contract = config.models.iter().find(|model| model.core == class).ok_or_else(|| {
        let known: Vec<&str> = config.models.iter().map(|model| model.core.as_str()).collect();
        format!("Failed to import {class}: known classes are {}", known.join(", "))
    })?;
    let model = SyntheticModel::load(Arc::clone(contract), options.clone()).map_err(|error| error.to_string())?;
    Ok(EmbeddedServer { contract: Arc::clone(contract), config: options, model })
}

/// The largest response, in bytes. A request of a few kilobytes could ask for any amount of memory.
const LARGEST: usize = 1 << 30;

struct EmbeddedServer {
    contract: Arc<Contract>,
    config: Options,
    model: SyntheticModel,
}

impl ServedModel for EmbeddedServer {
    fn predict(&self, request: &Request) -> Result<Prediction, String> {
        let bytes = largest_response(&self.contract, request, &self.config);
        if bytes > LARGEST {
            return Err(format!(
                "hydrotest serve answers with {} MiB at most, and these residues and fields could take {} MiB; ask for \
                 fewer of them",
                LARGEST >> 20,
                bytes >> 20
            ));
        }
        self.model.predict(request).map_err(|error| error.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(class: Option<&str>, config: Option<&str>) -> Result<String, String> {
        let variable = |name: &str| match name {
            "MODEL_CLASS" => class.map(str::to_owned),
            _ => config.map(str::to_owned),
        };
        load(&Config::built_in().unwrap(), variable).map(|model| model.contract.key.clone())
    }

    #[test]
    fn the_class_and_the_configuration_choose_the_model() {
        let class = Some("boileroom.models.esm3.core.ESMCCore");
        assert_eq!(loaded(class, None).unwrap(), "esmc");
        assert_eq!(loaded(class, Some(r#"{"model_name":"esmc_600m","device":"cpu"}"#)).unwrap(), "esmc");
    }

    #[test]
    fn what_cannot_be_loaded_is_said_as_boileroom_says_it() {
        let class = Some("boileroom.models.esm3.core.ESMCCore");
        let error = |class, config| loaded(class, config).unwrap_err();
        insta::assert_snapshot!(error(None, None), @"MODEL_CLASS environment variable must be set");
        insta::assert_snapshot!(error(Some("no.Such"), None), @"Failed to import no.Such: known classes are boileroom.models.esm.core.ESMFoldCore, boileroom.models.esm.core.ESM2Core, boileroom.models.esmfold2.core.ESMFold2Core, boileroom.models.esm3.core.ESMCCore, boileroom.models.esm3.core.ESM3Core, boileroom.models.chai.core.Chai1Core, boileroom.models.boltz.core.Boltz2Core");
        insta::assert_snapshot!(error(class, Some("{")), @"Invalid MODEL_CONFIG JSON: EOF while parsing an object at line 1 column 1");
        insta::assert_snapshot!(error(class, Some("[]")), @"Invalid MODEL_CONFIG JSON: invalid type: sequence, expected a map at line 1 column 0");
        insta::assert_snapshot!(error(class, Some(r#"{"model_name":"esm9"}"#)), @"ValueError: Unsupported ESM-C model: esm9. Supported models: esmc_300m, esmc_600m");
    }
}
