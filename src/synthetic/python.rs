//! Writes JSON values as Python prints them, because boileroom's messages quote `repr` and `sorted` lists. Does not parse Python.

use serde_json::Value;

/// `repr` of a string: single quotes unless only double quotes avoid an escape; unprintable characters escaped.
#[must_use]
pub(crate) fn repr(text: &str) -> String {
    let is_double = text.contains('\'') && !text.contains('"');
    let quote = if is_double { '"' } else { '\'' };
    let mut shown = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\\' | '\n' | '\r' | '\t' => shown.extend(letter.escape_default()),
            _ if letter == quote => shown.extend(['\\', letter]),
            _ if is_printable(letter) => shown.push(letter),
            '\0'..='\u{ff}' => shown.extend(format!("\\x{:02x}", u32::from(letter)).chars()),
            '\u{100}'..='\u{ffff}' => shown.extend(format!("\\u{:04x}", u32::from(letter)).chars()),
            _ => shown.extend(format!("\\U{:08x}", u32::from(letter)).chars()),
        }
    }
    shown.push(quote);
    shown
}

/// `repr` of a list of strings.
#[must_use]
pub(crate) fn repr_list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", joined(items.into_iter().map(repr)))
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// `str` of a JSON value as Python holds it: a string bare, anything else as its `repr`.
#[must_use]
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr_value(other),
    }
}

/// `repr` of a JSON value as Python holds it.
#[must_use]
pub(crate) fn repr_value(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => repr(text),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(repr_value))),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", repr(key), repr_value(value)));
            format!("{{{}}}", joined(entries))
        }
    }
}

/// The name of the Python type that holds a JSON value.
#[must_use]
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// Whether `str.isprintable` holds; Rust's debug escapes follow the same Unicode categories.
fn is_printable(letter: char) -> bool {
    // A combining mark, which Python prints, is only escaped by Rust when it is the first letter.
    let after_a_letter = ['x', letter].iter().collect::<String>();
    letter == '"' || letter == '\'' || after_a_letter.escape_debug().nth(1) == Some(letter)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Each pair was printed by `CPython` 3.11.
    #[test]
    fn strings_print_as_cpython_prints_them() {
        for (given, printed) in [
            ("A::B", "'A::B'"),
            ("it's", "\"it's\""),
            ("both ' and \"", "'both \\' and \"'"),
            ("say \"x\"", "'say \"x\"'"),
            ("tab\tnew\nline\\", "'tab\\tnew\\nline\\\\'"),
            ("nul\0bell\u{7}del\u{7f}", "'nul\\x00bell\\x07del\\x7f'"),
            ("naïve é e\u{301} 漢", "'naïve é e\u{301} 漢'"),
            ("nbsp\u{a0}zwsp\u{200b}bom\u{feff}", "'nbsp\\xa0zwsp\\u200bbom\\ufeff'"),
            ("tag\u{e0001}", "'tag\\U000e0001'"),
            ("🧬", "'🧬'"),
            ("", "''"),
        ] {
            assert_eq!(repr(given), printed);
        }
    }

    #[test]
    fn lists_and_values_print_as_cpython_prints_them() {
        assert_eq!(repr_list(["1", "X"]), "['1', 'X']");
        assert_eq!(repr_list([]), "[]");
        assert_eq!(repr_value(&json!({"a": [null, true, 2, 0.5, "x"]})), "{'a': [None, True, 2, 0.5, 'x']}");
        assert_eq!(text(&json!("bare")), "bare");
        assert_eq!(text(&json!(null)), "None");
        assert_eq!(type_name(&json!(1.0)), "float");
        assert_eq!(type_name(&json!(1)), "int");
    }
}
