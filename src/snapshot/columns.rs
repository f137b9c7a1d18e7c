//! A structure as arrays and back: one array per column, so that the file of a snapshot opens in `NumPy`. Knows which
//! columns there are, not what they mean.

use std::collections::BTreeMap;

use super::archive::{Arrays, StoredError, take};
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

/// The columns that hold measured values, one array each.
pub(super) fn values(structure: &Structure) -> Vec<(String, Tensor)> {
    let mut bytes = vec![0; structure.coord.as_flattened().len() * 4];
    let (cells, _) = bytes.as_chunks_mut();
    for (cell, value) in cells.iter_mut().zip(structure.coord.as_flattened()) {
        *cell = value.to_le_bytes();
    }
    let shape = match structure.models {
        Some(models) => vec![models, structure.atoms(), 3],
        None => vec![structure.atoms(), 3],
    };
    let mut columns = Vec::new();
    if let Ok(coord) = Tensor::new(DType::F32, shape, bytes.into()) {
        columns.push(("coord".to_owned(), coord));
    }
    if let Some(b_factor) = &structure.b_factor {
        let narrow: Vec<f32> = b_factor.iter().map(|&value| value as f32).collect();
        let tensor = match structure.b_factor_dtype {
            Some(DType::F32) => Tensor::vector(&narrow),
            _ => Tensor::vector(b_factor),
        };
        columns.push(("b_factor".to_owned(), tensor));
    }
    if let Some(bonds) = &structure.bonds {
        let flat: Vec<u32> = bonds
            .iter()
            .flat_map(|bond| [bond.first, bond.second, u32::from(bond.order)])
            .collect();
        columns.extend(Tensor::from_values(vec![bonds.len(), 3], &flat).map(|bonds| ("bonds".to_owned(), bonds)));
    }
    columns.extend(structure.cell.clone().map(|cell| ("cell".to_owned(), cell)));
    let extra = structure.extra.iter();
    columns.extend(extra.map(|(name, tensor)| (format!("extra.{name}"), tensor.clone())));
    columns
}

/// Whether all columns are as long as they must be; a structure that is not so cannot be walked.
pub(super) fn is_even(structure: &Structure) -> bool {
    let atoms = structure.atoms();
    let lengths = [
        structure.chain_id.len(),
        structure.res_id.len(),
        structure.ins_code.len(),
        structure.res_name.len(),
        structure.hetero.len(),
        structure.element.len(),
    ];
    let coordinates = structure.models.unwrap_or(1).checked_mul(atoms);
    lengths.iter().all(|&length| length == atoms)
        && coordinates == Some(structure.coord.len())
        && structure.b_factor.as_ref().is_none_or(|column| column.len() == atoms)
}

/// Takes the naming columns of the structure at a path out of stored arrays; its values are among `tensors` already.
pub(super) fn assemble(
    arrays: &mut Arrays,
    tensors: &BTreeMap<String, Tensor>,
    path: &str,
    atoms: usize,
) -> Result<Structure, StoredError> {
    let mut column = |name: &str| take_labels(arrays, &format!("{path}.{name}"), atoms);
    let (chain_id, ins_code, res_name) = (column("chain_id")?, column("ins_code")?, column("res_name")?);
    let (atom_name, element) = (column("atom_name")?, column("element")?);
    let res_id = take(arrays, &format!("{path}.res_id"), DType::I32, &[atoms])?;
    let hetero = take(arrays, &format!("{path}.hetero"), DType::Bool, &[atoms])?;
    let value = |name: &str| tensors.get(&format!("{path}.{name}"));
    let coord = value("coord").ok_or_else(|| StoredError::Missing(format!("{path}.coord")))?;
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
    let b_factor = value("b_factor").filter(|column| column.shape() == [atoms]);
    let extra = format!("{path}.extra.");
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
        extra: tensors
            .iter()
            .filter_map(|(name, tensor)| Some((name.strip_prefix(&extra)?.to_owned(), tensor.clone())))
            .collect(),
        bonds: value("bonds").map(bonds),
        cell: value("cell").cloned(),
        models,
    })
}

fn bonds(tensor: &Tensor) -> Vec<Bond> {
    let flat: Vec<u32> = tensor.values().into_iter().flatten().collect();
    let (bonds, _) = flat.as_chunks();
    bonds
        .iter()
        .map(|&[first, second, order]| Bond {
            first,
            second,
            order: u8::try_from(order).unwrap_or(u8::MAX),
        })
        .collect()
}

/// One label per atom, in cells as wide as the longest. There are many atoms, so this goes straight to the bytes.
fn labels(labels: &[Label]) -> Tensor {
    let width = labels.iter().map(|label| label.as_str().chars().count()).max();
    let width = width.map_or(1, |width| width.max(1));
    let mut bytes = vec![0; labels.len() * width * 4];
    let (units, _) = bytes.as_chunks_mut();
    for (cell, label) in units.chunks_exact_mut(width).zip(labels) {
        for (unit, letter) in cell.iter_mut().zip(label.as_str().chars()) {
            *unit = u32::from(letter).to_le_bytes();
        }
    }
    // The bytes were counted from the shape.
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
    units
        .chunks_exact(dtype.size() / 4)
        .map(label)
        .collect::<Option<_>>()
        .ok_or_else(|| StoredError::Unlike {
            name: name.to_owned(),
            found: "a text no label holds".into(),
            expected: "labels".into(),
        })
}

/// The label of a cell, padded with zeros.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn structure() -> Structure {
        let mut structure = Structure::default();
        let label = |text| Label::new(text).unwrap();
        structure.push(label("A"), -1, label("GLY"), label("CA"), label("C"), [1.0, 2.0, 3.0]);
        structure.push(label(""), 7, label("MSE"), label("SE"), label("SE"), [4.0, 5.0, 6.0]);
        structure.hetero[1] = true;
        structure.b_factor = Some(vec![0.5, 0.25]);
        structure.b_factor_dtype = Some(DType::F32);
        structure.extra = vec![("occupancy".into(), Tensor::vector(&[1.0f32, 0.5]))];
        structure.bonds = Some(vec![Bond {
            first: 0,
            second: 1,
            order: 5,
        }]);
        structure.cell = Some(Tensor::from_values(vec![3, 3], &[0.0f32; 9]).unwrap());
        structure
    }

    fn stored(structure: &Structure) -> (Arrays, BTreeMap<String, Tensor>) {
        let names = names(structure)
            .into_iter()
            .map(|(name, tensor)| (format!("s.{name}"), tensor));
        let values = values(structure)
            .into_iter()
            .map(|(name, tensor)| (format!("s.{name}"), tensor));
        (names.collect(), values.collect())
    }

    #[test]
    fn a_structure_comes_back_from_its_columns() {
        let mut stack = structure();
        stack.coord.extend([[7.0; 3], [8.0; 3]]);
        stack.models = Some(2);
        let mut long = structure();
        long.chain_id[0] = Label::of_chain("heavy_chain").unwrap();
        for structure in [structure(), stack, long] {
            let (mut arrays, tensors) = stored(&structure);
            assert_eq!(assemble(&mut arrays, &tensors, "s", 2), Ok(structure));
            assert!(arrays.is_empty());
        }
    }

    #[test]
    fn columns_of_another_length_are_refused() {
        let (mut arrays, tensors) = stored(&structure());
        assert!(assemble(&mut arrays.clone(), &tensors, "s", 3).is_err());
        arrays.remove("s.element");
        assert_eq!(
            assemble(&mut arrays, &tensors, "s", 2),
            Err(StoredError::Missing("s.element".into()))
        );
        let mut uneven = structure();
        assert!(is_even(&uneven));
        uneven.res_id.pop();
        assert!(!is_even(&uneven));
    }
}
