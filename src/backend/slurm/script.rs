//! The batch script of a job: the model server's variables, the lines that the table asks for, the command, and the part
//! that is the same for every job. Writes text and runs nothing; no secret is in it.

use std::ffi::OsString;
use std::fmt::Write;

use super::job_dir::ENVIRONMENT;
use super::server::Server;
use super::settings::PORT;
use crate::backend::kind::LaunchSpec;

/// The part that is the same for every job.
const BODY: &str = include_str!("job.sh");

/// What a script is made of besides the job.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    /// The directory of the instance, as the node knows it.
    pub(super) directory: &'a str,
    /// Environment modules to load.
    pub(super) modules: &'a [String],
    /// Lines to run before the server.
    pub(super) prologue: &'a [String],
    /// Variables that came with the submission and are not for the server.
    pub(super) withheld: Vec<OsString>,
    /// The server, with [`PORT`] in its command where the port belongs.
    pub(super) server: &'a Server,
    /// Tenths of a second between asking the server to end and killing it.
    pub(super) tenths: u128,
}

/// The whole script, without the secret.
pub(super) fn script(parts: &Parts<'_>, launch: &LaunchSpec) -> String {
    let (name, model) = (launch.instance.label(), &launch.contract.key);
    let mut text = format!("#!/bin/bash\n# {name}: the model server of {model}, submitted by hydrotest\n");
    let mut line = |content: String| {
        text.push_str(&content);
        text.push('\n');
    };
    line(format!("hydrotest_directory={}", quoted(parts.directory)));
    line(format!("hydrotest_tenths={}", parts.tenths));
    for name in &parts.withheld {
        line(format!("unset {}", quoted(&name.to_string_lossy())));
    }
    if !parts.modules.is_empty() {
        line(MODULES.to_owned());
    }
    for module in parts.modules {
        line(format!("module load {} || exit 1", quoted(module)));
    }
    for part in parts.prologue {
        line(part.clone());
    }
    line("# The table's variables and the secret, which only the owner of this job may read.".to_owned());
    line(format!(
        ". \"$hydrotest_directory/{ENVIRONMENT}\" || {{ echo \"hydrotest: is $hydrotest_directory shared with $HOSTNAME?\"; exit 1; }}"
    ));
    for (name, value) in &parts.server.public {
        line(match value {
            Some(value) => format!("export {name}={}", quoted(value)),
            None => format!("unset {name}"),
        });
    }
    let command: Vec<String> = parts.server.command.iter().map(|word| command_word(word)).collect();
    line(format!("hydrotest_serve() {{\n    exec {}\n}}", command.join(" ")));
    text.push('\n');
    text.push_str(BODY);
    text
}

/// The lines of the file with the variables that only its owner may read.
pub(super) fn environment(variables: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in variables {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "export {name}={}", quoted(value));
    }
    text
}

/// Makes `module` known where a job's shell does not know it by itself.
const MODULES: &str = "\
for hydrotest_file in /etc/profile.d/*mod*.sh; do
    type module >/dev/null 2>&1 || { [ -r \"$hydrotest_file\" ] && . \"$hydrotest_file\"; }
done";

/// A word as a shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A word of the command, with the port of the function's argument.
fn command_word(word: &str) -> String {
    let parts: Vec<String> =
        word.split(PORT).map(|part| if part.is_empty() { String::new() } else { quoted(part) }).collect();
    match parts.join("\"$1\"") {
        nothing if nothing.is_empty() => "''".to_owned(),
        word => word,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_every_word_back() {
        for word in ["", "a", "it's", "$HOME `x` \"y\"", "a\nb", "*", "~", "-n", "ü"] {
            let read = Command::new("bash").args(["-c", &format!("printf '[%s]' {}", quoted(word))]).output().unwrap();
            assert_eq!(String::from_utf8(read.stdout).unwrap(), format!("[{word}]"));
        }
    }

    #[test]
    fn the_port_may_be_anywhere_in_a_word() {
        assert_eq!(command_word("\0"), "\"$1\"");
        assert_eq!(command_word("--bind=0.0.0.0:\0"), "--bind=0.0.0.0:\"$1\"");
        assert_eq!(command_word("http://h:\0/it's"), r#"http://h:"$1"'/it'\''s'"#);
        assert_eq!(command_word(""), "''");
    }

    #[test]
    fn the_body_is_a_script_that_a_shell_accepts() {
        let checked = Command::new("bash").args(["-n", "-c", BODY]).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}
