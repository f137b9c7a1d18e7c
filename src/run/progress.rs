//! What is shown of a run while one waits for it. On a terminal a live line: what runs, for how long, how many are left;
//! written behind the cursor and taken away again. Elsewhere a line for each step of a start that takes its time.

use std::io::{IsTerminal, Write};
use std::time::Instant;

use super::outcome_queue::Activity;
use super::start_log::StartLog;
use super::starting::Start;
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
            beginning: if os::same_output() {
                Beginning::Anew
            } else {
                Beginning::Here
            },
        })
    }

    /// Lines beside an output that ends each of its own lines at once.
    pub(crate) fn lines() -> Self {
        Self::new(ProgressStyle::Lines {
            start_log: StartLog::default(),
            beginning: Beginning::Here,
        })
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
                let text: String = describe(name_of, activity, starts).chars().take(room).collect();
                // Save the cursor, write dimmed, clear what an earlier and longer suffix left, go back.
                let mut stderr = std::io::stderr().lock();
                let _ = write!(stderr, "\x1b7\x1b[2m{text}\x1b[0m\x1b[K\x1b8");
                let _ = stderr.flush();
                self.shown = true;
            }
            ProgressStyle::Lines { start_log, beginning } => {
                let mut stderr = std::io::stderr().lock();
                for line in start_log.due(starts, Instant::now()) {
                    let begin = if *beginning == Beginning::Anew && !self.shown {
                        "\n"
                    } else {
                        ""
                    };
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

fn describe(name_of: impl Fn(usize) -> String, activity: &Activity, starts: &[Start]) -> String {
    let left = activity.waiting + activity.running;
    match activity.oldest {
        Some((trial, since)) => {
            let others = activity.running - 1;
            let others = if others == 0 {
                String::new()
            } else {
                format!(" and {others} more")
            };
            // While a model starts, that is what its cases wait for.
            let what = match starts.first() {
                Some(start) => start.doing.to_string().replace(char::is_control, " "),
                None => name_of(trial) + &others,
            };
            format!("[{}{what}, {} s, {left} left]", so_far(activity), since.as_secs())
        }
        None => format!("[{}waiting, {left} left]", so_far(activity)),
    }
}

/// How many are over, and how many of them went wrong.
fn so_far(activity: &Activity) -> String {
    let Activity { done, wrong, .. } = *activity;
    let all = done + activity.running + activity.waiting;
    match wrong {
        0 => format!("{done}/{all} "),
        _ => format!("{done}/{all}, {wrong} wrong, "),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::backend::Stage;
    use crate::backend::start_progress::StartStep;

    #[test]
    fn says_what_runs_how_long_and_how_many_are_left() {
        let activity = Activity {
            oldest: Some((3, Duration::from_secs(12))),
            running: 2,
            waiting: 5,
            done: 10,
            wrong: 0,
        };
        insta::assert_snapshot!(describe(|trial| format!("case {trial}"), &activity, &[]), @"[10/17 case 3 and 1 more, 12 s, 7 left]");
        let start = Start {
            number: 1,
            label: "esm2 on lab".into(),
            doing: StartStep {
                stage: Stage::Launch,
                step: "pulling esm".into(),
                detail: "1 of 3 layers, 40 MB of 112 MB".into(),
            },
        };
        insta::assert_snapshot!(describe(|_| String::new(), &activity, &[start]), @"[10/17 pulling esm: 1 of 3 layers, 40 MB of 112 MB, 12 s, 7 left]");
        let idle = Activity {
            oldest: None,
            running: 0,
            waiting: 4,
            done: 1,
            wrong: 1,
        };
        assert_eq!(
            describe(|_| String::new(), &idle, &[]),
            "[1/5, 1 wrong, waiting, 4 left]"
        );
    }
}
