//! Structures as arrays, one for each column, so that the file of a snapshot opens in `NumPy`. Does not interpret the columns.

use std::collections::{BTreeMap, HashMap};

use super::archive::{Arrays, StoredError, take};
use super::record::RecordedValue;
use crate::prediction::unescaped;
use crate::protein::{Bond, Label, Structure};
use crate::tensor::{DType, Tensor};

/// The columns that name an atom, one array each.
pub(super) fn names(structure: &Structure) -> [(&'static str, Tensor); 7] {
    [
        ("chain_id", labels(&structure.chain_id)),
        ("res_id", Tensor::vector(&structure.res_id)),
        ("ins_code", labels(&structure.ins_code)),
        ("res_name", labels(&structure.res_name)),
        ("hetero", Tensor::vector(&structure.hetero)),
        ("atom_name", labels(&structure.atom_name)),
        ("element", labels(&structure.element)),
    ]
}

/// Takes the columns of the structure at a path out of stored arrays. `children` are the paths of the columns with an entry of their own.
pub(super) fn assemble(
    arrays: &mut Arrays,
    entries: &HashMap<&str, &RecordedValue>,
    path: &str,
    children: &[&str],
    atoms: usize,
) -> Result<Structure, StoredError> {
    let mut column = |name: &str| take_labels(arrays, &format!("{path}.{name}"), atoms);
    let (chain_id, ins_code, res_name) = (column("chain_id")?, column("ins_code")?, column("res_name")?);
    let (atom_name, element) = (column("atom_name")?, column("element")?);
    let res_id = take(arrays, &format!("{path}.res_id"), DType::I32, &[atoms])?;
    let hetero = take(arrays, &format!("{path}.hetero"), DType::Bool, &[atoms])?;
    let mut columns: BTreeMap<&str, Tensor> = BTreeMap::new();
    for &child in children {
        if let Some(RecordedValue::Array(array)) = entries.get(child) {
            let tensor = take(arrays, child, array.dtype, &array.shape)?;
            columns.insert(child.get(path.len() + 1..).unwrap_or_default(), tensor);
        }
    }
    let coord = columns.get("coord").ok_or_else(|| StoredError::Missing(format!("{path}.coord")))?;
    let models = match coord.shape() {
        [own, 3] if *own == atoms => None,
        [models, own, 3] if *own == atoms => Some(*models),
        other => {
            return Err(StoredError::Unlike {
                name: format!("{path}.coord"),
                found: format!("{other:?}"),
                expected: format!("[{atoms}, 3]"),
            });
        }
    };
    let flat: Vec<f32> = coord.values().into_iter().flatten().collect();
    let b_factor = columns.get("b_factor").filter(|column| column.shape() == [atoms]);
    let extra = children.iter().filter_map(|child| {
        let column = child.get(path.len() + 1..)?;
        Some((unescaped(column.strip_prefix("extra.")?), columns.get(column)?.clone()))
    });
    Ok(Structure {
        coord: flat.as_chunks().0.to_vec(),
        chain_id,
        res_id: res_id.values().into_iter().flatten().collect(),
        ins_code,
        res_name,
        hetero: hetero.values().into_iter().flatten().collect(),
        atom_name,
        element,
        b_factor: b_factor.and_then(Tensor::to_f64),
        b_factor_dtype: b_factor.map(Tensor::dtype),
        extra: extra.collect(),
        bonds: columns.get("bonds").map(bonds),
        cell: columns.get("cell").cloned(),
        models,
    })
}

fn bonds(tensor: &Tensor) -> Vec<Bond> {
    let flat: Vec<u32> = tensor.values().into_iter().flatten().collect();
    let bond =
        |&[first, second, order]: &[u32; 3]| Bond { first, second, order: u8::try_from(order).unwrap_or(u8::MAX) };
    flat.as_chunks().0.iter().map(bond).collect()
}

/// One label per atom, in cells as wide as the longest. Writes the bytes directly, because there are many atoms.
fn labels(labels: &[Label]) -> Tensor {
    let width = labels.iter().map(|label| label.as_str().chars().count()).max().unwrap_or(1).max(1);
    let mut bytes = vec![0; labels.len() * width * 4];
    let (units, _) = bytes.as_chunks_mut();
    for (cell, label) in units.chunks_exact_mut(width).zip(labels) {
        for (unit, letter) in cell.iter_mut().zip(label.as_str().chars()) {
            *unit = u32::from(letter).to_le_bytes();
        }
    }
    // Cannot fail: the number of bytes follows from the shape.
    Tensor::new(DType::Text(width as u32), vec![labels.len()], bytes.into())
        .unwrap_or_else(|_| Tensor::from_texts(1, []))
}

fn take_labels(arrays: &mut Arrays, name: &str, atoms: usize) -> Result<Vec<Label>, StoredError> {
    let dtype = match arrays.get(name).map(Tensor::dtype) {
        Some(dtype @ DType::Text(width)) if (1..=Label::LONGEST).contains(&(width as usize)) => dtype,
        _ => DType::Text(1),
    };
    let column = take(arrays, name, dtype, &[atoms])?;
    let (units, _) = column.bytes().as_chunks();
    units.chunks_exact(dtype.size() / 4).map(label).collect::<Option<_>>().ok_or_else(|| StoredError::Unlike {
        name: name.to_owned(),
        found: "a text no label holds".into(),
        expected: "labels".into(),
    })
}

/// The label in a cell that is padded with zeros.
fn label(cell: &[[u8; 4]]) -> Option<Label> {
    let mut text = [0; 4 * Label::LONGEST];
    let mut length = 0;
    for &unit in cell {
        let letter = char::from_u32(u32::from_le_bytes(unit))?;
        if letter == '\0' {
            break;
        }
        length += letter.encode_utf8(text.get_mut(length..)?).len();
    }
    Label::of_chain(std::str::from_utf8(text.get(..length)?).ok()?)
}
