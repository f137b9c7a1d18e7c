//! Writes structures as biotite's `AtomArray` and `AtomArrayStack`, with biotite's column widths. Does not add what a structure lacks.

use super::EncodeError;
use super::array::array;
use super::writer::PickleWriter;
use crate::protein::{Label, Structure, bond_rows};
use crate::tensor::Tensor;
use crate::wire::pickle::opcode as op;

const MODULE: &str = "biotite.structure";

pub(super) fn structure(writer: &mut PickleWriter, structure: &Structure) -> Result<(), EncodeError> {
    if let Some(name) = structure.uneven_column() {
        return Err(EncodeError::Column(name));
    }
    let atoms = structure.atoms();
    if structure.extra.iter().any(|(_, column)| column.shape() != [atoms]) {
        return Err(EncodeError::Column("extra column"));
    }
    writer.global(MODULE, if structure.models.is_some() { "AtomArrayStack" } else { "AtomArray" });
    writer.ops(&[op::EMPTY_TUPLE, op::NEWOBJ, op::EMPTY_DICT, op::MARK]);
    writer.text("_annot");
    annotations(writer, structure)?;
    writer.text("_array_length");
    writer.integer(atoms as i64);
    writer.text("_coord");
    array(writer, &structure.coord_column().map_err(|_| EncodeError::Column("coord"))?)?;
    writer.text("_bonds");
    match &structure.bonds {
        Some(bonds) => bond_list(writer, atoms, &bond_rows(bonds).map_err(|_| EncodeError::Column("bonds"))?)?,
        None => writer.op(op::NONE),
    }
    writer.text("_box");
    match &structure.cell {
        Some(cell) => array(writer, cell)?,
        None => writer.op(op::NONE),
    }
    writer.ops(&[op::SETITEMS, op::BUILD]);
    Ok(())
}

fn annotations(writer: &mut PickleWriter, structure: &Structure) -> Result<(), EncodeError> {
    writer.ops(&[op::EMPTY_DICT, op::MARK]);
    texts(writer, "chain_id", 4, &structure.chain_id)?;
    let numbers: Vec<i64> = structure.res_id.iter().map(|&number| number.into()).collect();
    column(writer, "res_id", &Tensor::vector(&numbers))?;
    texts(writer, "ins_code", 1, &structure.ins_code)?;
    texts(writer, "res_name", 5, &structure.res_name)?;
    column(writer, "hetero", &Tensor::vector(&structure.hetero))?;
    texts(writer, "atom_name", 6, &structure.atom_name)?;
    texts(writer, "element", 2, &structure.element)?;
    if let Some(values) = structure.b_factor_column() {
        column(writer, "b_factor", &values)?;
    }
    for (name, tensor) in &structure.extra {
        column(writer, name, tensor)?;
    }
    writer.op(op::SETITEMS);
    Ok(())
}

fn column(writer: &mut PickleWriter, name: &str, tensor: &Tensor) -> Result<(), EncodeError> {
    writer.text(name);
    array(writer, tensor)
}

/// A column of text, widened if a label does not fit, as biotite does.
fn texts(writer: &mut PickleWriter, name: &str, width: u32, labels: &[Label]) -> Result<(), EncodeError> {
    let longest = labels.iter().map(|label| label.as_str().chars().count()).max();
    let width = width.max(longest.unwrap_or(0) as u32);
    column(writer, name, &Tensor::from_texts(width, labels.iter().map(Label::as_str)))
}

/// Writes `BondList(atoms, array)`: the constructor, because biotite changed how it pickles bonds in version 1.6.
pub(super) fn bond_list(writer: &mut PickleWriter, atoms: usize, rows: &Tensor) -> Result<(), EncodeError> {
    writer.global(MODULE, "BondList");
    writer.integer(atoms as i64);
    array(writer, rows)?;
    writer.ops(&[op::TUPLE2, op::REDUCE]);
    Ok(())
}
