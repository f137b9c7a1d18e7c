//! `chain_index` and `residue_index`: the only arrays whose every element follows from the input alone.

use super::super::number::{count, show};
use super::super::places::place;
use super::ContractFindings;
use super::judged_array::JudgedArray;
use crate::prediction::contract::FieldKind;
use crate::prediction::is_symbol;
use crate::tensor::Tensor;

pub(super) fn judge(subject: &JudgedArray<'_>, tensor: &Tensor, report: &mut ContractFindings<'_>) {
    let field = subject.field;
    let per_residue = matches!(field.shape.as_slice(), [batch, residues]
        if is_symbol(batch, "B") && is_symbol(residues, "L"));
    if field.kind != FieldKind::Array || !per_residue {
        return;
    }
    let index_of: fn(usize, usize) -> usize = match field.name.as_str() {
        "chain_index" => |chain, _| chain,
        "residue_index" => |_, residue| residue,
        _ => return,
    };
    let width = tensor.shape().get(1).copied().unwrap_or(0);
    let (mut wrong, mut first) = (0, None);
    for (sample, complex) in subject.complexes.iter().enumerate() {
        let residues = complex
            .chains
            .iter()
            .enumerate()
            .flat_map(|(chain, part)| (0..part.residues).map(move |residue| (chain, residue)));
        for (place, (chain, residue)) in residues.enumerate() {
            let flat = sample * width + place;
            let expected = index_of(chain, residue) as f64;
            let got = tensor.f64_at(flat);
            if got != Some(expected) {
                wrong += 1;
                first.get_or_insert((flat, expected, got));
            }
        }
    }
    let Some((flat, expected, got)) = first else { return };
    let total: usize = subject.complexes.iter().map(|complex| complex.length).sum();
    let place = place(&subject.axes, &tensor.position(flat), subject.complexes, 0);
    let got = got.map_or_else(|| "nothing".to_owned(), show);
    let summary = format!(
        "{}: wrong for {wrong} of {}; at {place} expected {}, got {got}",
        subject.path,
        count(total, "residue"),
        show(expected)
    );
    let hint = match (field.name.as_str(), got.as_str()) {
        ("residue_index", "1") if expected == 0.0 => Some("residues are counted from 0 in every chain".to_owned()),
        ("residue_index", _) if expected == 0.0 => Some("counting starts anew in every chain".to_owned()),
        _ => None,
    };
    report.add(report.wrong(summary).with_hint(hint));
}
