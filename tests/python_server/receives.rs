//! Responses of a Python server: every model's objects, exceptions, and the death of a real interpreter.

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::backend::{Fault, Instance, Stage};
use hydrotest::config::{Config, Source};
use hydrotest::prediction::{Contract, Input, Options, Record, Request, Value};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::describe::describe;
use crate::{python, run, script};

/// A backend that runs the fixture server, with the directory of its logs, which contain its port.
fn platform(variables: &str) -> Platform {
    let text = format!(
        "default = 'python'\n[backends.python]\nkind = 'process'\nstart_timeout = '2m'\n\
         command = ['{}', '{}', '--port', '{{port}}']\n\
         [backends.python.env]\nPYTHONDONTWRITEBYTECODE = '1'\n{variables}\n",
        python(),
        script("fixture_server.py").display()
    );
    let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
    Platform::select(&config, "python", Overrides::default()).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

fn request(contract: &Contract, input: Input, options: &Json) -> Request {
    Request { method: contract.method, input, options: options.as_object().unwrap().clone() }
}

/// The server's own description of its object. Its port is in uvicorn's startup message, in the last lines of the log so far.
async fn described(instance: &Instance) -> Json {
    let address = loop {
        let log = instance.log_tail().await;
        let greeting = log.iter().find_map(|line| line.split_once("running on http://"));
        if let Some((_, rest)) = greeting {
            break rest.split_whitespace().next().unwrap().to_owned();
        }
        // It has been written and is being read.
        tokio::task::yield_now().await;
    };
    let mut stream = TcpStream::connect(address).await.unwrap();
    let question = b"GET /described HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(question).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn objects(variables: &str) {
    run(async {
        let config = Config::built_in().unwrap();
        let platform = platform(variables);
        for contract in &config.models {
            let instance = platform.open(contract, &Options::new()).unwrap();
            instance.start().await.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
            let request = request(contract, Input::One("MALW".into()), &json!({}));
            let prediction = instance.predict(&request).await.unwrap();
            assert_eq!(prediction.class, contract.output);
            let arrived = describe(&Value::Record(Record { class: prediction.class, fields: prediction.fields }));
            assert_eq!(arrived, described(&instance).await, "{}", contract.key);
            assert_eq!(instance.stop().await, None);
        }
    });
}

#[test]
#[ignore = "needs a Python with NumPy, biotite, fastapi and uvicorn"]
fn model_errors_and_requests_refused_by_the_framework_are_distinguished() {
    run(async {
        let config = Config::built_in().unwrap();
        let contract = config.model("esm2").unwrap();
        let instance = platform("").open(contract, &Options::new()).unwrap();
        instance.start().await.unwrap();
        let raising = request(contract, Input::One("MALW".into()), &json!({ "raise": "bad \"é\"" }));
        let error = instance.predict(&raising).await.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Refused));
        assert_eq!(error.message, "bad \"é\"");
        let malformed = request(contract, Input::Structured(json!({ "kind": "x" })), &json!({}));
        let error = instance.predict(&malformed).await.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Schema));
        assert!(error.message.contains("body.sequences.str: Input should be a valid string"), "{error}");
        let absent = Request {
            method: hydrotest::prediction::Method::Fold,
            ..request(contract, Input::One("MALW".into()), &json!({}))
        };
        let error = instance.predict(&absent).await.unwrap_err();
        assert_eq!(error.message, "'ESM2Core' object has no attribute 'fold'");
        assert_eq!(instance.stop().await, None);
    });
}

#[test]
#[ignore = "needs a Python with NumPy, biotite, fastapi and uvicorn"]
fn a_class_that_cannot_be_loaded_shows_pythons_message() {
    run(async {
        let config = Config::built_in().unwrap();
        let mut contract = Contract::clone(config.model("esm2").unwrap());
        contract.core = "no.such.Core".into();
        let instance = platform("").open(&contract.into(), &Options::new()).unwrap();
        let error = instance.start().await.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        // The last lines of its log are not a traceback, so no exception is shown.
        assert_eq!(error.message, "the server exited with status 1 before it was ready");
        assert!(error.log_tail.iter().any(|line| line.contains("No module named 'no'")), "{error:?}");
    });
}

#[test]
#[ignore = "needs a Python with NumPy, biotite, fastapi and uvicorn"]
fn every_models_objects_arrive_bit_for_bit_in_the_default_protocol() {
    objects("");
}

#[test]
#[ignore = "needs a Python with NumPy, biotite, fastapi and uvicorn"]
fn every_models_objects_arrive_bit_for_bit_in_protocol_5() {
    objects("PICKLE_PROTOCOL = '5'");
}
