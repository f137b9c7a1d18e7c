//! The live line on a terminal: what runs, for how long, how many are left. Writes behind the cursor and takes it away
//! again; on anything but a terminal it writes nothing at all.

use std::io::{IsTerminal, Write};

use super::board::Activity;

/// Narrower than this, a suffix would only flicker.
const ROOM_NEEDED: usize = 24;

/// Shows and hides the live suffix of the line that is being printed.
pub struct Progress {
    enabled: bool,
    shown: bool,
}

impl Progress {
    /// A progress display that is active only when both standard streams are terminals: the line it extends goes to
    /// standard output, and the suffix itself to standard error.
    #[must_use]
    pub fn detect() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            enabled: std::io::stdout().is_terminal() && std::io::stderr().is_terminal() && !dumb,
            shown: false,
        }
    }

    /// A display that never shows anything.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            enabled: false,
            shown: false,
        }
    }

    /// Shows what goes on behind `printed` columns that are on the line already.
    pub fn show(&mut self, printed: usize, name_of: impl Fn(usize) -> String, activity: &Activity) {
        if !self.enabled {
            return;
        }
        let room = terminal_width().saturating_sub(printed + 1);
        if room < ROOM_NEEDED {
            return;
        }
        let text: String = describe(name_of, activity).chars().take(room).collect();
        // Save the cursor, write dimmed, clear what an earlier and longer suffix left, go back.
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "\x1b7\x1b[2m{text}\x1b[0m\x1b[K\x1b8");
        let _ = stderr.flush();
        self.shown = true;
    }

    /// Takes the suffix away, so that the line can go on.
    pub fn hide(&mut self) {
        if self.shown {
            let mut stderr = std::io::stderr().lock();
            let _ = write!(stderr, "\x1b[K");
            let _ = stderr.flush();
            self.shown = false;
        }
    }
}

fn describe(name_of: impl Fn(usize) -> String, activity: &Activity) -> String {
    let left = activity.waiting + activity.running;
    match activity.oldest {
        Some((trial, since)) => {
            let others = activity.running - 1;
            let others = if others == 0 {
                String::new()
            } else {
                format!(" and {others} more")
            };
            format!("[{}{others}, {} s, {left} left]", name_of(trial), since.as_secs())
        }
        None => format!("[waiting, {left} left]"),
    }
}

fn terminal_width() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.map(|size| usize::from(size.ws_col))
        .ok()
        .filter(|&columns| columns > 0)
        .unwrap_or(80)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn says_what_runs_how_long_and_how_many_are_left() {
        let activity = Activity {
            oldest: Some((3, Duration::from_secs(12))),
            running: 2,
            waiting: 5,
        };
        assert_eq!(
            describe(|trial| format!("case {trial}"), &activity),
            "[case 3 and 1 more, 12 s, 7 left]"
        );
        let idle = Activity {
            oldest: None,
            running: 0,
            waiting: 4,
        };
        assert_eq!(describe(|_| String::new(), &idle), "[waiting, 4 left]");
    }
}
