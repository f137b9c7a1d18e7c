use super::super::Style;
use super::*;

#[test]
fn texts_are_stretches_of_the_file_unless_spelled_otherwise() {
    let mut diagnostics = Diagnostics::new();
    let source = Source::new(
        "a.toml",
        r#"plain = "text"
"quoted key" = "a\tb"
"#,
    );
    let document = Document::parse(&source, &mut diagnostics);
    let texts: Vec<(&str, &str)> = document
        .entries
        .iter()
        .map(|entry| match entry.item.value {
            TomlValue::Text(text) => (document.text(entry.key), document.text(text)),
            _ => ("", ""),
        })
        .collect();
    assert_eq!(texts, [("plain", "text"), ("quoted key", "a\tb")]);
    assert_eq!(document.respelled, "a\tb");
}

/// Whether a value is what another reader of TOML has in its place.
fn agrees(document: &Document, value: &TomlValue, other: &toml::Value) -> bool {
    match (value, other) {
        (TomlValue::Text(text), toml::Value::String(other)) => document.text(*text) == other,
        (TomlValue::Integer(value), toml::Value::Integer(other)) => value == other,
        (TomlValue::Float(value), toml::Value::Float(other)) => value.to_bits() == other.to_bits(),
        (TomlValue::Flag(value), toml::Value::Boolean(other)) => value == other,
        (TomlValue::Datetime(text), toml::Value::Datetime(other)) => document.text(*text) == other.to_string(),
        (TomlValue::Array(items), toml::Value::Array(others)) => {
            let items = &document.items[items.range()];
            let mut pairs = items.iter().zip(others);
            items.len() == others.len() && pairs.all(|(item, other)| agrees(document, &item.value, other))
        }
        (TomlValue::Table(table), toml::Value::Table(others)) => {
            let entries = &document.entries[document.table(*table).entries.range()];
            let mut pairs = entries.iter().zip(others);
            entries.len() == others.len()
                && pairs.all(|(entry, (key, other))| {
                    document.text(entry.key) == key && agrees(document, &entry.item.value, other)
                })
        }
        _ => false,
    }
}

/// Texts in which readers of TOML have been wrong: right ones first.
const TRICKY: [&str; 27] = [
    "a = 1\nb = 0x1f\nc = -0\nd = 1_000\ne = +1.5e-3\nf = -inf\ng = 9223372036854775807",
    "a = 1979-05-27T07:32:00Z\nb = 1979-05-27\nc = 07:32:00.5\nd = [1979-05-27, 'x']",
    "a.b.c = 1\na.b.d = 2\n[x.y]\nz = 1\n[x]\nw = 2\n[[l]]\nm = 1\n[[l]]\n[l.n]\no = [[], [{}]]",
    "\"a b\" = 'c'\n'' = \"\"\ns = \"\"\"\n  x \\\n  y\"\"\"\nt = '''\n\\'''\nu = \"\\u00e9\\t\"",
    "a = { b = { c = [1, 2,] } , d.e = true }\r\n# end",
    "[[l]]\n[[l]]\n",
    "",
    "a = 1\na = 2",
    "a = 1\na.b = 2",
    "[a]\n[a]",
    "[[a]]\n[a]",
    "[a]\n[[a]]",
    "a = []\n[[a]]",
    "a = {}\n[a.b]",
    "a.b = 1\n[a]",
    "a = [1\n",
    "a = hello",
    "a = 01",
    "a = 1__0",
    "a = 1979-13-27",
    "a = \"\\q\"",
    "a = \"\n\"",
    "= 1",
    "a",
    "a = 1 b = 2",
    "a = 9223372036854775808",
    "a = '\u{1}'",
];

#[test]
fn every_text_is_read_or_refused_as_by_another_reader() {
    let shipped = crate::built_in::below("suites")
        .filter(|file| std::path::Path::new(file.path).extension().is_some_and(|ending| ending == "toml"))
        .map(|file| String::from_utf8_lossy(file.content).into_owned());
    let texts: Vec<String> = shipped.chain(TRICKY.map(str::to_owned)).collect();
    assert!(texts.len() > TRICKY.len() + 10, "{}", texts.len());
    for text in texts {
        let mut diagnostics = Diagnostics::new();
        let document = Document::parse(&Source::new("a.toml", &*text), &mut diagnostics);
        match text.parse::<toml::Table>() {
            Ok(table) => {
                assert!(diagnostics.is_empty(), "{text}\n{}", diagnostics.render(Style::Plain));
                let table = toml::Value::Table(table);
                assert!(agrees(&document, &TomlValue::Table(0), &table), "{text}");
            }
            Err(_) => assert!(!diagnostics.is_empty(), "{text}"),
        }
    }
}

#[test]
fn what_is_nested_too_deep_is_refused_where_it_is() {
    let reported = |text: String| {
        let mut diagnostics = Diagnostics::new();
        Document::parse(&Source::new("a.toml", &*text), &mut diagnostics);
        diagnostics.render(Style::Plain).lines().next().map(str::to_owned)
    };
    let dotted = |depth: usize| reported(format!("{} = 1", vec!["a"; depth].join(".")));
    let header = |depth: usize| reported(format!("[{}]", vec!["a"; depth].join(".")));
    let inline = |depth: usize| reported(format!("a = {}1{}", "[".repeat(depth), "]".repeat(depth)));
    let refused = Some("error: nested more than 64 deep".to_owned());
    assert_eq!([dotted(64), header(64), inline(64)], [None, None, None]);
    for deep in [dotted(70), dotted(200_000), header(200_000), inline(70)] {
        assert_eq!(deep, refused);
    }
    assert!(inline(200_000).is_some());
}
