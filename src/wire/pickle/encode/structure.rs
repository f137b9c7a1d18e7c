//! Writes structures as biotite's `AtomArray` and `AtomArrayStack`, with the column widths biotite gives them. Fills in
//! nothing that a structure lacks.

use super::EncodeError;
use super::array::array;
use super::writer::PickleWriter;
use crate::protein::{Label, Structure, bond_rows};
use crate::tensor::Tensor;
use crate::wire::pickle::opcode as op;

const MODULE: &str = "biotite.structure";

pub(super) fn structure(writer: &mut PickleWriter, structure: &Structure) -> Result<(), EncodeError> {
    check(structure)?;
    let atoms = structure.atoms();
    let class = match structure.models {
        None => "AtomArray",
        Some(_) => "AtomArrayStack",
    };
    writer.global(MODULE, class);
    writer.op(op::EMPTY_TUPLE);
    writer.op(op::NEWOBJ);
    writer.op(op::EMPTY_DICT);
    writer.op(op::MARK);
    writer.text("_annot");
    annotations(writer, structure)?;
    writer.text("_array_length");
    writer.integer(atoms as i64);
    writer.text("_coord");
    let coord = structure.coord_column();
    array(writer, &coord.map_err(|_| EncodeError::Column("coord"))?)?;
    writer.text("_bonds");
    match &structure.bonds {
        Some(bonds) => {
            let rows = bond_rows(bonds).map_err(|_| EncodeError::Column("bonds"))?;
            bond_list(writer, atoms, &rows)?;
        }
        None => writer.op(op::NONE),
    }
    writer.text("_box");
    match &structure.cell {
        Some(cell) => array(writer, cell)?,
        None => writer.op(op::NONE),
    }
    writer.op(op::SETITEMS);
    writer.op(op::BUILD);
    Ok(())
}

fn check(structure: &Structure) -> Result<(), EncodeError> {
    if let Some(name) = structure.uneven_column() {
        return Err(EncodeError::Column(name));
    }
    let atoms = structure.atoms();
    if structure.extra.iter().any(|(_, column)| column.shape() != [atoms]) {
        return Err(EncodeError::Column("extra column"));
    }
    Ok(())
}

fn annotations(writer: &mut PickleWriter, structure: &Structure) -> Result<(), EncodeError> {
    writer.op(op::EMPTY_DICT);
    writer.op(op::MARK);
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

/// A column of text; wider than biotite's when a label would not fit, as biotite itself widens it.
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
    writer.op(op::TUPLE2);
    writer.op(op::REDUCE);
    Ok(())
}
