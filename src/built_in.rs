//! The files that this program was built with: configuration, suites and recorded results. Hands them out as bytes; reads no
//! disk and knows no format.

/// Paths from the root of the project, in order, each with its content. `build.rs` makes the list.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// One file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltInFile {
    /// Its path from the root of a project, with `/`.
    pub(crate) path: &'static str,
    /// What it holds.
    pub(crate) content: &'static [u8],
}

/// Every file, in the order of the paths.
pub(crate) fn files() -> impl Iterator<Item = BuiltInFile> {
    FILES.iter().map(|&(path, content)| BuiltInFile { path, content })
}

/// The files of a directory with their paths from there, such as `suites`.
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
