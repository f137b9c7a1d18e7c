//! Notes and warnings about an instance that are no fault of its backend. This module words and counts them. They do not change a
//! verdict.

/// How important a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Worth knowing.
    Note,
    /// Worth acting on.
    Warning,
}

/// One note or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remark {
    /// How important it is.
    pub(crate) severity: Severity,
    /// The subject. Remarks on one subject are shown once for all instances of the same name.
    pub(crate) topic: &'static str,
    /// The text, without the name of the instance.
    pub(crate) text: String,
}

/// The remarks of a run.
#[derive(Debug, Default)]
pub(crate) struct Remarks(Vec<CountedRemark>);

#[derive(Debug)]
struct CountedRemark {
    label: String,
    remark: Remark,
    times: usize,
}

impl Remark {
    /// A note about `topic`.
    pub(crate) fn note(topic: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Note, topic, text: text.into() }
    }

    /// A warning about `topic`.
    pub(crate) fn warning(topic: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, topic, text: text.into() }
    }
}

impl Remarks {
    /// Adds a remark about the instance that `label` names.
    pub(crate) fn add(&mut self, label: &str, remark: Remark) {
        let key = (label, remark.topic, remark.severity);
        match self.0.iter_mut().find(|known| (known.label.as_str(), known.remark.topic, known.remark.severity) == key) {
            Some(known) => known.times += 1,
            None => self.0.push(CountedRemark { label: label.to_owned(), remark, times: 1 }),
        }
    }

    /// One line for each topic of this severity: the first remark, and how often there was one.
    pub(crate) fn lines(&self, severity: Severity) -> Vec<String> {
        let chosen = self.0.iter().filter(|counted| counted.remark.severity == severity);
        let line = |CountedRemark { label, remark, times }: &_| match times {
            1 => format!("{label}: {}", remark.text),
            _ => format!("{label}: {} ({times} times)", remark.text),
        };
        chosen.map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_about_one_thing_are_told_once_and_counted() {
        let mut remarks = Remarks::default();
        for (label, remark) in [
            ("a", Remark::note("files", "1 file")),
            ("a", Remark::note("files", "2 files")),
            ("b", Remark::note("files", "3 files")),
            ("a", Remark::warning("files", "many files")),
            ("a", Remark::note("ports", "a port")),
        ] {
            remarks.add(label, remark);
        }
        assert_eq!(remarks.lines(Severity::Note), ["a: 1 file (2 times)", "b: 3 files", "a: a port"]);
        assert_eq!(remarks.lines(Severity::Warning), ["a: many files"]);
    }
}
