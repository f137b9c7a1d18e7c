//! The model server handles one call at a time, stays up after any failure in a call, and shuts down in order.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use hydrotest::prediction::{Input, Method, Options, Prediction, Request, Value};
use hydrotest::wire::Secret;
use hydrotest::wire::client::{ClientError, ClientTimeouts, ModelClient};
use hydrotest::wire::server::{ModelServer, ServedModel};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, mpsc as channel};

/// A model that reports each call and responds when the test allows it.
struct Gated {
    called: channel::UnboundedSender<String>,
    gate: std::sync::Mutex<mpsc::Receiver<()>>,
    under_way: AtomicUsize,
    most: Arc<AtomicUsize>,
}

impl ServedModel for Gated {
    fn predict(&self, request: &Request) -> Result<Prediction, String> {
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let sequence = request.input.strings()[0].clone();
        self.called.send(sequence.clone()).unwrap();
        self.gate.lock().unwrap().recv().unwrap();
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        match sequence.as_str() {
            "PANIC" => panic!("as the test wants"),
            "RAISE" => Err("as the test wants".into()),
            _ => {
                Ok(Prediction { class: "test.Output".into(), fields: vec![("sequence".into(), Value::Text(sequence))] })
            }
        }
    }
}

struct Setup {
    client: ModelClient,
    address: SocketAddr,
    calls: Mutex<channel::UnboundedReceiver<String>>,
    gate: mpsc::Sender<()>,
    most: Arc<AtomicUsize>,
    stop: Arc<Notify>,
    served: tokio::task::JoinHandle<()>,
}

impl Setup {
    async fn new() -> Self {
        let (called, calls) = channel::unbounded_channel();
        let (gate, gated) = mpsc::channel();
        let most = Arc::default();
        let model = Gated {
            called,
            gate: std::sync::Mutex::new(gated),
            under_way: AtomicUsize::new(0),
            most: Arc::clone(&most),
        };
        let secret = Secret::new("s").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let server = ModelServer::new(model, Some(secret.clone()));
        Self {
            client: ModelClient::new(&format!("http://{address}"), secret, ClientTimeouts::default()).unwrap(),
            address,
            calls: Mutex::new(calls),
            gate,
            most,
            stop,
            served: tokio::spawn(server.serve(listener, async move { stopped.notified().await })),
        }
    }

    async fn call(&self, sequence: &str) -> Result<Prediction, ClientError> {
        let request = Request { method: Method::Fold, input: Input::One(sequence.into()), options: Options::new() };
        self.client.predict(&request).await
    }

    async fn called(&self) -> String {
        self.calls.lock().await.recv().await.unwrap()
    }

    fn let_through(&self) {
        self.gate.send(()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_run_one_at_a_time_and_health_responds_meanwhile() {
    let setup = Setup::new().await;
    let conduct = async {
        for _ in 0..3 {
            setup.called().await;
            setup.client.health().await.unwrap();
            setup.let_through();
        }
    };
    let (one, other, third, ()) = tokio::join!(setup.call("A"), setup.call("C"), setup.call("D"), conduct);
    for (response, sequence) in [(one, "A"), (other, "C"), (third, "D")] {
        assert_eq!(response.unwrap().field("sequence"), Some(&Value::Text(sequence.into())));
    }
    assert_eq!(setup.most.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_server_error_and_the_next_call_works() {
    let setup = Setup::new().await;
    setup.let_through();
    let error = setup.call("PANIC").await.unwrap_err();
    let (status, text) = (500, "Internal Server Error".to_owned());
    assert_eq!(error, ClientError::OddStatus { status, text });
    setup.let_through();
    assert_eq!(setup.call("RAISE").await.unwrap_err(), ClientError::Refused("as the test wants".into()));
    setup.let_through();
    assert!(setup.call("A").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_the_current_call_and_accepts_no_more() {
    let setup = Setup::new().await;
    let stop = async {
        assert_eq!(setup.called().await, "A");
        setup.stop.notify_one();
        // The listener closes first. Only then is the call released.
        while tokio::net::TcpStream::connect(setup.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        setup.let_through();
    };
    let (response, ()) = tokio::join!(setup.call("A"), stop);
    assert!(response.is_ok());
    let ended = tokio::time::timeout(Duration::from_secs(20), setup.served).await;
    ended.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_body_is_refused() {
    let setup = Setup::new().await;
    let error = setup.call(&"A".repeat(33 << 20)).await.unwrap_err();
    // The server responds before it has read everything, so the response may be lost on the way.
    let fits = match &error {
        ClientError::Declined { status, .. } => status.code == 413,
        ClientError::Dropped(_) => true,
        _ => false,
    };
    assert!(fits, "{error:?}");
}
