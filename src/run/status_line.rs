//! The text of the live line: how far a run is, what it waits for, and about how long the rest will take. Depends only on its arguments
//! and does not print.

use std::time::Duration;

use super::outcome_queue::Activity;
use super::starting::Start;
use crate::outcome::record::plain_line;

/// Number of ended cases, and time of the run, before the rest is estimated.
const ENOUGH: usize = 5;
const SETTLED: Duration = Duration::from_secs(10);
/// The name of the case is left out if fewer columns remain for it.
const LEAST_NAME: usize = 8;

/// The progress in at most `columns` columns. Leaves out the least important parts first.
pub(super) fn status_line(
    name_of: impl Fn(usize) -> String,
    activity: &Activity,
    starts: &[Start],
    columns: usize,
) -> String {
    let left = activity.waiting + activity.running;
    let mut so_far = format!("{}/{}", activity.done, activity.done + left);
    if activity.wrong > 0 {
        so_far = format!("{so_far}, {} wrong", activity.wrong);
    }
    let rest = match time_left(activity) {
        Some(time) => format!("about {} left", shown(time)),
        None => format!("{left} left"),
    };
    let (what, others, since) = match activity.oldest {
        None => ("waiting".to_owned(), String::new(), None),
        // While a model starts, its cases wait for that.
        Some((trial, since)) => match starts.first() {
            Some(start) => (plain_line(&start.doing.to_string()), String::new(), Some(since)),
            None if activity.running > 1 => {
                (name_of(trial), format!(" and {} more", activity.running - 1), Some(since))
            }
            None => (name_of(trial), String::new(), Some(since)),
        },
    };
    // In seconds, so that the line visibly changes.
    let since = since.map(|since| format!("{} s", since.as_secs()));
    let form = |others: &str, since: Option<&String>, what: &str| {
        let since = since.map_or_else(String::new, |since| format!(", {since}"));
        format!("[{so_far}, {what}{others}{since}, {rest}]")
    };
    let forms = [(&*others, since.as_ref()), ("", since.as_ref()), ("", None)];
    for (others, since) in &forms[..2] {
        let whole = form(others, *since, &what);
        if width(&whole) <= columns {
            return whole;
        }
    }
    for (others, since) in &forms[1..] {
        let room = columns.saturating_sub(width(&form(others, *since, "")));
        if room >= LEAST_NAME {
            return form(others, *since, &cut(&what, room));
        }
    }
    let least = [format!("[{so_far}, {rest}]"), format!("[{so_far}]")];
    least.into_iter().find(|line| width(line) <= columns).unwrap_or_default()
}

/// The time of the rest if its cases take as long as those that have ended.
fn time_left(activity: &Activity) -> Option<Duration> {
    let left = activity.waiting + activity.running;
    let is_known = activity.done >= ENOUGH && activity.elapsed >= SETTLED && left > 0;
    let rest = activity.elapsed.as_secs_f64() * left as f64 / activity.done.max(1) as f64;
    // Rounded up, because the rest takes some time.
    is_known.then(|| Duration::from_secs(rest.ceil() as u64))
}

/// A time in a word or two.
fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, _) => format!("{hours} h {} min", seconds / 60 % 60),
    }
}

/// The most columns that a text can take. A terminal gives a character that is not ASCII one or two columns.
fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

const fn columns_of(letter: char) -> usize {
    if letter.is_ascii() { 1 } else { 2 }
}

/// A text in at most `columns` columns, with dots where it was cut.
fn cut(text: &str, columns: usize) -> String {
    const CUT: &str = "...";
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(CUT.len());
    let fitting = text.chars().take_while(|letter| {
        let fits = columns_of(*letter) <= room;
        room = room.saturating_sub(columns_of(*letter));
        fits
    });
    fitting.collect::<String>() + CUT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Stage;
    use crate::backend::start_progress::StartStep;

    const COLUMNS: [usize; 5] = [40, 60, 80, 120, 200];

    fn activity() -> Activity {
        Activity {
            oldest: Some((3, Duration::from_secs(12))),
            running: 2,
            waiting: 503,
            done: 20,
            wrong: 0,
            elapsed: Duration::from_secs(60),
        }
    }

    fn starting(step: &str) -> Vec<Start> {
        vec![Start {
            number: 1,
            label: "esm2 on lab".into(),
            doing: StartStep {
                stage: Stage::Launch,
                step: step.into(),
                detail: "1 of 3 layers, 40 MB of 112 MB".into(),
            },
        }]
    }

    /// The line at every width, each within it.
    fn lines(name: &str, activity: &Activity, starts: &[Start]) -> String {
        let lines = COLUMNS.map(|columns| {
            let line = status_line(|_| name.to_owned(), activity, starts, columns);
            assert!(width(&line) <= columns, "{columns}: {line}");
            format!("{columns:>3} {line}")
        });
        lines.join("\n")
    }

    const LONG: &str = "chai1::conditioning::restraints_between_the_chains_of_a_complex_hold (esm2_t33_650M_UR50D)";

    #[test]
    fn says_what_runs_how_long_and_about_how_long_the_rest_takes() {
        insta::assert_snapshot!(lines("esm2::embed::short", &activity(), &[]), @"
         40 [20/525, esm2::em..., about 25 min left]
         60 [20/525, esm2::embed::short, 12 s, about 25 min left]
         80 [20/525, esm2::embed::short and 1 more, 12 s, about 25 min left]
        120 [20/525, esm2::embed::short and 1 more, 12 s, about 25 min left]
        200 [20/525, esm2::embed::short and 1 more, 12 s, about 25 min left]
        ");
        insta::assert_snapshot!(lines(LONG, &activity(), &[]), @"
         40 [20/525, chai1::c..., about 25 min left]
         60 [20/525, chai1::conditioning::r..., 12 s, about 25 min left]
         80 [20/525, chai1::conditioning::restraints_between_th..., 12 s, about 25 min left]
        120 [20/525, chai1::conditioning::restraints_between_the_chains_of_a_complex_hold (esm2_t33_650..., 12 s, about 25 min left]
        200 [20/525, chai1::conditioning::restraints_between_the_chains_of_a_complex_hold (esm2_t33_650M_UR50D) and 1 more, 12 s, about 25 min left]
        ");
    }

    #[test]
    fn while_a_model_starts_that_is_what_is_said() {
        let wrong = Activity { wrong: 17, running: 1, ..activity() };
        insta::assert_snapshot!(lines("", &wrong, &starting("pulling docker.io/jakublala/boileroom-esm:cuda12.6-0.4.1")), @"
         40 [20/524, 17 wrong, about 25 min left]
         60 [20/524, 17 wrong, pulling dock..., 12 s, about 25 min left]
         80 [20/524, 17 wrong, pulling docker.io/jakublala/boil..., 12 s, about 25 min left]
        120 [20/524, 17 wrong, pulling docker.io/jakublala/boileroom-esm:cuda12.6-0.4.1: 1 of 3 layers,..., 12 s, about 25 min left]
        200 [20/524, 17 wrong, pulling docker.io/jakublala/boileroom-esm:cuda12.6-0.4.1: 1 of 3 layers, 40 MB of 112 MB, 12 s, about 25 min left]
        ");
    }

    #[test]
    fn nothing_is_said_of_a_rest_of_which_nothing_is_known() {
        let begun = Activity { done: 4, wrong: 1, elapsed: Duration::from_secs(600), ..activity() };
        insta::assert_snapshot!(lines("esm2::embed::short", &begun, &[]), @"
         40 [4/509, 1 wrong, esm2::emb..., 505 left]
         60 [4/509, 1 wrong, esm2::embed::short, 12 s, 505 left]
         80 [4/509, 1 wrong, esm2::embed::short and 1 more, 12 s, 505 left]
        120 [4/509, 1 wrong, esm2::embed::short and 1 more, 12 s, 505 left]
        200 [4/509, 1 wrong, esm2::embed::short and 1 more, 12 s, 505 left]
        ");
        let quick = Activity { elapsed: Duration::from_secs(9), ..activity() };
        assert_eq!(time_left(&quick), None);
        let idle = Activity { oldest: None, running: 0, waiting: 4, done: 1, ..begun };
        insta::assert_snapshot!(lines("", &idle, &[]), @"
         40 [1/5, 1 wrong, waiting, 4 left]
         60 [1/5, 1 wrong, waiting, 4 left]
         80 [1/5, 1 wrong, waiting, 4 left]
        120 [1/5, 1 wrong, waiting, 4 left]
        200 [1/5, 1 wrong, waiting, 4 left]
        ");
    }

    #[test]
    fn the_time_that_is_left_follows_from_the_cases_that_have_ended() {
        let after = |done, waiting, seconds| {
            let elapsed = Duration::from_secs(seconds);
            time_left(&Activity { done, waiting, running: 0, elapsed, ..activity() }).map(shown)
        };
        assert_eq!(after(10, 5, 100).as_deref(), Some("50 s"));
        assert_eq!(after(100, 300, 60).as_deref(), Some("3 min"));
        assert_eq!(after(10, 100, 900).as_deref(), Some("2 h 30 min"));
        assert_eq!(after(10, 0, 900), None, "nothing is left");
    }

    #[test]
    fn whatever_a_platform_says_no_line_is_wider_than_the_terminal_or_acts_on_it() {
        let hostile = ["\u{1b}[2J\r\n", "\u{4e2d}\u{6587}", "\u{202e}", "a\u{300}", "\u{1f9ec}"];
        for text in hostile.map(|text| text.repeat(60)) {
            for columns in 0..=210 {
                for starts in [starting(&text), Vec::new()] {
                    let line = status_line(|_| LONG.to_owned(), &activity(), &starts, columns);
                    assert!(width(&line) <= columns, "{columns}: {line}");
                    assert!(!line.chars().any(char::is_control), "{line}");
                }
            }
        }
    }
}
