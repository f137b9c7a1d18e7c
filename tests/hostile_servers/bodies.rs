//! Bodies that are too long, wrongly signed, or contain code.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hydrotest::wire::client::ClientError;
use hydrotest::wire::envelope::{EnvelopeError, seal};
use hydrotest::wire::{Secret, pickle};
use tokio::io::AsyncWriteExt;

use crate::scripted::{BODY, body, body_of, call, health, prediction, refused, response, sending, server};

#[tokio::test]
async fn a_correct_response_is_a_prediction() {
    assert_eq!(call(sending(response("", &body())).await).await.unwrap(), prediction());
}

#[tokio::test]
async fn a_wrong_signature_is_refused() {
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
    let wrong = format!("{}{}", if signature.starts_with('0') { '1' } else { '0' }, &signature[1..]);
    let other = String::from_utf8(seal(&pickle::encode_prediction(&prediction()).unwrap(), "another")).unwrap();
    assert_eq!(envelope(&format!("{before}{wrong}\"}}")).await, EnvelopeError::WrongSignature);
    assert_eq!(envelope(&other).await, EnvelopeError::WrongSignature);
    let upper = signature.to_uppercase();
    assert_eq!(envelope(&format!("{before}{upper}\"}}")).await, EnvelopeError::SignatureCase);
    assert_eq!(envelope(&format!("{before}{}\"}}", &signature[..62])).await, EnvelopeError::SignatureLength(62));
    let without = format!("{}}}", &body[..body.rfind(",\"hmac").unwrap()]);
    assert_eq!(envelope(&without).await, EnvelopeError::MissingKey("hmac"));
}

#[tokio::test]
async fn a_response_recorded_from_another_start_is_refused() {
    // The protocol has no protection against replay within one start: nothing in a response names its call.
    let recorded = seal(&pickle::encode_prediction(&prediction()).unwrap(), Secret::generate().unwrap().expose());
    let error = refused(response("", std::str::from_utf8(&recorded).unwrap())).await;
    assert_eq!(error, ClientError::Envelope(EnvelopeError::WrongSignature));
}

#[tokio::test]
async fn a_payload_that_would_run_code_is_refused_by_name() {
    let payload = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.";
    let error = refused(response("", &body_of(payload))).await;
    assert!(matches!(error, ClientError::Undecodable(_)), "{error:?}");
    insta::assert_snapshot!(error, @"the payload cannot be read as data: pickle byte 21 (REDUCE): refused to call os.system");
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
    // The rest is in the buffers of the connection.
    assert!(sent.load(Ordering::SeqCst) < BODY + (16 << 20));
}

#[tokio::test]
async fn a_body_announced_as_too_large_is_refused_unread() {
    let error = refused("HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n").await;
    assert!(matches!(error, ClientError::Protocol(_)), "{error:?}");
    insta::assert_snapshot!(error, @"the server announces 999999999999 bytes, and a response to this request has at most 1048576");
    for length in ["-1", "1e3", "99999999999999999999999", "5\r\ncontent-length: 6"] {
        let error = refused(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\nhello")).await;
        assert!(matches!(error, ClientError::Protocol(_)), "{length}: {error:?}");
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
    assert!(matches!(&error, ClientError::OddStatus { text, .. } if text.len() < 5000), "{error:?}");
}

#[tokio::test]
async fn a_compressed_body_is_not_inflated() {
    for encoding in ["gzip", "br", "deflate, gzip"] {
        let error = refused(response(&format!("content-encoding: {encoding}\r\n"), &body())).await;
        let message = format!("the body is encoded as {encoding}, which was not asked for");
        assert_eq!(error, ClientError::Protocol(message));
    }
    assert!(call(sending(response("content-encoding: identity\r\n", &body())).await).await.is_ok());
}

#[tokio::test]
async fn only_the_word_ready_is_ready() {
    health(&response("", r#"{"status": "ready"}"#)).await.unwrap();
    for bytes in [
        response("", "<html>Welcome</html>"),
        response("", r#"{"status":"loading"}"#),
        response("", ""),
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ] {
        let error = health(&bytes).await.unwrap_err();
        assert!(matches!(error, ClientError::NoModelServer(_)), "{bytes}: {error:?}");
    }
    let error = health("HTTP/1.1 505 Busy\r\ncontent-length: 0\r\n\r\n").await.unwrap_err();
    assert!(matches!(error, ClientError::OddStatus { .. }), "{error:?}");
    let error = health("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").await.unwrap_err();
    assert!(matches!(error, ClientError::Declined { status, .. } if status.code == 503), "{error:?}");
}
