//! Every fault between the client and a server that signs: what the client makes of it, and that the server's own response is known.

use std::time::Instant;

use super::*;
use crate::prediction::{Input, Method, Options, Prediction, Request as Call};
use crate::wire::Secret;
use crate::wire::client::ClientTimeouts;
use crate::wire::envelope::EnvelopeError;
use crate::wire::server::{ModelServer, ServedModel};

struct Echo;

impl ServedModel for Echo {
    fn predict(&self, request: &Call) -> Result<Prediction, String> {
        if request.method == Method::Embed {
            return Err("no such method".to_owned());
        }
        Ok(Prediction { class: "boileroom.testing.fake_core.HealthcheckOutput".into(), fields: Vec::new() })
    }
}

fn call(method: Method) -> Call {
    Call { method, input: Input::One("AC".into()), options: Options::new() }
}

/// A client of a server of its own.
async fn serve() -> ModelClient {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let secret = Secret::new("k").unwrap();
    tokio::spawn(ModelServer::new(Echo, Some(secret.clone())).serve(listener, std::future::pending()));
    ModelClient::new(&url, secret, ClientTimeouts::default()).unwrap()
}

async fn planted(
    server: &ModelClient,
    fault: WireFault,
    earlier: Option<Bytes>,
    method: Method,
) -> (Result<Prediction, ClientError>, Option<Result<Bytes, ClientError>>) {
    let proxy = FaultProxy::open(server.clone(), fault, earlier).await.unwrap();
    let client = server.clone().through(proxy.address()).unwrap();
    let client = client.within(Duration::from_secs(if fault == WireFault::Hang { 1 } else { 60 }));
    let response = client.predict(&call(method)).await;
    (response, proxy.take_given())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_reaches_the_client_and_the_server_answers_on() {
    let server = serve().await;
    let begun = Instant::now();
    let fault = |fault, earlier| planted(&server, fault, earlier, Method::Fold);
    for at in [0.0, 0.5] {
        let (response, given) = fault(WireFault::Cut(at), None).await;
        assert!(matches!(response, Err(ClientError::Dropped(_))), "{response:?}");
        assert!(given.unwrap().is_ok());
    }
    assert!(fault(WireFault::Drip, None).await.0.is_ok());
    for wrong in [WireFault::Corrupt(0.0), WireFault::Corrupt(0.5), WireFault::Corrupt(1.0), WireFault::WrongSignature]
    {
        let (response, given) = fault(wrong, None).await;
        let refused = matches!(&response, Err(ClientError::Envelope(error)) if is_of_signature(error));
        assert!(refused, "{wrong:?}: {response:?}");
        assert!(given.unwrap().is_ok());
    }
    let (response, _) = fault(WireFault::Hang, None).await;
    assert!(matches!(response, Err(ClientError::Timeout { .. })), "{response:?}");
    let (response, given) = fault(WireFault::Status(503), None).await;
    assert!(matches!(response, Err(ClientError::Declined { .. })), "{response:?}");
    assert!(given.is_none());
    let (response, _) = fault(WireFault::Status(500), None).await;
    assert!(matches!(response, Err(ClientError::Refused(_))), "{response:?}");
    assert!(server.predict(&call(Method::Fold)).await.is_ok());
    assert!(begun.elapsed() < Duration::from_secs(60));
}

fn is_of_signature(error: &EnvelopeError) -> bool {
    matches!(error, EnvelopeError::WrongSignature | EnvelopeError::SignatureMistake(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_response_counts_only_with_the_same_secret() {
    let server = serve().await;
    let (_, given) = planted(&server, WireFault::Drip, None, Method::Fold).await;
    let body = given.unwrap().unwrap();
    let (same, _) = planted(&server, WireFault::Replay, Some(body), Method::Fold).await;
    assert!(same.is_ok(), "responses carry no nonce: {same:?}");
    let foreign = Bytes::from(crate::wire::envelope::seal(b"\x80\x04N.", "another"));
    let (response, _) = planted(&server, WireFault::Replay, Some(foreign), Method::Fold).await;
    assert!(matches!(&response, Err(ClientError::Envelope(error)) if is_of_signature(error)), "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_gives_nothing_to_alter_is_told_from_the_fault() {
    let (_, given) = planted(&serve().await, WireFault::Corrupt(0.5), None, Method::Embed).await;
    assert_eq!(given, Some(Err(ClientError::Refused("no such method".to_owned()))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_another_secret_signs_is_told_from_the_fault() {
    let server = serve().await;
    let other = Secret::new("another").unwrap();
    let client = ModelClient::new(server.address(), other, ClientTimeouts::default()).unwrap();
    for fault in [WireFault::Drip, WireFault::Cut(0.5), WireFault::Corrupt(0.5)] {
        let (_, given) = planted(&client, fault, None, Method::Fold).await;
        assert_eq!(given, Some(Err(EnvelopeError::WrongSignature.into())), "{fault:?}");
    }
}

#[tokio::test]
async fn a_dropped_proxy_leaves_no_port() {
    let proxy = FaultProxy::open(serve().await, WireFault::Hang, None).await.unwrap();
    let address = proxy.address();
    drop(proxy);
    // The task ends when the runtime next has time for it.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn one_letter_changes_and_the_form_stays() {
    let body = r#"{ "hmac": "0aB", "pickled": "\n0123\\/456789" }"#;
    for (key, at) in [("pickled", 0.0), ("pickled", 0.9), ("hmac", 0.5)] {
        let mut changed = body.as_bytes().to_vec();
        change(&mut changed, key, at);
        let different = changed.iter().zip(body.as_bytes()).filter(|(one, other)| one != other);
        assert_eq!(different.count(), 1);
        assert!(serde_json::from_slice::<serde_json::Value>(&changed).is_ok());
    }
    assert_eq!((part(10, 0.5), part(0, 1.0)), (5, 0));
}
