//! Our model server responds like boileroom's: the statuses, headers and bodies that `FastAPI` returned to 102 valid and
//! invalid requests. Its error texts are its own, in the place where clients of `FastAPI` look for them.
//!
//! `fixtures/fastapi_answers.jsonl` was recorded from boileroom's server on fastapi 0.165 by `python/record_answers.py`.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::net::SocketAddr;

use hydrotest::prediction::{Method, Prediction, Request};
use hydrotest::wire::Secret;
use hydrotest::wire::server::{ModelServer, ServedModel};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A model that accepts every call, or raises the recorded exception.
struct Recorded {
    raises: bool,
}

impl ServedModel for Recorded {
    fn predict(&self, request: &Request) -> Result<Prediction, String> {
        match (self.raises, request.method) {
            (false, _) => {
                Ok(Prediction { class: "boileroom.testing.fake_core.HealthcheckOutput".into(), fields: Vec::new() })
            }
            (true, Method::Fold) => Err("Invalid amino acid(s) in sequence: ['1', 'X'] \"\u{e9}\"\n\u{1b}".into()),
            (true, method) => Err(format!("'RaisingCore' object has no attribute '{method}'")),
        }
    }
}

async fn start(raises: bool, secret: Option<Secret>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = ModelServer::new(Recorded { raises }, secret);
    tokio::spawn(server.serve(listener, std::future::pending()));
    address
}

/// Status, headers by lower-case name, and body of the last response on a connection.
async fn exchange(address: SocketAddr, request: &str) -> (u64, Vec<(String, String)>, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let bytes: Vec<u8> = request.chars().map(|letter| u8::try_from(letter).unwrap()).collect();
    stream.write_all(&bytes).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    let response = String::from_utf8(response).unwrap();
    let response = response.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&response);
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap()[9..12].parse().unwrap();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    });
    (status, headers.collect(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_request_gets_the_recorded_response() {
    let secret = Secret::new("k");
    let servers = [
        ("signing", start(false, secret.clone()).await),
        ("raising", start(true, secret).await),
        ("without a secret", start(false, None).await),
    ];
    let mut compared = 0;
    for line in include_str!("fixtures/fastapi_answers.jsonl").lines() {
        let recorded: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = recorded["name"].as_str().unwrap();
        let (_, address) = servers.iter().find(|(kind, _)| recorded["server"] == *kind).unwrap();
        let (status, headers, body) = exchange(*address, recorded["request"].as_str().unwrap()).await;
        assert_eq!(recorded["status"], status, "{name}: {body}");
        for header in ["content-type", "allow", "location"] {
            let found = headers.iter().find(|(key, _)| key == header).map(|(_, value)| value.as_str());
            assert_eq!(recorded[header].as_str(), found, "{name}: {header}");
        }
        match recorded["body"].as_str() {
            Some(recorded) => assert_eq!(body, recorded, "{name}"),
            None if status == 200 => {
                assert!(body.starts_with(r#"{"pickled":""#) && body.contains(r#"","hmac":""#), "{name}: {body}");
            }
            None => {
                let body: serde_json::Value = serde_json::from_str(&body).unwrap();
                let detail = body["detail"].as_str().unwrap();
                assert!(!detail.is_empty() && body.as_object().unwrap().len() == 1, "{name}: {body}");
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 102);
}
