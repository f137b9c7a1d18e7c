//! For tests: drops the question to a program half-way and waits for the end of the child that the program had started. Does not know
//! who asks.

use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;

use crate::os::is_alive;

/// How long a killed child may take to disappear.
const PATIENCE: Duration = Duration::from_secs(60);

/// A script of `sh` that starts a child, writes its id to a file and waits for it.
pub(crate) fn script(reported: &Path) -> String {
    format!("sleep 600 & echo $! > {}; wait", reported.display())
}

/// Drops a question to [`script`] as soon as its child runs. Panics if the child stays.
pub(crate) async fn leaves_no_child<T: Debug>(asked: impl Future<Output = T>, reported: &Path) {
    let started = async {
        loop {
            let text = std::fs::read_to_string(reported).unwrap();
            if text.ends_with('\n') {
                return text.trim().parse::<i32>().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let child = tokio::select! {
        asked = asked => panic!("it ended by itself: {asked:?}"),
        child = started => child,
    };
    let gone = async {
        while is_alive(child) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the child is still there");
}
