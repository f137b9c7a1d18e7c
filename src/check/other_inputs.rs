//! The checks of a case that can judge its calls with another input. A case shares its checks with its trials, so they are lent.

use std::sync::Arc;

use super::case_results::{AnsweredCall, Calls, CaseResults};
use super::finding::Finding;
use super::{Check, InputScope};
use crate::prediction::{Contract, Prediction};

/// The checks whose demand does not rest on the input that their case states.
pub(crate) fn for_other_inputs(checks: &Arc<[Box<dyn Check>]>) -> Arc<[Box<dyn Check>]> {
    let indices = (0..checks.len()).filter(|&index| checks[index].other_inputs().is_some());
    let lent = indices.map(|index| -> Box<dyn Check> { Box::new(LentCheck { checks: Arc::clone(checks), index }) });
    lent.collect()
}

/// One check of those that a case has.
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{compiled, folder};
    use super::*;

    #[test]
    fn only_what_follows_from_the_request_judges_other_inputs() {
        let every = [
            "check = 'contract'",
            "check = 'sequence'",
            "check = 'finite'\nfields = ['plddt']",
            "check = 'shape'\nfield = 'plddt'\nshape = ['N']",
            "check = 'shape'\nfield = 'plddt'\ndtype = 'float32'",
        ];
        let stated = [
            "check = 'finite'\nfields = ['plddt[0]']",
            "check = 'shape'\nfield = 'plddt'\nshape = [4]",
            "check = 'shape'\nfield = 'plddt'\nitems = 1",
            "check = 'range'\nfield = 'plddt'\nmin = 0.9",
            "check = 'present'\nfields = ['plddt']",
            "check = 'absent'\nfields = ['plddt']",
            "check = 'equals'\nfield = 'metadata.sequence_lengths'\nvalue = [4]",
            "check = 'error'\nmessage = 'no'",
            "check = 'snapshot'",
        ];
        let checks: Vec<Box<dyn Check>> =
            [&every[..], &stated[..]].concat().iter().map(|table| compiled(&folder(), table)).collect();
        let lent = for_other_inputs(&checks.into());
        let names: Vec<_> = lent.iter().filter_map(|check| check.other_inputs()).collect();
        let expected = ["contract", "sequence", "finite", "shape", "shape"].map(|name| (name, InputScope::Every));
        assert_eq!(names, expected);
    }
}
