//! Holds the source against the plan of the house in `docs/design.md`: layers, siblings, crates with one home, and files that a
//! reader finishes in one sitting. Reads text; compiles nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use hydrotest::backend::registry;

/// The most lines of a file.
const LONGEST: usize = 400;
/// Crates that only one module may name.
const HOMES: &[(&str, &str)] = &[
    ("clap", "cli"),
    ("bollard", "backend/docker"),
    ("libtest_mimic", "run"),
    ("rustix", "os"),
    ("minijinja", "report/html"),
];
/// What only one operating system has. A path may go on after it, a word may not.
const SYSTEM_SPECIFIC: &[&str] = &["/proc", "target_os", "rustix::process"];
/// Files of other languages that may: one runs on a cluster's Linux, the others also work without.
const EXCEPTIONS: &[&str] = &["os/", "backend/slurm/job.sh", "backend/python/bridge/"];

/// A file of `src`: its path below that, and what it says.
struct File {
    path: String,
    text: String,
}

impl File {
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.trim_end_matches(".rs")
    }

    /// Its lines without comments and without the tests at its end.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        let lines = lines.take_while(|(_, line)| *line != "mod tests {");
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The modules that it has for tests only.
    fn test_modules(&self) -> impl Iterator<Item = &str> {
        let after = self.text.split("#[cfg(test)]\n").skip(1);
        after.filter_map(|rest| rest.lines().next()?.strip_suffix(';')?.split("mod ").nth(1))
    }
}

fn files() -> Vec<File> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_rust = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let mut files: Vec<File> = paths(&source).iter().filter(is_rust).map(|path| file(&source, path)).collect();
    // Tests may look at everything.
    let tests: Vec<String> = files.iter().flat_map(|file| file.test_modules().map(str::to_owned)).collect();
    let is_test = |file: &File| {
        let mut parts = file.path.split('/').map(|part| part.trim_end_matches(".rs"));
        parts.any(|part| tests.iter().any(|test| test == part))
    };
    files.retain(|file| !is_test(file));
    assert!(files.len() > 100, "these are not all: {}", files.len());
    files
}

/// Every file below a directory.
fn paths(directory: &Path) -> Vec<PathBuf> {
    let mut open = vec![directory.to_owned()];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.push(path);
        }
    }
    found
}

fn file(source: &Path, path: &PathBuf) -> File {
    File {
        path: path.strip_prefix(source).unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(path).unwrap(),
    }
}

/// The layer of each module, from the table of the plan.
fn layers() -> HashMap<&'static str, usize> {
    let plan = include_str!("../docs/design.md");
    let (_, table) = plan.split_once("| layer | modules |").unwrap();
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    rows.flat_map(|row| {
        let mut cells = row.split('|').skip(1);
        let layer = cells.next().unwrap().trim().parse().unwrap();
        let modules = cells.next().unwrap().split('`').skip(1).step_by(2);
        modules.map(move |module| (module, layer))
    })
    .collect()
}

/// The modules that a line takes something from, by `crate::ROOM` or `hydrotest::ROOM`.
fn taken(line: &str) -> impl Iterator<Item = &str> {
    let from = line.split("crate::").skip(1).chain(line.split("hydrotest::").skip(1));
    from.map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default())
}

#[test]
fn a_file_imports_from_lower_layers_only() {
    let layers = layers();
    let mut seen = 0;
    for file in files() {
        let Some(&here) = layers.get(file.module()) else {
            assert_eq!(file.path, "lib.rs", "a module that the plan does not have");
            continue;
        };
        for (line, text) in file.code() {
            for module in taken(text).filter(|module| *module != file.module()) {
                let Some(&there) = layers.get(module) else { continue };
                assert!(there < here, "src/{}:{}: `{module}` is on layer {there}, this on {here}", file.path, line + 1);
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "imports are not seen: {seen}");
}

#[test]
fn no_kind_knows_another() {
    let kinds: Vec<&str> = registry::KINDS.iter().map(|kind| kind.name).collect();
    for file in files() {
        let Some(inside) = file.path.strip_prefix("backend/") else {
            continue;
        };
        let own = inside.split('/').next().unwrap().trim_end_matches(".rs");
        if !kinds.contains(&own) {
            continue;
        }
        for (line, text) in file.code() {
            for other in kinds.iter().filter(|kind| **kind != own && **kind != "reference") {
                let named = [format!("backend::{other}::"), format!("super::{other}::")];
                let known = named.iter().any(|path| text.contains(path));
                assert!(!known, "src/{}:{}: the kind {own} knows the kind {other}", file.path, line + 1);
            }
        }
    }
}

#[test]
fn a_crate_with_a_home_is_named_nowhere_else() {
    for (name, home) in HOMES {
        let mut at_home = 0;
        for file in files() {
            let has_word = |text: &str| {
                let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
                words.into_iter().any(|word| word == *name)
            };
            let named = |text: &str| has_word(text) && (text.contains(&format!("{name}::")) || text.contains("use "));
            let Some((line, _)) = file.code().find(|(_, text)| named(text)) else {
                continue;
            };
            let place = format!("src/{}:{}", file.path, line + 1);
            assert!(file.path.starts_with(home), "{place}: {name} stays in {home}");
            at_home += 1;
        }
        assert!(at_home > 0, "nobody names {name}");
    }
}

#[test]
fn what_one_system_alone_has_is_in_one_module() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for path in paths(&source) {
        let file = file(&source, &path);
        let holds = |line: &str, words: &str| {
            let mut rests = line.split(words).skip(1);
            rests.any(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_'))
        };
        for (line, text) in file.text.lines().enumerate() {
            let Some(words) = SYSTEM_SPECIFIC.iter().find(|words| holds(text, words)) else {
                continue;
            };
            let allowed = EXCEPTIONS.iter().any(|exception| file.path.starts_with(exception));
            assert!(allowed, "src/{}:{}: {words} stays in os", file.path, line + 1);
            seen += 1;
        }
    }
    assert!(seen > 10, "they are not seen: {seen}");
}

#[test]
fn every_file_says_what_it_is_for_and_can_be_read_in_one_sitting() {
    for file in files() {
        assert!(file.text.starts_with("//! "), "src/{} does not say what it is for", file.path);
        let lines = file.text.lines().count();
        assert!(lines <= LONGEST, "src/{} has {lines} lines", file.path);
    }
}

/// Words of our own that a newcomer would have to learn; the field has better ones.
const PRIVATE_WORDS: &[&str] = &[
    "aftermath",
    "barren",
    "belongings",
    "caretaker",
    "custody",
    "demise",
    "farewell",
    "leftover",
    "leftovers",
    "likeness",
    "nobody",
    "rehearse",
    "somebody",
    "steward",
    "trouble",
    "survivor",
    "survivors",
    "census",
    "stewards",
    "symptom",
    "symptoms",
    "whoever",
];

/// The words of a text, split where identifiers and camel case are.
fn words(text: &str) -> impl Iterator<Item = String> {
    let letters = text.split(|letter: char| !letter.is_ascii_alphabetic());
    letters.flat_map(|word| {
        let mut parts = vec![String::new()];
        for letter in word.chars() {
            if letter.is_ascii_uppercase()
                && parts.last().is_some_and(|part| part.ends_with(|last: char| last.is_ascii_lowercase()))
            {
                parts.push(String::new());
            }
            if let Some(part) = parts.last_mut() {
                part.push(letter.to_ascii_lowercase());
            }
        }
        parts
    })
}

#[test]
fn private_words_do_not_come_back() {
    for file in files() {
        for (line, text) in file.text.lines().enumerate() {
            let found = words(text).find(|word| PRIVATE_WORDS.contains(&word.as_str()));
            assert_eq!(found, None, "src/{}:{}: {text}", file.path, line + 1);
        }
    }
}

#[test]
fn no_type_name_stands_twice() {
    let mut homes: HashMap<String, String> = HashMap::new();
    for file in files() {
        for (line, text) in file.code() {
            // Indented aliases are associated types of a trait.
            let declared =
                text.trim_start_matches("pub ").trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ");
            let name =
                ["struct ", "enum ", "trait ", "type "].iter().find_map(|keyword| declared.strip_prefix(keyword));
            let Some(name) = name else { continue };
            let name: String = name.chars().take_while(|letter| letter.is_alphanumeric()).collect();
            let place = format!("src/{}:{}", file.path, line + 1);
            if let Some(other) = homes.insert(name.clone(), place.clone()) {
                panic!("{place}: `{name}` is a type of {other} already: name it by its role");
            }
        }
    }
    assert!(homes.len() > 300, "types are not seen: {}", homes.len());
}
