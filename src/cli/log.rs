//! What `RUST_LOG` asks to be told of a run, on standard error: starts, stops, calls, retries, reports. Only events of hydrotest itself,
//! because other crates may log what is secret.

use std::io::{self, Write};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use super::complain;
use crate::outcome::record::plain_line;

/// Says what to log, such as `debug` or `hydrotest::backend=debug`.
const VARIABLE: &str = "RUST_LOG";
/// The target of our own events begins so.
const OWN: &str = env!("CARGO_CRATE_NAME");

/// Logs from now on what the environment asks for; nothing where it asks for nothing.
pub(super) fn begin() {
    let Ok(wanted) = std::env::var(VARIABLE) else { return };
    let Ok(targets) = wanted.parse::<Targets>() else {
        // It may be meant for other programs.
        complain(&format!("warning: {VARIABLE} is not understood and nothing is logged: {}", plain_line(&wanted)));
        return;
    };
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(PlainLog).with_filter(own(targets));
    // A test that calls the program twice in one process has one already.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
}

/// The part that is about this program.
fn own(targets: Targets) -> Targets {
    let mut own = Targets::new();
    if let Some(level) = targets.default_level() {
        own = own.with_target(OWN, level);
    }
    let named = targets.into_iter();
    let named = named.filter(|(target, _)| target == OWN || target.starts_with(&format!("{OWN}::")));
    own.with_targets(named)
}

/// Standard error, with foreign text made plain. An event comes in one piece.
struct PlainLog;

impl Write for PlainLog {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = plain_line(text.trim_end_matches('\n'));
        writeln!(io::stderr(), "{line}")?;
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
