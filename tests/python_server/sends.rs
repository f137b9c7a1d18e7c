//! Python reads the responses of `hydrotest serve` as objects of its own classes, with exactly the predicted bits.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use bytes::Bytes;
use hydrotest::config::Config;
use hydrotest::prediction::{Input, Options, Record, Request, Value};
use hydrotest::synthetic::SyntheticModel;
use hydrotest::wire::client::{ClientTimeouts, ModelClient};
use hydrotest::wire::{ResponseLimits, Secret, pickle};
use serde_json::{Value as Json, json};

use crate::describe::describe;
use crate::description::description;
use crate::{fixtures, python, run, script};

#[test]
#[ignore = "needs a Python with NumPy, biotite, fastapi and uvicorn"]
fn python_reads_every_models_responses_as_its_own_classes() {
    run(async {
        let secret = Secret::generate().unwrap();
        for contract in &Config::built_in().unwrap().models {
            let request = Request {
                method: contract.method,
                input: Input::One("MALW:RLLP".into()),
                options: json!({ "include_fields": ["*"] }).as_object().unwrap().clone(),
            };
            let model = SyntheticModel::load(contract.clone(), Options::new()).unwrap();
            let predicted = model.predict(&request).unwrap();
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let url = format!("http://127.0.0.1:{port}");
            let mut server = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
                .env("HYDROTEST_FORMAT", "pretty")
                .args(["serve", "--port", &port.to_string()])
                .env("MODEL_CLASS", &contract.core)
                .env_remove("MODEL_CONFIG")
                .env(Secret::VARIABLE, secret.expose())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let client = ModelClient::new(&url, secret.clone(), ClientTimeouts::default()).unwrap();
            while client.health().await.is_err() {
                assert_eq!(server.try_wait().unwrap(), None, "the server ended");
                tokio::task::yield_now().await;
            }
            let read = Command::new(python())
                .arg(script("call_server.py"))
                .args([&url, contract.method.name(), "MALW:RLLP"])
                .arg(Json::Object(request.options.clone()).to_string())
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env(Secret::VARIABLE, secret.expose())
                .output()
                .unwrap();
            server.kill().unwrap();
            server.wait().unwrap();
            assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
            let mut read: Json = serde_json::from_slice(&read.stdout).unwrap();
            let mut wanted = describe(&Value::Record(Record { class: predicted.class, fields: predicted.fields }));
            forget_times(&mut read);
            forget_times(&mut wanted);
            assert_eq!(read, wanted, "{}", contract.key);
        }
    });
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

#[test]
#[ignore = "needs a Python with NumPy, biotite, fastapi and uvicorn"]
fn python_reads_every_rewritten_pickle_fixture() {
    // bfloat16 exists only in torch, which is too large a requirement.
    let has_torch =
        Command::new(python()).args(["-c", "import torch"]).output().is_ok_and(|output| output.status.success());
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    let mut wanted = Vec::new();
    for path in fixtures::paths() {
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("tensors") && !has_torch {
            continue;
        }
        let payload = Bytes::from(std::fs::read(&path).unwrap());
        let value = pickle::decode(&payload, &ResponseLimits::default()).unwrap();
        let written = folder.path().join(name);
        std::fs::write(&written, pickle::encode(&value).unwrap()).unwrap();
        paths.push(written);
        wanted.push((path.display().to_string(), description(&path)));
    }
    let output = Command::new(python())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(script("describe.py"))
        .args(&paths)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<Json> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), wanted.len());
    for (line, (path, description)) in lines.iter().zip(&wanted) {
        assert_eq!(line, description, "{path}");
    }
}
