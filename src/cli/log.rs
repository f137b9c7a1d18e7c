//! The log of `RUST_LOG` on standard error: starts, stops, calls, retries, reports. Does not show events of other crates, which may log
//! secrets.

use std::io::{self, Write};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use super::output::complain;
use crate::outcome::record::plain_line;

/// Selects events, as in `debug` or `hydrotest::backend=debug`.
const VARIABLE: &str = "RUST_LOG";
/// The targets of our own events begin with this.
const OWN: &str = env!("CARGO_CRATE_NAME");

/// Starts to log the events that the environment selects, if any.
pub(super) fn begin() {
    let Ok(wanted) = std::env::var(VARIABLE) else { return };
    let Ok(targets) = wanted.parse::<Targets>() else {
        // Not an error: the variable may be meant for other programs.
        complain(&format!("warning: {VARIABLE} is not understood and nothing is logged: {}", plain_line(&wanted)));
        return;
    };
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(PlainLog).with_filter(own(targets));
    // Fails in a test that calls the program twice in one process.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
}

/// The part of a filter that is about this program.
fn own(targets: Targets) -> Targets {
    let mut own = Targets::new();
    if let Some(level) = targets.default_level() {
        own = own.with_target(OWN, level);
    }
    let is_own = |target: &str| target == OWN || target.starts_with(&format!("{OWN}::"));
    own.with_targets(targets.into_iter().filter(|(target, _)| is_own(target)))
}

/// Standard error, without control characters of foreign text. An event is one write.
struct PlainLog;

impl Write for PlainLog {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        writeln!(io::stderr(), "{}", plain_line(String::from_utf8_lossy(event).trim_end_matches('\n')))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for PlainLog {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    #[test]
    fn other_crates_are_not_listened_to() {
        let shown = |text: &str| own(text.parse().unwrap()).to_string();
        assert_eq!(shown("debug"), "hydrotest=debug");
        assert_eq!(shown("hyper=trace,hydrotest::run=info"), "hydrotest::run=info");
        assert_eq!(own("trace".parse().unwrap()).default_level(), None);
        assert!(own("info".parse().unwrap()).would_enable("hydrotest::backend", &tracing::Level::INFO));
        assert!(!own("trace".parse().unwrap()).would_enable("hyper", &tracing::Level::ERROR));
        assert_eq!(LevelFilter::current(), LevelFilter::OFF, "nothing is logged unasked");
    }
}
