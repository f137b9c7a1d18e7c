//! A comparison of two files as an aligned table for people or as JSON for programs. Makes text; prints nothing.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::comparison::{Row, Section};

/// The table, ending in a line break.
#[must_use]
pub fn table(first: &str, second: &str, sections: &[Section]) -> String {
    let mut text = format!("first   {first}\nsecond  {second}\n");
    for section in sections {
        text.push('\n');
        if !section.name.is_empty() {
            let _ = writeln!(text, "{}", section.name);
        }
        rows(&mut text, &section.rows);
        for difference in &section.differences {
            let _ = writeln!(text, "different: {difference}");
        }
        if let Some(cause) = &section.cause {
            let _ = writeln!(text, "{cause}");
        }
    }
    let same = sections.iter().all(Section::is_same);
    let _ = writeln!(text, "\n{}", if same { "the same" } else { "different" });
    text
}

fn rows(text: &mut String, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let masked = rows.iter().any(|row| row.confident.is_some());
    let mut lines = vec![["METRIC", "ALL", "CONFIDENT", "ALLOWED"].map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let confident = row.confident.as_ref().map(number).unwrap_or_default();
        let mark = if row.is_kept { "" } else { "  <- broken" };
        let allowed = format!(
            "{}{mark}",
            row.allowed.as_deref().or(row.place.as_deref()).unwrap_or_default()
        );
        [row.metric.to_owned(), number(&row.all), confident, allowed]
    }));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for [metric, all, confident, allowed] in &lines {
        let mut line = format!("{metric:0$}  {all:>1$}", widths[0], widths[1]);
        if masked {
            let _ = write!(line, "  {confident:>0$}", widths[2]);
        }
        let _ = writeln!(text, "{}", format!("{line}  {allowed}").trim_end());
    }
    for row in rows {
        if let Err(reason) = &row.all {
            let _ = writeln!(text, "no {}: {reason}", row.metric);
        }
    }
}

/// Six digits behind the point, whole numbers without; small ones with an exponent.
fn number(value: &Result<f64, String>) -> String {
    match value {
        Err(_) => "-".into(),
        Ok(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value}"),
        Ok(value) if value.abs() < 1e-4 => format!("{value:.3e}"),
        Ok(value) => format!("{value:.8}"),
    }
}

/// The same for programs. What has no value is null, with the reason beside it.
#[must_use]
pub fn json(first: &str, second: &str, sections: &[Section]) -> Value {
    let row = |row: &Row| {
        let value = |value: &Result<f64, String>| value.as_ref().ok().filter(|it| it.is_finite()).copied();
        json!({
            "metric": row.metric,
            "all": value(&row.all),
            "confident": row.confident.as_ref().and_then(value),
            "problem": row.all.as_ref().err(),
            "allowed": row.allowed,
            "kept": row.is_kept,
            "place": row.place,
        })
    };
    let section = |section: &Section| {
        json!({
            "name": section.name,
            "same": section.is_same(),
            "metrics": section.rows.iter().map(row).collect::<Vec<_>>(),
            "differences": section.differences,
            "cause": section.cause.as_ref().map(|cause| json!({
                "kind": format!("{:?}", cause.kind),
                "what": cause.what,
                "share": cause.share,
                "look_at": cause.kind.place(),
            })),
        })
    };
    json!({
        "first": first,
        "second": second,
        "same": sections.iter().all(Section::is_same),
        "sections": sections.iter().map(section).collect::<Vec<_>>(),
    })
}
