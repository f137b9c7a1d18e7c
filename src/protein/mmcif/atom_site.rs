//! Reads one atom from a row of the `_atom_site` category. Does not know the syntax of mmCIF.

use super::super::builder::{Atom, Placement, excerpt, guess_element};
use super::super::{Label, number};
use super::token::CifValue;

const CATEGORY: &[u8] = b"_atom_site.";

/// The items of an atom: the property and the name.
const ITEMS: [(&str, &str); SLOTS] = [
    ("atom name", "auth_atom_id"),
    ("residue name", "auth_comp_id"),
    ("chain identifier", "auth_asym_id"),
    ("residue number", "auth_seq_id"),
    ("x coordinate", "Cartn_x"),
    ("y coordinate", "Cartn_y"),
    ("z coordinate", "Cartn_z"),
    ("record group", "group_PDB"),
    ("element", "type_symbol"),
    ("alternate location", "label_alt_id"),
    ("insertion code", "pdbx_PDB_ins_code"),
    ("temperature factor", "B_iso_or_equiv"),
    ("model number", "pdbx_PDB_model_num"),
    ("atom name", "label_atom_id"),
    ("residue name", "label_comp_id"),
    ("chain identifier", "label_asym_id"),
    ("residue number", "label_seq_id"),
];
/// The number of items of an atom.
pub(super) const SLOTS: usize = 17;
/// The distance from an author item of the first slots to the label item that replaces a missing or unknown one.
const LABELS: usize = 13;
const LABELLED: usize = SLOTS - LABELS;
const NAME: usize = 0;
const RESIDUE: usize = 1;
const CHAIN: usize = 2;
const NUMBER: usize = 3;
const COORDINATES: [usize; 3] = [4, 5, 6];
/// Items before this one are required.
const REQUIRED: usize = 7;
const GROUP: usize = 7;
const ELEMENT: usize = 8;
const ALTERNATIVE: usize = 9;
const INSERTION: usize = 10;
const B_FACTOR: usize = 11;
pub(super) const MODEL: usize = 12;

/// The values of one atom by slot. The last element is for all other items.
pub(super) type AtomSiteRow<'a> = [CifValue<'a>; SLOTS + 1];

/// The value of a missing item.
pub(super) const UNKNOWN: CifValue<'static> = CifValue { text: b"?", quoted: false };

/// Whether a tag belongs to the category.
pub(super) fn is_atom_item(tag: &[u8]) -> bool {
    tag.get(..CATEGORY.len()).is_some_and(|category| category.eq_ignore_ascii_case(CATEGORY))
}

/// The slot of every column of a loop; [`SLOTS`] for other columns.
pub(super) fn slots(tags: &[&[u8]]) -> Result<Vec<usize>, String> {
    let mut slots = vec![SLOTS; tags.len()];
    let is_item =
        |tag: &[u8], name: &str| is_atom_item(tag) && tag[CATEGORY.len()..].eq_ignore_ascii_case(name.as_bytes());
    let column_of = |name| tags.iter().position(|tag| is_item(tag, name));
    for (slot, (what, name)) in ITEMS.iter().enumerate() {
        let label = ITEMS.get(slot + LABELS).map(|&(_, name)| name).filter(|_| slot < LABELLED);
        match column_of(name) {
            Some(column) => slots[column] = slot,
            None if slot < REQUIRED && label.is_none_or(|label| column_of(label).is_none()) => {
                let or = label.map_or_else(String::new, |label| format!(" and no {label}"));
                return Err(format!("_atom_site has no {name}{or} ({what})"));
            }
            None => {}
        }
    }
    Ok(slots)
}

/// The atom of a row.
///
/// # Errors
/// A value has the wrong form.
pub(super) fn atom(row: &AtomSiteRow) -> Result<Atom, String> {
    let name = label(row, NAME)?;
    let residue = label(row, RESIDUE)?;
    let mut element = label(row, ELEMENT)?.to_ascii_uppercase();
    if element.is_empty() {
        element = guess_element(name, residue, Placement::Other);
    }
    let mut position = [0.0; 3];
    for (coordinate, slot) in position.iter_mut().zip(COORDINATES) {
        *coordinate = decimal(row, slot, number::read_f32)?;
    }
    Ok(Atom {
        chain: chain(row)?,
        number: whole(row, NUMBER)?.unwrap_or(-1),
        ins_code: label(row, INSERTION)?,
        residue,
        name,
        element,
        hetero: row[GROUP].text == b"HETATM",
        alternative: label(row, ALTERNATIVE)?,
        b_factor: if is_missing(&row[B_FACTOR]) { None } else { Some(decimal(row, B_FACTOR, number::read_f64)?) },
        position,
    })
}

/// Whether the value is unknown (`?`) or does not apply (`.`).
fn is_missing(value: &CifValue) -> bool {
    !value.quoted && matches!(value.text, b"?" | b".")
}

/// The value of a slot, from the label item if the author item is missing.
fn value<'a>(row: &AtomSiteRow<'a>, slot: usize) -> CifValue<'a> {
    if slot < LABELLED && is_missing(&row[slot]) { row[slot + LABELS] } else { row[slot] }
}

fn label(row: &AtomSiteRow, slot: usize) -> Result<Label, String> {
    let value = value(row, slot);
    if is_missing(&value) {
        return Ok(Label::default());
    }
    Label::from_bytes(value.text).ok_or_else(|| wrong(row, slot, "a name of at most eight bytes"))
}

/// The chain. Its name may be longer than other labels.
fn chain(row: &AtomSiteRow) -> Result<Label, String> {
    let value = value(row, CHAIN);
    if is_missing(&value) || value.text.len() <= Label::CAPACITY {
        return label(row, CHAIN);
    }
    let label = std::str::from_utf8(value.text).ok().and_then(Label::of_chain);
    label.ok_or_else(|| wrong(row, CHAIN, "a name of at most 64 bytes"))
}

fn whole(row: &AtomSiteRow, slot: usize) -> Result<Option<i32>, String> {
    let value = value(row, slot);
    if is_missing(&value) {
        return Ok(None);
    }
    number::read_i32(value.text).map(Some).ok_or_else(|| wrong(row, slot, "a whole number"))
}

/// A number, without its standard uncertainty.
fn decimal<T>(row: &AtomSiteRow, slot: usize, read: fn(&[u8]) -> Option<T>) -> Result<T, String> {
    let text = row[slot].text;
    read(text).or_else(|| read(without_uncertainty(text)?)).ok_or_else(|| wrong(row, slot, "a number"))
}

/// `1.234` of `1.234(5)`, a number with its standard uncertainty.
fn without_uncertainty(text: &[u8]) -> Option<&[u8]> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    text.ends_with(b")").then(|| text.get(..open)).flatten()
}

fn wrong(row: &AtomSiteRow, slot: usize, kind: &str) -> String {
    format!("the {} is {}, not {kind}", ITEMS[slot].0, excerpt(value(row, slot).text))
}
