//! Every example in `docs/writing-suites.md` is read and compiled, that page documents every check and key, and the page about
//! backends documents every kind and no unknown key.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::{self, Platform};
use hydrotest::check::{self, KINDS};
use hydrotest::config::{Config, Diagnostics, Sequences, Source, Suites};
use hydrotest::prediction::Contract;

const PAGE: &str = include_str!("../docs/writing-suites.md");

/// A TOML block: what follows the word `toml`, and the text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    PAGE.split("\n```toml")
        .skip(1)
        .map(|rest| {
            let (about, rest) = rest.split_once('\n').unwrap_or_default();
            let Some((text, _)) = rest.split_once("\n```") else { panic!("an unterminated block: {about}") };
            (about.trim(), text)
        })
        .collect()
}

/// The errors of a suite. Empty if there are none.
fn errors(config: &Config, sequences: &Sequences, text: &str) -> String {
    let source = Source::new("suites/example.toml", text);
    let suites = match Suites::parse(&[source], config, sequences) {
        Ok(suites) => suites,
        Err(errors) => return errors.to_string(),
    };
    let mut diagnostics = Diagnostics::new();
    for suite in &suites.suites {
        for case in &suite.cases {
            let fits = |contract: &&Contract| suite.cases_for(contract).any(|fitting| fitting.name == case.name);
            let contracts: Vec<&Contract> = config.models.iter().map(AsRef::as_ref).filter(fits).collect();
            assert!(!contracts.is_empty(), "no model runs {}", case.name);
            let _ = check::compile_case(case, &contracts, &mut diagnostics);
        }
    }
    diagnostics.to_string()
}

#[test]
fn every_example_is_read_and_compiled() {
    let config = Config::built_in().unwrap_or_else(|errors| panic!("{errors}"));
    let fasta = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/sequences.fasta");
    let sequences = Sequences::load(&fasta).unwrap_or_else(|errors| panic!("{errors}"));
    let (mut suites, mut tables) = (0, 0);
    for (about, text) in blocks() {
        let Some(model) = about.strip_prefix("checks ") else {
            assert_eq!(about, "", "a block is a suite or checks for a model");
            assert_eq!(errors(&config, &sequences, text), "", "{text}");
            suites += 1;
            continue;
        };
        for table in text.lines() {
            let third = if table.contains("\"three\"") { "[[case.call]]\nname = 'three'\n" } else { "" };
            let suite = format!(
                "about = 'example'\n[[case]]\nname = 'example'\nmodels = ['{model}']\nsequences = ['short', 'medium']\n\
                 options = {{ include_fields = ['*'] }}\nchecks = [{table}]\n[[case.call]]\nname = 'one'\n[[case.call]]\nname = 'two'\n{third}"
            );
            assert_eq!(errors(&config, &sequences, &suite), "", "{table}");
            tables += 1;
        }
    }
    assert!(suites >= 7 && tables >= 30, "{suites} suites and {tables} checks were found");
}

#[test]
fn the_page_documents_every_check_with_every_key() {
    for kind in &KINDS {
        let shown: Vec<&str> = blocks()
            .into_iter()
            .flat_map(|(_, text)| text.lines())
            .filter(|line| line.contains(&format!("check = \"{}\"", kind.name)))
            .collect();
        assert!(!shown.is_empty(), "no example of `{}`", kind.name);
        let section = PAGE.split("\n### ").find(|section| {
            let title = section.lines().next().unwrap_or_default();
            title.contains(&format!("`{}`", kind.name))
        });
        let section = section.unwrap_or_else(|| panic!("no section about `{}`", kind.name));
        for key in kind.keys.iter().filter(|key| **key != "call") {
            let named = section.contains(&format!("`{key}`")) || section.contains(&format!("{key} = "));
            assert!(named, "the section about `{}` does not name `{key}`", kind.name);
        }
    }
}

/// The keys in the table below a heading of the page about backends.
fn keys(heading: &str) -> Vec<&'static str> {
    const BACKENDS: &str = include_str!("../docs/backends/README.md");
    let (_, section) = BACKENDS.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let (_, rows) = section.split_once("\n|---|---|---|\n").unwrap();
    let rows = rows.lines().take_while(|row| row.starts_with('|'));
    rows.map(|row| row.split('`').nth(1).unwrap()).collect()
}

#[test]
fn the_page_about_backends_documents_every_kind_and_no_unknown_key() {
    let common = keys("Keys of every kind");
    let served = keys("Keys of every kind with a model server");
    for kind in registry::KINDS {
        let own = match kind.name {
            "process" | "http" | "replay" => keys(&format!("The kind `{}`", kind.name)),
            name => {
                let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/backends/{name}.md"));
                assert!(name == "reference" || page.exists(), "no page about the kind {name}");
                Vec::new()
            }
        };
        let has_server = !matches!(kind.name, "reference" | "python" | "replay");
        let served = if has_server { &served[..] } else { &[] };
        for key in common.iter().chain(served).chain(&own).filter(|key| **key != "kind") {
            let name = kind.name;
            // A date is valid for none of them.
            let text = format!("default = 'lab'\n[backends.lab]\nkind = '{name}'\n{key} = 1979-05-27\n");
            let shown = match Config::parse(&Source::new("backends.toml", text)) {
                Err(errors) => errors.to_string(),
                Ok(config) => match Platform::select(&config, "lab", Overrides::default()) {
                    Err(errors) => errors.to_string(),
                    Ok(_) => panic!("`{key}` of the kind {name} takes a date"),
                },
            };
            assert!(!shown.contains("unknown key"), "{shown}");
        }
    }
}
