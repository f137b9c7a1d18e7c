//! Copies arrays in other memory layouts into C order and little-endian bytes. Does not interpret values.

use super::DType;

/// The strides of an array in Fortran order, in elements.
pub(crate) fn fortran_strides(shape: &[usize]) -> Vec<usize> {
    shape.iter().scan(1, |step, &size| Some(std::mem::replace(step, *step * size.max(1)))).collect()
}

/// The strides of an array in C order, in elements.
pub(crate) fn c_strides(shape: &[usize]) -> Vec<usize> {
    let backwards: Vec<usize> = shape.iter().rev().copied().collect();
    let mut strides = fortran_strides(&backwards);
    strides.reverse();
    strides
}

/// Whether these are strides of C order. The stride of a dimension of length 1 does not matter.
pub(crate) fn is_c_order(shape: &[usize], strides: &[usize]) -> bool {
    let mut step = 1;
    shape.iter().zip(strides).rev().all(|(&dimension, &stride)| {
        let fits = dimension == 1 || stride == step;
        step *= dimension.max(1);
        fits
    })
}

/// Copies elements of `size` bytes into C order. `strides` and `start` count elements. Returns `None` if one is outside of `source`. The
/// caller must limit the size of the result.
pub(crate) fn gather(source: &[u8], size: usize, shape: &[usize], strides: &[usize], start: usize) -> Option<Vec<u8>> {
    let count: usize = shape.iter().product();
    if count == 0 {
        return Some(Vec::new());
    }
    let last = shape
        .iter()
        .zip(strides)
        .try_fold(start, |sum, (&dimension, &stride)| sum.checked_add((dimension - 1).checked_mul(stride)?))?;
    if last.checked_add(1)?.checked_mul(size)? > source.len() {
        return None;
    }
    let mut out = vec![0; count * size];
    match size {
        1 => copy_rows::<1>(source, &mut out, shape, strides, start),
        2 => copy_rows::<2>(source, &mut out, shape, strides, start),
        4 => copy_rows::<4>(source, &mut out, shape, strides, start),
        8 => copy_rows::<8>(source, &mut out, shape, strides, start),
        // Text: every code point is an element of one more dimension.
        _ => {
            let units = size / 4;
            let wide: Vec<usize> = shape.iter().copied().chain([units]).collect();
            let steps: Vec<usize> = strides.iter().map(|stride| stride * units).chain([1]).collect();
            copy_rows::<4>(source, &mut out, &wide, &steps, start * units)
        }
    }
    .then_some(out)
}

/// Fills `out` with elements of `N` bytes, row by row of the last dimension. Returns `false` if one is outside of `source`.
fn copy_rows<const N: usize>(source: &[u8], out: &mut [u8], shape: &[usize], strides: &[usize], start: usize) -> bool {
    let source = source.as_chunks::<N>().0;
    let (Some((&columns, rows)), Some((&stride, row_strides))) = (shape.split_last(), strides.split_last()) else {
        return source.get(start).map(|cell| out.copy_from_slice(cell)).is_some();
    };
    let mut index = vec![0; rows.len()];
    let mut first = start;
    for row in out.as_chunks_mut::<N>().0.chunks_exact_mut(columns) {
        for (column, cell) in row.iter_mut().enumerate() {
            let Some(found) = source.get(first + column * stride) else { return false };
            *cell = *found;
        }
        for ((position, &dimension), &stride) in index.iter_mut().zip(rows).zip(row_strides).rev() {
            *position += 1;
            if *position < dimension {
                first += stride;
                break;
            }
            first -= (dimension - 1) * stride;
            *position = 0;
        }
    }
    true
}

/// Converts big-endian elements to little-endian ones. Text is converted by code point.
pub(crate) fn swap_bytes(dtype: DType, source: &[u8]) -> Vec<u8> {
    let unit = match dtype {
        DType::Text(_) => 4,
        _ => dtype.size(),
    };
    let mut out = source.to_vec();
    out.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fortran_order_becomes_c_order() {
        // [[0, 2, 4], [1, 3, 5]] written column by column.
        let strides = fortran_strides(&[2, 3]);
        assert_eq!(gather(&[0, 1, 2, 3, 4, 5], 1, &[2, 3], &strides, 0).unwrap(), [0, 2, 4, 1, 3, 5]);
    }

    #[test]
    fn strides_may_repeat_or_skip_but_not_leave_the_source() {
        assert_eq!(gather(&[7, 8, 9], 1, &[2, 2], &[0, 2], 0).unwrap(), [7, 9, 7, 9]);
        assert_eq!(gather(&[7, 8, 9], 1, &[2, 2], &[0, 2], 1), None);
        assert_eq!(gather(&[7], 1, &[2], &[usize::MAX], 1), None);
        assert_eq!(gather(&[7], 1, &[0, 5], &[9, 9], 70).unwrap(), Vec::<u8>::new());
    }

    #[test]
    fn text_and_scalars_are_gathered_too() {
        let text: Vec<u8> = (0..32).collect();
        let swapped = gather(&text, 8, &[2, 2], &[1, 2], 0).unwrap();
        assert_eq!(swapped[8..16], text[16..24]);
        assert_eq!(gather(&text, 4, &[], &[], 2).unwrap(), [8, 9, 10, 11]);
        assert_eq!(gather(&text, 12, &[2], &[1], 0).unwrap(), text[..24]);
    }

    #[test]
    fn c_order_is_known_by_its_strides() {
        assert!(is_c_order(&[2, 1, 3], &[3, 99, 1]));
        assert!(!is_c_order(&[2, 3], &[1, 2]));
        assert!(is_c_order(&[], &[]));
    }

    #[test]
    fn big_endian_text_is_swapped_by_code_point() {
        assert_eq!(swap_bytes(DType::Text(2), &[0, 0, 0, 65, 0, 0, 0, 66]), [65, 0, 0, 0, 66, 0, 0, 0]);
    }
}
