//! `hydrotest new backend`: adds the table of a backend to the configuration, with the keys that its kind has.

use std::io::Write as _;
use std::path::Path;

use super::arguments::{ConfigPlace, New};
use super::{CommandError, say};
use crate::backend::kind::Kind;
use crate::backend::registry::{self, KINDS};
use crate::config::{Config, Diagnostic, Diagnostics, Source, suggest};

/// Characters of a name: it stands in tables, file names and messages.
const LONGEST_NAME: usize = 64;

/// Begins what was asked for.
pub(crate) fn new(what: &New) -> Result<u8, CommandError> {
    match what {
        New::Backend { name, kind, config } => {
            let place = ConfigPlace::find(config.as_deref())?;
            backend(name, kind, place.file())
        }
    }
}

fn backend(name: &str, kind: &str, path: &Path) -> Result<u8, CommandError> {
    check_name(name)?;
    let kind = kind_of(kind)?;
    let before = path.exists().then(|| Source::read(path)).transpose()?;
    if let Some(before) = &before {
        refuse_existing(&Config::parse(before)?, name)?;
    }
    let text = with_backend(before.as_ref().map(|source| source.text()), name, kind);
    // What cannot be read back is not written. The file could be read before, and the table alone can be as well.
    let after = Config::parse(&Source::new(path.display().to_string(), text.as_str()));
    let after = after.map_err(|_| closed(path))?;
    let mut diagnostics = Diagnostics::new();
    registry::validate(&after, &mut diagnostics);
    diagnostics.into_result(())?;
    replace(path, &text)
        .map_err(|error| CommandError::Broken(format!("{} cannot be written: {error}", path.display())))?;

    let place =
        if path == Path::new("backends.toml") { String::new() } else { format!(" --config {}", path.display()) };
    let served = |key: &&str| after.backend(name).is_some_and(|table| table.serves(key));
    let model = after.models.iter().map(|model| model.key.as_str());
    // The smallest model that everybody has is the quickest to show a mistake.
    let model = std::iter::once("esm2").chain(model).find(served).unwrap_or("esm2");
    say(&format!(
        "declared [backends.{name}] of kind {} in {}: its keys are explained there\n\
         next:\n  \
         hydrotest doctor --backend {name}{place}\n  \
         hydrotest --backend {name} --model {model} minimal{place}\n",
        kind.name,
        path.display()
    ));
    Ok(0)
}

/// Refuses a name that could not be written in the file or on a command line as it is.
fn check_name(name: &str) -> Result<(), Diagnostics> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let begins = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    if begins && name.len() <= LONGEST_NAME && name.chars().all(plain) {
        return Ok(());
    }
    let shown: String = name.chars().take(LONGEST_NAME).collect();
    let message = format!(
        "`{shown}` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, {LONGEST_NAME} in \
         all at most"
    );
    Err(Diagnostic::new(message).into())
}

/// Nothing can be added to an inline table.
fn closed(path: &Path) -> Diagnostics {
    let message =
        format!("no table can be added to {}: its `backends` are written as one inline table", path.display());
    let help = "write every backend as a table of its own, [backends.NAME]";
    Diagnostic::new(message).with_help(help).into()
}

fn kind_of(name: &str) -> Result<&'static Kind, Diagnostics> {
    let known = || KINDS.iter().map(|kind| kind.name);
    KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| {
        let diagnostic = Diagnostic::new(format!("unknown kind `{name}`"));
        let help = match suggest(name, known()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known: {}", known().collect::<Vec<_>>().join(", ")),
        };
        diagnostic.with_help(help).into()
    })
}

fn refuse_existing(config: &Config, name: &str) -> Result<(), Diagnostics> {
    match config.backend(name) {
        None => Ok(()),
        Some(table) => {
            let message = format!("backend `{name}` is there already");
            let diagnostic = Diagnostic::at(table.location.clone(), message);
            Err(diagnostic.with_help("choose another name, or change that table").into())
        }
    }
}

/// The text of a configuration with one table more; nothing that is there is touched.
fn with_backend(before: Option<&str>, name: &str, kind: &Kind) -> String {
    let mut text = match before {
        Some(text) => text.to_owned(),
        None => format!("default = \"{name}\"\n"),
    };
    if !text.ends_with('\n') {
        text.push_str(if text.contains("\r\n") { "\r\n" } else { "\n" });
    }
    // A dot in a bare key would begin a table within a table.
    let key = if name.contains('.') { format!("\"{name}\"") } else { name.to_owned() };
    let Kind { name, template, .. } = kind;
    let mut table = format!("\n[backends.{key}]\nkind = \"{name}\"\n{template}");
    if text.contains("\r\n") {
        table = table.replace('\n', "\r\n");
    }
    text.push_str(&table);
    text
}

/// Writes a file as a whole or not at all, with the permissions it had.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    let permissions = match std::fs::metadata(&target) {
        Ok(metadata) => metadata.permissions(),
        Err(_) => std::os::unix::fs::PermissionsExt::from_mode(0o644),
    };
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_refused_in_one_sentence_before_anything_else() {
        for name in ["lab", "a.b-c_9", &"x".repeat(64)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let shown = ["", "-x", "9", "a b", "é", "a:b", "a\"b", &"x".repeat(65)]
            .map(|name| check_name(name).unwrap_err().to_string());
        insta::assert_snapshot!(shown.join("\n"), @r#"
        error: `` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, 64 in all at most
        error: `-x` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, 64 in all at most
        error: `9` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, 64 in all at most
        error: `a b` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, 64 in all at most
        error: `é` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, 64 in all at most
        error: `a:b` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, 64 in all at most
        error: `a"b` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, 64 in all at most
        error: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, 64 in all at most
        "#);
    }

    #[test]
    fn the_lines_of_a_file_end_as_they_did() {
        let before = "default = 'a'\r\n[backends.a]\r\nkind = 'reference'";
        let text = with_backend(Some(before), "lab", &KINDS[1]);
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        assert!(Config::parse(&Source::new("backends.toml", text)).is_ok());
    }

    #[test]
    fn the_table_of_every_kind_can_be_read_back() {
        for kind in KINDS {
            for before in [None, Some("default = 'a'\n[backends.a]\nkind = 'reference'")] {
                let text = with_backend(before, "new.one", kind);
                let config = Config::parse(&Source::new("backends.toml", text.as_str())).unwrap();
                let mut diagnostics = Diagnostics::new();
                registry::validate(&config, &mut diagnostics);
                assert!(diagnostics.is_empty(), "{}: {diagnostics}", kind.name);
                assert!(config.backend("new.one").is_some());
                assert!(text.starts_with(before.unwrap_or_default()));
            }
        }
    }
}
