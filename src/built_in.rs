//! The files that are built into the program: configuration, suites and recorded results. Does not read the disk and does not know any
//! format.

/// Sorted paths from the root of the project with their contents. `build.rs` generates the list.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// A file that is built in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltInFile {
    /// From the root of a project, with `/`.
    pub(crate) path: &'static str,
    pub(crate) content: &'static [u8],
}

/// All files, sorted by path.
pub(crate) fn files() -> impl Iterator<Item = BuiltInFile> {
    FILES.iter().map(|&(path, content)| BuiltInFile { path, content })
}

/// The files below a directory such as `suites`, with their paths from there.
pub(crate) fn below(directory: &str) -> impl Iterator<Item = BuiltInFile> {
    files().filter_map(move |file| {
        let path = file.path.strip_prefix(directory)?.strip_prefix('/')?;
        Some(BuiltInFile { path, ..file })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_suites_and_recorded_results_are_built_in() {
        let has = |path: &str| files().any(|file| file.path == path && !file.content.is_empty());
        assert!(has("backends.toml") && has("suites/embed.toml") && has("suites/sequences.fasta"));
        assert!(below("snapshots").any(|file| file.path.starts_with("synthetic/arrays/")));
        assert!(below("snapshots").any(|file| file.path.starts_with("published/")));
        assert!(!files().any(|file| file.path.ends_with(".snap.new") || file.path.contains(".md")));
    }

    #[test]
    fn they_are_those_of_the_checkout() {
        let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in files() {
            assert_eq!(std::fs::read(home.join(file.path)).unwrap(), file.content, "{}", file.path);
        }
    }
}
