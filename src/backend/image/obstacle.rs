//! Why the pull of an image failed although its name is right: what engines and registries say of a full disk and of a limit.
//! Reads their words, because engines hand on everything that a registry says as one failure of their own; contacts no registry.

use crate::backend::Fault;

/// What stands in the way of a pull besides the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PullObstacle {
    /// The disk has no room for the image.
    FullDisk,
    /// The registry takes no more pulls from here for a while.
    RateLimit,
}

impl PullObstacle {
    /// The obstacle that these words are about; `None` when they are about something else.
    pub(crate) fn in_words(words: &str) -> Option<Self> {
        const OBSTACLES: [(&str, PullObstacle); 6] = [
            ("no space left on device", PullObstacle::FullDisk),
            ("disk quota exceeded", PullObstacle::FullDisk),
            ("toomanyrequests", PullObstacle::RateLimit),
            ("too many requests", PullObstacle::RateLimit),
            ("pull rate limit", PullObstacle::RateLimit),
            ("429", PullObstacle::RateLimit),
        ];
        let words = words.to_lowercase();
        let said = |pattern: &str| match pattern {
            // A status stands alone; a digest or a size may hold the same digits.
            "429" => words.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == pattern),
            _ => words.contains(pattern),
        };
        OBSTACLES.into_iter().find_map(|(pattern, obstacle)| said(pattern).then_some(obstacle))
    }

    /// The fault of a start that it kept from an image.
    pub(crate) const fn fault(self) -> Fault {
        match self {
            Self::FullDisk => Fault::Misconfigured,
            Self::RateLimit => Fault::Unreachable,
        }
    }

    /// What to do about it.
    pub(crate) const fn advice(self) -> &'static str {
        match self {
            Self::FullDisk => {
                "the disk is full where images are kept: free some disk space there, the name of the image is not the matter"
            }
            Self::RateLimit => {
                "the registry limits how often images are pulled from here: log in there, wait, or use a mirror (`repository`)"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_limit_are_told_from_a_name_that_is_wrong() {
        use PullObstacle::{FullDisk, RateLimit};
        for (words, obstacle) in [
            ("write /var/lib/docker/tmp/x: no space left on device", Some(FullDisk)),
            ("FATAL: while writing: No space left on device", Some(FullDisk)),
            ("toomanyrequests: You have reached your pull rate limit.", Some(RateLimit)),
            ("unexpected status code 429 Too Many Requests", Some(RateLimit)),
            ("received unexpected HTTP status: 429", Some(RateLimit)),
            ("manifest for x/y:1 not found: manifest unknown", None),
            ("blob sha256:1a429b is missing", None),
        ] {
            assert_eq!(PullObstacle::in_words(words), obstacle, "{words}");
        }
    }
}
