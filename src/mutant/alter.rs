//! Operations that generated mutants do on the values of a field: arrays, numbers, mappings, structures and structure files. Does not
//! choose fields or calls.

use half::{bf16, f16};

use crate::prediction::Value;
use crate::protein::{Structure, mmcif, pdb};
use crate::tensor::{DType, Element, Tensor};

/// By how many ångström a wrong atom is moved.
const FAR: f32 = 3.0;

/// One way to make a wrong value from a right one.
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
    /// An axis exchanged with the one before it.
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
    /// The operations for a field with this many axes per sample.
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
        all.extend((0..rank).flat_map(|axis| [Self::Reversed(axis), Self::Rolled(axis), Self::OneRow(axis)]));
        all.extend((1..rank).map(Self::Transposed));
        all
    }

    /// Its part of a mutant's name, and a description of what it does.
    pub(crate) fn name_and_about(self) -> (String, String) {
        let (name, about) = match self {
            Self::Scaled => ("scaled", "× 1.3"),
            Self::Offset => ("offset", "+ a tenth of the range"),
            Self::OneElement => ("one-element", "one element wrong"),
            Self::Zeroed => ("zeroed", "zeros"),
            Self::NotANumber => ("nan", "one element NaN"),
            Self::Halved => ("half", "through half precision"),
            Self::OtherType => ("dtype", "another element type"),
            Self::OtherShape => ("shape", "one dimension more"),
            Self::Missing => ("none", "None"),
            Self::Reversed(axis) => return (format!("reversed-{axis}"), format!("reversed along axis {axis}")),
            Self::Rolled(axis) => return (format!("rolled-{axis}"), format!("moved by one along axis {axis}")),
            Self::OneRow(axis) => return (format!("one-row-{axis}"), format!("one row along axis {axis} wrong")),
            Self::Transposed(axis) => {
                return (format!("transposed-{axis}"), format!("axes {} and {axis} exchanged", axis - 1));
            }
        };
        (name.to_owned(), about.to_owned())
    }
}

/// Alters a value. Returns `None` if the operation makes no sense for it.
pub(crate) fn altered(value: &Value, operation: Operation) -> Option<Value> {
    if operation == Operation::Missing {
        return (!value.is_none()).then_some(Value::None);
    }
    match value {
        Value::Array(tensor) => altered_array(tensor, operation).map(Value::Array),
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
            let (keys, values): (Vec<_>, Vec<_>) = entries.iter().cloned().unzip();
            Some(Value::Map(keys.into_iter().zip(altered_items(&values, operation)?).collect()))
        }
        _ => None,
    }
}

/// Alters every item. An operation on one element alters only the last item that it can.
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
    Some(Value::Float(match operation {
        Operation::Scaled => number * 1.3,
        Operation::Offset | Operation::OneElement => number + 0.1,
        Operation::Zeroed => 0.0,
        Operation::NotANumber => f64::NAN,
        Operation::Halved => f16::from_f64(number).to_f64(),
        Operation::OtherType => return Some(Value::Text(number.to_string())),
        Operation::OtherShape => return Some(Value::List(vec![Value::Float(number)])),
        _ => return None,
    }))
}

fn altered_array(tensor: &Tensor, operation: Operation) -> Option<Tensor> {
    let (dtype, shape) = (tensor.dtype(), tensor.shape());
    let mut values = tensor.to_f64()?;
    let middle = values.len() / 2;
    match operation {
        Operation::Scaled => {
            let factor = if dtype.is_float() { 1.3 } else { 2.0 };
            values = values.into_iter().map(|value| value * factor).collect();
        }
        Operation::Offset => {
            let step = step_of(dtype, &values, 0.1);
            values = values.into_iter().map(|value| value + step).collect();
        }
        Operation::OneElement => {
            let step = step_of(dtype, &values, 0.5);
            *values.get_mut(middle)? += step;
        }
        Operation::OneRow(axis) => {
            let step = step_of(dtype, &values, 0.5);
            let (length, inner) = row_of(shape, axis)?;
            let rows = values.chunks_mut(inner).enumerate().filter(|(row, _)| row % length == length / 2);
            rows.for_each(|(_, row)| row.iter_mut().for_each(|value| *value += step));
        }
        Operation::Zeroed => values.fill(0.0),
        Operation::NotANumber if dtype.is_float() => *values.get_mut(middle)? = f64::NAN,
        Operation::Halved if dtype.is_float() => {
            values = values.into_iter().map(|value| f16::from_f64(value).to_f64()).collect();
        }
        Operation::OtherType => {
            let other = match dtype {
                DType::F32 => DType::F64,
                DType::F64 => DType::F16,
                _ => DType::F32,
            };
            return array(other, shape.to_vec(), &values);
        }
        Operation::OtherShape => return array(dtype, [&[1], shape].concat(), &values),
        Operation::Reversed(axis) => values = taken(&values, shape, axis, |place, length| length - 1 - place)?,
        Operation::Rolled(axis) => values = taken(&values, shape, axis, |place, length| (place + length - 1) % length)?,
        Operation::Transposed(axis) => return transposed(dtype, shape, &values, axis),
        Operation::NotANumber | Operation::Halved | Operation::Missing => return None,
    }
    array(dtype, shape.to_vec(), &values)
}

/// The amount to add: a part of the range of the values, or 1 for integers.
fn step_of(dtype: DType, values: &[f64], part: f64) -> f64 {
    if !dtype.is_float() {
        return 1.0;
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    part * if most > least { most - least } else { 1.0 }
}

/// The length of an axis, and the number of elements in one row along it.
fn row_of(shape: &[usize], axis: usize) -> Option<(usize, usize)> {
    let length = *shape.get(axis)?;
    let inner: usize = shape[axis + 1..].iter().product();
    (length > 1 && inner > 0).then_some((length, inner))
}

/// The values with each row along an axis taken from the row that `from` names.
fn taken(values: &[f64], shape: &[usize], axis: usize, from: impl Fn(usize, usize) -> usize) -> Option<Vec<f64>> {
    let (length, inner) = row_of(shape, axis)?;
    let mut wrong = Vec::with_capacity(values.len());
    for row in 0..values.len() / inner {
        let source = row / length * length + from(row % length, length);
        wrong.extend_from_slice(&values[source * inner..(source + 1) * inner]);
    }
    Some(wrong)
}

/// The array with the axis exchanged with the one before it.
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

/// Makes an array of numbers, which are rounded to its element type.
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

fn altered_structure(right: &Structure, operation: Operation) -> Option<Structure> {
    let mut wrong = right.clone();
    let axes = wrong.coord.as_flattened_mut().iter_mut();
    let residues = right.residues();
    let middle = residues.get(residues.len() / 2)?.clone();
    match operation {
        Operation::Scaled => axes.for_each(|axis| *axis *= 1.3),
        Operation::Offset => wrong.res_id.iter_mut().for_each(|number| *number += 1),
        Operation::Reversed(0) => wrong.coord.iter_mut().for_each(|at| at.reverse()),
        Operation::Rolled(0) => wrong.coord.rotate_right(1),
        Operation::OneElement => wrong.coord[middle.start][1] += FAR,
        Operation::OneRow(0) => wrong.coord[middle].iter_mut().for_each(|at| at[1] += FAR),
        Operation::Zeroed => axes.for_each(|axis| *axis = 0.0),
        Operation::NotANumber => wrong.coord[middle.start][1] = f32::NAN,
        Operation::Halved => axes.for_each(|axis| *axis = f16::from_f32(*axis).to_f32()),
        Operation::OtherType => {
            wrong.atom_name.iter_mut().zip(&right.element).for_each(|(name, element)| *name = *element);
        }
        Operation::OtherShape => {
            let mut keep = vec![true; right.atoms()];
            keep[middle].fill(false);
            wrong.retain(&keep);
        }
        _ => return None,
    }
    Some(wrong)
}

/// Alters the text of a structure file. Returns `None` also if the text cannot be read.
fn altered_text(right: &str, operation: Operation) -> Option<String> {
    match operation {
        // Structure files cannot hold NaN.
        Operation::NotANumber => None,
        Operation::Halved => Some(right.get(..right.len() / 2)?.to_owned()),
        _ if right.starts_with("data_") => {
            Some(mmcif::write(&altered_structure(&mmcif::read(right).ok()?, operation)?, "model"))
        }
        _ => pdb::write(&altered_structure(&pdb::read(right).ok()?, operation)?).ok(),
    }
}

/// A number from −1 to 1 that looks random and is the same in every run, so that a mutant repeats its answers.
pub(crate) fn scattered(place: usize) -> f64 {
    // The finaliser of SplitMix64, which spreads neighbouring places over the whole range.
    let mut bits = (place as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0
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

    #[test]
    fn numbers_fill_the_range_and_repeat() {
        let numbers: Vec<f64> = (0..1000).map(scattered).collect();
        assert!(numbers.iter().all(|number| (-1.0..=1.0).contains(number)));
        assert!(numbers.iter().sum::<f64>().abs() < 50.0);
        assert!(numbers.iter().any(|number| *number > 0.9) && numbers.iter().any(|number| *number < -0.9));
        assert_eq!(scattered(7).to_bits(), numbers[7].to_bits());
    }
}
