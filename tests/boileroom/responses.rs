//! All seven models of `hydrotest serve`, called through boileroom's own proxy and unpickled into its own classes.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use hydrotest::config::Config;
use hydrotest::prediction::{Contract, Input, Options, Record, Request, Value};
use hydrotest::synthetic::SyntheticModel;
use hydrotest::wire::Secret;
use serde_json::{Value as Json, json};

use crate::client;
use crate::describe::describe;

/// `hydrotest serve` for one model. Killed on drop.
struct Server {
    process: std::process::Child,
    url: String,
}

impl Server {
    fn start(contract: &Contract, secret: &Secret) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
            .env("HYDROTEST_FORMAT", "pretty")
            .args(["serve", "--port", "0"])
            .env("MODEL_CLASS", &contract.core)
            .env_remove("MODEL_CONFIG")
            .env(Secret::VARIABLE, secret.expose())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        BufReader::new(process.stderr.take().unwrap()).read_line(&mut greeting).unwrap();
        let (_, url) = greeting.trim().rsplit_once(' ').unwrap_or_else(|| panic!("{greeting:?}"));
        let url = url.to_owned();
        Self { process, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, in which case the test has already seen it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "needs HYDROTEST_BOILEROOM"]
fn boileroom_reads_every_models_response_as_its_own_classes() {
    let secret = Secret::generate().unwrap();
    let models = Config::built_in().unwrap().models;
    assert_eq!(models.len(), 7);
    let mut servers = Vec::new();
    let mut calls = String::new();
    let mut wanted = Vec::new();
    for contract in &models {
        let options = json!({ "include_fields": ["*"] });
        let request = Request {
            method: contract.method,
            input: Input::One("MALW:RLLP".into()),
            options: options.as_object().unwrap().clone(),
        };
        let model = SyntheticModel::load(contract.clone(), Options::new()).unwrap();
        let predicted = model.predict(&request).unwrap();
        let filled = predicted.fields.iter().filter(|(_, value)| !value.is_none()).count();
        assert!(filled > 3, "{}: {filled} fields", contract.key);
        wanted.push(describe(&Value::Record(Record { class: predicted.class, fields: predicted.fields })));
        let server = Server::start(contract, &secret);
        calls += &json!([server.url, contract.method.name(), "MALW:RLLP", options]).to_string();
        calls.push('\n');
        servers.push(server);
    }
    let mut read = client(&secret, "call", &calls);
    assert_eq!(read.len(), models.len());
    read.iter_mut().chain(&mut wanted).for_each(forget_times);
    for ((contract, read), wanted) in models.iter().zip(&read).zip(&wanted) {
        assert_eq!(read, wanted, "{}", contract.key);
        assert_eq!(read["record"], contract.output);
    }
}

#[test]
#[ignore = "needs HYDROTEST_BOILEROOM"]
fn boileroom_receives_the_message_of_a_model_error() {
    let secret = Secret::generate().unwrap();
    let config = Config::built_in().unwrap();
    let contract = config.model("esm2").unwrap();
    let server = Server::start(contract, &secret);
    let body = json!({ "sequences": "A".repeat(2 << 20), "options": null }).to_string();
    let response = post(&server.url, &body);
    assert!(response.starts_with("HTTP/1.1 500 "), "{response}");
    assert!(response.contains("Embedding failed: hydrotest serve answers with 1024 MiB at most"), "{response}");
}

/// The complete response to an embed call.
fn post(url: &str, body: &str) -> String {
    use std::io::{Read, Write};
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let head = "POST /embed HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// Removes the times from a description, because they differ between calls.
fn forget_times(description: &mut Json) {
    match description {
        Json::Array(items) => {
            let is_time = |item: &Json| item[0].as_str().is_some_and(|name| name.ends_with("_time"));
            items.retain(|item| !is_time(item));
            items.iter_mut().for_each(forget_times);
        }
        Json::Object(entries) => entries.values_mut().for_each(forget_times),
        _ => {}
    }
}
