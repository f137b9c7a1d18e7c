//! The scores of a complex under the names Boltz gives them.

use super::super::Model;
use super::super::complex::Kind;
use super::super::geometry::distance_squared;
use crate::prediction::Value;

/// Tokens of two chains this near belong to an interface, in ångström.
const INTERFACE: f64 = 8.0;

/// The scores without `ptm` and `iptm`, which boileroom's response class moves to fields of their own.
pub(super) fn scores(model: &Model) -> Value {
    let (complex, confidence) = (&model.complex, &model.confidence);
    let chains = complex.chains.len();
    let (several, ligand) = (chains > 1, complex.has(Kind::Ligand));
    let overall = if several { confidence.iptm } else { confidence.ptm };
    let plddt = confidence.mean_plddt();
    let entries = [
        ("confidence_score", 0.8 * plddt + 0.2 * overall),
        ("ligand_iptm", if several && ligand { confidence.iptm } else { 0.0 }),
        ("protein_iptm", if several && !ligand { confidence.iptm } else { 0.0 }),
        ("complex_plddt", plddt),
        ("complex_iplddt", interface_plddt(model).unwrap_or(plddt)),
        ("complex_pde", mean_pde(model, |_, _| true)),
        ("complex_ipde", mean_pde(model, |own, other| own != other)),
    ];
    let number = |chain: usize| Value::Text(chain.to_string());
    let score = |own: usize, other: usize| Value::Float(confidence.pair_iptm[own * chains + other]);
    let mut map: Vec<(Value, Value)> = entries
        .into_iter()
        .map(|(name, value)| (Value::Text(name.into()), Value::Float(value)))
        .collect();
    let pairs = (0..chains)
        .map(|own| {
            let others = (0..chains).map(|other| (number(other), score(own, other)));
            (number(own), Value::Map(others.collect()))
        })
        .collect();
    let own = (0..chains).map(|own| (number(own), score(own, own))).collect();
    map.push((Value::Text("pair_chains_iptm".into()), Value::Map(pairs)));
    map.push((Value::Text("chains_ptm".into()), Value::Map(own)));
    Value::Map(map)
}

/// Mean plddt of the tokens near another chain; `None` where there are none.
fn interface_plddt(model: &Model) -> Option<f64> {
    let tokens = &model.complex.tokens;
    let betas = model.complex.betas();
    let at_interface = |index: usize| {
        let near = |(other, &beta): (usize, &_)| {
            tokens[other].chain != tokens[index].chain && distance_squared(beta, betas[index]) < INTERFACE * INTERFACE
        };
        betas.iter().enumerate().any(near)
    };
    if model.complex.chains.len() < 2 {
        return None;
    }
    let chosen: Vec<f64> = (0..tokens.len())
        .filter(|&index| at_interface(index))
        .map(|index| f64::from(model.confidence.plddt[index]))
        .collect();
    (!chosen.is_empty()).then(|| chosen.iter().sum::<f64>() / chosen.len() as f64)
}

/// Mean distance error over pairs whose chains satisfy a condition; 0 where there are none.
fn mean_pde(model: &Model, wanted: impl Fn(usize, usize) -> bool) -> f64 {
    let tokens = &model.complex.tokens;
    let (mut sum, mut count) = (0.0, 0_usize);
    for (index, &value) in model.confidence.pde.iter().enumerate() {
        let (own, other) = (&tokens[index / tokens.len()], &tokens[index % tokens.len()]);
        if wanted(own.chain, other.chain) {
            sum += f64::from(value);
            count += 1;
        }
    }
    sum / count.max(1) as f64
}
