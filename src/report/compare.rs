//! A comparison of two files as an aligned table for people or as JSON for programs. Does not compare or print.

use std::fmt::Write;

use serde_json::{Value, json};

use super::words::widths;
use crate::compare_files::{ComparedPair, Coverage, MetricRow, verdict};
use crate::metric_value::{Direction, MetricValue, MetricVerdict, show};

/// The columns of the table.
const HEAD: [&str; 7] = ["METRIC", "ALL", "CONFIDENT", "FLOOR", "ALLOWED", "VERDICT", "WHERE"];

/// The subject of a comparison.
pub(crate) struct ComparedFiles<'a> {
    /// The reference, and notes on it.
    pub(crate) first: (&'a str, &'a [String]),
    /// The other file, and notes on it.
    pub(crate) second: (&'a str, &'a [String]),
    /// The origin of the rules.
    pub(crate) rules: &'a str,
}

/// The table, ending in a line break. Equal sections are only named.
pub(crate) fn table(subject: &ComparedFiles<'_>, sections: &[ComparedPair]) -> String {
    let mut text = String::new();
    for (word, (file, notes)) in [("first ", subject.first), ("second", subject.second)] {
        let notes = notes.iter().map(|note| format!(" ({note})")).collect::<Vec<_>>().concat();
        let _ = writeln!(text, "{word}  {file}{notes}");
    }
    let _ = writeln!(text, "judged by {}", subject.rules);
    let is_plain = |section: &ComparedPair| {
        section.verdict == MetricVerdict::Indistinguishable
            && section.warnings.is_empty()
            && sections.len() > 1
            && is_equal(section)
    };
    for section in sections.iter().filter(|section| !is_plain(section)) {
        if let (true, [difference], None) = (section.rows.is_empty(), &section.differences[..], &section.cause)
            && !section.name.is_empty()
            && section.notes.is_empty()
        {
            let _ = writeln!(text, "\n{}: {}: {difference}", section.name, section.verdict);
            continue;
        }
        text.push('\n');
        if !section.name.is_empty() {
            let _ = writeln!(text, "{}: {}", section.name, section.verdict);
        }
        rows(&mut text, &section.rows);
        for note in section.warnings.iter().chain(&section.notes) {
            let _ = writeln!(text, "{note}");
        }
        for difference in &section.differences {
            let _ = writeln!(text, "different: {difference}");
        }
        if let Some(cause) = &section.cause {
            let _ = writeln!(text, "{cause}");
        }
    }
    let plain: Vec<&str> = sections.iter().filter(|it| is_plain(it)).map(|it| it.name.as_str()).collect();
    if !plain.is_empty() {
        let _ = writeln!(text, "\nequal: {}", plain.join(", "));
    }
    let _ = writeln!(text, "\n{}", conclusion(sections));
    text
}

/// Whether not even a number differs.
fn is_equal(section: &ComparedPair) -> bool {
    let is_row_equal =
        |row: &MetricRow| row.place.is_none() && row.judged.iter().all(|(_, measure)| measure.used() == 0.0);
    section.differences.is_empty() && section.rows.iter().all(is_row_equal)
}

/// `different: 3 of 12 measures are beyond their gates`.
fn conclusion(sections: &[ComparedPair]) -> String {
    let verdict = verdict(sections);
    let judged = sections.iter().flat_map(|section| &section.rows).flat_map(|row| &row.judged);
    let beyond = judged.clone().filter(|(_, measure)| measure.verdict() == MetricVerdict::Different).count();
    match verdict {
        MetricVerdict::Different if beyond > 0 => {
            format!("{verdict}: {beyond} of {} judged numbers are beyond what is allowed", judged.count())
        }
        MetricVerdict::Different => verdict.to_string(),
        MetricVerdict::WithinTolerance => format!("{verdict}: they count as the same"),
        MetricVerdict::Indistinguishable => {
            format!("{verdict}: they are equal, or differ by no more than repeats do")
        }
    }
}

fn rows(text: &mut String, rows: &[MetricRow]) {
    if rows.is_empty() {
        return;
    }
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let has = |column: usize| lines[1..].iter().any(|line| !line[column].is_empty());
    let shown: Vec<usize> = (0..HEAD.len()).filter(|&column| column < 2 || has(column)).collect();
    let widths = widths(&lines);
    for line in &lines {
        let mut written = String::new();
        for &column in &shown {
            let (cell, width) = (&line[column], widths[column]);
            let gap = if column == 0 { "" } else { "  " };
            let _ = match column {
                1..=3 => write!(written, "{gap}{cell:>width$}"),
                _ => write!(written, "{gap}{cell:width$}"),
            };
        }
        let _ = writeln!(text, "{}", written.trim_end());
    }
    for row in rows {
        if let Err(reason) = &row.all {
            let _ = writeln!(text, "no {}: {reason}", row.metric);
        }
    }
}

fn cells(row: &MetricRow) -> [String; 7] {
    let judged = || row.judged.iter();
    let floors: Vec<String> =
        judged().filter_map(|(_, measure)| measure.floor.map(|floor| show(floor.worst))).collect();
    let bounds: Vec<String> = judged().map(|(part, measure)| bound(row, *part, measure)).collect();
    let verdict = judged().map(|(_, measure)| measure.verdict()).max();
    [
        row.metric.to_owned(),
        number(&row.all),
        row.confident.as_ref().map(number).unwrap_or_default(),
        floors.join(", "),
        bounds.join(", "),
        verdict.map(|verdict| verdict.to_string()).unwrap_or_default(),
        row.place.clone().unwrap_or_default(),
    ]
}

/// `at most 0.05`, with ` of all` if the row also has a number for confident residues.
fn bound(row: &MetricRow, part: Coverage, measure: &MetricValue) -> String {
    let bound = match measure.better {
        Direction::Lower => format!("at most {}", show(measure.allowed)),
        Direction::Higher => format!("at least {}", show(measure.allowed)),
    };
    match (&row.confident, part) {
        (Some(_), Coverage::All) => format!("{bound} of all"),
        _ => bound,
    }
}

/// Eight decimals, none for whole numbers, and an exponent for small numbers.
fn number(value: &Result<f64, String>) -> String {
    match value {
        Err(_) => "-".into(),
        Ok(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value}"),
        Ok(value) if value.abs() < 1e-4 => format!("{value:.3e}"),
        Ok(value) => format!("{value:.8}"),
    }
}

/// The comparison for programs. A missing value is null, with the reason beside it.
pub(crate) fn json(subject: &ComparedFiles<'_>, sections: &[ComparedPair]) -> Value {
    let finite = |value: f64| value.is_finite().then_some(value);
    let judged = |(part, measure): &(Coverage, MetricValue)| {
        json!({
            "gate": measure.key,
            "over": match part { Coverage::All => "all", Coverage::Confident => "confident" },
            "observed": finite(measure.observed),
            "floor": measure.floor.map(|floor| floor.worst),
            "allowed": finite(measure.allowed),
            "better": match measure.better { Direction::Lower => "lower", Direction::Higher => "higher" },
            "verdict": measure.verdict().to_string(),
        })
    };
    let row = |row: &MetricRow| {
        let value = |value: &Result<f64, String>| value.as_ref().ok().and_then(|it| finite(*it));
        json!({
            "metric": row.metric,
            "all": value(&row.all),
            "confident": row.confident.as_ref().and_then(value),
            "problem": row.all.as_ref().err(),
            "judged": row.judged.iter().map(judged).collect::<Vec<_>>(),
            "place": row.place,
        })
    };
    let section = |section: &ComparedPair| {
        json!({
            "name": section.name,
            "same": section.is_same(),
            "verdict": section.verdict.to_string(),
            "metrics": section.rows.iter().map(row).collect::<Vec<_>>(),
            "differences": section.differences,
            "notes": section.warnings.iter().chain(&section.notes).collect::<Vec<_>>(),
            "residues": section.residues.iter().map(|residue| json!({
                "name": residue.name,
                "lddt": residue.lddt,
                "confident": residue.confident,
            })).collect::<Vec<_>>(),
            "cause": section.cause.as_ref().map(|cause| json!({
                "kind": format!("{:?}", cause.kind),
                "what": cause.what,
                "share": cause.share,
                "look_at": cause.kind.place(),
            })),
        })
    };
    let (verdict, notes) = (verdict(sections), [subject.first.1, subject.second.1].concat());
    json!({
        "first": subject.first.0,
        "second": subject.second.0,
        "notes": notes,
        "rules": subject.rules,
        "same": verdict != MetricVerdict::Different,
        "verdict": verdict.to_string(),
        "sections": sections.iter().map(section).collect::<Vec<_>>(),
    })
}
