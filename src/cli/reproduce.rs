//! The command line that repeats one case, as a user would type it. Makes text and runs nothing.

use std::fmt::Write;

use super::arguments::ProjectPaths;
use crate::backend::kind::Overrides;
use crate::outcome::quote;

/// The command line up to the name of a case: what was asked for, without what selects cases.
pub(super) fn command(selector: &str, overrides: &Overrides, places: &ProjectPaths) -> String {
    of_command("", selector, overrides, places)
}

/// The same for a command, whose name ends in a blank.
pub(super) fn of_command(command: &str, selector: &str, overrides: &Overrides, places: &ProjectPaths) -> String {
    // Cargo says so when it started us, and then its user knows no other name for us.
    let program = if std::env::var_os("CARGO").is_some() { "cargo run --" } else { "hydrotest" };
    let [config, suites, snapshots] = [&places.config, &places.suites, &places.snapshots]
        .map(|path| path.as_ref().map(|path| path.to_string_lossy()));
    let given = [
        ("--device", overrides.device.as_deref()),
        ("--gpu", overrides.gpu.as_deref()),
        ("--image-tag", overrides.tag.as_deref()),
        ("--docker-user", overrides.docker_user.as_deref()),
        ("--config", config.as_deref().filter(|path| *path != "backends.toml")),
        ("--suites", suites.as_deref()),
        ("--snapshots", snapshots.as_deref()),
    ];
    let mut line = format!("{program} {command}--backend {}", quote(selector));
    for (flag, value) in given {
        if let Some(value) = value {
            let _ = write!(line, " {flag} {}", quote(value));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_asked_for_again_in_words_that_a_shell_takes() {
        let overrides = Overrides { gpu: Some("A100 40GB".to_owned()), ..Overrides::default() };
        let places =
            ProjectPaths { config: Some("backends.toml".into()), suites: Some("my suites".into()), snapshots: None };
        let line = command("lab:0.4", &overrides, &places);
        assert!(line.ends_with("--backend lab:0.4 --gpu 'A100 40GB' --suites 'my suites'"), "{line}");
    }
}
