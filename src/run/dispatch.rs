//! Decides which trial a free worker takes next, so that a model loads once and no instance waits for the load of another. Works on indices
//! only, and does not start anything or wait.

use std::collections::VecDeque;

/// Trials grouped by the instance of their first call. Instances open in plan order, at most `open_limit` at a time.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    lanes: Vec<Lane>,
    /// All lanes before this one are finished, so that a long plan is not searched from its start every time.
    first_open: usize,
    open_limit: usize,
    calls_per_instance: usize,
}

#[derive(Debug, Default)]
struct Lane {
    /// Instances that run at once for its trials.
    weight: usize,
    pending: VecDeque<usize>,
    active: usize,
    opened: bool,
}

/// What a free worker does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Runs this trial, then gives its lane back with [`Dispatcher::done`].
    Take {
        /// Index of the trial.
        trial: usize,
        /// Lane to give back.
        lane: usize,
    },
    /// Waits, because the remaining trials need a busy worker to finish.
    Wait,
    /// Ends, because no trial is left.
    Finished,
}

impl Dispatcher {
    /// A dispatcher over trials in plan order. Each is its index, the instance of its first call, and the number of instances that run at
    /// once for it.
    ///
    /// `open_limit` instances may be in use at once, and `calls_per_instance` workers may use one of them.
    pub(crate) fn new(
        trials: impl IntoIterator<Item = (usize, usize, usize)>,
        open_limit: usize,
        calls_per_instance: usize,
    ) -> Self {
        let mut lanes: Vec<Lane> = Vec::new();
        let mut lane_of = std::collections::HashMap::new();
        for (trial, instance, weight) in trials {
            let lane = *lane_of.entry(instance).or_insert_with(|| {
                lanes.push(Lane::default());
                lanes.len() - 1
            });
            lanes[lane].weight = lanes[lane].weight.max(weight);
            lanes[lane].pending.push_back(trial);
        }
        Self { lanes, first_open: 0, open_limit: open_limit.max(1), calls_per_instance: calls_per_instance.max(1) }
    }

    /// The next trial for a free worker: of an open instance if one has room, otherwise of a new instance.
    pub(crate) fn take(&mut self) -> Next {
        while self.lanes.get(self.first_open).is_some_and(Lane::is_finished) {
            self.first_open += 1;
        }
        let mut open = 0;
        let mut unopened = None;
        for lane in self.first_open..self.lanes.len() {
            let candidate = &self.lanes[lane];
            if candidate.is_finished() {
                continue;
            }
            if !candidate.opened {
                // Lanes open in order, so that all later ones are unopened too.
                unopened = Some(lane);
                break;
            }
            open += candidate.weight;
            if candidate.active < self.calls_per_instance && !candidate.pending.is_empty() {
                return self.take_from(lane);
            }
        }
        match unopened {
            // A lane that needs more than the limit would wait forever. It opens alone, and the pool returns the error.
            Some(lane) if open == 0 || open + self.lanes[lane].weight <= self.open_limit => self.take_from(lane),
            None if open == 0 => Next::Finished,
            _ => Next::Wait,
        }
    }

    /// Gives a lane back after its trial is over.
    pub(crate) fn done(&mut self, lane: usize) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.active = lane.active.saturating_sub(1);
        }
    }

    fn take_from(&mut self, lane: usize) -> Next {
        let chosen = &mut self.lanes[lane];
        chosen.opened = true;
        match chosen.pending.pop_front() {
            Some(trial) => {
                chosen.active += 1;
                Next::Take { trial, lane }
            }
            None => Next::Wait,
        }
    }
}

impl Lane {
    fn is_finished(&self) -> bool {
        self.pending.is_empty() && self.active == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(next: &Next) -> Option<usize> {
        match next {
            Next::Take { trial, .. } => Some(*trial),
            _ => None,
        }
    }

    #[test]
    fn one_instance_is_finished_before_the_next_opens() {
        let mut dispatcher = Dispatcher::new([(0, 7, 1), (1, 9, 1), (2, 7, 1)], 1, 1);
        let mut order = Vec::new();
        while let Next::Take { trial, lane } = dispatcher.take() {
            order.push(trial);
            dispatcher.done(lane);
        }
        assert_eq!(order, [0, 2, 1]);
        assert_eq!(dispatcher.take(), Next::Finished);
    }

    #[test]
    fn a_second_worker_opens_a_second_instance_only_within_the_limit() {
        let trials = [(0, 0, 1), (1, 0, 1), (2, 1, 1)];
        let mut dispatcher = Dispatcher::new(trials, 2, 1);
        assert_eq!(trial(&dispatcher.take()), Some(0));
        assert_eq!(trial(&dispatcher.take()), Some(2));
        assert_eq!(dispatcher.take(), Next::Wait);

        let mut dispatcher = Dispatcher::new(trials, 1, 1);
        assert_eq!(trial(&dispatcher.take()), Some(0));
        assert_eq!(dispatcher.take(), Next::Wait);
    }

    #[test]
    fn workers_share_an_instance_up_to_its_limit() {
        let mut dispatcher = Dispatcher::new([(0, 0, 1), (1, 0, 1), (2, 0, 1)], 1, 2);
        assert_eq!(trial(&dispatcher.take()), Some(0));
        assert_eq!(trial(&dispatcher.take()), Some(1));
        assert_eq!(dispatcher.take(), Next::Wait);
        dispatcher.done(0);
        assert_eq!(trial(&dispatcher.take()), Some(2));
        dispatcher.done(0);
        dispatcher.done(0);
        assert_eq!(dispatcher.take(), Next::Finished);
    }

    #[test]
    fn a_trial_of_two_instances_waits_until_there_is_room_for_both() {
        let mut dispatcher = Dispatcher::new([(0, 0, 1), (1, 1, 2), (2, 2, 1)], 2, 1);
        assert_eq!(trial(&dispatcher.take()), Some(0));
        assert_eq!(dispatcher.take(), Next::Wait);
        dispatcher.done(0);
        assert_eq!(trial(&dispatcher.take()), Some(1));
        assert_eq!(dispatcher.take(), Next::Wait);
        dispatcher.done(1);
        assert_eq!(trial(&dispatcher.take()), Some(2));
    }

    #[test]
    fn nothing_to_do_is_finished_at_once() {
        assert_eq!(Dispatcher::new([], 1, 1).take(), Next::Finished);
    }
}
