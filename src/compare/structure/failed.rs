//! What the measures that failed are about. Measures nothing.

use super::super::metrics::{About, metric};
use crate::diagnosis::Aspect;
use crate::metric_value::{MetricValue, MetricVerdict};

/// What the failed ones of these measures are about: confidences only where all positions agree, and how chains stand to each
/// other only where each of them agrees.
pub(crate) fn aspect(measures: &[MetricValue]) -> Aspect {
    let failed = measures.iter().filter(|measure| measure.verdict() == MetricVerdict::Different);
    let failed: Vec<(&str, Option<About>)> =
        failed.map(|measure| (measure.key, metric(measure.key).map(|metric| metric.about))).collect();
    let mut positions = failed.iter().filter(|(_, about)| *about != Some(About::Confidence)).peekable();
    if failed.is_empty() {
        return Aspect::Any;
    }
    if positions.peek().is_none() {
        return Aspect::Confidences;
    }
    let has = |key: &str| failed.iter().any(|(own, _)| *own == key);
    if has("interface_lddt") && !has("chain_lddt") && !has("residue_lddt") {
        Aspect::Assembly
    } else if positions.all(|(_, about)| *about == Some(About::All)) {
        Aspect::Any
    } else {
        Aspect::Positions
    }
}
