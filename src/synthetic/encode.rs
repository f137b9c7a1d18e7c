//! Numbers as the bytes of a declared element type. Computes none.

use half::{bf16, f16};

use crate::tensor::{DType, Element};

/// Appends values in a type. Whole numbers saturate at its bounds, text stays empty.
pub(super) fn append(values: &[f32], dtype: DType, data: &mut Vec<u8>) {
    match dtype {
        DType::F32 => {
            let start = data.len();
            data.resize(start + 4 * values.len(), 0);
            for (cell, value) in data[start..].chunks_exact_mut(4).zip(values) {
                cell.copy_from_slice(&value.to_le_bytes());
            }
        }
        DType::Bool => append_as(values, |value| value > 0.0, data),
        DType::I8 => append_as(values, |value| value as i8, data),
        DType::I16 => append_as(values, |value| value as i16, data),
        DType::I32 => append_as(values, |value| value as i32, data),
        DType::I64 => append_as(values, |value| value as i64, data),
        DType::U8 => append_as(values, |value| value as u8, data),
        DType::U16 => append_as(values, |value| value as u16, data),
        DType::U32 => append_as(values, |value| value as u32, data),
        DType::U64 => append_as(values, |value| value as u64, data),
        DType::F16 => append_as(values, f16::from_f32, data),
        DType::BF16 => append_as(values, bf16::from_f32, data),
        DType::F64 => append_as(values, f64::from, data),
        DType::Text(_) => data.resize(data.len() + values.len() * dtype.size(), 0),
    }
}

fn append_as<T: Element>(values: &[f32], convert: impl Fn(f32) -> T, data: &mut Vec<u8>) {
    for value in values {
        convert(*value).write(data);
    }
}
