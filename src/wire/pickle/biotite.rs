//! biotite's `AtomArray`, `AtomArrayStack` and `BondList` from their pickled state. Copies and checks every column. Does not judge
//! structures.

use super::error::PickleFault;
use super::graph::{BondTable, Graph, Node, NodeId};
use super::symbol::Symbol;
use crate::prediction::{Record, Value};
use crate::protein::{Bond, Label, Structure, bond_rows};
use crate::tensor::{DType, Tensor};

/// Memory of one atom without its positions: five labels, number, flag and temperature factor.
const BYTES_PER_ATOM: usize = 5 * size_of::<Label>() + 4 + 1 + 8;

/// Memory of one bond in the record of a separate bond list.
pub(super) const BYTES_PER_ROW: usize = 3 * size_of::<u32>();

/// The class of the record of a separate bond list.
pub(in crate::wire) const BOND_LIST: &str = "biotite.structure.BondList";

const BONDS: PickleFault = PickleFault::Column("bonds");

/// The attributes of a structure, in every version of biotite so far.
const STATE: [&str; 5] = ["_annot", "_array_length", "_coord", "_bonds", "_box"];

/// The memory of a copy of a structure.
pub(super) fn size_of_structure(structure: &Structure) -> usize {
    size_of::<Structure>()
        + size_of_val(structure.coord.as_slice())
        + structure.atoms() * BYTES_PER_ATOM
        + structure.bonds.as_deref().map_or(0, size_of_val)
}

/// A separate bond list, as `atom_count` and uint32 `bonds` `[n, 3]`.
pub(super) fn bond_record(table: &BondTable) -> Result<Record, PickleFault> {
    let (atoms, bonds) = (Value::Integer(table.atoms as i64), Value::Array(bond_rows(&table.bonds)?));
    Ok(Record { class: BOND_LIST.into(), fields: vec![("atom_count".into(), atoms), ("bonds".into(), bonds)] })
}

/// The structure that the state of an `AtomArray` or `AtomArrayStack` describes.
pub(super) fn structure(graph: &mut Graph, class: Symbol, state: NodeId) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("structure state");
    let is_known = |&(key, _): &(NodeId, NodeId)| graph.word(key).is_some_and(|key| STATE.contains(&key));
    if !graph.entries(state).ok_or(FAULT)?.iter().all(is_known) {
        return Err(PickleFault::Unsupported("a structure as this version of biotite writes it".into()));
    }
    let [Some(annotations), Some(count), Some(coord), Some(bonds), Some(cell)] =
        STATE.map(|name| graph.entry(state, name))
    else {
        return Err(FAULT);
    };
    let atoms = graph.size(count).ok_or(FAULT)?;
    graph.charge(size_of::<Structure>() + atoms.saturating_mul(BYTES_PER_ATOM))?;
    let Node::Array(coord) = graph.node(coord) else { return Err(PickleFault::Column("coord")) };
    let coord = Tensor::clone(coord);
    let models = match (class, coord.shape()) {
        (Symbol::AtomArray, &[count, 3]) if count == atoms => None,
        (Symbol::AtomArrayStack, &[models, count, 3]) if count == atoms => Some(models),
        _ => return Err(PickleFault::Column("coord")),
    };
    graph.charge(coord.bytes().len())?;
    let positions: Vec<f32> = coord.values().ok_or(PickleFault::Column("coord"))?.collect();
    let mut structure = Structure { coord: positions.as_chunks().0.to_vec(), models, ..Structure::default() };
    read_columns(graph, annotations, atoms, &mut structure)?;
    structure.bonds = match graph.node(bonds) {
        Node::None => None,
        Node::Bonds(table) if table.atoms == atoms => {
            let bonds = table.bonds.clone();
            graph.charge(size_of_val(bonds.as_slice()))?;
            Some(bonds)
        }
        _ => return Err(BONDS),
    };
    structure.cell = match graph.node(cell) {
        Node::None => None,
        Node::Array(tensor) if is_cell(tensor, models) => Some(Tensor::clone(tensor)),
        _ => return Err(PickleFault::Column("box")),
    };
    Ok(Node::Structure(Box::new(structure)))
}

fn is_cell(tensor: &Tensor, models: Option<usize>) -> bool {
    tensor.dtype() == DType::F32 && models.into_iter().chain([3, 3]).eq(tensor.shape().iter().copied())
}

fn read_columns(
    graph: &Graph,
    annotations: NodeId,
    atoms: usize,
    structure: &mut Structure,
) -> Result<(), PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("structure annotations");
    for &(name, column) in graph.entries(annotations).ok_or(FAULT)? {
        let name = graph.word(name).ok_or(FAULT)?;
        let tensor = match graph.node(column) {
            Node::Array(tensor) if tensor.shape() == [atoms] => tensor.as_ref(),
            Node::Array(tensor) if tensor.shape().first() == Some(&atoms) => {
                return Err(PickleFault::Unsupported(format!("annotation {name:?} of several dimensions")));
            }
            Node::Objects(_) => return Err(PickleFault::Unsupported(format!("annotation {name:?} of objects"))),
            _ => return Err(PickleFault::Malformed("structure annotation")),
        };
        match name {
            "chain_id" => structure.chain_id = labels(tensor, "chain_id")?,
            "res_id" => structure.res_id = numbers(tensor).ok_or(PickleFault::Column("res_id"))?,
            "ins_code" => structure.ins_code = labels(tensor, "ins_code")?,
            "res_name" => structure.res_name = labels(tensor, "res_name")?,
            "hetero" => structure.hetero = tensor.values().ok_or(PickleFault::Column("hetero"))?.collect(),
            "atom_name" => structure.atom_name = labels(tensor, "atom_name")?,
            "element" => structure.element = labels(tensor, "element")?,
            "b_factor" if matches!(tensor.dtype(), DType::F32 | DType::F64) => {
                structure.b_factor = tensor.to_f64();
                structure.b_factor_dtype = Some(tensor.dtype());
            }
            _ => structure.extra.push((name.to_owned(), tensor.clone())),
        }
    }
    if structure.atoms() != atoms {
        return Err(PickleFault::Column("atom_name"));
    }
    structure.uneven_column().map_or(Ok(()), |name| Err(PickleFault::Column(name)))
}

fn numbers(tensor: &Tensor) -> Option<Vec<i32>> {
    match tensor.dtype() {
        DType::I32 => Some(tensor.values()?.collect()),
        DType::I64 => tensor.values::<i64>()?.map(|number| i32::try_from(number).ok()).collect(),
        _ => None,
    }
}

/// A column of fixed-width text; trailing zeros are padding, as in `NumPy`.
fn labels(tensor: &Tensor, name: &'static str) -> Result<Vec<Label>, PickleFault> {
    let DType::Text(_) = tensor.dtype() else { return Err(PickleFault::Column(name)) };
    let mut text = String::new();
    let label = |cell: &[u8]| {
        text.clear();
        for &unit in cell.as_chunks::<4>().0 {
            text.push(char::from_u32(u32::from_le_bytes(unit)).ok_or(PickleFault::Column(name))?);
        }
        let text = text.trim_end_matches('\0');
        let (label, longest) = match name {
            "chain_id" => (Label::of_chain(text), Label::LONGEST),
            _ => (Label::new(text), Label::CAPACITY),
        };
        label.ok_or_else(|| match text.len() {
            // The columns of biotite are as wide as their longest text.
            Label::CAPACITY.. if !text.contains('\0') => {
                PickleFault::Unsupported(format!("a {name} of more than {longest} bytes"))
            }
            _ => PickleFault::Column(name),
        })
    };
    tensor.bytes().chunks_exact(tensor.dtype().size()).map(label).collect()
}

/// `BondList(atoms)`, `BondList(atoms, array)` and `BondList._from_state(atoms, rows)`.
pub(super) fn bond_list(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    match *arguments {
        [atoms] => table(graph, atoms, None),
        [atoms, rows] => table(graph, atoms, Some(rows)),
        _ => Err(BONDS),
    }
}

/// The state dict of a `BondList`, as biotite wrote it before version 1.6.
pub(super) fn bond_state(graph: &mut Graph, state: NodeId) -> Result<Node, PickleFault> {
    let (atoms, rows) = graph.entry(state, "_atom_count").zip(graph.entry(state, "_bonds")).ok_or(BONDS)?;
    table(graph, atoms, Some(rows))
}

fn table(graph: &mut Graph, atoms: NodeId, rows: Option<NodeId>) -> Result<Node, PickleFault> {
    let atoms = graph.size(atoms).ok_or(BONDS)?;
    let count = match rows.map(|rows| graph.node(rows)) {
        None => 0,
        Some(Node::List(rows)) => rows.len(),
        Some(Node::Array(tensor)) if matches!(tensor.shape(), [_, 3]) => tensor.shape()[0],
        _ => return Err(BONDS),
    };
    graph.charge(count.saturating_mul(size_of::<Bond>()))?;
    let mut bonds = Vec::with_capacity(count);
    for row in 0..count {
        bonds.push(rows.and_then(|rows| bond_at(graph, rows, row, atoms)).ok_or(BONDS)?);
    }
    Ok(Node::Bonds(Box::new(BondTable { atoms, bonds })))
}

fn bond_at(graph: &Graph, rows: NodeId, row: usize, atoms: usize) -> Option<Bond> {
    let cells = match graph.node(rows) {
        Node::List(rows) => {
            let (Node::List(cells) | Node::Tuple(cells)) = graph.node(*rows.get(row)?) else { return None };
            let &[first, second, order] = cells.as_slice() else { return None };
            [graph.integer(first)?, graph.integer(second)?, graph.integer(order)?]
        }
        Node::Array(tensor) if tensor.dtype().is_integer() => {
            let cell = |column| tensor.f64_at(3 * row + column).map(|number| number as i64);
            [cell(0)?, cell(1)?, cell(2)?]
        }
        _ => return None,
    };
    let index = |cell: i64| u32::try_from(cell).ok().filter(|&index| (index as usize) < atoms);
    Some(Bond { first: index(cells[0])?, second: index(cells[1])?, order: u8::try_from(cells[2]).ok()? })
}
