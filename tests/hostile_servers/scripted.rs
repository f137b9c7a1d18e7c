//! Servers that follow a script, and a client with short timeouts.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hydrotest::prediction::{Input, Method, Options, Prediction, Request, Value};
use hydrotest::wire::client::{ClientError, ClientTimeouts, ModelClient};
use hydrotest::wire::envelope::seal;
use hydrotest::wire::{ResponseLimits, Secret, pickle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const SECRET: &str = "c2VjcmV0";
/// Upper bound for every step. A test that exceeds it has found a defect.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Maximum size of a response in these tests.
pub const BODY: usize = 1 << 20;

type Script = Arc<dyn Fn(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A server that does the same on every connection after it has read the head of the request.
pub async fn server<F>(script: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let script: Script = Arc::new(move |stream| Box::pin(script(stream)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let script = Arc::clone(&script);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    let mut piece = [0; 4096];
                    match stream.read(&mut piece).await {
                        Ok(count @ 1..) => head.extend_from_slice(&piece[..count]),
                        _ => return,
                    }
                }
                script(stream).await;
            });
        }
    });
    address
}

/// A server that sends these bytes and closes the connection.
pub async fn sending(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes = bytes.into();
    server(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            // The client may have disconnected before the end.
            let _ = stream.write_all(&bytes).await;
            finish(stream).await;
        }
    })
    .await
}

/// Closes without a reset, which would discard bytes in flight.
pub async fn finish(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

pub fn timeouts() -> ClientTimeouts {
    ClientTimeouts {
        connect: Duration::from_secs(5),
        write: Duration::from_secs(5),
        read: Duration::from_secs(5),
        total: Duration::from_secs(10),
        health: Duration::from_secs(5),
        progress: Duration::from_secs(5),
    }
}

pub async fn call_with(address: SocketAddr, timeouts: ClientTimeouts, input: Input) -> Result<Prediction, ClientError> {
    let limits = ResponseLimits { body: BODY, ..ResponseLimits::default() };
    let client = ModelClient::new(&format!("http://{address}"), Secret::new(SECRET).unwrap(), timeouts);
    let client = client.unwrap().with_limits(limits);
    let request = Request { method: Method::Fold, input, options: Options::new() };
    let response = tokio::time::timeout(PATIENCE, client.predict(&request)).await;
    response.expect("the client hangs")
}

pub async fn call(address: SocketAddr) -> Result<Prediction, ClientError> {
    call_with(address, timeouts(), Input::One("MALW".into())).await
}

pub async fn refused(bytes: impl Into<Vec<u8>>) -> ClientError {
    call(sending(bytes).await).await.unwrap_err()
}

pub fn prediction() -> Prediction {
    Prediction { class: "test.Output".into(), fields: vec![("text".into(), Value::Text("x".repeat(24)))] }
}

pub fn body_of(payload: &[u8]) -> String {
    String::from_utf8(seal(payload, SECRET)).unwrap()
}

pub fn body() -> String {
    body_of(&pickle::encode_prediction(&prediction()).unwrap())
}

pub fn response(head: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{head}\r\n{body}", body.len())
}

pub async fn health(bytes: &str) -> Result<(), ClientError> {
    let address = sending(bytes).await;
    let client = ModelClient::new(&format!("http://{address}"), Secret::new(SECRET).unwrap(), timeouts()).unwrap();
    tokio::time::timeout(PATIENCE, client.health()).await.expect("the client hangs")
}
