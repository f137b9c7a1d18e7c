//! The part of a project that a run is about: models, suites, level and shard. Does not check whether the names are declared.

use std::fmt;
use std::str::FromStr;

use crate::config::Level;

/// The selection of a user. Empty lists select everything.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Keys of models.
    pub models: Vec<String>,
    /// Names of suites.
    pub suites: Vec<String>,
    /// Only cases of this level.
    pub level: Option<Level>,
    /// One part of the cases.
    pub shard: Option<Shard>,
    /// The weights of the backend, which some suites exclude. `None` without a backend.
    pub weights: Option<String>,
}

/// The `index`-th of `count` parts. A hash of its name assigns each case to a part, which does not depend on other cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Selection {
    /// Everything, on a backend with these weights.
    #[must_use]
    pub fn of_weights(weights: &str) -> Self {
        Self { weights: Some(weights.to_owned()), ..Self::default() }
    }

    /// Whether only the level leaves out cases.
    #[must_use]
    pub fn selects_by_level_only(&self) -> bool {
        self.models.is_empty() && self.suites.is_empty() && self.shard.is_none()
    }

    /// Whether a level is selected.
    #[must_use]
    pub fn wants_level(&self, level: Level) -> bool {
        self.level.is_none_or(|wanted| wanted == level)
    }

    /// Whether a model is selected.
    #[must_use]
    pub fn wants_model(&self, key: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|model| model == key)
    }

    /// Whether a suite is selected.
    #[must_use]
    pub fn wants_suite(&self, name: &str) -> bool {
        self.suites.is_empty() || self.suites.iter().any(|suite| suite == name)
    }
}

impl Shard {
    /// Whether a case belongs to this part.
    #[must_use]
    pub fn holds(self, name: &str) -> bool {
        fnv1a(name) % self.count + 1 == self.index
    }
}

/// `INDEX/COUNT`.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        let parts = parts.filter(|(index, count)| (1..=*count).contains(index));
        let (index, count) = parts.ok_or("a shard is written INDEX/COUNT with 1 ≤ INDEX ≤ COUNT, such as 2/4")?;
        Ok(Self { index, count })
    }
}

/// The 64-bit FNV-1a hash (Fowler, Noll and Vo): the same on every machine and in every release, because the shards of one run are on
/// different machines. The standard library promises neither.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_out_every_name_exactly_once() {
        let shards: Vec<Shard> = ["1/3", "2/3", "3/3"].iter().map(|text| text.parse().unwrap()).collect();
        for case in 0..100 {
            let name = format!("esm2::embed::case_{case}");
            assert_eq!(shards.iter().filter(|shard| shard.holds(&name)).count(), 1);
        }
    }

    #[test]
    fn a_hash_is_the_published_one() {
        assert_eq!(fnv1a(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a("a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn impossible_shards_are_refused() {
        for text in ["0/2", "3/2", "1/0", "1", "a/b", "-1/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
