//! Real model outputs for tests, where they lie beside the project. They are not part of it; tests pass without them.

use std::path::PathBuf;

/// The text of a file of the data folder; `None`, and a line on stderr, when it is not there.
pub(crate) fn read(name: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    let text = std::fs::read_to_string(path).ok();
    if text.is_none() {
        eprintln!("not tested on real data: {name} is not there");
    }
    text
}
