//! What a suite says of a case, for readers of reports. Put into words when it is asked for: a long plan is listed without it.

use std::sync::Arc;

use crate::config::Case;

/// What a suite says of a case. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaseStatement {
    case: Option<Arc<Case>>,
    /// What the whole suite asks models for.
    suite_needs: Arc<[String]>,
}

impl CaseStatement {
    /// Of a case in a suite that asks for this.
    pub(crate) fn new(case: &Arc<Case>, suite_needs: &Arc<[String]>) -> Self {
        Self { case: Some(Arc::clone(case)), suite_needs: Arc::clone(suite_needs) }
    }

    /// Of no case, in a suite that asks for this.
    #[cfg(test)]
    pub(crate) fn needing(needs: &[&str]) -> Self {
        Self { case: None, suite_needs: needs.iter().map(ToString::to_string).collect() }
    }

    /// `file:line` of the case.
    pub(crate) fn place(&self) -> String {
        let location = self.case.as_ref().map(|case| &case.location);
        let place = location.map(|location| format!("{}:{}", location.source().path(), location.line()));
        place.unwrap_or_default()
    }

    /// What it proves.
    pub(crate) fn about(&self) -> Option<&str> {
        self.case.as_ref()?.about.as_deref()
    }

    /// The names of its checks.
    pub(crate) fn checks(&self) -> Vec<String> {
        let checks = self.case.iter().flat_map(|case| &case.checks);
        checks.map(|check| check.kind.value.clone()).collect()
    }

    /// Which names were drawn for it, and from which seed.
    pub(crate) fn drawn(&self) -> Option<String> {
        let (seed, names) = self.case.as_ref()?.drawn.as_ref()?;
        Some(format!("names drawn from seed {seed}: {}", names.join(", ")))
    }

    /// What suite and case ask models for.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &str> {
        let of_case = self.case.iter().flat_map(|case| &case.scope.needs);
        self.suite_needs.iter().chain(of_case).map(String::as_str)
    }
}
