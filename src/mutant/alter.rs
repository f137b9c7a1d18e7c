//! Operations on the values of a field: what generated mutants do to arrays, numbers and mappings. Structures and their files are
//! altered by `alter_structure`.

use half::{bf16, f16};

use super::alter_structure::{altered_structure, altered_text};
use crate::prediction::Value;
use crate::tensor::{DType, Element, Tensor};

/// One way to make a wrong value of a right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Every number × 1.3.
    Scaled,
    /// Every number + a tenth of the range, integers + 1.
    Offset,
    /// The order along an axis reversed; in a structure the axes of space.
    Reversed(usize),
    /// Moved by one along an axis; in a structure the atoms.
    Rolled(usize),
    /// Two axes exchanged.
    Transposed(usize),
    /// One element in the middle + half of the range, integers + 1; in a structure one atom by 3 Å.
    OneElement,
    /// As [`Self::OneElement`] for the whole middle row along an axis; in a structure one residue.
    OneRow(usize),
    /// Every number 0.
    Zeroed,
    /// One element NaN.
    NotANumber,
    /// Through half precision and back.
    Halved,
    /// Another element type with the same numbers.
    OtherType,
    /// One dimension more.
    OtherShape,
    /// `None` in its place.
    Missing,
}

impl Operation {
    /// Those of a field with this many axes, its samples' own.
    pub(crate) fn of_rank(rank: usize) -> Vec<Self> {
        let mut all = vec![
            Self::Scaled,
            Self::Offset,
            Self::OneElement,
            Self::Zeroed,
            Self::NotANumber,
            Self::Halved,
            Self::OtherType,
            Self::OtherShape,
            Self::Missing,
        ];
        for axis in 0..rank {
            all.extend([Self::Reversed(axis), Self::Rolled(axis), Self::OneRow(axis)]);
        }
        all.extend((1..rank).map(Self::Transposed));
        all
    }

    /// Its name in that of a mutant.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Scaled => "scaled".to_owned(),
            Self::Offset => "offset".to_owned(),
            Self::Reversed(axis) => format!("reversed-{axis}"),
            Self::Rolled(axis) => format!("rolled-{axis}"),
            Self::Transposed(axis) => format!("transposed-{axis}"),
            Self::OneElement => "one-element".to_owned(),
            Self::OneRow(axis) => format!("one-row-{axis}"),
            Self::Zeroed => "zeroed".to_owned(),
            Self::NotANumber => "nan".to_owned(),
            Self::Halved => "half".to_owned(),
            Self::OtherType => "dtype".to_owned(),
            Self::OtherShape => "shape".to_owned(),
            Self::Missing => "none".to_owned(),
        }
    }

    /// What it does, in words.
    pub(crate) fn about(self) -> String {
        match self {
            Self::Scaled => "× 1.3".to_owned(),
            Self::Offset => "+ a tenth of the range".to_owned(),
            Self::Reversed(axis) => format!("reversed along axis {axis}"),
            Self::Rolled(axis) => format!("moved by one along axis {axis}"),
            Self::Transposed(axis) => format!("axes {} and {axis} exchanged", axis - 1),
            Self::OneElement => "one element wrong".to_owned(),
            Self::OneRow(axis) => format!("one row along axis {axis} wrong"),
            Self::Zeroed => "zeros".to_owned(),
            Self::NotANumber => "one element NaN".to_owned(),
            Self::Halved => "through half precision".to_owned(),
            Self::OtherType => "another element type".to_owned(),
            Self::OtherShape => "one dimension more".to_owned(),
            Self::Missing => "None".to_owned(),
        }
    }
}

/// A value altered; `None` where the operation makes no sense for it.
pub(crate) fn altered(value: &Value, operation: Operation) -> Option<Value> {
    if operation == Operation::Missing {
        return (!value.is_none()).then_some(Value::None);
    }
    match value {
        Value::Array(tensor) => altered_array(tensor, operation),
        Value::Structure(structure) => altered_structure(structure, operation).map(|it| Value::Structure(Box::new(it))),
        Value::Text(text) => altered_text(text, operation).map(Value::Text),
        Value::Float(number) => altered_number(*number, operation),
        Value::Integer(number) => match operation {
            Operation::Offset | Operation::OneElement => Some(Value::Integer(number + 1)),
            Operation::OtherType => Some(Value::Text(number.to_string())),
            Operation::Zeroed if *number != 0 => Some(Value::Integer(0)),
            _ => None,
        },
        Value::List(items) => altered_items(items, operation).map(Value::List),
        Value::Tuple(items) => altered_items(items, operation).map(Value::Tuple),
        Value::Map(entries) => {
            let values: Vec<Value> = entries.iter().map(|(_, value)| value.clone()).collect();
            let altered = altered_items(&values, operation)?;
            let keys = entries.iter().map(|(key, _)| key.clone());
            Some(Value::Map(keys.zip(altered).collect()))
        }
        _ => None,
    }
}

/// Every item altered; of what concerns one element alone, the last item that can be.
fn altered_items(items: &[Value], operation: Operation) -> Option<Vec<Value>> {
    let is_local = matches!(operation, Operation::OneElement | Operation::OneRow(_) | Operation::NotANumber);
    let mut all = items.to_vec();
    let mut changed = false;
    for item in all.iter_mut().rev() {
        if let Some(wrong) = altered(item, operation) {
            *item = wrong;
            changed = true;
            if is_local {
                break;
            }
        }
    }
    changed.then_some(all)
}

fn altered_number(number: f64, operation: Operation) -> Option<Value> {
    let wrong = match operation {
        Operation::Scaled => number * 1.3,
        Operation::Offset | Operation::OneElement => number + 0.1,
        Operation::Zeroed => 0.0,
        Operation::NotANumber => f64::NAN,
        Operation::Halved => f16::from_f64(number).to_f64(),
        Operation::OtherType => return Some(Value::Text(number.to_string())),
        Operation::OtherShape => return Some(Value::List(vec![Value::Float(number)])),
        _ => return None,
    };
    Some(Value::Float(wrong))
}

fn altered_array(tensor: &Tensor, operation: Operation) -> Option<Value> {
    let dtype = tensor.dtype();
    let shape = tensor.shape();
    let mut values = tensor.to_f64()?;
    let whole = |values: &[f64]| array(dtype, shape.to_vec(), values);
    let altered = match operation {
        Operation::Scaled => {
            let factor = if dtype.is_float() { 1.3 } else { 2.0 };
            for value in &mut values {
                *value *= factor;
            }
            whole(&values)
        }
        Operation::Offset => {
            let step = step_of(dtype, &values, 0.1);
            for value in &mut values {
                *value += step;
            }
            whole(&values)
        }
        Operation::OneElement => {
            let step = step_of(dtype, &values, 0.5);
            let middle = values.len() / 2;
            *values.get_mut(middle)? += step;
            whole(&values)
        }
        Operation::OneRow(axis) => {
            let step = step_of(dtype, &values, 0.5);
            let (length, inner) = row_of(shape, axis)?;
            let rows = values.chunks_mut(inner).enumerate();
            let meant = rows.filter(|(row, _)| row % length == length / 2);
            meant.for_each(|(_, row)| row.iter_mut().for_each(|value| *value += step));
            whole(&values)
        }
        Operation::Zeroed => whole(&vec![0.0; values.len()]),
        Operation::NotANumber => {
            let middle = values.len() / 2;
            *values.get_mut(middle)? = f64::NAN;
            dtype.is_float().then(|| whole(&values))?
        }
        Operation::Halved => {
            for value in &mut values {
                *value = f16::from_f64(*value).to_f64();
            }
            dtype.is_float().then(|| whole(&values))?
        }
        Operation::OtherType => {
            let other = match dtype {
                DType::F32 => DType::F64,
                DType::F64 => DType::F16,
                _ => DType::F32,
            };
            array(other, shape.to_vec(), &values)
        }
        Operation::OtherShape => array(dtype, [&[1], shape].concat(), &values),
        Operation::Reversed(axis) => whole(&taken(&values, shape, axis, |place, length| length - 1 - place)?),
        Operation::Rolled(axis) => whole(&taken(&values, shape, axis, |place, length| (place + length - 1) % length)?),
        Operation::Transposed(axis) => transposed(dtype, shape, &values, axis),
        Operation::Missing => None,
    }?;
    Some(Value::Array(altered))
}

/// How much is added: a part of the range of the values, and 1 for integers.
fn step_of(dtype: DType, values: &[f64], part: f64) -> f64 {
    if !dtype.is_float() {
        return 1.0;
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = if most > least { most - least } else { 1.0 };
    part * range
}

/// The length of an axis, and how many elements lie inside of one of its places.
fn row_of(shape: &[usize], axis: usize) -> Option<(usize, usize)> {
    let length = *shape.get(axis)?;
    let inner: usize = shape[axis + 1..].iter().product();
    (length > 1 && inner > 0).then_some((length, inner))
}

/// The values with the places along an axis taken from other places.
fn taken(values: &[f64], shape: &[usize], axis: usize, from: impl Fn(usize, usize) -> usize) -> Option<Vec<f64>> {
    let (length, inner) = row_of(shape, axis)?;
    let rows = values.len() / inner;
    let mut wrong = Vec::with_capacity(values.len());
    for row in 0..rows {
        let source = row / length * length + from(row % length, length);
        wrong.extend_from_slice(&values[source * inner..(source + 1) * inner]);
    }
    Some(wrong)
}

/// The axis exchanged with the one before it.
fn transposed(dtype: DType, shape: &[usize], values: &[f64], axis: usize) -> Option<Tensor> {
    let (outer, inner) = (*shape.get(axis.checked_sub(1)?)?, *shape.get(axis)?);
    let unit: usize = shape[axis + 1..].iter().product();
    if unit == 0 || (outer < 2 && inner < 2) {
        return None;
    }
    let mut wrong = Vec::with_capacity(values.len());
    for block in values.chunks(outer * inner * unit) {
        for second in 0..inner {
            for first in 0..outer {
                let start = (first * inner + second) * unit;
                wrong.extend_from_slice(&block[start..start + unit]);
            }
        }
    }
    let mut turned = shape.to_vec();
    turned.swap(axis - 1, axis);
    array(dtype, turned, &wrong)
}

/// An array of a type out of numbers, which are rounded to it.
pub(crate) fn array(dtype: DType, shape: Vec<usize>, values: &[f64]) -> Option<Tensor> {
    fn of<T: Element>(shape: Vec<usize>, values: &[f64], convert: impl Fn(f64) -> T) -> Option<Tensor> {
        let values: Vec<T> = values.iter().map(|value| convert(*value)).collect();
        Tensor::from_values(shape, &values).ok()
    }
    match dtype {
        DType::Bool => of(shape, values, |value| value != 0.0),
        DType::I8 => of(shape, values, |value| value as i8),
        DType::I16 => of(shape, values, |value| value as i16),
        DType::I32 => of(shape, values, |value| value as i32),
        DType::I64 => of(shape, values, |value| value as i64),
        DType::U8 => of(shape, values, |value| value as u8),
        DType::U16 => of(shape, values, |value| value as u16),
        DType::U32 => of(shape, values, |value| value as u32),
        DType::U64 => of(shape, values, |value| value as u64),
        DType::F16 => of(shape, values, f16::from_f64),
        DType::BF16 => of(shape, values, bf16::from_f64),
        DType::F32 => of(shape, values, |value| value as f32),
        DType::F64 => of(shape, values, |value| value),
        DType::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(operation: Operation) -> Option<Vec<f64>> {
        let right = Value::Array(Tensor::from_values(vec![2, 3], &[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap());
        altered(&right, operation)?.as_array()?.to_f64()
    }

    #[test]
    fn operations_move_what_they_say() {
        assert_eq!(of(Operation::Reversed(0)), Some(vec![4.0, 5.0, 6.0, 1.0, 2.0, 3.0]));
        assert_eq!(of(Operation::Rolled(1)), Some(vec![3.0, 1.0, 2.0, 6.0, 4.0, 5.0]));
        assert_eq!(of(Operation::Transposed(1)), Some(vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
        assert_eq!(of(Operation::OneElement), Some(vec![1.0, 2.0, 3.0, 6.5, 5.0, 6.0]));
        assert_eq!(of(Operation::OneRow(1)), Some(vec![1.0, 4.5, 3.0, 4.0, 7.5, 6.0]));
        assert_eq!(of(Operation::Rolled(2)), None);
    }
}
