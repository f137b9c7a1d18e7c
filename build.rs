//! Lists the suites and the recorded results of this checkout, so that the program has them built in. Reads names, no content.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What is built in, beside the configuration.
const DIRECTORIES: [&str; 2] = ["suites", "snapshots"];
/// The endings of what is built in: nothing that waits for review.
const ENDINGS: [&str; 5] = ["toml", "fasta", "snap", "npz", "json"];

fn main() -> io::Result<()> {
    let home = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed=backends.toml");
    let mut files = vec![home.join("backends.toml")];
    println!("cargo::rerun-if-changed=suites");
    for directory in DIRECTORIES {
        collect(&home.join(directory), &mut files)?;
    }
    files.sort();
    // Not the directory of the recorded results: what a run proposes there for review must not build the program anew. A result that
    // is recorded is built in with the next build that something else makes.
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    let mut list = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&home).map_err(io::Error::other)?;
        let _ =
            writeln!(list, "    ({:?}, include_bytes!({:?})),", name.display().to_string(), file.display().to_string());
    }
    list.push_str("]\n");
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(target.join("built_in.rs"), list)
}

/// The files below a directory that are built in.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if entry.file_type()?.is_dir() {
            collect(&path, files)?;
        } else if ENDINGS.contains(&ending) {
            files.push(path);
        }
    }
    Ok(())
}
