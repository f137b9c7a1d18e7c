//! The form of an array: that it is one, its element type and its shape. What its elements may be is judged in `values`.

use super::super::number::tuple;
use super::judged_array::JudgedArray;
use super::{ContractFindings, indices, values};
use crate::prediction::contract::{Dimension, FieldKind, Sizes};
use crate::prediction::{Value, show_shape};
use crate::tensor::Tensor;

pub(super) fn judge(subject: &JudgedArray<'_>, value: &Value, sizes: &mut Sizes, report: &mut ContractFindings<'_>) {
    let path = subject.path;
    let tensor = match value {
        Value::Array(tensor) => tensor,
        Value::Float(_) | Value::Integer(_) if subject.field.kind == FieldKind::Scalar => {
            return values::judge_number(subject, value.as_number().unwrap_or(f64::NAN), report);
        }
        other => {
            report.add(report.wrong(format!("{path}: expected an array, got {}", other.describe())));
            return;
        }
    };
    let dtypes = &subject.field.dtypes;
    if !dtypes.is_empty() && !dtypes.contains(&tensor.dtype()) {
        let expected: Vec<String> = dtypes.iter().map(ToString::to_string).collect();
        let summary = format!("{path}: expected dtype {}, got {}", expected.join(" or "), tensor.dtype());
        report.add(report.wrong(summary));
    }
    if judge_shape(subject, tensor, sizes, report) {
        values::judge(subject, tensor, report);
        indices::judge(subject, tensor, report);
    }
}

/// Whether the shape is right; only then do positions mean anything.
fn judge_shape(
    subject: &JudgedArray<'_>,
    tensor: &Tensor,
    sizes: &mut Sizes,
    report: &mut ContractFindings<'_>,
) -> bool {
    let dimensions = &subject.field.shape;
    let shape = tensor.shape();
    if dimensions.len() == shape.len() {
        bind(dimensions, shape, sizes);
    }
    let expected: Vec<Option<usize>> = dimensions.iter().map(|dimension| dimension.resolve(sizes)).collect();
    let fits =
        shape.len() == expected.len() && shape.iter().zip(&expected).all(|(got, expected)| *expected == Some(*got));
    if fits {
        return true;
    }
    let symbols: Vec<String> = dimensions.iter().map(ToString::to_string).collect();
    let sizes: Vec<String> = dimensions
        .iter()
        .zip(&expected)
        .map(|(dimension, size)| size.map_or_else(|| dimension.to_string(), |size| size.to_string()))
        .collect();
    let summary = format!(
        "{}: expected shape {} for [{}], got {}",
        subject.path,
        tuple(&sizes),
        symbols.join(", "),
        show_shape(shape)
    );
    let sizes: Option<Vec<usize>> = expected.into_iter().collect();
    let hint = sizes.and_then(|sizes| likely_cause(subject, &sizes, shape));
    report.add(report.wrong(summary).with_hint(hint));
    false
}

/// Gives symbols without a size the one that this array shows.
fn bind(dimensions: &[Dimension], shape: &[usize], sizes: &mut Sizes) {
    for (dimension, &size) in dimensions.iter().zip(shape) {
        if let Dimension::Symbol(name, plus) = dimension
            && !sizes.contains_key(name)
            && let Some(base) = size.checked_sub(*plus)
        {
            sizes.insert(name.clone(), base);
        }
    }
}

/// What usually makes a shape come out like this.
fn likely_cause(subject: &JudgedArray<'_>, expected: &[usize], got: &[usize]) -> Option<String> {
    let without_ones = |shape: &[usize]| shape.iter().copied().filter(|size| *size != 1).collect::<Vec<_>>();
    if expected.len() != got.len() {
        return (without_ones(expected) == without_ones(got))
            .then(|| "a dimension of size 1 was added or dropped".to_owned());
    }
    let sorted = |shape: &[usize]| {
        let mut sizes = shape.to_vec();
        sizes.sort_unstable();
        sizes
    };
    if sorted(expected) == sorted(got) {
        return Some("the dimensions are in another order".into());
    }
    let mut residues = subject.axes.residues.iter();
    let &axis = residues.next()?;
    let (expected, got) = (*expected.get(axis)?, *got.get(axis)?);
    let linker = subject.answered.expected.options.get("glycine_linker");
    let linker = linker.and_then(|linker| linker.as_str()).map_or(0, str::len);
    let longest = subject.complexes.iter().max_by_key(|complex| complex.length)?;
    let joints = longest.chains.len().saturating_sub(1);
    match got.checked_sub(expected)? {
        more if linker > 0 && more == joints * linker => Some("the linker between chains was left in".into()),
        more if more > 0 && more == joints => Some("the separators between chains were left in".into()),
        2 => Some("two rows more than residues: begin and end tokens were left in".into()),
        _ => None,
    }
}
