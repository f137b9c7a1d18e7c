//! The instances of a run that are starting: their current steps, and the lines about them that are worth logging. Does not print.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::backend::Instance;
use crate::backend::start_progress::StartStep;
use crate::outcome::record::plain_line;

/// The instances that a run has opened, in order.
#[derive(Default)]
pub(crate) struct StartingInstances(Mutex<Opened>);

#[derive(Default)]
struct Opened {
    count: usize,
    instances: Vec<(usize, Weak<Instance>)>,
}

/// The current step of an instance that starts.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// Identifies the instance, because several with one label may start at the same time.
    pub(crate) number: usize,
    pub(crate) label: String,
    pub(crate) doing: StartStep,
}

impl StartingInstances {
    /// Follows an instance until it is dropped.
    pub(crate) fn add(&self, instance: &Arc<Instance>) {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        opened.count += 1;
        let entry = (opened.count, Arc::downgrade(instance));
        opened.instances.push(entry);
    }

    /// The steps of all instances that are starting, the oldest first.
    pub(crate) fn now(&self) -> Vec<Start> {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        opened.instances.retain(|(_, instance)| instance.strong_count() > 0);
        let starts = opened.instances.iter().filter_map(|(number, instance)| {
            let instance = instance.upgrade()?;
            Some(Start { number: *number, label: instance.label().to_owned(), doing: instance.doing()? })
        });
        starts.collect()
    }
}

/// Shorter steps get no line. This also bounds the lines of one instance.
const WORTH_A_LINE: Duration = Duration::from_secs(1);
/// Time between two lines about the progress of one step.
const INTERVAL: Duration = Duration::from_secs(30);
/// Most characters of a line.
const LONGEST: usize = 300;

/// The steps that were seen, and the lines about them, by the number of the instance.
#[derive(Debug, Default)]
pub(crate) struct StartLog(HashMap<usize, SeenStep>);

#[derive(Debug)]
struct SeenStep {
    what: String,
    since: Instant,
    /// The progress in the last line, and its time.
    reported: Option<(String, Instant)>,
}

impl StartLog {
    /// The lines that are due now.
    pub(crate) fn due(&mut self, starts: &[Start], now: Instant) -> Vec<String> {
        self.0.retain(|number, _| starts.iter().any(|start| start.number == *number));
        starts.iter().filter_map(|start| self.line(start, now)).collect()
    }

    fn line(&mut self, start: &Start, now: Instant) -> Option<String> {
        let begin = || SeenStep { what: start.doing.step.clone(), since: now, reported: None };
        let seen = self.0.entry(start.number).or_insert_with(begin);
        if seen.what != start.doing.step {
            *seen = begin();
        }
        let due = match &seen.reported {
            None => now.duration_since(seen.since) >= WORTH_A_LINE,
            Some((how_far, when)) => *how_far != start.doing.detail && now.duration_since(*when) >= INTERVAL,
        };
        due.then(|| {
            seen.reported = Some((start.doing.detail.clone(), now));
            let line = format!("{}: {}", start.label, start.doing);
            // What an engine or a scheduler says must not act on the log that it goes to.
            plain_line(line.lines().next().unwrap_or_default()).chars().take(LONGEST).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Stage;
    use crate::backend::start_progress::StartStep;

    fn start(what: &str, how_far: &str) -> [Start; 1] {
        [Start {
            number: 1,
            label: "esm2 on lab".into(),
            doing: StartStep { stage: Stage::Launch, step: what.into(), detail: how_far.into() },
        }]
    }

    #[test]
    fn a_step_that_lasts_is_told_once_and_its_progress_seldom() {
        let begun = Instant::now();
        let mut start_log = StartLog::default();
        let mut reported = Vec::new();
        // Ten looks a second for a minute and a half, and something new with every one of them.
        for look in 0..900_u32 {
            let now = begun + look * Duration::from_millis(100);
            let what = if look < 5 { "asking the engine" } else { "pulling esm" };
            reported.extend(start_log.due(&start(what, &format!("{look} MB")), now));
        }
        // The step of half a second has no line.
        insta::assert_snapshot!(reported.join("\n"), @"
        esm2 on lab: pulling esm: 15 MB
        esm2 on lab: pulling esm: 315 MB
        esm2 on lab: pulling esm: 615 MB
        ");
        let later = begun + Duration::from_secs(200);
        assert!(start_log.due(&[], later).is_empty());
        assert!(start_log.due(&start("pulling esm", ""), later).is_empty(), "it begins anew");
    }

    #[test]
    fn every_change_of_state_that_lasts_is_told() {
        let begun = Instant::now();
        let mut start_log = StartLog::default();
        let mut reported = Vec::new();
        for look in 0..60_u32 {
            let now = begun + look * Duration::from_millis(100);
            let what = match look {
                0..20 => "job 7 is PENDING (Resources)",
                20..40 => "job 7 is PENDING (Priority)",
                _ => "job 7 is RUNNING on n1",
            };
            reported.extend(start_log.due(&start(what, ""), now));
        }
        assert_eq!(reported.len(), 3, "{reported:?}");
        insta::assert_snapshot!(reported[2], @"esm2 on lab: job 7 is RUNNING on n1");
    }

    #[test]
    fn foreign_text_of_a_step_is_plain_and_short() {
        let begun = Instant::now();
        let mut start_log = StartLog::default();
        let step = start("pulling ##vso[task.complete] ##[error]a\u{202e}b \u{1b}[2J", &"x".repeat(2 * LONGEST));
        assert!(start_log.due(&step, begun).is_empty());
        let lines = start_log.due(&step, begun + 2 * WORTH_A_LINE);
        assert_eq!(lines[0].chars().count(), LONGEST);
        insta::assert_snapshot!(lines[0].trim_end_matches(['x', ' ']), @r"esm2 on lab: pulling #\u{23}vso[task.complete] #\u{23}[error]a\u{202e}b \u{1b}[2J:");
    }
}
