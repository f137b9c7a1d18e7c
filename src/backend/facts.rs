//! Facts about the platform of a run: versions of engines, tools and images, and devices. Kinds report the facts that they learn anyway.
//! This module does not query anything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The facts known about a platform. Cheap to clone; all clones share one value.
#[derive(Debug, Clone, Default)]
pub struct PlatformFacts(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    versions: BTreeMap<String, Vec<String>>,
    devices: Vec<String>,
}

impl PlatformFacts {
    /// Adds a version or a digest, such as the digest of `image NAME`.
    pub(crate) fn version(&self, of: impl Into<String>, version: impl Into<String>) {
        let version = version.into();
        if !version.trim().is_empty() {
            add(self.lock().versions.entry(of.into()).or_default(), &version);
        }
    }

    /// Adds a device on which a model runs.
    pub(crate) fn device(&self, device: &str) {
        add(&mut self.lock().devices, device);
    }

    /// Whether the version of something is known.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.lock().versions.contains_key(name)
    }

    /// Every version by name. An image that changed between starts has several, joined by commas.
    pub(crate) fn versions(&self) -> BTreeMap<String, String> {
        self.lock().versions.iter().map(|(name, versions)| (name.clone(), versions.join(", "))).collect()
    }

    /// The devices on which models ran, in the order of their first use.
    pub(crate) fn devices(&self) -> Option<String> {
        Some(self.lock().devices.join(", ")).filter(|devices| !devices.is_empty())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds a text unless it is there already.
fn add(texts: &mut Vec<String>, text: &str) {
    let text = text.trim();
    if !texts.iter().any(|known| known == text) {
        texts.push(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_starts_is_kept_and_what_is_not_known_is_absent() {
        let facts = PlatformFacts::default();
        assert_eq!((facts.versions(), facts.devices()), (BTreeMap::new(), None));
        let other = facts.clone();
        for digest in ["sha256:1", "sha256:2", "sha256:1", ""] {
            other.version("image esm", digest);
        }
        other.version("engine", " Docker 20.10.24 (API 1.41)\n");
        other.version("slurm", "");
        other.device("cuda:0");
        let expected = [
            ("engine".to_owned(), "Docker 20.10.24 (API 1.41)".to_owned()),
            ("image esm".to_owned(), "sha256:1, sha256:2".to_owned()),
        ];
        assert_eq!(facts.versions(), expected.into());
        assert_eq!(facts.devices().as_deref(), Some("cuda:0"));
        assert!(facts.knows("engine") && !facts.knows("slurm"));
    }
}
