//! The time limit of a call. Waits that are no work of the server do not count: those that a busy server asks for, and those for the
//! report of its exit. Does not decide whether to wait.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

tokio::task_local! {
    /// The waits in the current call so far that its limit leaves out.
    static ASKED: Cell<Duration>;
}

/// Makes a call that may take this long beside the waits that are left out. Returns the result, which is `None` if it took longer, and
/// those waits.
pub(crate) async fn within<T>(limit: Duration, call: impl Future<Output = T>) -> (Option<T>, Duration) {
    let bounded = async {
        let begun = Instant::now();
        let mut call = pin!(call);
        loop {
            let asked = ASKED.with(Cell::get);
            let left = limit.saturating_add(asked).saturating_sub(begun.elapsed());
            let result = timeout(left, call.as_mut()).await.ok();
            // A wait that began in this time extends it.
            if result.is_some() || ASKED.with(Cell::get) == asked {
                return (result, ASKED.with(Cell::get));
            }
        }
    };
    ASKED.scope(Cell::default(), bounded).await
}

/// Waits because the server of the current call asks for it.
pub(super) async fn wait_as_asked(wait: Duration) {
    extend(wait);
    sleep(wait).await;
}

/// Leaves a wait that is no work of the server out of the limit of the current call.
pub(super) fn extend(wait: Duration) {
    // A call without a limit has nothing to extend.
    let _ = ASKED.try_with(|asked| asked.set(asked.get().saturating_add(wait)));
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn only_the_time_of_the_server_itself_counts() {
        let busy = async {
            wait_as_asked(2 * LIMIT).await;
            wait_as_asked(3 * LIMIT).await;
            "too many requests"
        };
        assert_eq!(within(LIMIT, busy).await, (Some("too many requests"), 5 * LIMIT));
        let hanging = async {
            wait_as_asked(2 * LIMIT).await;
            pending::<()>().await;
        };
        let begun = Instant::now();
        assert_eq!(within(LIMIT, hanging).await, (None, 2 * LIMIT));
        assert!(begun.elapsed() >= 3 * LIMIT);
        assert_eq!(within(Duration::MAX, async {}).await, (Some(()), Duration::ZERO));
    }
}
