//! The form of an array: that it is one, its element type and its shape. Leaves its elements to `values`.

use super::super::number::tuple;
use super::{ContractFindings, JudgedArray, values};
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
            report.wrong(format!("{path}: expected an array, got {}", other.describe()));
            return;
        }
    };
    let dtypes = &subject.field.dtypes;
    if !dtypes.is_empty() && !dtypes.contains(&tensor.dtype()) {
        let expected: Vec<String> = dtypes.iter().map(ToString::to_string).collect();
        report.wrong(format!("{path}: expected dtype {}, got {}", expected.join(" or "), tensor.dtype()));
    }
    if judge_shape(subject, tensor, sizes, report) {
        values::judge(subject, tensor, report);
        values::judge_indices(subject, tensor, report);
    }
}

/// Whether the shape is right. Positions mean nothing in another shape.
fn judge_shape(
    subject: &JudgedArray<'_>,
    tensor: &Tensor,
    sizes: &mut Sizes,
    report: &mut ContractFindings<'_>,
) -> bool {
    let (dimensions, shape) = (&subject.field.shape, tensor.shape());
    if dimensions.len() == shape.len() {
        bind(dimensions, shape, sizes);
    }
    let expected: Vec<Option<usize>> = dimensions.iter().map(|dimension| dimension.resolve(sizes)).collect();
    if shape.iter().map(|size| Some(*size)).eq(expected.iter().copied()) {
        return true;
    }
    let symbols: Vec<String> = dimensions.iter().map(ToString::to_string).collect();
    let (path, sizes, got) = (subject.path, tuple(dimensions, sizes), show_shape(shape));
    let expected: Option<Vec<usize>> = expected.into_iter().collect();
    let finding = report.wrong(format!("{path}: expected shape {sizes} for [{}], got {got}", symbols.join(", ")));
    finding.hint = expected.and_then(|expected| likely_cause(subject, &expected, shape));
    false
}

/// Gives symbols without a size the size that they have in this array.
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

/// The usual cause of such a shape.
fn likely_cause(subject: &JudgedArray<'_>, expected: &[usize], got: &[usize]) -> Option<String> {
    if expected.len() != got.len() {
        let without_ones = |shape: &[usize]| shape.iter().copied().filter(|size| *size != 1).collect::<Vec<_>>();
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
    let &axis = subject.axes.residues.first()?;
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
