//! `hydrotest suites --price`: shows what a run of the suites would cost on a graphics card. Does not start anything.

use std::fmt::Write;

use super::list::{ListArguments, table};
use super::output::{CommandError, say};
use super::project::Project;
use crate::plan::Selection;
use crate::plan::price::{Price, price, time_of};

/// The suite to run when time is short (docs/mutants.md).
const QUICK: &str = "recorded";

/// Shows the costs of every model, with all suites and with the quick one.
pub(super) fn show(arguments: &ListArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let config = &project.config;
    let Some(backend) = config.backends.iter().find(|table| table.name == config.default) else {
        let problem = format!("there is no backend `{}` to plan for", config.default);
        return Err(CommandError::misconfigured(problem));
    };
    let plan = |suites| project.plan(backend, &Selection { suites, ..Selection::default() });
    let (all, quick) = (plan(Vec::new())?, plan(vec![QUICK.to_owned()])?);
    let prices: Vec<(&str, Price, Price)> = all
        .served
        .iter()
        .map(|model| (&*model.key, price(&all, model), price(&quick, model)))
        .filter(|(_, all, _)| all.cases > 0)
        .collect();
    let total = |of: fn(&(&str, Price, Price)) -> Price| {
        prices.iter().map(of).fold(Price::default(), |sum, one| Price {
            cases: sum.cases + one.cases,
            calls: sum.calls + one.calls,
            residues: sum.residues + one.residues,
            loads: sum.loads + one.loads,
            minutes: sum.minutes.or(Some(0.0)).zip(one.minutes).map(|(sum, one)| sum + one),
        })
    };
    let whole = ("all", total(|one| one.1), total(|one| one.2));
    let rows = prices.iter().chain([&whole]).map(|(model, all, quick)| {
        [
            (*model).to_owned(),
            all.cases.to_string(),
            all.calls.to_string(),
            all.residues.to_string(),
            all.loads.to_string(),
            minutes(all),
            quick.cases.to_string(),
            minutes(quick),
        ]
    });
    let header = ["MODEL", "CASES", "CALLS", "RESIDUES", "LOADS", "MINUTES", "QUICK CASES", "QUICK MINUTES"];
    let mut text = table(header, rows);
    text.push_str(
        "\nMinutes of one graphics card such as an A10G are estimates: none of them was measured on one. Quick is `--suite recorded`.\n\n",
    );
    for model in all.served.iter().filter(|model| prices.iter().any(|(key, ..)| *key == model.key)) {
        let source = time_of(model).map_or("no time is known", |time| time.source);
        let _ = writeln!(text, "{}: {source}", model.key);
    }
    say(&text);
    Ok(0)
}

fn minutes(price: &Price) -> String {
    price.minutes.map_or_else(|| "?".to_owned(), |minutes| format!("{minutes:.0}"))
}
