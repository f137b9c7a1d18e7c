//! The checks of a case that can judge its calls with another input. A case shares its checks with its trials, so they are lent.

use std::sync::Arc;

use super::case_results::{AnsweredCall, Calls, CaseResults};
use super::finding::Finding;
use super::{Check, InputScope};
use crate::prediction::{Contract, Prediction};

/// The checks whose demand does not rest on the input that their case states.
pub(crate) fn for_other_inputs(checks: &Arc<[Box<dyn Check>]>) -> Arc<[Box<dyn Check>]> {
    let indices = (0..checks.len()).filter(|&index| checks[index].other_inputs().is_some());
    let lent = indices.map(|index| -> Box<dyn Check> {
        Box::new(LentCheck {
            checks: Arc::clone(checks),
            index,
        })
    });
    lent.collect()
}

/// One check of several that somebody else has.
#[derive(Debug)]
struct LentCheck {
    checks: Arc<[Box<dyn Check>]>,
    index: usize,
}

impl LentCheck {
    fn own(&self) -> &dyn Check {
        &*self.checks[self.index]
    }
}

impl Check for LentCheck {
    fn calls(&self) -> &Calls {
        self.own().calls()
    }

    fn expects_error(&self, call: &str) -> bool {
        self.own().expects_error(call)
    }

    fn records(&self, call: &str) -> bool {
        self.own().records(call)
    }

    fn other_inputs(&self) -> Option<(&'static str, InputScope)> {
        self.own().other_inputs()
    }

    fn beyond(&self, contract: &Contract, one: &Prediction, other: &Prediction) -> Vec<String> {
        self.own().beyond(contract, one, other)
    }

    fn judge_one(&self, given: &AnsweredCall<'_>) -> Vec<Finding> {
        self.own().judge_one(given)
    }

    fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        self.own().judge(results)
    }
}
