//! Shows the progress of a run: on a terminal a live line behind the cursor, elsewhere a line for each long step of a start. Does not make
//! the text of the live line.

use std::io::{IsTerminal, Write};
use std::time::Instant;

use super::outcome_queue::Activity;
use super::starting::{Start, StartLog};
use super::status_line::status_line;
use crate::os;

/// A narrower suffix would only flicker.
const ROOM_NEEDED: usize = 24;
/// The width of a terminal that does not report it.
const COLUMNS: usize = 80;

/// Shows and hides the live suffix of the current line, or writes lines.
pub(crate) struct Progress {
    form: ProgressStyle,
    shown: bool,
}

enum ProgressStyle {
    Live,
    /// `breaks_line` ends the line that is being printed first, because it goes to the same place.
    Lines {
        start_log: StartLog,
        breaks_line: bool,
    },
    Off,
}

impl Progress {
    /// A live suffix if both standard streams are terminals, because the line goes to standard output and the suffix to standard error.
    /// Otherwise lines.
    pub(crate) fn detect() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if std::io::stdout().is_terminal() && std::io::stderr().is_terminal() && !dumb {
            return Self::new(ProgressStyle::Live);
        }
        Self::new(ProgressStyle::Lines { start_log: StartLog::default(), breaks_line: os::same_output() })
    }

    /// Lines beside an output that never leaves a line unfinished.
    pub(crate) fn lines() -> Self {
        Self::new(ProgressStyle::Lines { start_log: StartLog::default(), breaks_line: false })
    }

    /// A display that never shows anything.
    pub(crate) const fn off() -> Self {
        Self::new(ProgressStyle::Off)
    }

    const fn new(form: ProgressStyle) -> Self {
        Self { form, shown: false }
    }

    /// Shows the progress, on a terminal behind the `printed` columns of the line.
    pub(crate) fn show(
        &mut self,
        printed: usize,
        name_of: impl Fn(usize) -> String,
        activity: &Activity,
        starts: &[Start],
    ) {
        match &mut self.form {
            ProgressStyle::Off => {}
            ProgressStyle::Live => {
                let room = os::terminal_width().unwrap_or(COLUMNS).saturating_sub(printed + 1);
                if room < ROOM_NEEDED {
                    return;
                }
                let text = status_line(name_of, activity, starts, room);
                // Save the cursor, write dimmed, clear the rest of an earlier and longer suffix, go back.
                let mut stderr = std::io::stderr().lock();
                let _ = write!(stderr, "\x1b7\x1b[2m{text}\x1b[0m\x1b[K\x1b8");
                let _ = stderr.flush();
                self.shown = true;
            }
            ProgressStyle::Lines { start_log, breaks_line } => {
                let mut stderr = std::io::stderr().lock();
                for line in start_log.due(starts, Instant::now()) {
                    let _ = writeln!(stderr, "{}{line}", if *breaks_line && !self.shown { "\n" } else { "" });
                    self.shown = true;
                }
            }
        }
    }

    /// Removes the suffix, so that the line can continue.
    pub(crate) fn hide(&mut self) {
        if std::mem::take(&mut self.shown) && matches!(self.form, ProgressStyle::Live) {
            let mut stderr = std::io::stderr().lock();
            let _ = write!(stderr, "\x1b[K");
            let _ = stderr.flush();
        }
    }
}
