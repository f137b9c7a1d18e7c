//! What the measures that failed are about. Knows their keys; measures nothing.

use crate::cause::Aspect;
use crate::measure::{Measure, Verdict};

/// Measures of confidences.
const CONFIDENCES: [&str; 5] = ["plddt", "plddt_max", "unmasked_plddt", "b_factor", "mask_size"];

/// What the failed ones of these measures are about: confidences only where all positions agree, and how chains stand to each
/// other only where each of them agrees.
#[must_use]
pub fn aspect(measures: &[Measure]) -> Aspect {
    let failed = measures
        .iter()
        .filter(|measure| measure.verdict() == Verdict::Different);
    let keys: Vec<&str> = failed.map(|measure| measure.key).collect();
    let other: Vec<&str> = keys.iter().copied().filter(|key| !CONFIDENCES.contains(key)).collect();
    if keys.is_empty() {
        Aspect::Any
    } else if other.is_empty() {
        Aspect::Confidences
    } else if other.contains(&"interface_lddt") && !other.contains(&"chain_lddt") && !other.contains(&"residue_lddt") {
        Aspect::Assembly
    } else if other
        .iter()
        .all(|key| matches!(*key, "unmasked_lddt" | "chain_lddt" | "inverted"))
    {
        Aspect::Any
    } else {
        Aspect::Positions
    }
}
