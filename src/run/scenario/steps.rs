//! Runs the steps of a scenario by the functions of `usual`, `growth`, `faults` and `wire`. Does not act on a subject itself.

use std::time::Instant;

use super::context::{Context, Halt};
use crate::backend::{Scenario, ScenarioStep};

impl Context<'_> {
    /// Runs all steps of a scenario.
    pub(super) async fn run(&mut self, scenario: &Scenario) -> Result<(), Halt> {
        for (index, step) in scenario.steps().iter().enumerate() {
            let when = format!("step {}: {}", index + 1, step.title());
            self.take(step, &when).await?;
        }
        Ok(())
    }

    async fn take(&mut self, step: &ScenarioStep, when: &str) -> Result<(), Halt> {
        match step {
            ScenarioStep::Start => self.start(0, when).await.map(drop),
            ScenarioStep::Stop => self.stop(0, when).await,
            ScenarioStep::Restart => {
                self.stop(0, when).await?;
                self.start(0, when).await.map(drop)
            }
            ScenarioStep::Call => self.call(0, when).await,
            ScenarioStep::CallMany => self.call_many(when).await,
            ScenarioStep::Down => self.is_down(0, when).await,
            ScenarioStep::Refuse => self.refuse(0, when).await,
            ScenarioStep::FailStart => self.fail_start(0, when).await,
            ScenarioStep::FailStop => self.fail_stop(0, when).await,
            ScenarioStep::AbandonStart => self.abandon_start(0, when).await,
            ScenarioStep::Kill => self.crash(0, when).await,
            ScenarioStep::Exit(exit) => self.exit(*exit, when).await,
            ScenarioStep::StartBoth => self.start_both(when).await,
            ScenarioStep::CallBoth => self.call_both(when).await,
            ScenarioStep::CallOther => self.call(1, when).await,
            ScenarioStep::StopOther => self.stop(1, when).await,
            step => {
                let begun = Instant::now();
                let taken = self.take_on_wire(step, when).await;
                self.elapsed += begun.elapsed();
                taken
            }
        }
    }
}
