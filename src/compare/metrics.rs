//! The table of metrics that have a gate: name, title, unit, direction, subject and gate of each. Does not measure: a new metric is a
//! row here, a key of the gates and a function that computes it.

use crate::metric_value::{Direction, MetricValue, NoiseFloor};
use crate::prediction::gates::GateTable;

/// The subject of a metric, which the diagnosis needs to find the cause of its failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// Positions of residues that both sides are confident of.
    Confident,
    /// Positions of all residues.
    All,
    /// How chains are placed relative to each other.
    Assembly,
    /// Confidences of residues.
    Confidence,
    /// Errors between pairs of residues.
    Pairs,
    /// Rows of numbers.
    Rows,
}

/// A metric with a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GatedMetric {
    /// The key in reports and floors.
    pub(crate) key: &'static str,
    /// The name in sentences.
    pub(crate) name: &'static str,
    /// The name in tables, with the unit.
    pub(crate) title: &'static str,
    /// The unit after a number, with a leading space.
    pub(crate) unit: &'static str,
    pub(crate) better: Direction,
    pub(crate) about: About,
    /// The key of its gate.
    pub(crate) gate: &'static str,
}

/// A row whose gate has its own key.
const fn row(
    key: &'static str,
    (name, title): (&'static str, &'static str),
    unit: &'static str,
    better: Direction,
    about: About,
) -> GatedMetric {
    GatedMetric { key, name, title, unit, better, about, gate: key }
}

use About::{All, Assembly, Confidence, Confident, Pairs, Rows};
use Direction::{Higher, Lower};

/// Every metric with a gate, in the order in which tables show them.
#[rustfmt::skip]
pub(crate) const METRICS: [GatedMetric; 30] = [
    row("ca_rmsd", ("CA RMSD", "RMSD of alpha carbons (Å)"), " Å", Lower, Confident),
    row("rmsd", ("all-atom RMSD", "RMSD of all atoms (Å)"), " Å", Lower, Confident),
    row("ca_max", ("greatest CA distance", "farthest alpha carbons (Å)"), " Å", Lower, Confident),
    row("atom_max", ("greatest distance of a confident atom", "greatest distance of a confident atom (Å)"), " Å", Lower, Confident),
    row("lddt", ("lDDT", "lDDT, contacts of the first"), "", Higher, Confident),
    row("residue_lddt", ("least lDDT of a confident residue", "least lDDT of a confident residue"), "", Higher, Confident),
    row("unmasked_lddt", ("lDDT of all residues", "lDDT, symmetric"), "", Higher, All),
    row("chain_lddt", ("least lDDT within a chain", "least lDDT within a chain"), "", Higher, All),
    row("interface_lddt", ("least lDDT between two chains", "least lDDT between two chains"), "", Higher, Assembly),
    row("inverted", ("Cα with inverted chirality", "Cα with inverted chirality"), "", Lower, All),
    row("inverted_residues", ("confident residues with inverted chirality", "confident residues of inverted chirality"), "", Lower, Confident),
    row("omega", ("greatest turn of a confident peptide bond", "greatest turn of a peptide bond (°)"), "°", Lower, Confident),
    row("dockq", ("DockQ of confident chains", "DockQ"), "", Higher, Confident),
    row("plddt", ("pLDDT error", "pLDDT, mean absolute error"), "", Lower, Confidence),
    row("plddt_max", ("greatest pLDDT error of a residue", "pLDDT, greatest error of a residue"), "", Lower, Confidence),
    row("unmasked_plddt", ("pLDDT error of all residues", "pLDDT, mean absolute error"), "", Lower, Confidence),
    GatedMetric {
        gate: "unmasked_plddt",
        ..row("b_factor", ("temperature factor error of all atoms", "temperature factors, mean absolute error"), "", Lower, Confidence)
    },
    row("mask_size", ("change in confident residues", "change in confident residues"), "", Lower, Confidence),
    row("pae", ("PAE error", "PAE error (Å)"), " Å", Lower, Pairs),
    row("pae_row", ("greatest PAE error of a residue", "greatest PAE error of a residue (Å)"), " Å", Lower, Pairs),
    row("unmasked_pae", ("PAE error of all residues", "PAE error of all residues (Å)"), " Å", Lower, Pairs),
    row("pae_symmetry", ("lost PAE asymmetry", "lost PAE asymmetry"), "", Lower, Pairs),
    row("pae_asymmetry", ("correlation of PAE asymmetry", "correlation of PAE asymmetry"), "", Higher, Pairs),
    row("cosine", ("least cosine of residues", "least cosine of residues"), "", Higher, Rows),
    row("norm_ratio", ("change of norms of residues", "change of norms of residues"), "", Lower, Rows),
    row("unmasked_cosine", ("mean cosine of all residues", "mean cosine of all residues"), "", Higher, Rows),
    GatedMetric { gate: "unmasked_lddt", ..row("frame_lddt", ("lDDT of all frames", "lDDT of all frames"), "", Higher, All) },
    GatedMetric { gate: "rmsd", ..row("frame_rmsd", ("RMSD of frames", "RMSD of frames (Å)"), " Å", Lower, Confident) },
    // Their bound is computed in `placed`.
    GatedMetric { gate: "ca_max", ..row("frame_max", ("greatest distance of frames", "greatest distance of frames (Å)"), " Å", Lower, Confident) },
    GatedMetric { gate: "ca_max", ..row("frame_offset", ("RMSD of frames where the structure lies", "RMSD of frames where the structure lies (Å)"), " Å", Lower, Confident) },
];

/// The metric of a key.
pub(crate) fn metric(key: &str) -> Option<&'static GatedMetric> {
    METRICS.iter().find(|metric| metric.key == key)
}

/// The observed value of a metric with its gate and noise floor. A metric without a row or a gate never passes.
pub(super) fn measured(key: &'static str, observed: f64, gates: &impl GateTable, floor: &NoiseFloor) -> MetricValue {
    let row = metric(key);
    MetricValue {
        key,
        name: row.map_or(key, |row| row.name),
        unit: row.map_or("", |row| row.unit),
        better: row.map_or(Lower, |row| row.better),
        observed,
        floor: floor.get(key),
        allowed: row.and_then(|row| gates.get(row.gate)).unwrap_or(f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::gates::{EmbeddingGates, Gate, StructureGates};

    #[test]
    fn every_metric_has_one_row_and_a_gate_and_every_gate_a_metric() {
        let mut gates: Vec<Gate> = StructureGates::gates();
        gates.extend(EmbeddingGates::gates());
        for (place, metric) in METRICS.iter().enumerate() {
            assert!(gates.iter().any(|gate| gate.key == metric.gate), "{}", metric.key);
            assert!(METRICS[..place].iter().all(|other| other.key != metric.key), "{}", metric.key);
        }
        // From where on a residue is confident is no bound of anything.
        for gate in gates.iter().filter(|gate| gate.key != "confidence") {
            assert!(METRICS.iter().any(|metric| metric.gate == gate.key), "{}", gate.key);
        }
    }
}
