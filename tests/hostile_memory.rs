//! A bomb stays within its memory bound, measured from outside as the peak of a whole process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/hostile.rs"]
mod hostile;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;

use bytes::Bytes;
use hostile::BOMBS;
use hydrotest::config::Config;
use hydrotest::prediction::{Input, Options, Request, largest_response};
use hydrotest::wire::client::{ClientError, ClientTimeouts, ModelClient};
use hydrotest::wire::envelope::EnvelopeError;
use hydrotest::wire::{ResponseLimits, Secret, pickle};

/// Names the bomb that a child process reads.
const CHILD: &str = "HYDROTEST_TEST_BOMB";

/// Highest resident memory of the process so far. `None` if the system does not report it.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
}

#[test]
fn no_bomb_exceeds_its_memory_bound() {
    let limits = ResponseLimits { allocation: 64 << 20, ..ResponseLimits::default() };
    let wanted = std::env::var(CHILD).ok();
    for (name, make) in BOMBS {
        match &wanted {
            Some(wanted) if wanted == name => {
                let payload = Bytes::from(make());
                let granted = limits.allocation_for(payload.len());
                let before = peak();
                assert!(pickle::decode(&payload, &limits).is_err(), "{name}");
                let Some((before, after)) = before.zip(peak()) else {
                    eprintln!("skipped: this system does not report the peak memory of a process");
                    return;
                };
                let taken = after - before;
                eprintln!("{name}: {} bytes took {taken} of {granted} bytes", payload.len());
                // A growing vector holds its old and its new buffer for a moment, and has unused capacity.
                assert!(taken <= 2 * granted, "{name}");
            }
            Some(_) => {}
            None => {
                let child = Command::new(std::env::current_exe().unwrap())
                    .env(CHILD, name)
                    .args(["--exact", "no_bomb_exceeds_its_memory_bound", "--nocapture"])
                    .output()
                    .unwrap();
                let report = String::from_utf8_lossy(&child.stderr);
                assert!(child.status.success(), "{report}");
                eprint!("{report}");
            }
        }
    }
}

/// An endless body: its name, its head, and the part that repeats.
type Endless = (&'static str, &'static [u8], Vec<u8>);

fn endless() -> [Endless; 3] {
    let digits = b"QUJDREVG".repeat(1 << 13);
    let chunk = [b"10000\r\n", digits.as_slice(), b"\r\n"].concat();
    [
        ("a payload", b"HTTP/1.1 200 OK\r\n\r\n{\"pickled\":\"", digits.clone()),
        ("chunks", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nc\r\n{\"pickled\":\"\r\n", chunk),
        ("an announced payload", b"HTTP/1.1 200 OK\r\ncontent-length: 46000000\r\n\r\n{\"pickled\":\"", digits),
    ]
}

#[test]
fn an_endless_body_takes_little_more_memory_than_a_valid_response() {
    let Ok(wanted) = std::env::var(CHILD) else {
        for (name, ..) in endless() {
            let child = Command::new(std::env::current_exe().unwrap())
                .env(CHILD, name)
                .args(["--exact", "an_endless_body_takes_little_more_memory_than_a_valid_response", "--nocapture"])
                .output()
                .unwrap();
            let report = String::from_utf8_lossy(&child.stderr);
            assert!(child.status.success(), "{report}");
            eprint!("{report}");
        }
        return;
    };
    let (_, head, piece) = endless().into_iter().find(|(name, ..)| *name == wanted).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // A response that comes before its request is another fault.
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(head).unwrap();
        while stream.write_all(&piece).is_ok() {}
    });
    let config = Config::built_in().unwrap();
    let contract = config.model("esm2").unwrap();
    let request = Request {
        method: contract.method,
        input: Input::One("MALWMRLLPLLALLALWGPDPAAA".into()),
        options: Options::new(),
    };
    let limits = ResponseLimits::for_fields(largest_response(contract, &request, &Options::new()));
    let client = ModelClient::new(&format!("http://{address}"), Secret::generate().unwrap(), ClientTimeouts::default());
    let client = client.unwrap().with_limits(limits);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = peak();
    let error = runtime.block_on(client.predict(&request)).unwrap_err();
    let is_too_large = match &error {
        ClientError::Envelope(EnvelopeError::TooLarge { limit }) => *limit == limits.body,
        ClientError::Protocol(message) => message.contains("announces 46000000 bytes"),
        _ => false,
    };
    assert!(is_too_large, "{error}");
    let Some((before, after)) = before.zip(peak()) else {
        return;
    };
    let taken = after - before;
    eprintln!("{wanted}: took {taken} bytes, of {} allowed", limits.body);
    assert!(taken < 2 * limits.body, "{taken} bytes");
}
