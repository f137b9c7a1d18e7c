//! The instances of a run that are starting, and what each of them says it is doing. Only listens; prints nothing.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::backend::Instance;
use crate::backend::start_progress::StartStep;

/// The instances that a run has opened, in order.
#[derive(Default)]
pub(crate) struct StartingInstances(Mutex<Opened>);

#[derive(Default)]
struct Opened {
    count: usize,
    instances: Vec<(usize, Weak<Instance>)>,
}

/// What an instance is doing.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// Which instance it is: instances of one label may start at the same time.
    pub(crate) number: usize,
    /// The instance's label.
    pub(crate) label: String,
    /// What it is doing.
    pub(crate) doing: StartStep,
}

impl StartingInstances {
    /// Listens to an instance from now on, for as long as there is one.
    pub(crate) fn add(&self, instance: &Arc<Instance>) {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        opened.count += 1;
        let number = opened.count;
        opened.instances.push((number, Arc::downgrade(instance)));
    }

    /// What every instance that is starting is doing, the oldest first.
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
