//! `hydrotest matrix`: backends against models, from outcome files. Judges nothing anew.

use std::collections::BTreeMap;

use super::CommandError;
use super::arguments::MatrixArguments;
use super::report::{misconfigured, read, show, write};
use crate::report::matrix::{MATRIX_FORMS, MatrixView};

/// Shows or writes the table. Exits with 0, whatever it says.
pub(crate) fn matrix(arguments: &MatrixArguments) -> Result<u8, CommandError> {
    let form = MATRIX_FORMS.iter().find(|form| form.name == arguments.to);
    let form = form.ok_or_else(|| misconfigured(format!("there is no form `{}`", arguments.to)))?;
    let mut runs = Vec::new();
    for path in &arguments.outcomes {
        runs.push(read(path)?);
    }
    let links: BTreeMap<String, String> = arguments.link.iter().cloned().collect();
    let named = links.keys().chain(&arguments.backend);
    for name in named {
        if !runs.iter().any(|run| run.backend.name == *name) {
            return Err(misconfigured(format!("no outcome file is of a backend `{name}`")));
        }
    }
    if let Some(backend) = &arguments.backend {
        runs.retain(|run| run.backend.name == *backend);
    }
    let text = MatrixView::new(&runs, &links).render(form);
    match &arguments.output {
        Some(path) => write(path, &text),
        None => show(&text),
    }
}
