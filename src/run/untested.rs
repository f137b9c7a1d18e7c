//! The features that models declare and no judged case needed. Does not change any verdict.

use std::collections::{HashMap, HashSet};

use crate::outcome::Verdict;
use crate::plan::Plan;

/// A line for every feature of a served model that no judged case needed. Its cases may have been skipped, have had an error, not have been
/// selected, or not exist.
pub(crate) fn untested_features<'a>(plan: &Plan, cases: impl Iterator<Item = (&'a str, Verdict)>) -> Vec<String> {
    let judged = cases.filter(|(_, verdict)| !matches!(verdict, Verdict::Skip | Verdict::Error));
    let judged: HashSet<&str> = judged.map(|(name, _)| name).collect();
    let mut tested: HashMap<&str, HashSet<&str>> = HashMap::new();
    for trial in plan.trials.iter().filter(|trial| judged.contains(&*trial.name)) {
        tested.entry(&trial.contract.key).or_default().extend(trial.statement.needs());
    }
    let mut lines = Vec::new();
    for contract in &plan.served {
        let shown = tested.remove(&*contract.key).unwrap_or_default();
        let untested = contract.features.iter().filter(|feature| !shown.contains(feature.as_str()));
        lines.extend(untested.map(|feature| format!("feature `{feature}` of {}: no case was judged", contract.key)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;
    use crate::plan::{CaseStatement, PlannedTrial};
    use crate::run::known::tests::trial as trial_of_known;
    use Verdict::{Error, Fail, KnownUpstream, Pass, Skip};

    #[test]
    fn a_feature_is_shown_by_a_case_that_needs_it_and_was_judged() {
        let contract = Config::built_in().unwrap().model("esmfold").unwrap().clone();
        let trial = |name: &str, needs: &[&str]| PlannedTrial {
            name: name.into(),
            contract: Arc::clone(&contract),
            statement: CaseStatement::needing(needs),
            ..trial_of_known("case", Vec::new())
        };
        let needs = ["batch", "linker", "multimer", "rejects_empty_chains"];
        let plan = Plan {
            trials: needs.iter().map(|need| trial(need, &["plddt", need])).collect(),
            served: vec![Arc::clone(&contract)],
            ..Plan::default()
        };
        let reported = |verdicts: [Verdict; 4]| untested_features(&plan, needs.into_iter().zip(verdicts)).join("\n");
        assert_eq!(reported([Pass, Fail, KnownUpstream, Pass]), "");
        insta::assert_snapshot!(reported([Pass, Skip, Error, Pass]), @"
        feature `linker` of esmfold: no case was judged
        feature `multimer` of esmfold: no case was judged
        ");
        assert_eq!(
            untested_features(&plan, std::iter::empty()).len(),
            4,
            "what was not selected was not judged either"
        );
    }
}
