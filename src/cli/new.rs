//! `hydrotest new backend` adds the table of a backend to the configuration, and `hydrotest init` writes the built-in files of a project.
//! `new` keeps the text of the file, `init` refuses existing files, and neither runs anything.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::output::{CommandError, did_you_mean, say};
use super::paths::ConfigPlace;
use crate::backend::kind::Kind;
use crate::backend::registry::{self, KINDS};
use crate::built_in;
use crate::config::{Config, Diagnostic, Diagnostics, Source};
use crate::metric_value::count;
use crate::snapshot::write_atomically;

/// Parts of a project that can be declared.
#[derive(Debug, Subcommand)]
pub(crate) enum New {
    /// Declare a backend: adds a table with the keys of its kind to the configuration.
    Backend {
        /// Its name.
        name: String,
        /// What kind it is; `hydrotest backends` lists them.
        #[arg(long, default_value = "process")]
        kind: String,
        /// The file that declares backends, made when it is not there [default: `backends.toml` here or in a directory above].
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Most characters of a name, which occurs in tables, file names and messages.
const LONGEST_NAME: usize = 64;

/// Declares a new backend.
pub(super) fn new(New::Backend { name, kind, config }: &New) -> Result<u8, CommandError> {
    backend(name, kind, ConfigPlace::find(config.as_deref())?.file())
}

fn backend(name: &str, kind: &str, path: &Path) -> Result<u8, CommandError> {
    check_name(name)?;
    let kind = kind_of(kind)?;
    let before = path.exists().then(|| Source::read(path)).transpose()?;
    if let Some(before) = &before
        && let Some(table) = Config::parse(before)?.backend(name)
    {
        let diagnostic = Diagnostic::at(table.location.clone(), format!("backend `{name}` is there already"));
        return Err(diagnostic.with_help("choose another name, or change that table").into());
    }
    let text = with_backend(before.as_ref().map(|source| source.text()), name, kind);
    // Not written unless it can be read back. Both the file and the table can be read, so an error is about their combination.
    let after = Config::parse(&Source::new(path.display().to_string(), text.as_str())).map_err(|_| {
        // Nothing can be added to an inline table.
        let problem = "its `backends` are written as one inline table";
        Diagnostic::new(format!("no table can be added to {}: {problem}", path.display()))
            .with_help("write every backend as a table of its own, [backends.NAME]")
    })?;
    let mut diagnostics = Diagnostics::new();
    registry::validate(&after, &mut diagnostics);
    diagnostics.into_result(())?;
    replace(path, &text).map_err(CommandError::because(format!("{} cannot be written", path.display())))?;

    let place =
        if path == Path::new("backends.toml") { String::new() } else { format!(" --config {}", path.display()) };
    let served = |key: &&str| after.backend(name).is_some_and(|table| table.serves(key));
    let model = after.models.iter().map(|model| model.key.as_str());
    // The smallest model that most backends have shows a mistake soonest.
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

/// Refuses a name that would need quotes in the file or on a command line.
fn check_name(name: &str) -> Result<(), Diagnostics> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    if name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.len() <= LONGEST_NAME
        && name.chars().all(plain)
    {
        return Ok(());
    }
    let shown: String = name.chars().take(LONGEST_NAME).collect();
    let message = format!(
        "`{shown}` is no name for a backend: expected a letter, and then letters, digits, `_`, `-` or `.`, {LONGEST_NAME} in \
         all at most"
    );
    Err(Diagnostic::new(message).into())
}

fn kind_of(name: &str) -> Result<&'static Kind, Diagnostics> {
    let known = || KINDS.iter().map(|kind| kind.name);
    KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| {
        let help = did_you_mean(name, known());
        let help = help.unwrap_or_else(|| format!("known: {}", known().collect::<Vec<_>>().join(", ")));
        Diagnostic::new(format!("unknown kind `{name}`")).with_help(help).into()
    })
}

/// The text of a configuration with one more table. The existing text stays as it is.
fn with_backend(before: Option<&str>, name: &str, kind: &Kind) -> String {
    let mut text = before.map_or_else(|| format!("default = \"{name}\"\n"), str::to_owned);
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

/// Writes a file completely or not at all, and keeps its permissions.
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

/// Most existing files that are named.
const NAMED: usize = 5;

/// Writes all built-in files, or none if one of them exists.
pub(super) fn init(directory: &Path) -> Result<u8, CommandError> {
    refuse_existing(directory)?;
    for (written, file) in built_in::files().enumerate() {
        let path = directory.join(file.path);
        write_atomically(&path, file.content).map_err(|error| {
            let (path, written) = (path.display(), count(written, "file"));
            CommandError::Broken(format!("{path} cannot be written: {error}; {written} written before it"))
        })?;
    }
    let (shown, files) = (directory.display(), count(built_in::files().count(), "file"));
    say(&format!(
        "wrote backends.toml, suites and snapshots to {shown}: {files}\nnext: hydrotest new backend NAME --kind KIND\n"
    ));
    Ok(0)
}

/// Refuses a directory that contains a file of a project.
fn refuse_existing(directory: &Path) -> Result<(), Diagnostics> {
    // A broken link exists too.
    let is_there = |path: &&str| directory.join(path).symlink_metadata().is_ok();
    let existing: Vec<&str> = built_in::files().map(|file| file.path).filter(is_there).collect();
    if existing.is_empty() {
        return Ok(());
    }
    let (shown, rest) = existing.split_at(NAMED.min(existing.len()));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    let message = format!("already in {}: {}{more}", directory.display(), shown.join(", "));
    let help = "nothing was written; name another directory, or move these away";
    Err(Diagnostic::new(message).with_help(help).into())
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
