//! In which order steps can be taken. Looks at the order alone; takes no step.

use super::ScenarioStep;
use crate::wire::WireFault;

/// What is known after some steps.
#[derive(Debug, Default)]
pub(super) struct StepOrder {
    /// Which of the two run.
    up: [bool; 2],
    is_paused: bool,
    has_ended: bool,
    /// A response has passed the proxy since the last start, and before it.
    passed: [bool; 2],
}

impl StepOrder {
    /// Takes the next step.
    ///
    /// # Errors
    /// Why it cannot be taken here.
    pub(super) fn take(&mut self, step: &ScenarioStep) -> Result<(), &'static str> {
        use ScenarioStep as S;
        let [up, other_is_up] = self.up;
        if self.has_ended {
            return Err("the program has ended: nothing can follow");
        }
        if self.is_paused && !matches!(step, S::Resume) {
            return Err("it is paused: expected `resume`");
        }
        match step {
            S::Call | S::CallMany if !up => return Err("it does not run: expected `start` before it, or `refuse`"),
            S::Restart | S::Kill | S::Pause | S::FailStop | S::Exit(_) | S::HealthWhileBusy | S::KeepAlive if !up => {
                return Err("it does not run: expected `start` before it");
            }
            S::Fault(..) | S::Request(..) if !up => return Err("it does not run: expected `start` before it"),
            S::Refuse | S::Down | S::FailStart | S::AbandonStart | S::StartBoth if up => {
                return Err("it runs: expected `stop` before it");
            }
            S::CallBoth if !(up && other_is_up) => return Err("two do not run: expected `start_both` before it"),
            S::CallOther | S::StopOther if !other_is_up => {
                return Err("the other does not run: expected `start_both` before it");
            }
            S::Resume if !self.is_paused => return Err("it is not paused: expected `pause` before it"),
            S::Fault(WireFault::Replay, _) if !self.passed[1] => {
                return Err("there is no response to replay: expected a `drip` and then a `restart` before it");
            }
            _ => {}
        }
        match step {
            S::Start | S::Restart if !up || *step == S::Restart => {
                self.up[0] = true;
                self.passed[1] |= std::mem::take(&mut self.passed[0]);
            }
            S::StartBoth => self.up = [true, true],
            S::Stop | S::Kill | S::FailStop => self.up[0] = false,
            S::StopOther => self.up[1] = false,
            S::Pause => self.is_paused = true,
            S::Resume => self.is_paused = false,
            S::Exit(_) => (self.up, self.has_ended) = ([false, false], true),
            S::Fault(WireFault::Drip, _) => self.passed[0] = true,
            _ => {}
        }
        Ok(())
    }

    /// Whether nothing is left to stop.
    ///
    /// # Errors
    /// Why the last step cannot be the last.
    pub(super) const fn end(&self) -> Result<(), &'static str> {
        match self.up {
            [false, false] => Ok(()),
            [true, _] => Err("it runs after the last step: expected `stop` at the end"),
            [false, true] => Err("the other runs after the last step: expected `stop_other` at the end"),
        }
    }
}
