//! The results of mutants, as text, as Markdown and as JSON. Does not score mutants.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

use crate::check::needs_reference;
use crate::metric_value::count;
use crate::mutant::{Fate, Group, Mutant, MutantResult, Score, reason};

/// The most mutants that are listed by name.
const SHOWN: usize = 60;

/// The names of mutants, a line each.
pub(crate) fn list(mutants: &[Arc<Mutant>]) -> String {
    let mut text = String::new();
    for mutant in mutants {
        let _ = writeln!(text, "{}: {}", mutant.name, mutant.about);
    }
    let _ = writeln!(text, "\n{}", count(mutants.len(), "mutant"));
    text
}

/// Scores, then the results that need work: mutants that survived, kills by chance, false alarms.
pub(crate) fn text(results: &[MutantResult], left_out: &[String]) -> String {
    let mut text = String::new();
    for (title, score) in scores(results) {
        let _ = writeln!(text, "{title:24} {}", shown(score));
    }
    let benign = |fate: Fate| results.iter().filter(|result| result.fate() == fate).count();
    let (accepted, alarms) = (benign(Fate::Accepted), benign(Fate::FalseAlarm));
    let _ = writeln!(text, "{:24} {accepted} of {} accepted", "benign", accepted + alarms);
    for (title, fate) in [("without effect", Fate::NoEffect), ("within tolerance", Fate::Equivalent)] {
        let _ = writeln!(text, "{title:24} {}, not counted", benign(fate));
    }
    if !left_out.is_empty() {
        let _ = writeln!(text, "\nleft out, because the backend itself does not pass them:");
        for case in left_out.iter().take(SHOWN) {
            let _ = writeln!(text, "  {case}");
        }
    }
    for (title, fate) in [
        ("survived", Fate::Survived),
        ("survived for a known reason", Fate::Explained),
        ("killed although a reason says why it cannot be", Fate::Outdated),
        ("killed by a check that their fault is not about", Fate::KilledByChance),
        ("false alarms", Fate::FalseAlarm),
    ] {
        let such: Vec<&MutantResult> = results.iter().filter(|result| result.fate() == fate).collect();
        if such.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{title}: {}", such.len());
        for result in such.iter().take(SHOWN) {
            let _ = writeln!(text, "  {}: {}", result.mutant.name, result.mutant.about);
            if let Some(kill) = result.kills.first() {
                let line = kill.message.lines().next().unwrap_or_default();
                let _ = writeln!(text, "    {}: {line}", kill.case);
            }
        }
        if such.len() > SHOWN {
            let _ = writeln!(text, "  … {} more", such.len() - SHOWN);
        }
    }
    text
}

/// The score of each group, and of generated mutants of each model.
fn scores(results: &[MutantResult]) -> Vec<(String, Score)> {
    let of_group = |group: Group| results.iter().filter(move |result| result.mutant.group == group);
    let mut scores: Vec<(String, Score)> =
        [Group::Fault, Group::Generated].map(|group| (group.to_string(), Score::of(of_group(group)))).into();
    let mut by_model: BTreeMap<&str, Vec<&MutantResult>> = BTreeMap::new();
    for result in of_group(Group::Generated) {
        let model = result.mutant.model.as_deref().unwrap_or_default();
        by_model.entry(model).or_default().push(result);
    }
    scores.extend(by_model.into_iter().map(|(model, results)| (format!("  {model}"), Score::of(results))));
    scores.retain(|(_, score)| score.mutants > 0);
    scores
}

fn shown(score: Score) -> String {
    let Score { mutants, killed, without_reference } = score;
    let percent = score.percent();
    format!("{killed} of {mutants} killed ({percent:.1} %), {without_reference} without a recorded result")
}

/// How many mutants a check kills.
#[derive(Default)]
struct KillsOfCheck {
    all: usize,
    /// Mutants that would survive without the check.
    alone: usize,
    /// Mutants that would survive without the check if nothing were recorded.
    alone_without_reference: usize,
}

/// The use of each check: without it, the mutants that it kills alone would survive.
fn kills_by_check(results: &[MutantResult]) -> BTreeMap<&'static str, KillsOfCheck> {
    let mut by_check: BTreeMap<&'static str, KillsOfCheck> = BTreeMap::new();
    for result in results.iter().filter(|result| result.fate() == Fate::Killed) {
        let killers = |counts: fn(&str) -> bool| -> BTreeSet<&'static str> {
            let checks = result.kills.iter().flat_map(|kill| kill.checks.iter().copied());
            checks.filter(|check| counts(check)).collect()
        };
        let all = killers(|_| true);
        let without_reference = killers(|check| !needs_reference(check));
        for check in &all {
            let kills = by_check.entry(check).or_default();
            kills.all += 1;
            kills.alone += usize::from(all.len() == 1);
            kills.alone_without_reference += usize::from(without_reference.iter().eq([check]));
        }
    }
    by_check
}

/// The numbers of a score as cells of a table.
fn cells(score: Score) -> String {
    format!("{} | {} | {}", score.mutants, score.killed, score.without_reference)
}

/// The tables of the page on mutants.
pub(crate) fn markdown(results: &[MutantResult]) -> String {
    let mut text = String::from("| mutants | effective | killed | without a recorded result |\n|---|---|---|---|\n");
    for (title, score) in scores(results) {
        let _ = writeln!(text, "| {} | {} |", title.trim(), cells(score));
    }
    text.push_str("\n| check | kills | alone | alone without a recorded result |\n|---|---|---|---|\n");
    for (check, kills) in kills_by_check(results) {
        let KillsOfCheck { all, alone, alone_without_reference } = kills;
        let _ = writeln!(text, "| `{check}` | {all} | {alone} | {alone_without_reference} |");
    }
    text.push_str(
        "\n| model | field | input | effective | killed | without a recorded result |\n|---|---|---|---|---|---|\n",
    );
    let mut by_field: BTreeMap<(&str, &str, &str), Vec<&MutantResult>> = BTreeMap::new();
    for result in results.iter().filter(|result| result.mutant.group == Group::Generated) {
        let mut parts = result.mutant.name.split('/').skip(1);
        if let (Some(model), Some(field), Some(class)) = (parts.next(), parts.next(), parts.next()) {
            by_field.entry((model, field, class)).or_default().push(result);
        }
    }
    for ((model, field, class), results) in by_field {
        let score = Score::of(results);
        if score.mutants > 0 {
            let _ = writeln!(text, "| {model} | `{field}` | {class} | {} |", cells(score));
        }
    }
    text.push_str("\n| survived | what it does | why |\n|---|---|---|\n");
    for result in results.iter().filter(|result| matches!(result.fate(), Fate::Survived | Fate::Explained)) {
        let why = reason(&result.mutant.name).unwrap_or("**a gap**");
        let _ = writeln!(text, "| {} | {} | {why} |", result.mutant.name, result.mutant.about);
    }
    text.push_str("\n| mutant | what it does | first killed by | likely cause |\n|---|---|---|---|\n");
    for result in results.iter().filter(|result| result.mutant.group == Group::Fault) {
        let name = result.mutant.name.trim_start_matches("fault/");
        let (by, cause) = match result.kills.first() {
            Some(kill) => (
                format!("{} ({})", kill.case, kill.checks.join(", ")),
                kill.hint.as_deref().unwrap_or("").lines().next().unwrap_or("").replace('|', "\\|"),
            ),
            None if result.cases == 0 => ("no effect".to_owned(), String::new()),
            None => ("**survived**".to_owned(), String::new()),
        };
        let _ = writeln!(text, "| {name} | {} | {by} | {cause} |", result.mutant.about.replace('|', "\\|"));
    }
    text
}

/// A JSON object for each mutant, a line each.
pub(crate) fn json(results: &[MutantResult]) -> String {
    let mut text = String::new();
    for result in results {
        let object = json!({
            "mutant": result.mutant.name,
            "about": result.mutant.about,
            "group": result.mutant.group.to_string(),
            "fate": fate(result.fate()),
            "cases": result.cases,
            "kills": result.kills,
        });
        let _ = writeln!(text, "{object}");
    }
    text
}

const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::NoEffect => "no effect",
        Fate::Killed => "killed",
        Fate::KilledByChance => "killed by chance",
        Fate::Survived => "survived",
        Fate::Explained => "survived, explained",
        Fate::Outdated => "killed, though explained",
        Fate::Equivalent => "within tolerance",
        Fate::Accepted => "accepted",
        Fate::FalseAlarm => "false alarm",
    }
}
