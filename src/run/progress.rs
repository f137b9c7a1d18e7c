//! Where it is shown what a run does while one waits for it. On a terminal a live line, written behind the cursor and taken away again.
//! Elsewhere a line for each step of a start that takes its time. What the live line says is for `status_line`.

use std::io::{IsTerminal, Write};
use std::time::Instant;

use super::outcome_queue::Activity;
use super::start_log::StartLog;
use super::starting::Start;
use super::status_line::status_line;
use crate::os;

/// Narrower than this, a suffix would only flicker.
const ROOM_NEEDED: usize = 24;
/// The columns of a terminal that does not say how many it has.
const COLUMNS: usize = 80;

/// Shows and hides the live suffix of the line that is being printed, or writes lines.
pub(crate) struct Progress {
    form: ProgressStyle,
    shown: bool,
}

enum ProgressStyle {
    Live,
    Lines { start_log: StartLog, beginning: Beginning },
    Off,
}

/// How a line begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beginning {
    /// Where it stands.
    Here,
    /// On a line of its own: what is being printed goes to the same place and is not at its end.
    Anew,
}

impl Progress {
    /// A live suffix when both standard streams are terminals, for the line it extends goes to standard output and the
    /// suffix itself to standard error; else lines.
    pub(crate) fn detect() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if std::io::stdout().is_terminal() && std::io::stderr().is_terminal() && !dumb {
            return Self::new(ProgressStyle::Live);
        }
        Self::new(ProgressStyle::Lines {
            start_log: StartLog::default(),
            beginning: if os::same_output() { Beginning::Anew } else { Beginning::Here },
        })
    }

    /// Lines beside an output that ends each of its own lines at once.
    pub(crate) fn lines() -> Self {
        Self::new(ProgressStyle::Lines { start_log: StartLog::default(), beginning: Beginning::Here })
    }

    /// A display that never shows anything.
    pub(crate) const fn off() -> Self {
        Self::new(ProgressStyle::Off)
    }

    const fn new(form: ProgressStyle) -> Self {
        Self { form, shown: false }
    }

    /// Shows what goes on, on a terminal behind `printed` columns that are on the line already.
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
                // Save the cursor, write dimmed, clear what an earlier and longer suffix left, go back.
                let mut stderr = std::io::stderr().lock();
                let _ = write!(stderr, "\x1b7\x1b[2m{text}\x1b[0m\x1b[K\x1b8");
                let _ = stderr.flush();
                self.shown = true;
            }
            ProgressStyle::Lines { start_log, beginning } => {
                let mut stderr = std::io::stderr().lock();
                for line in start_log.due(starts, Instant::now()) {
                    let begin = if *beginning == Beginning::Anew && !self.shown { "\n" } else { "" };
                    let _ = writeln!(stderr, "{begin}{line}");
                    self.shown = true;
                }
            }
        }
    }

    /// Takes the suffix away, so that the line can go on.
    pub(crate) fn hide(&mut self) {
        if std::mem::take(&mut self.shown) && matches!(self.form, ProgressStyle::Live) {
            let mut stderr = std::io::stderr().lock();
            let _ = write!(stderr, "\x1b[K");
            let _ = stderr.flush();
        }
    }
}
