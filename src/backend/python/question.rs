//! Asks an interpreter something by a small program that it runs. Hosts nothing.

use std::process::Stdio;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::hosting::Hosting;

/// How long an interpreter may take to say who it is: some make an environment first.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of its response that are read.
const LONGEST: u64 = 64 << 10;

/// The response of the interpreter to a question, a program whose last line is JSON; or why there is none.
pub(super) async fn ask<T: DeserializeOwned>(hosting: &Hosting, question: &str, words: &[String]) -> Result<T, String> {
    let (program, arguments) = hosting.interpreter.split_first().ok_or("no interpreter is named")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .args(["-c", question])
        .args(words)
        .envs(hosting.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(directory) = &hosting.directory {
        command.current_dir(directory);
    }
    let asking = async {
        let mut child = command.spawn().map_err(|error| format!("{program} cannot be run: {error}"))?;
        let mut text = String::new();
        if let Some(output) = child.stdout.take() {
            let read = output.take(LONGEST).read_to_string(&mut text).await;
            read.map_err(|error| format!("the response of {program} cannot be read: {error}"))?;
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        let last = text.lines().last().unwrap_or_default();
        serde_json::from_str(last).map_err(|_| format!("{program} does not answer as a Python does ({status})"))
    };
    let asked = tokio::time::timeout(PATIENCE, asking).await;
    asked.unwrap_or_else(|_| Err(format!("{program} did not answer within {} s", PATIENCE.as_secs())))
}
