//! `hydrotest clean`: removes what killed runs left, on this machine and on every platform they had reached.

use std::fmt::Write;

use super::arguments::CleanArguments;
use super::{BROKEN, Trouble, complain, runtime, say};
use crate::backend::clearing::{Fate, Sweep};
use crate::backend::registry;

/// Removes what is left, or says what would be removed.
pub fn clean(arguments: &CleanArguments) -> Result<u8, Trouble> {
    let fate = if arguments.dry_run {
        Fate::LeftAlone
    } else {
        Fate::Removed
    };
    let sweep = runtime()?.block_on(registry::sweep(fate));
    say(&told(&sweep, fate));
    for trouble in &sweep.troubles {
        complain(&format!("not cleared up: {trouble}"));
    }
    if sweep.troubles.is_empty() {
        return Ok(0);
    }
    complain(&format!(
        "what could not be cleared up is kept in mind: `hydrotest clean` tries again (exit code {BROKEN})"
    ));
    Ok(BROKEN)
}

fn told(sweep: &Sweep, fate: Fate) -> String {
    let (verb, done) = match fate {
        Fate::LeftAlone => ("would remove", "to be cleared up after"),
        Fate::Removed => ("removed", "cleared up after"),
    };
    let mut text = String::new();
    for leftover in &sweep.removed {
        let _ = writeln!(text, "{verb} {leftover}");
    }
    if let Some(unavailable) = sweep.processes {
        let _ = writeln!(text, "processes of killed runs: {unavailable}");
    }
    let plural = if sweep.runs == 1 { "" } else { "s" };
    if sweep.runs > 0 {
        let _ = writeln!(text, "{} killed run{plural} {done}", sweep.runs);
    } else if sweep.troubles.is_empty() {
        text.push_str("nothing to clean\n");
    }
    text
}
