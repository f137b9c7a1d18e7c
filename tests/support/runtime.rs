//! Asynchronous tests, each in a runtime of its own, and none for ever.

use std::time::Duration;

/// Runs a test that must be over in good time.
pub fn run_within(limit: Duration, test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::time::timeout(limit, test).await.expect("the test hangs") });
}
