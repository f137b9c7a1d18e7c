//! `hydrotest new backend`: adds the table of a backend to the configuration, with the keys that its kind has.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use super::arguments::New;
use super::{Trouble, say};
use crate::backend::kind::Kind;
use crate::backend::registry::{self, KINDS};
use crate::config::{Config, Diagnostic, Diagnostics, Source, suggest};

/// Begins what was asked for.
pub fn new(what: &New) -> Result<u8, Trouble> {
    match what {
        New::Backend { name, kind, config } => backend(name, kind, config),
    }
}

fn backend(name: &str, kind: &str, path: &Path) -> Result<u8, Trouble> {
    let kind = kind_of(kind)?;
    let before = path.exists().then(|| Source::read(path)).transpose()?;
    if let Some(before) = &before {
        refuse_existing(&Config::parse(before)?, name)?;
    }
    let text = with_backend(before.as_ref().map(|source| source.text()), name, kind);
    // What cannot be read back is not written.
    let after = Config::parse(&Source::new(path.display().to_string(), text.as_str()))?;
    let mut diagnostics = Diagnostics::new();
    registry::validate(&after, &mut diagnostics);
    if after.backend(name).is_none() {
        diagnostics.push(Diagnostic::new(format!("`{name}` is not a backend name")));
    }
    diagnostics.into_result(())?;
    replace(path, &text).map_err(|error| Trouble::Broken(format!("{} cannot be written: {error}", path.display())))?;

    let place = if path == Path::new("backends.toml") {
        String::new()
    } else {
        format!(" --config {}", path.display())
    };
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
        text.push('\n');
    }
    // A dot in a bare key would begin a table within a table.
    let key = if name.contains('.') {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    };
    let Kind { name, template, .. } = kind;
    let _ = write!(text, "\n[backends.{key}]\nkind = \"{name}\"\n{template}");
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
