//! Responses that are truncated, have endless headers, redirect, or are not HTTP.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hydrotest::prediction::Input;
use hydrotest::wire::client::{ClientError, ClientTimeouts, Phase};
use hydrotest::wire::envelope::EnvelopeError;
use tokio::io::AsyncWriteExt;

use crate::scripted::{body, call, call_with, finish, prediction, refused, response, sending, server, timeouts};

#[tokio::test]
async fn a_response_cut_off_at_any_byte_is_never_a_prediction() {
    let body = body();
    let framings = [
        response("", &body),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}"),
    ];
    for whole in framings {
        let head = whole.find("\r\n\r\n").unwrap() + 4;
        let framed = !whole.contains("connection: close");
        for end in 0..whole.len() {
            let error = refused(&whole.as_bytes()[..end]).await;
            let fits = match &error {
                ClientError::Dropped(_) => framed || end < head,
                // Without a length, the end of the connection is the end of the body.
                ClientError::Envelope(EnvelopeError::Truncated(_)) => !framed && end >= head,
                _ => false,
            };
            assert!(fits, "cut at {end}: {error:?}");
        }
        assert_eq!(call(sending(whole).await).await.unwrap(), prediction());
    }
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
async fn interim_responses_are_skipped_and_cannot_block_the_client() {
    let interim =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    let whole = format!("{interim}{}", response("", &body()));
    assert_eq!(call(sending(whole).await).await.unwrap(), prediction());

    let limit = Duration::from_millis(300);
    let impatient = ClientTimeouts { read: limit, ..timeouts() };
    let address =
        server(|mut stream| async move { while stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.is_ok() {} })
            .await;
    let error = call_with(address, impatient, Input::One("A".into())).await.unwrap_err();
    let phase = Phase::Wait;
    assert_eq!(error, ClientError::Timeout { phase, limit });

    let switching = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let error = refused(switching).await;
    assert!(matches!(error, ClientError::OddStatus { .. }), "{error:?}");
}

#[tokio::test]
async fn redirects_are_reported_and_not_followed() {
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
        let message =
            format!("the server redirects to http://{elsewhere}/fold (status {status}), which is not followed");
        assert_eq!(error, ClientError::Protocol(message));
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_response_that_is_not_http_is_a_protocol_error() {
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
async fn bytes_after_the_response_are_not_another_response() {
    let smuggled = format!("{}{}", response("", &body()), response("", "{}"));
    assert_eq!(call(sending(smuggled).await).await.unwrap(), prediction());
}
