//! Runs that end early: by signals, or because the reader of the output goes away.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::Project;

/// A suite long enough for a signal to arrive in the middle.
fn long_project() -> Project {
    let project = Project::new();
    let mut suite = String::from("about = \"many cases\"\nmodels = [\"esm2\"]\n");
    for case in 0..20_000 {
        let _ = writeln!(
            suite,
            "[[case]]\nname = \"case_{case}\"\nsequences = \"short\"\nchecks = [{{ check = \"contract\" }}]"
        );
    }
    project.write("suites/small.toml", &suite);
    project
}

#[cfg(unix)]
fn signalled(project: &Project, signal: rustix::process::Signal) -> (Option<i32>, String) {
    let mut child = project.command(&[]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut seen = String::new();
    // The first finished case shows that the run has started.
    while !seen.contains("... ok") {
        assert_ne!(stdout.read_line(&mut seen).unwrap(), 0, "{seen}");
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
    stdout.read_to_string(&mut seen).unwrap();
    (child.wait().unwrap().code(), seen)
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_with_the_results_so_far() {
    let project = long_project();
    let mut reported = Vec::new();
    for (signal, code) in [(rustix::process::Signal::INT, 130), (rustix::process::Signal::TERM, 143)] {
        let (exit, output) = signalled(&project, signal);
        assert_eq!(exit, Some(code));
        assert!(output.contains("ignored (interrupted)"), "{}", tail(&output));
        reported.push(output.lines().last().unwrap().to_owned());
    }
    insta::assert_snapshot!(reported.join("\n"), @"
    inconclusive: interrupted (exit code 130)
    inconclusive: terminated (exit code 143)
    ");
}

#[test]
fn a_reader_that_goes_away_does_not_hang_the_run() {
    let project = long_project();
    let mut child = project.command(&[]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
