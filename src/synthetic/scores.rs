//! The scores of a conformation as a mapping, under the names that Boltz gives them. Computes no confidence of its own.

use super::fold::Conformation;
use super::geometry::distance;
use crate::prediction::Value;

/// Residues of two chains this near belong to an interface, in ångström.
const INTERFACE: f64 = 8.0;

/// The scores without `ptm` and `iptm`, which boileroom's response class moves to fields of their own.
pub(super) fn scores(conformation: &Conformation) -> Value {
    let (complex, confidence) = (&conformation.complex, &conformation.confidence);
    let (chains, residues) = (complex.chains.len(), &complex.residues);
    let has_ligand = complex.chains.iter().any(|chain| chain.is_ligand);
    let overall = if chains > 1 { confidence.iptm } else { confidence.ptm };
    let plddt = confidence.mean_plddt();
    let centres = complex.centres();
    let is_interface = |index: &usize| {
        let others = residues.iter().zip(&centres);
        let mut others = others.filter(|(other, _)| other.chain != residues[*index].chain);
        others.any(|(_, &centre)| distance(centre, centres[*index]) < INTERFACE)
    };
    let interface = (0..residues.len()).filter(is_interface);
    let interface: Vec<f64> = interface.map(|index| f64::from(confidence.plddt[index])).collect();
    let pairs = confidence.pde.iter().enumerate().map(|(pair, &error)| {
        let (own, other) = (pair / residues.len(), pair % residues.len());
        (residues[own].chain != residues[other].chain, f64::from(error))
    });
    let (between, all): (Vec<_>, Vec<_>) = (pairs.clone().filter(|(between, _)| *between).collect(), pairs.collect());
    let errors = |pairs: Vec<(bool, f64)>| mean(&pairs.into_iter().map(|(_, error)| error).collect::<Vec<_>>());
    let entries = [
        ("confidence_score", 0.8 * plddt + 0.2 * overall),
        ("ligand_iptm", if has_ligand { confidence.iptm } else { 0.0 }),
        ("protein_iptm", if has_ligand { 0.0 } else { confidence.iptm }),
        ("complex_plddt", plddt),
        (
            "complex_iplddt",
            if interface.is_empty() { plddt } else { mean(&interface) },
        ),
        ("complex_pde", errors(all)),
        ("complex_ipde", errors(between)),
    ];
    let number = |chain: usize| Value::Text(chain.to_string());
    let score = |own: usize, other: usize| Value::Float(confidence.pair_iptm[own * chains + other]);
    let map = |of: &dyn Fn(usize) -> Value| Value::Map((0..chains).map(|chain| (number(chain), of(chain))).collect());
    let pairs = map(&|own| map(&|other| score(own, other)));
    let entries = entries.into_iter().map(|(name, value)| (name, Value::Float(value)));
    let entries = entries.chain([("pair_chains_iptm", pairs), ("chains_ptm", map(&|own| score(own, own)))]);
    Value::Map(entries.map(|(name, value)| (Value::Text(name.into()), value)).collect())
}

/// 0 where there are none.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
