//! Measures how fast a response is decoded into a prediction and encoded again, next to Python in the same run.
//!
//! `cargo bench --bench wire` prints divan's tables, then compares whole processes: time and peak memory of this program and of
//! Python (`HYDROTEST_PYTHON` or `python3`, with `NumPy`) on the same body.

mod peer;
mod responses;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use hydrotest::wire::envelope::seal;
use hydrotest::wire::pickle;
use responses::{SECRET, SIZES, receive};
use sha2::{Digest as _, Sha256};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, path] = arguments.as_slice()
        && flag == peer::MEASURE
    {
        return peer::measure(path);
    }
    divan::main();
    if arguments.iter().any(|argument| argument == "--bench") {
        peer::compare();
    }
}

/// Body to prediction: JSON, base64, signature and pickle.
#[divan::bench(args = SIZES)]
fn read(bencher: Bencher, size: &str) {
    let body = responses::body(size);
    bencher.counter(BytesCount::new(body.len())).bench_local(|| receive(black_box(&body)));
}

/// Payload to SHA-256: the minimum cost of a signature.
#[divan::bench(args = SIZES)]
fn hash(bencher: Bencher, size: &str) {
    let payload = responses::payload(size);
    bencher.counter(BytesCount::new(payload.len())).bench_local(|| Sha256::digest(black_box(&payload)));
}

/// Payload to prediction.
#[divan::bench(args = SIZES)]
fn decode(bencher: Bencher, size: &str) {
    let payload = responses::payload(size);
    bencher
        .counter(BytesCount::new(payload.len()))
        .bench_local(|| pickle::decode(black_box(&payload), &responses::LIMITS));
}

/// Prediction to body.
#[divan::bench(args = SIZES)]
fn write(bencher: Bencher, size: &str) {
    let prediction = responses::prediction(size);
    bencher.counter(BytesCount::new(responses::body(size).len())).bench_local(|| {
        let payload = pickle::encode_prediction(black_box(&prediction));
        payload.map(|payload| seal(&payload, SECRET))
    });
}
