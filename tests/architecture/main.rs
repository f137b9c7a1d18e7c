//! Checks the source against `docs/design.md`: layers, siblings, circles, walks, crates with one home, length of files, words, type names.
//! Reads text. Does not compile anything.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod circles;
mod walks;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use hydrotest::backend::registry;

/// Maximum number of lines in a file.
const LONGEST: usize = 400;
/// Crates that only one module may name.
const HOMES: &[(&str, &str)] = &[
    ("clap", "cli"),
    ("bollard", "backend/docker"),
    ("libtest_mimic", "run"),
    ("rustix", "os"),
    ("minijinja", "report/html"),
];
/// What only one operating system has. A path may continue after it, a word may not.
const SYSTEM_SPECIFIC: &[&str] = &["/proc", "target_os", "rustix::process"];
/// Files outside `os` that may use it: `job.sh` runs on a cluster's Linux, the bridge also works without it.
const EXCEPTIONS: &[&str] = &["os/", "backend/slurm/job.sh", "backend/python/bridge/"];

/// A file of the repository.
struct File {
    /// Relative to the directory that was read.
    path: String,
    text: String,
}

impl File {
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.trim_end_matches(".rs")
    }

    /// Its lines without comments and without the tests at the end.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        let lines = lines.take_while(|(_, line)| *line != "mod tests {");
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The modules that it declares for tests only.
    fn test_modules(&self) -> impl Iterator<Item = &str> {
        let after = self.text.split("#[cfg(test)]\n").skip(1);
        after.filter_map(|rest| rest.lines().next()?.strip_suffix(';')?.split("mod ").nth(1))
    }
}

fn files() -> Vec<File> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_rust = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let mut files: Vec<File> = paths(&source).iter().filter(is_rust).map(|path| file(&source, path)).collect();
    // Tests may import from every layer.
    let tests: Vec<String> = files.iter().flat_map(|file| file.test_modules().map(str::to_owned)).collect();
    let is_test = |file: &File| {
        let mut parts = file.path.split('/').map(|part| part.trim_end_matches(".rs"));
        parts.any(|part| tests.iter().any(|test| test == part))
    };
    files.retain(|file| !is_test(file));
    assert!(files.len() > 100, "files are missing: {}", files.len());
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

/// The layer of each module, from the table in `docs/design.md`.
fn layers() -> HashMap<&'static str, usize> {
    let design = include_str!("../../docs/design.md");
    let (_, table) = design.split_once("| layer | modules |").unwrap();
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    rows.flat_map(|row| {
        let mut cells = row.split('|').skip(1);
        let layer = cells.next().unwrap().trim().parse().unwrap();
        let modules = cells.next().unwrap().split('`').skip(1).step_by(2);
        modules.map(move |module| (module, layer))
    })
    .collect()
}

/// The modules that a line imports from, by `crate::MODULE` or `hydrotest::MODULE`.
fn imported(line: &str) -> impl Iterator<Item = &str> {
    let from = line.split("crate::").skip(1).chain(line.split("hydrotest::").skip(1));
    from.map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default())
}

#[test]
fn a_file_imports_from_lower_layers_only() {
    let layers = layers();
    let mut seen = 0;
    for file in files() {
        let Some(&here) = layers.get(file.module()) else {
            assert_eq!(file.path, "lib.rs", "a module that docs/design.md does not list");
            continue;
        };
        for (line, text) in file.code() {
            for module in imported(text).filter(|module| *module != file.module()) {
                let Some(&there) = layers.get(module) else { continue };
                assert!(there < here, "src/{}:{}: `{module}` is on layer {there}, this on {here}", file.path, line + 1);
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "imports are not found: {seen}");
}

#[test]
fn no_kind_imports_from_another() {
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
                let is_imported = named.iter().any(|path| text.contains(path));
                assert!(!is_imported, "src/{}:{}: the kind {own} imports from the kind {other}", file.path, line + 1);
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
            assert!(file.path.starts_with(home), "{place}: {name} belongs in {home}");
            at_home += 1;
        }
        assert!(at_home > 0, "{name} is used nowhere");
    }
}

#[test]
fn system_specific_code_is_in_one_module() {
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
            assert!(allowed, "src/{}:{}: {words} belongs in os", file.path, line + 1);
            seen += 1;
        }
    }
    assert!(seen > 10, "system-specific code is not found: {seen}");
}

#[test]
fn every_file_has_a_header_and_is_not_too_long() {
    for file in files() {
        assert!(file.text.starts_with("//! "), "src/{} has no header", file.path);
        let lines = file.text.lines().count();
        assert!(lines <= LONGEST, "src/{} has {lines} lines", file.path);
    }
}

/// Words of our own that a newcomer would have to learn. The field has better ones.
const PRIVATE_WORDS: &[&str] = &[
    "aftermath",
    "barren",
    "belongings",
    "blame",
    "blamed",
    "board",
    "caretaker",
    "census",
    "custody",
    "demise",
    "desk",
    "farewell",
    "grip",
    "house",
    "leftover",
    "leftovers",
    "likeness",
    "nobody",
    "played",
    "raiser",
    "recipe",
    "recipes",
    "rehearsal",
    "rehearse",
    "scene",
    "scenes",
    "shelf",
    "somebody",
    "steward",
    "stewards",
    "stranger",
    "survivor",
    "survivors",
    "symptom",
    "symptoms",
    "trouble",
    "whoever",
    "world",
];
/// Data, which may have any words, and this list.
const DATA: &[&str] = &["fixtures/", "recorded/responses/", "architecture/main.rs"];
/// The Unix user without rights, in the test image.
const UNIX_USER: (&str, &str) = ("engines/image", "nobody");

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

/// The tests, benchmarks and scripts in a directory of the repository. Scripts in `.ci` have no extension.
fn texts(directory: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let is_text = |path: &&PathBuf| match path.extension() {
        Some(extension) => ["rs", "py", "sh", "md"].iter().any(|known| extension == *known),
        None => directory == ".ci",
    };
    let files: Vec<File> = paths(&root).iter().filter(is_text).map(|path| file(&root, path)).collect();
    files.into_iter().filter(|file| !DATA.iter().any(|data| file.path.starts_with(data))).collect()
}

#[test]
fn private_words_do_not_come_back() {
    let others = [("tests", 150), ("benches", 8), (".ci", 10)].map(|(directory, least)| {
        let files = texts(directory);
        assert!(files.len() > least, "files are missing in {directory}: {}", files.len());
        (directory, files)
    });
    for (directory, files) in [("src", files())].into_iter().chain(others) {
        for file in files {
            for (line, text) in file.text.lines().enumerate() {
                let is_private = |word: &String| {
                    PRIVATE_WORDS.contains(&word.as_str()) && (file.path.as_str(), word.as_str()) != UNIX_USER
                };
                let found = words(text).find(is_private);
                assert_eq!(found, None, "{directory}/{}:{}: {text}", file.path, line + 1);
            }
        }
    }
}

#[test]
fn every_type_name_is_unique() {
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
                panic!("{place}: `{name}` is already a type in {other}: name it by its role");
            }
        }
    }
    assert!(homes.len() > 300, "types are not found: {}", homes.len());
}
