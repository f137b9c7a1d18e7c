//! One array in `NumPy`'s npy format, without objects. Writes little-endian, in C order and version 1.0. Reads either byte order, C and
//! Fortran order, and versions 1.0, 2.0 and 3.0, and trusts none of it.
//!
//! The format (NEP 1) is a magic, two version bytes, the length of a header in two bytes or since version 2 in four, and the header: a
//! Python dictionary of three entries padded with spaces. Other crates parse any Python expression. This reads only that dictionary, with
//! its keys in the order in which `NumPy` writes them.

use bytes::Bytes;

use crate::tensor::strided::{fortran_strides, gather, swap_bytes};
use crate::tensor::{DType, Tensor};

const MAGIC: [u8; 6] = *b"\x93NUMPY";
/// Magic, version and the two bytes of the header's length, as they are written.
const PREFIX: usize = 10;
/// The longest header that is read. Headers of arrays of numbers are far shorter.
const HEADER: usize = 1 << 16;
/// The data starts at a multiple of this, so that it can be mapped.
const ALIGNMENT: usize = 64;
/// The most dimensions, as `NumPy` has it.
const DIMENSIONS: usize = 64;

/// The bytes before the elements.
pub(super) fn header(tensor: &Tensor) -> Vec<u8> {
    let kind = type_string(tensor.dtype());
    let shape = crate::prediction::show_shape(tensor.shape());
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let unpadded = PREFIX + text.len() + 1;
    let padding = unpadded.next_multiple_of(ALIGNMENT) - unpadded;
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&[1, 0]);
    // Even 64 dimensions of 20 digits stay far below 64 KiB.
    bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// Reads an array; the error completes "its array X …".
pub(super) fn read(bytes: &Bytes) -> Result<Tensor, String> {
    let (length, start) = match bytes.strip_prefix(&MAGIC) {
        Some([1, 0, a, b, ..]) => (usize::from(u16::from_le_bytes([*a, *b])), PREFIX),
        // Version 3 only changes the encoding of column names, which arrays of numbers do not have.
        Some([2 | 3, 0, a, b, c, d, ..]) => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, PREFIX + 2),
        Some([major, minor, ..]) => return Err(format!("is an npy file of the unknown version {major}.{minor}")),
        _ => return Err("does not start as an npy file".to_owned()),
    };
    let text = bytes.get(start..start.saturating_add(length)).filter(|_| length <= HEADER);
    let text = text.ok_or("has a header of an impossible length")?;
    let text = std::str::from_utf8(text).map_err(|_| "has a header that is no text")?;
    let (kind, is_fortran, shape) = dictionary(text)?;
    let little = kind.strip_prefix('>').map(|rest| format!("<{rest}"));
    let dtype = dtype_of(little.as_deref().unwrap_or(kind));
    let dtype = dtype.ok_or_else(|| format!("has the unknown element type {kind:?}"))?;
    // This bounds everything below, because there are as many bytes as the shape needs.
    let tensor = Tensor::new(dtype, shape, bytes.slice(start + length..)).map_err(|error| error.to_string())?;
    let mut data = tensor.bytes().clone();
    let shape = tensor.shape().to_vec();
    if is_fortran && shape.len() > 1 {
        let gathered = gather(&data, dtype.size(), &shape, &fortran_strides(&shape), 0);
        data = gathered.ok_or("has fewer elements than its shape needs")?.into();
    }
    if little.is_some() && dtype.size() > 1 {
        data = swap_bytes(dtype, &data).into();
    }
    Tensor::new(dtype, shape, data).map_err(|error| error.to_string())
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`: the element type, whether the order is Fortran's, and the shape.
fn dictionary(text: &str) -> Result<(&str, bool, Vec<usize>), String> {
    let parts = || {
        let rest = text.trim_end().strip_prefix("{'descr': '")?;
        let (kind, rest) = rest.split_once("', 'fortran_order': ")?;
        let (order, rest) = rest.split_once(", 'shape': (")?;
        let (sizes, end) = rest.split_once(')')?;
        (matches!(order, "True" | "False") && matches!(end, ", }" | "}")).then_some((kind, order == "True", sizes))
    };
    let (kind, is_fortran, sizes) =
        parts().ok_or("has a header other than NumPy writes for arrays of numbers or texts")?;
    let sizes = sizes.trim_end_matches(',');
    let mut shape = Vec::new();
    for size in sizes.split(',').filter(|_| !sizes.is_empty()) {
        if shape.len() == DIMENSIONS {
            return Err(format!("has more than {DIMENSIONS} dimensions"));
        }
        shape.push(dimension(size.trim())?);
    }
    Ok((kind, is_fortran, shape))
}

fn dimension(size: &str) -> Result<usize, String> {
    let short: String = size.chars().take(24).collect();
    let digits = size.strip_prefix('-').unwrap_or(size);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(format!("has the dimension {short:?}, which is no number"));
    }
    if size.starts_with('-') {
        return Err(format!("has the negative dimension {short}"));
    }
    size.parse().map_err(|_| format!("has the dimension {short}, more than memory can hold"))
}

fn type_string(dtype: DType) -> String {
    match dtype {
        DType::Bool => "|b1".into(),
        DType::I8 => "|i1".into(),
        DType::I16 => "<i2".into(),
        DType::I32 => "<i4".into(),
        DType::I64 => "<i8".into(),
        DType::U8 => "|u1".into(),
        // NumPy has no bfloat16. The snapshot states that the 16 bits are one.
        DType::U16 | DType::BF16 => "<u2".into(),
        DType::U32 => "<u4".into(),
        DType::U64 => "<u8".into(),
        DType::F16 => "<f2".into(),
        DType::F32 => "<f4".into(),
        DType::F64 => "<f8".into(),
        DType::Text(width) => format!("<U{width}"),
    }
}

fn dtype_of(kind: &str) -> Option<DType> {
    if let Some(width) = kind.strip_prefix("<U") {
        // With texts of width 0, a few bytes could claim any number of elements.
        return width.parse().ok().filter(|width| (1..1 << 28).contains(width)).map(DType::Text);
    }
    [
        DType::Bool,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::F16,
        DType::F32,
        DType::F64,
    ]
    .into_iter()
    .find(|&dtype| type_string(dtype) == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str) -> Bytes {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.into()
    }

    #[test]
    fn the_bytes_are_those_of_numpy() {
        let tensor = Tensor::from_values(vec![2, 1], &[1.5f32, -2.0]).unwrap();
        let header = header(&tensor);
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
        assert_eq!(header[..10], *b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(header[10..], *format!("{text:<117}\n").as_bytes());
        let bytes: Bytes = [header.as_slice(), tensor.bytes()].concat().into();
        assert_eq!(read(&bytes), Ok(tensor));
    }

    #[test]
    fn hostile_headers_are_errors() {
        let nested = "(".repeat(60_000);
        let many = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", "1, ".repeat(9000));
        for header in [
            nested.as_str(),
            many.as_str(),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }",
            "{'descr': '<U4294967295', 'fortran_order': False, 'shape': (4294967295, 4294967295), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
            "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 4294967296, 4294967296), }",
            "{'descr': '>U4294967295', 'fortran_order': True, 'shape': (4294967295, 4294967295), }",
            "{'descr': '<U0', 'fortran_order': True, 'shape': (9, 9), }",
            "{'descr': '|O', 'fortran_order': False, 'shape': (0,), }",
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (0,), }",
            "{}",
            "",
        ] {
            assert!(read(&npy(header)).is_err(), "{}", &header[..header.len().min(80)]);
        }
        assert!(read(&Bytes::from_static(b"\x93NUMPY\x02\x00\xff\xff\xff\xff")).is_err());
        assert!(read(&Bytes::from_static(b"\x93NUMPY\x01\x00\xff\xff")).is_err());
        assert!(read(&Bytes::new()).is_err());
    }

    #[test]
    fn later_versions_are_read_too() {
        let tensor = Tensor::from_values(vec![2, 1], &[1.5f32, -2.0]).unwrap();
        let first = [header(&tensor).as_slice(), tensor.bytes()].concat();
        for version in [2, 3] {
            let length = u32::from(u16::from_le_bytes([first[8], first[9]]));
            let later = [&MAGIC[..], &[version, 0], &length.to_le_bytes(), &first[PREFIX..]].concat();
            assert_eq!(read(&later.into()), Ok(tensor.clone()));
        }
        let unknown = [&MAGIC[..], &[4, 0, 0, 0]].concat();
        assert_eq!(read(&unknown.into()), Err("is an npy file of the unknown version 4.0".into()));
    }

    #[test]
    fn impossible_shapes_are_named() {
        let message = |shape: &str| {
            read(&npy(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"))).unwrap_err()
        };
        insta::assert_snapshot!(message("(2, -1)"), @"has the negative dimension -1");
        insta::assert_snapshot!(message("(x,)"), @r#"has the dimension "x", which is no number"#);
        insta::assert_snapshot!(message("(100000000000000000000,)"), @"has the dimension 100000000000000000000, more than memory can hold");
        insta::assert_snapshot!(message("(18446744073709551615, 2)"), @"shape [18446744073709551615, 2] has more elements than memory can hold");
    }

    #[test]
    fn other_orders_of_elements_and_bytes_are_converted() {
        let tensor = Tensor::from_values(vec![2, 3], &[0.5f32, 1.0, 1.5, -2.0, 2.5, 3.0]).unwrap();
        let column_by_column = [0.5f32, -2.0, 1.0, 2.5, 1.5, 3.0];
        let little: Vec<u8> = column_by_column.iter().flat_map(|value| value.to_le_bytes()).collect();
        let big: Vec<u8> = column_by_column.iter().flat_map(|value| value.to_be_bytes()).collect();
        for (kind, data) in [("<f4", little), (">f4", big)] {
            let header = format!("{{'descr': '{kind}', 'fortran_order': True, 'shape': (2, 3), }}");
            assert_eq!(read(&[&npy(&header)[..], &data].concat().into()), Ok(tensor.clone()));
        }
        let names = npy("{'descr': '>U2', 'fortran_order': False, 'shape': (1,), }");
        let found = read(&[&names[..], &[0, 0, 0, 67, 0, 0, 0, 65]].concat().into());
        assert_eq!(found, Ok(Tensor::from_texts(2, ["CA"])));
    }

    #[test]
    fn a_vector_may_call_itself_fortran_ordered() {
        let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (0,), }";
        assert_eq!(read(&npy(header)), Ok(Tensor::vector::<f32>(&[])));
    }
}
