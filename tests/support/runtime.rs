//! Runs asynchronous tests, each in a runtime of its own and with a time limit. Needs the module `installed`.

use std::time::Duration;

use crate::installed::installed;

/// Runs a test within a time limit. The test may open backends.
pub fn run_within(limit: Duration, test: impl Future<Output = ()>) {
    let _installed = installed();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(limit, test).await.expect("the test hangs") });
}
