//! Under which fixed options a result was recorded, read from the metadata of its snapshot and compared with those of now. Judges no
//! result.

use super::runtime::{self, Candidate};
use super::{Provenance, SnapshotError, SnapshotKey, Store, text};

/// What it is called in the metadata.
const KEY: &str = "config";
/// What is said of the defaults of the model.
const DEFAULTS: &str = "none beyond the model's defaults";

impl Store {
    /// How the fixed options of a recorded result differ from those of now: its own, then those of now, in words; `None` where they
    /// are the same or nothing is recorded.
    ///
    /// # Errors
    /// When the snapshot cannot be read.
    pub fn configured_otherwise(
        &self,
        key: &SnapshotKey,
        provenance: &Provenance,
    ) -> Result<Option<(String, String)>, SnapshotError> {
        if !self.has(key) {
            return Ok(None);
        }
        let (recorded, _) = text::read_parts(&self.root().join(key.path()))?;
        let candidate = Candidate {
            description: String::new(),
            info: provenance.info(key),
            source: "suites",
            body: "",
        };
        let now = runtime::build(&candidate, runtime::metadata).ok().flatten();
        let (recorded, now) = (options(&recorded), options(&now.unwrap_or_default()));
        let differ = recorded != now;
        Ok(differ.then(|| (in_words(&recorded), in_words(&now))))
    }
}

/// The lines of the configuration in the metadata of a snapshot.
fn options(metadata: &str) -> Vec<String> {
    let is_head = |line: &&str| line.trim_end() == format!("  {KEY}:");
    let lines = metadata.lines().skip_while(|line| !is_head(line)).skip(1);
    let own = lines.take_while(|line| line.starts_with("    "));
    own.map(|line| line.trim().to_owned()).collect()
}

fn in_words(options: &[String]) -> String {
    if options.is_empty() {
        DEFAULTS.to_owned()
    } else {
        options.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configuration_is_taken_from_the_metadata() {
        let text = "source: a\ninfo:\n  options:\n    seed: 1\n  config:\n    no_kernels: true\n    list:\n      - a\n  call: x\n";
        assert_eq!(options(text), ["no_kernels: true", "list:", "- a"]);
        assert_eq!(options("info:\n  options:\n    config: 1\n"), Vec::<String>::new());
        assert_eq!(in_words(&[]), DEFAULTS);
    }
}
