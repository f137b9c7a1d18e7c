//! Whatever a server sends, the client answers with a typed error, in bounded time and memory.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use std::fmt::Write;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hydrotest::prediction::{Input, Method, Options, Prediction, Request, Value};
use hydrotest::wire::client::{ClientError, ModelClient, Phase, Timeouts};
use hydrotest::wire::envelope::{EnvelopeError, seal};
use hydrotest::wire::{Limits, Secret, pickle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "c2VjcmV0";
/// Nothing here may take longer; a test that does has found a hole.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes that a response may have in these tests.
const BODY: usize = 1 << 20;

type Script = Arc<dyn Fn(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A server that does the same on every connection once it has the head of the request.
async fn server<F>(script: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> SocketAddr
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

/// A server that sends these bytes and closes.
async fn sending(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes = bytes.into();
    server(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            // The client may have had enough before the end.
            let _ = stream.write_all(&bytes).await;
            finish(stream).await;
        }
    })
    .await
}

/// Closes without a reset, which would take back what was sent.
async fn finish(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

fn timeouts() -> Timeouts {
    Timeouts {
        connect: Duration::from_secs(5),
        write: Duration::from_secs(5),
        read: Duration::from_secs(5),
        total: Duration::from_secs(10),
        health: Duration::from_secs(5),
        progress: Duration::from_secs(5),
    }
}

async fn call_with(address: SocketAddr, timeouts: Timeouts, input: Input) -> Result<Prediction, ClientError> {
    let limits = Limits {
        body: BODY,
        ..Limits::default()
    };
    let client = ModelClient::new(&format!("http://{address}"), Secret::new(SECRET).unwrap(), timeouts);
    let client = client.unwrap().with_limits(limits);
    let request = Request {
        method: Method::Fold,
        input,
        options: Options::new(),
    };
    let answer = tokio::time::timeout(PATIENCE, client.predict(&request)).await;
    answer.expect("the client hangs")
}

async fn call(address: SocketAddr) -> Result<Prediction, ClientError> {
    call_with(address, timeouts(), Input::One("MALW".into())).await
}

async fn refused(bytes: impl Into<Vec<u8>>) -> ClientError {
    call(sending(bytes).await).await.unwrap_err()
}

fn prediction() -> Prediction {
    Prediction {
        class: "test.Output".into(),
        fields: vec![("text".into(), Value::Text("x".repeat(24)))],
    }
}

fn body_of(payload: &[u8]) -> String {
    String::from_utf8(seal(payload, SECRET)).unwrap()
}

fn body() -> String {
    body_of(&pickle::encode_prediction(&prediction()).unwrap())
}

fn response(head: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{head}\r\n{body}", body.len())
}

#[tokio::test]
async fn a_sound_response_is_a_prediction() {
    assert_eq!(call(sending(response("", &body())).await).await.unwrap(), prediction());
}

#[tokio::test]
async fn a_response_cut_off_at_any_byte_is_never_a_prediction() {
    let body = body();
    let framings = [
        response("", &body),
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        ),
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}"),
    ];
    for whole in framings {
        let head = whole.find("\r\n\r\n").unwrap() + 4;
        let framed = !whole.contains("connection: close");
        for end in 0..whole.len() {
            let error = refused(&whole.as_bytes()[..end]).await;
            let fits = match &error {
                ClientError::Dropped(_) => framed || end < head,
                // Without a length the end of the connection is the end of the body.
                ClientError::Envelope(EnvelopeError::Truncated(_)) => !framed && end >= head,
                _ => false,
            };
            assert!(fits, "cut at {end}: {error:?}");
        }
        assert_eq!(call(sending(whole).await).await.unwrap(), prediction());
    }
}

#[tokio::test]
async fn a_signature_that_is_not_ours_is_refused() {
    let envelope = |body: &str| {
        let response = response("", body);
        async move {
            match refused(response).await {
                ClientError::Envelope(error) => error,
                other => panic!("{other:?}"),
            }
        }
    };
    let body = body();
    let at = body.rfind(':').unwrap() + 2;
    let (before, signature) = (&body[..at], &body[at..at + 64]);
    let wrong = format!(
        "{}{}",
        if signature.starts_with('0') { '1' } else { '0' },
        &signature[1..]
    );
    let other = String::from_utf8(seal(&pickle::encode_prediction(&prediction()).unwrap(), "another")).unwrap();
    assert_eq!(
        envelope(&format!("{before}{wrong}\"}}")).await,
        EnvelopeError::WrongSignature
    );
    assert_eq!(envelope(&other).await, EnvelopeError::WrongSignature);
    let upper = signature.to_uppercase();
    assert_eq!(
        envelope(&format!("{before}{upper}\"}}")).await,
        EnvelopeError::SignatureCase
    );
    assert_eq!(
        envelope(&format!("{before}{}\"}}", &signature[..62])).await,
        EnvelopeError::SignatureLength(62)
    );
    let without = format!("{}}}", &body[..body.rfind(",\"hmac").unwrap()]);
    assert_eq!(envelope(&without).await, EnvelopeError::MissingKey("hmac"));
}

#[tokio::test]
async fn a_response_recorded_from_another_start_is_refused() {
    // Within one start the protocol knows no replay: nothing in a response says which call it answers.
    let recorded = seal(
        &pickle::encode_prediction(&prediction()).unwrap(),
        Secret::generate().unwrap().expose(),
    );
    let error = refused(response("", std::str::from_utf8(&recorded).unwrap())).await;
    assert_eq!(error, ClientError::Envelope(EnvelopeError::WrongSignature));
}

#[tokio::test]
async fn a_payload_that_would_run_code_is_refused_by_name() {
    let payload = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.";
    let error = refused(response("", &body_of(payload))).await;
    assert!(matches!(error, ClientError::Undecodable(_)), "{error:?}");
    assert!(error.to_string().contains("os.system"), "{error}");
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let address = server(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"pickled\":\"").await;
            while let Ok(written) = stream.write(&[b'A'; 4096]).await {
                count.fetch_add(written, Ordering::SeqCst);
            }
        }
    })
    .await;
    let error = call(address).await.unwrap_err();
    assert_eq!(error, ClientError::Envelope(EnvelopeError::TooLarge { limit: BODY }));
    // What the client did not take is in the buffers of the connection.
    assert!(sent.load(Ordering::SeqCst) < BODY + (16 << 20));
}

#[tokio::test]
async fn an_announced_giant_is_refused_unread() {
    let error = refused("HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n").await;
    assert!(
        matches!(&error, ClientError::Protocol(message) if message.contains("999999999999")),
        "{error:?}"
    );
    for length in ["-1", "1e3", "99999999999999999999999", "5\r\ncontent-length: 6"] {
        let error = refused(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\nhello")).await;
        assert!(matches!(error, ClientError::Protocol(_)), "{length}: {error:?}");
    }
}

#[tokio::test]
async fn silence_and_drips_end_by_their_limits() {
    let soon = Duration::from_millis(300);
    let drip = |head: &'static [u8]| {
        server(move |mut stream| async move {
            let _ = stream.write_all(head).await;
            let mut ticks = tokio::time::interval(Duration::from_millis(10));
            while stream.write_all(b"A").await.is_ok() {
                ticks.tick().await;
            }
        })
    };
    let silent = server(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let patient = timeouts();
    let (read, progress, total) = (
        Timeouts { read: soon, ..patient },
        Timeouts {
            progress: soon,
            ..patient
        },
        Timeouts { total: soon, ..patient },
    );
    let expected = |phase| ClientError::Timeout { phase, limit: soon };
    for (address, timeouts, phase) in [
        (silent.await, read, Phase::Wait),
        (drip(b"HTTP/1.1 200 OK\r\nx: ").await, read, Phase::Wait),
        (
            drip(b"HTTP/1.1 200 OK\r\n\r\n{\"pickled\":\"").await,
            progress,
            Phase::Progress,
        ),
        (
            drip(b"HTTP/1.1 200 OK\r\n\r\n{\"pickled\":\"").await,
            total,
            Phase::Total,
        ),
    ] {
        let error = call_with(address, timeouts, Input::One("A".into())).await.unwrap_err();
        assert_eq!(error, expected(phase));
    }
    // An error that drips is told without waiting for its end.
    let address = drip(b"HTTP/1.1 500 Oops\r\n\r\n").await;
    let error = call_with(address, progress, Input::One("A".into())).await.unwrap_err();
    assert!(matches!(error, ClientError::Protocol(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_read_the_request_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limit = Duration::from_millis(300);
    let impatient = Timeouts {
        write: limit,
        ..timeouts()
    };
    let (error, _unread) = tokio::join!(
        call_with(address, impatient, Input::One("A".repeat(32 << 20))),
        listener.accept()
    );
    let phase = Phase::Send;
    assert_eq!(error.unwrap_err(), ClientError::Timeout { phase, limit });
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = call(address).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_compressed_body_is_not_inflated() {
    for encoding in ["gzip", "br", "deflate, gzip"] {
        let error = refused(response(&format!("content-encoding: {encoding}\r\n"), &body())).await;
        assert!(
            matches!(&error, ClientError::Protocol(message) if message.contains(encoding)),
            "{error:?}"
        );
    }
    assert!(
        call(sending(response("content-encoding: identity\r\n", &body())).await)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn floods_of_headers_are_refused() {
    let mut many = String::new();
    for index in 0..10_000 {
        write!(many, "x-{index}: y\r\n").unwrap();
    }
    let long = format!("x: {}\r\n", "y".repeat(4 << 20));
    for head in [many, long] {
        let error = refused(response(&head, &body())).await;
        assert!(matches!(error, ClientError::Protocol(_)), "{error:?}");
    }
}

#[tokio::test]
async fn interim_responses_are_skipped_and_cannot_hold_the_client() {
    let interim =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    let whole = format!("{interim}{}", response("", &body()));
    assert_eq!(call(sending(whole).await).await.unwrap(), prediction());

    let limit = Duration::from_millis(300);
    let impatient = Timeouts {
        read: limit,
        ..timeouts()
    };
    let address =
        server(|mut stream| async move { while stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.is_ok() {} })
            .await;
    let error = call_with(address, impatient, Input::One("A".into())).await.unwrap_err();
    let phase = Phase::Wait;
    assert_eq!(error, ClientError::Timeout { phase, limit });

    let switching = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let error = refused(switching).await;
    assert!(matches!(error, ClientError::Protocol(_)), "{error:?}");
}

#[tokio::test]
async fn redirects_are_told_and_not_followed() {
    let visits = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&visits);
    let elsewhere = server(move |stream| {
        count.fetch_add(1, Ordering::SeqCst);
        finish(stream)
    })
    .await;
    for status in [301, 302, 303, 307, 308] {
        let moved =
            format!("HTTP/1.1 {status} Moved\r\nlocation: http://{elsewhere}/fold\r\ncontent-length: 0\r\n\r\n");
        let error = refused(moved).await;
        let told = matches!(&error, ClientError::Protocol(message) if message.contains(&elsewhere.to_string()));
        assert!(told, "{error:?}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_is_not_http_is_against_the_protocol() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..],
        b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n x: folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let error = refused(bytes).await;
        let shown = String::from_utf8_lossy(bytes);
        assert!(matches!(error, ClientError::Protocol(_)), "{shown}: {error:?}");
    }
}

#[tokio::test]
async fn an_endless_error_is_read_only_at_its_beginning() {
    let address = server(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 500 Oops\r\n\r\n").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let error = call(address).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Protocol(message) if message.len() < 5000),
        "{error:?}"
    );
}

#[tokio::test]
async fn bytes_after_the_response_are_not_taken_for_another() {
    let smuggled = format!("{}{}", response("", &body()), response("", "{}"));
    assert_eq!(call(sending(smuggled).await).await.unwrap(), prediction());
}

async fn health(bytes: &str) -> Result<(), ClientError> {
    let address = sending(bytes).await;
    let client = ModelClient::new(&format!("http://{address}"), Secret::new(SECRET).unwrap(), timeouts()).unwrap();
    tokio::time::timeout(PATIENCE, client.health())
        .await
        .expect("the client hangs")
}

#[tokio::test]
async fn only_the_word_ready_is_ready() {
    health(&response("", r#"{"status": "ready"}"#)).await.unwrap();
    for bytes in [
        response("", "<html>Welcome</html>"),
        response("", r#"{"status":"loading"}"#),
        response("", ""),
        "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ] {
        let error = health(&bytes).await.unwrap_err();
        assert!(matches!(error, ClientError::Protocol(_)), "{bytes}: {error:?}");
    }
}
