//! Servers that are silent, send slowly, do not read, or do not exist.

use std::time::Duration;

use hydrotest::prediction::Input;
use hydrotest::wire::client::{ClientError, ClientTimeouts, Phase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::scripted::{call, call_with, server, timeouts};

#[tokio::test]
async fn silent_and_slow_servers_run_into_the_timeouts() {
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
        ClientTimeouts { read: soon, ..patient },
        ClientTimeouts { progress: soon, ..patient },
        ClientTimeouts { total: soon, ..patient },
    );
    let expected = |phase| ClientError::Timeout { phase, limit: soon };
    for (address, timeouts, phase) in [
        (silent.await, read, Phase::Wait),
        (drip(b"HTTP/1.1 200 OK\r\nx: ").await, read, Phase::Wait),
        (drip(b"HTTP/1.1 200 OK\r\n\r\n{\"pickled\":\"").await, progress, Phase::Progress),
        (drip(b"HTTP/1.1 200 OK\r\n\r\n{\"pickled\":\"").await, total, Phase::Total),
    ] {
        let error = call_with(address, timeouts, Input::One("A".into())).await.unwrap_err();
        assert_eq!(error, expected(phase));
    }
    // A slow error is reported without waiting for its end.
    let address = drip(b"HTTP/1.1 500 Oops\r\n\r\n").await;
    let error = call_with(address, progress, Input::One("A".into())).await.unwrap_err();
    assert!(matches!(error, ClientError::OddStatus { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_read_the_request_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limit = Duration::from_millis(300);
    let impatient = ClientTimeouts { write: limit, ..timeouts() };
    let (error, _unread) =
        tokio::join!(call_with(address, impatient, Input::One("A".repeat(32 << 20))), listener.accept());
    let phase = Phase::Send;
    assert_eq!(error.unwrap_err(), ClientError::Timeout { phase, limit });
}

#[tokio::test]
async fn a_missing_server_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = call(address).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
}
