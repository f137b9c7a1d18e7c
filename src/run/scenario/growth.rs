//! The step `call_many`, which repeats the same call: neither the memory of the server nor the time of a call may grow with every call. Does
//! not judge the responses.

use std::time::{Duration, Instant};

use super::context::{Context, Halt, ScenarioSubject};
use crate::backend::MANY;

/// The number of last calls that are judged. Earlier ones may fill caches.
const JUDGED: usize = 8;
/// The least increase of memory from one call to the next, in bytes, that counts as growth. A response to a short sequence is smaller, and allocators rarely take more memory
/// from the system.
const MEMORY: u64 = 1 << 20;
/// The least increase of time from one call to the next that counts as growth, if the last call takes [`SLOWER`] times as long as the first.
const TIME: Duration = Duration::from_millis(25);
const SLOWER: f64 = 1.5;

/// The time and memory of one call.
#[derive(Debug, Clone, Copy)]
struct CallCost {
    time: Duration,
    /// Resident memory of the server after the call, in bytes, if it is visible.
    memory: Option<u64>,
}

impl Context<'_> {
    /// Calls it many times. Fails if time or memory grows.
    pub(super) async fn call_many(&mut self, when: &str) -> Result<(), Halt> {
        let subject = self.subject(0).await?;
        let mut costs = Vec::with_capacity(MANY);
        for _ in 0..MANY {
            let begun = Instant::now();
            self.call(0, when).await?;
            costs.push(CallCost { time: begun.elapsed(), memory: memory_of(&subject) });
        }
        if let ScenarioSubject::Instance(instance) = &subject
            && instance.guard().is_some()
            && costs.iter().any(|cost| cost.memory.is_none())
        {
            let note = "whether the memory of its server grows was not looked at: its processes are not seen from here";
            self.notes.push(note.to_owned());
        }
        match growth(&costs) {
            Some(grown) => Err(self.wrong(when, &format!("{MANY} calls without growth"), grown)),
            None => Ok(()),
        }
    }
}

/// Resident memory of the server of a subject, in bytes.
fn memory_of(subject: &ScenarioSubject) -> Option<u64> {
    match subject {
        ScenarioSubject::Instance(instance) => instance.resident_memory(),
        // All objects share a program, and an instance of it was checked.
        ScenarioSubject::Object(_) => None,
    }
}

/// Describes the growth in each of the last calls, if there is any.
fn growth(costs: &[CallCost]) -> Option<String> {
    let judged = &costs[costs.len().checked_sub(JUDGED + 1)?..];
    let (first, last) = (judged.first()?, judged.last()?);
    let each_step = |grows: &dyn Fn(&CallCost, &CallCost) -> bool| judged.windows(2).all(|two| grows(&two[0], &two[1]));
    let takes_more = |before: &CallCost, after: &CallCost| {
        let before = before.memory.and_then(|memory| memory.checked_add(MEMORY));
        before.zip(after.memory).is_some_and(|(least, memory)| memory >= least)
    };
    if each_step(&takes_more) {
        let mib = |cost: &CallCost| cost.memory.unwrap_or_default() as f64 / f64::from(1 << 20);
        return Some(format!(
            "one whose memory grew in each of the last {JUDGED}, from {:.1} to {:.1} MiB",
            mib(first),
            mib(last)
        ));
    }
    let takes_longer = |before: &CallCost, after: &CallCost| after.time >= before.time + TIME;
    let is_slower = last.time.as_secs_f64() >= SLOWER * first.time.as_secs_f64();
    (is_slower && each_step(&takes_longer)).then(|| {
        format!(
            "one that took longer in each of the last {JUDGED}, from {:.2} to {:.2} s",
            first.time.as_secs_f64(),
            last.time.as_secs_f64()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(cost: impl Fn(u64) -> (u64, Option<u64>)) -> Option<String> {
        let costs = (0..MANY as u64)
            .map(cost)
            .map(|(milliseconds, memory)| CallCost { time: Duration::from_millis(milliseconds), memory });
        growth(&costs.collect::<Vec<_>>())
    }

    #[test]
    fn what_every_call_adds_is_growth() {
        let memory = grown(|call| (9, Some((100 + 2 * call) << 20)));
        insta::assert_snapshot!(memory.unwrap(), @"one whose memory grew in each of the last 8, from 106.0 to 122.0 MiB");
        let time = grown(|call| (100 + 60 * call, None));
        insta::assert_snapshot!(time.unwrap(), @"one that took longer in each of the last 8, from 0.28 to 0.76 s");
    }

    #[test]
    fn caches_that_fill_steps_and_noise_are_none() {
        assert_eq!(grown(|call| (9, Some((100 + 50 * call.min(4)) << 20))), None);
        assert_eq!(grown(|call| (9, Some((100 + 64 * (call / 2)) << 20))), None);
        assert_eq!(grown(|call| (9, Some((100 << 20) + (call << 19)))), None);
        assert_eq!(grown(|call| (9, (call != 7).then_some((100 + 2 * call) << 20))), None);
        // Slow models are not exact to 25 ms, and a warm card gets slower by little.
        assert_eq!(grown(|call| (20_000 + 60 * call, None)), None);
        assert_eq!(grown(|call| (100 + 20 * call, None)), None);
        assert_eq!(grown(|call| (100 + 90 * (call % 7), None)), None);
    }
}
