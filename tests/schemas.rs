//! The JSON schemas of `backends.toml` and suites match the readers: keys, types and names are taken from the readers' own
//! error messages. `HYDROTEST_UPDATE_SCHEMAS=1` writes the schemas again. `HYDROTEST_ORACLES` names a Python with jsonschema,
//! which validates every shipped file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use hydrotest::backend::registry;
use hydrotest::check::KINDS;
use hydrotest::config::{Config, Diagnostics, Sequences, Source, Suites};
use serde_json::{Map, Value, json};

/// A word that is no valid key or name.
const NONE: &str = "zzzzzzzzzzzz";
/// A value that hardly any key accepts.
const DATE: &str = "1979-05-27";

/// The errors of a table's reader for some lines.
type Ask<'a> = &'a dyn Fn(&str) -> String;

fn backends(text: &str) -> String {
    let mut diagnostics = Diagnostics::new();
    let source = Source::new("backends.toml", text);
    if let Ok(Some(config)) = Config::read(&source, &mut diagnostics) {
        registry::validate(&config, &mut diagnostics);
    }
    diagnostics.to_string()
}

fn suite(text: &str) -> String {
    static CONFIG: LazyLock<Config> = LazyLock::new(|| Config::built_in().unwrap());
    let parsed = Suites::parse(&[Source::new("suites/s.toml", text)], &CONFIG, &Sequences::default());
    parsed.err().map(|errors| errors.to_string()).unwrap_or_default()
}

/// The names in backquotes in a text.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The valid names in place of an unknown one, if the message lists them.
fn known(reported: &str) -> Option<Vec<String>> {
    let error = reported.split("\n\n").find(|error| error.lines().next().unwrap_or_default().contains(NONE))?;
    let (_, names) = error.split_once("help: known: ").or_else(|| error.split_once("expected one of "))?;
    Some(quoted(names.lines().next()?))
}

/// The required keys of a table.
fn required(reported: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in reported.lines() {
        if let Some((_, missing)) = line.split_once("error: missing key") {
            names.extend(quoted(missing));
        }
    }
    names
}

/// The schema of a value, by the type that the reader expects.
fn of_type(expected: &str) -> Value {
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "array", "items": text });
    match expected {
        "a string" => text,
        "an integer" => json!({ "type": "integer" }),
        "a number" => json!({ "type": "number" }),
        "`true` or `false`" => json!({ "type": "boolean" }),
        "an array of strings" => texts,
        "a string or an array of strings" => json!({ "anyOf": [text, texts] }),
        "a table" => json!({ "type": "object" }),
        "an array of tables" => json!({ "type": "array", "items": { "type": "object" } }),
        "a table or an array of tables" => {
            json!({ "anyOf": [{ "type": "object" }, { "type": "array", "items": { "type": "object" } }] })
        }
        "an array of names and tables" => {
            json!({ "type": "array", "items": { "type": ["string", "object"] } })
        }
        "an array of numbers" => json!({ "type": "array", "items": { "type": "number" } }),
        "an array of sizes and symbols" => json!({ "type": "array", "items": { "type": ["string", "integer"] } }),
        duration if duration.starts_with("a number of seconds") => {
            json!({ "anyOf": [{ "type": "number", "exclusiveMinimum": 0 }, text] })
        }
        other => panic!("no schema for {other}"),
    }
}

/// The schema of a key, from the messages for a date and for an unknown word.
fn of_key(key: &str, ask: Ask<'_>) -> Value {
    let line = format!("{key} = {DATE}");
    let reported = ask(&line);
    let is_type = |label: &str| label.starts_with("expected ") || label == "JSON cannot say this";
    let label = |error: &str| -> Option<String> {
        let mut labels =
            error.lines().rev().filter_map(|line| line.split_once("^ ").map(|(_, label)| label.to_owned()));
        labels.next().filter(|label| is_type(label))
    };
    let mut errors = reported.split("\n\n").filter(|error| error.contains(&line));
    let Some(label) = errors.find_map(label) else {
        // A date is valid here.
        return json!({ "type": "string", "format": "date" });
    };
    if label == "JSON cannot say this" {
        return json!({});
    }
    let expected = label.strip_prefix("expected ").unwrap_or_else(|| panic!("{key}: {label}"));
    let schema = of_type(expected);
    if expected == "a string"
        && let Some(names) = known(&ask(&format!("{key} = '{NONE}'")))
    {
        return json!({ "enum": names });
    }
    schema
}

/// The schema of a table, and its required keys.
fn table(ask: Ask<'_>) -> Map<String, Value> {
    let keys = known(&ask(&format!("{NONE} = 1"))).unwrap_or_else(|| panic!("{}", ask(&format!("{NONE} = 1"))));
    let mut properties = Map::new();
    for key in keys {
        let schema = of_key(&key, ask);
        properties.insert(key, schema);
    }
    properties
}

fn closed(properties: &Map<String, Value>, required: &[&str]) -> Value {
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn each(schema: &str) -> Value {
    json!({ "type": "object", "additionalProperties": { "$ref": format!("#/$defs/{schema}") } })
}

fn list(schema: &str) -> Value {
    json!({ "type": "array", "items": { "$ref": format!("#/$defs/{schema}") } })
}

/// The variants of a table, selected by one of its keys, as one table with the keys of all variants.
fn united(names: &[String], key: &str, reported: impl Fn(&str, &str) -> String) -> Map<String, Value> {
    let mut all = Map::new();
    for name in names {
        let ask = |line: &str| {
            let own = format!("{key} = '{name}'");
            let own = if line.starts_with(&format!("{key} =")) { "" } else { &own };
            reported(own, line)
        };
        for (key, schema) in table(&ask) {
            all.entry(key).or_insert(schema);
        }
    }
    all
}

const REFERENCE: &str = "[backends.a]\nkind = 'reference'\n";

fn backends_schema() -> Value {
    let tail = "\n[models.m]\n";
    let mut root =
        table(&|line| backends(&format!("{line}\n{}", if line.starts_with("backends") { "" } else { REFERENCE })));
    let mut defs = Map::new();
    let mut kinds = Vec::new();
    for kind in registry::KINDS {
        let head = format!("kind = '{}'", kind.name);
        let ask = |line: &str| {
            let head = if line.starts_with("kind =") { "" } else { &head };
            backends(&format!("[backends.a]\n{head}\n{line}\n"))
        };
        let mut properties = table(&ask);
        properties.insert("kind".to_owned(), json!({ "const": kind.name }));
        properties.insert(
            "variants".to_owned(),
            json!({ "type": "object", "additionalProperties": { "type": "array", "items": { "type": "string" } } }),
        );
        properties.insert("tolerances".to_owned(), each("gates"));
        let needed = required(&ask(""));
        let mut needed: Vec<&str> = needed.iter().map(String::as_str).collect();
        needed.insert(0, "kind");
        let mut schema = closed(&properties, &needed);
        schema["title"] = json!(kind.summary);
        defs.insert(format!("kind_{}", kind.name), schema);
        kinds.push(json!({ "$ref": format!("#/$defs/kind_{}", kind.name) }));
    }
    defs.insert("backend".to_owned(), json!({ "oneOf": kinds }));

    let below = |head: &'static str| move |line: &str| backends(&format!("{REFERENCE}{head}\n{line}\n"));
    let numbers = json!({ "type": "object", "additionalProperties": { "type": "number" } });
    let gates = table(&below("[models.m.gates]"));
    let gates: Map<String, Value> = gates.into_iter().map(|(name, _)| (name, numbers.clone())).collect();
    defs.insert("gates".to_owned(), closed(&gates, &[]));
    defs.insert("tolerance".to_owned(), closed(&table(&below("[models.m.tolerance]")), &[]));
    defs.insert("option".to_owned(), closed(&table(&below("[models.m.options.o]")), &[]));
    let mut variant = table(&below("[models.m.variants.v]"));
    let sizes = json!({ "type": "object", "additionalProperties": { "type": "integer", "minimum": 1 } });
    variant.insert("sizes".to_owned(), sizes.clone());
    defs.insert("variant".to_owned(), closed(&variant, &[]));
    let field = |own: &str, line: &str| backends(&format!("{REFERENCE}{tail}[models.m.fields.f]\n{own}\n{line}\n"));
    let kinds = known(&field("", &format!("kind = '{NONE}'"))).unwrap();
    let mut field = united(&kinds, "kind", field);
    field.insert("tolerance".to_owned(), json!({ "$ref": "#/$defs/tolerance" }));
    defs.insert("field".to_owned(), closed(&field, &["kind"]));
    let relation =
        |own: &str, line: &str| backends(&format!("{REFERENCE}{tail}[[models.m.identities]]\n{own}\n{line}\n"));
    let relations = known(&relation("", &format!("is = '{NONE}'"))).unwrap();
    defs.insert("identity".to_owned(), closed(&united(&relations, "is", relation), &["field", "is", "tolerance"]));
    let needed = required(&backends(&format!("{REFERENCE}[[known]]\n")));
    let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
    defs.insert("known".to_owned(), closed(&table(&below("[[known]]")), &needed));
    defs.insert("known_of_model".to_owned(), closed(&table(&below("[[models.m.known]]")), &needed));

    let mut model = table(&below("[models.m]"));
    for (key, schema) in [
        ("gates", json!({ "$ref": "#/$defs/gates" })),
        ("tolerance", json!({ "$ref": "#/$defs/tolerance" })),
        ("options", each("option")),
        ("variants", each("variant")),
        ("fields", each("field")),
        ("identities", list("identity")),
        ("known", list("known_of_model")),
        ("dimensions", sizes),
    ] {
        assert!(model.insert(key.to_owned(), schema).is_some(), "{key}");
    }
    let needed = required(&backends(&format!("{REFERENCE}[models.m]\n")));
    let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
    defs.insert("model".to_owned(), closed(&model, &needed));
    let mut unknown = table(&below("[unknown]"));
    unknown.insert("gates".to_owned(), json!({ "$ref": "#/$defs/gates" }));
    unknown.insert("tolerance".to_owned(), json!({ "$ref": "#/$defs/tolerance" }));
    defs.insert("unknown".to_owned(), closed(&unknown, &[]));
    for (key, schema) in [
        // The names of the file's own backends.
        ("default", json!({ "type": "string" })),
        ("backends", each("backend")),
        ("models", each("model")),
        ("unknown", json!({ "$ref": "#/$defs/unknown" })),
        ("known", list("known")),
    ] {
        assert!(root.insert(key.to_owned(), schema).is_some(), "{key}");
    }
    whole("backends.toml of hydrotest", &root, &["backends"], defs)
}

fn suites_schema() -> Value {
    const CASE: &str = "[[case]]\nname = 'a'\nliteral = 'A'\nchecks = [{ check = 'contract' }]\n";
    let mut defs = Map::new();
    let mut root = table(&|line| suite(&format!("{line}\n{}", if line.starts_with("case") { "" } else { CASE })));
    let mut case = table(&|line| suite(&format!("about = 'x'\n[[case]]\n{line}\n")));
    let call =
        table(&|line| suite(&format!("about = 'x'\n{}[[case.call]]\n{line}\n", CASE.replace("literal = 'A'\n", ""))));
    let below_xfail = |line: &str| suite(&format!("about = 'x'\n{CASE}[[case.xfail]]\n{line}\n"));
    defs.insert("xfail".to_owned(), closed(&table(&below_xfail), &["reason"]));
    defs.insert("call".to_owned(), closed(&call, &[]));
    let checks = KINDS.iter().map(|kind| {
        let keys = kind.keys.iter().map(|key| ((*key).to_owned(), json!({})));
        let mut properties: Map<String, Value> = keys.collect();
        properties.insert("check".to_owned(), json!({ "const": kind.name }));
        closed(&properties, &["check"])
    });
    defs.insert("check".to_owned(), json!({ "oneOf": checks.collect::<Vec<_>>() }));
    // A name, or a table of models.
    let of_models = |levels: &Value| json!({ "anyOf": [levels, { "type": "object", "additionalProperties": levels }] });
    let xfail = json!({ "anyOf": [{ "$ref": "#/$defs/xfail" }, list("xfail")] });
    for (key, schema) in [("xfail", xfail), ("call", list("call")), ("checks", list("check"))] {
        assert!(case.insert(key.to_owned(), schema).is_some(), "{key}");
    }
    let level = of_models(&case["level"]);
    case.insert("level".to_owned(), level.clone());
    root.insert("level".to_owned(), level);
    defs.insert("case".to_owned(), closed(&case, &["name", "checks"]));
    root.insert("case".to_owned(), list("case"));
    whole("a suite of hydrotest", &root, &["about", "case"], defs)
}

fn whole(title: &str, root: &Map<String, Value>, required: &[&str], defs: Map<String, Value>) -> Value {
    let mut schema = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "title": title });
    let Value::Object(closed) = closed(root, required) else { unreachable!() };
    schema.as_object_mut().unwrap().extend(closed);
    schema["$defs"] = defs.into();
    schema
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[track_caller]
fn is_up_to_date(name: &str, schema: &Value) {
    let text = serde_json::to_string_pretty(schema).unwrap() + "\n";
    if std::env::var_os("HYDROTEST_UPDATE_SCHEMAS").is_some() {
        fs::write(path(name), &text).unwrap();
    }
    let written = fs::read_to_string(path(name)).unwrap_or_default();
    assert!(written == text, "{name} is out of date: HYDROTEST_UPDATE_SCHEMAS=1 cargo test --test schemas writes it");
}

#[test]
fn the_schema_of_backends_matches_the_readers() {
    is_up_to_date("docs/backends.schema.json", &backends_schema());
}

#[test]
fn the_schema_of_suites_matches_the_readers() {
    is_up_to_date("docs/suites.schema.json", &suites_schema());
}

#[test]
fn the_program_prints_them() {
    for (form, name) in [("backends", "docs/backends.schema.json"), ("suites", "docs/suites.schema.json")] {
        let ran = Command::new(env!("CARGO_BIN_EXE_hydrotest")).args(["schema", form]).output().unwrap();
        assert!(ran.status.success());
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), fs::read_to_string(path(name)).unwrap());
    }
}

/// Converts TOML to JSON, with dates as strings.
fn as_json(text: &str) -> Value {
    fn plain(value: toml::Value) -> Value {
        match value {
            // JSON has no infinity.
            toml::Value::Float(number) if number.is_infinite() => json!(f64::MAX.copysign(number)),
            toml::Value::Datetime(date) => date.to_string().into(),
            toml::Value::Array(items) => items.into_iter().map(plain).collect(),
            toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, plain(value))).collect(),
            other => serde_json::to_value(other).unwrap(),
        }
    }
    plain(toml::from_str(text).unwrap())
}

#[test]
#[ignore = "needs HYDROTEST_ORACLES: a Python with jsonschema"]
fn every_shipped_file_is_valid_by_its_schema_and_a_mistyped_one_is_not() {
    let python = std::env::var("HYDROTEST_ORACLES").unwrap();
    let place = tempfile::tempdir().unwrap();
    let script = "import json, sys, jsonschema\nschema, value = (json.load(open(path)) for path in sys.argv[1:])\n\
                  kind = jsonschema.validators.validator_for(schema)\nkind.check_schema(schema)\nkind(schema).validate(value)\n";
    let is_right = |schema: &str, text: &str| {
        let value = place.path().join("value.json");
        fs::write(&value, as_json(text).to_string()).unwrap();
        let ran = Command::new(&python).args(["-c", script]).arg(path(schema)).arg(value).output().unwrap();
        let message = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success() || message.contains("ValidationError"), "{message}");
        (ran.status.success(), message)
    };
    let mut files = vec![path("backends.toml"), path("docs/gate/backends.toml")];
    let suites = fs::read_dir(path("suites")).unwrap().map(|entry| entry.unwrap().path());
    files.extend(suites.filter(|path| path.extension().is_some_and(|ending| ending == "toml")));
    assert!(files.len() > 15, "{files:?}");
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let is_config = file.file_name().unwrap() == "backends.toml";
        let schema = if is_config { "docs/backends.schema.json" } else { "docs/suites.schema.json" };
        let (right, message) = is_right(schema, &text);
        assert!(right, "{}: {message}", file.display());
        let key = if is_config { "kind =" } else { "name =" };
        let mistyped = text.replacen(&format!("\n{key}"), &format!("\nx{key}"), 1);
        assert_ne!(mistyped, text);
        assert!(!is_right(schema, &mistyped).0, "{}", file.display());
    }
}
