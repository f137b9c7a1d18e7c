//! Writes mmCIF text: one data block with one `_atom_site` loop that biotite, gemmi and viewers can read. Does not write other
//! categories.

use std::collections::HashMap;
use std::fmt::{Display, Write};

use super::super::{Label, Structure};
use crate::tensor::DType;

/// The columns of [`write()`] in the order of the Protein Data Bank's own files.
const COLUMNS: [&str; 20] = [
    "group_PDB",
    "id",
    "type_symbol",
    "label_atom_id",
    "label_alt_id",
    "label_comp_id",
    "label_asym_id",
    "label_entity_id",
    "label_seq_id",
    "pdbx_PDB_ins_code",
    "Cartn_x",
    "Cartn_y",
    "Cartn_z",
    "occupancy",
    B_FACTOR,
    "auth_seq_id",
    "auth_comp_id",
    "auth_asym_id",
    "auth_atom_id",
    "pdbx_PDB_model_num",
];

const B_FACTOR: &str = "B_iso_or_equiv";

/// The structure as mmCIF text in a data block called `name`, in which invalid characters become `_`.
///
/// Every number reads back as the same float. The column of temperature factors is omitted if the structure has none. Label and author
/// identifiers are equal, and every chain identifier is a separate entity. Bonds, box and extra columns are not written. Missing entries
/// of a short column are written as unknown.
#[must_use]
pub fn write(structure: &Structure, name: &str) -> String {
    let mut text = String::with_capacity(structure.coord.len() * 96 + 1024);
    text.push_str("data_");
    text.extend(name.chars().map(|letter| if letter.is_ascii_graphic() { letter } else { '_' }));
    text.push_str("\n#\nloop_\n");
    for column in COLUMNS {
        if column != B_FACTOR || structure.b_factor.is_some() {
            text.push_str("_atom_site.");
            text.push_str(column);
            text.push('\n');
        }
    }
    let atoms = structure.atoms();
    let entities = entities(structure);
    for (index, position) in structure.coord.iter().enumerate().filter(|_| atoms > 0) {
        let atom = index % atoms;
        let at = |column: &[Label]| column.get(atom).copied().unwrap_or_default();
        let chain = at(&structure.chain_id);
        let hetero = structure.hetero.get(atom).is_some_and(|&hetero| hetero);
        let residue_number = structure.res_id.get(atom).copied().unwrap_or(-1);
        text.push_str(if hetero { "HETATM" } else { "ATOM" });
        number(&mut text, index + 1);
        value(&mut text, at(&structure.element));
        value(&mut text, at(&structure.atom_name));
        text.push_str(" .");
        value(&mut text, at(&structure.res_name));
        value(&mut text, chain);
        number(&mut text, entities.get(&chain).copied().unwrap_or(1));
        number(&mut text, residue_number);
        value(&mut text, at(&structure.ins_code));
        for coordinate in position {
            number(&mut text, format_args!("{coordinate:?}"));
        }
        text.push_str(" 1.0");
        if let Some(values) = &structure.b_factor {
            match (values.get(atom), structure.b_factor_dtype) {
                (None, _) => text.push_str(" ?"),
                (Some(&value), Some(DType::F32)) => number(&mut text, value as f32),
                (Some(&value), _) => number(&mut text, value),
            }
        }
        number(&mut text, residue_number);
        value(&mut text, at(&structure.res_name));
        value(&mut text, chain);
        value(&mut text, at(&structure.atom_name));
        number(&mut text, index / atoms + 1);
        text.push('\n');
    }
    text.push_str("#\n");
    text
}

/// A number for every chain identifier, in order of first appearance.
fn entities(structure: &Structure) -> HashMap<Label, usize> {
    let mut numbers = HashMap::new();
    for (chain, _) in structure.chains() {
        let next = numbers.len() + 1;
        numbers.entry(chain).or_insert(next);
    }
    numbers
}

fn number(text: &mut String, value: impl Display) {
    // Writing to a string cannot fail.
    let _ = write!(text, " {value}");
}

/// Appends a value, quoted if CIF or a lenient reader needs it. An empty value becomes `?`.
fn value(text: &mut String, label: Label) {
    let value = label.as_str();
    text.push(' ');
    if value.is_empty() {
        text.push('?');
    } else if !needs_quotes(value) {
        text.push_str(value);
    } else if value.contains('\n') || value.contains('\'') && value.contains('"') {
        let _ = write!(text, "\n;{value}\n;\n");
    } else {
        let quote = if value.contains('\'') { '"' } else { '\'' };
        let _ = write!(text, "{quote}{value}{quote}");
    }
}

fn needs_quotes(value: &str) -> bool {
    let reserved = ["data_", "save_", "loop_", "stop_", "global_"];
    let lower = value.to_ascii_lowercase();
    value == "."
        || value == "?"
        || value.starts_with(['_', '#', '$', ';', '[', ']'])
        || value.contains(|letter: char| letter.is_whitespace() || letter == '\'' || letter == '"')
        || reserved.iter().any(|word| lower.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> Label {
        Label::new(text).unwrap()
    }

    fn atom(structure: &mut Structure, chain: &str, atom: &str, position: [f32; 3]) {
        structure.push(label(chain), -1, label("ALA"), label(atom), label("C"), position);
    }

    fn rows(text: &str) -> Vec<&str> {
        text.lines().filter(|line| line.starts_with("ATOM") || line.starts_with("HETATM")).collect()
    }

    #[test]
    fn rows_have_a_value_for_every_column() {
        let mut structure = Structure::default();
        atom(&mut structure, "A", "CA", [1.000_49, -2.5, 100.123_56]);
        atom(&mut structure, "BB", "H5''", [0.0, 1e-7, f32::NAN]);
        structure.hetero[1] = true;
        let text = write(&structure, "two words");
        assert!(text.starts_with("data_two_words\n#\nloop_\n_atom_site.group_PDB\n"));
        assert_eq!(
            rows(&text),
            [
                "ATOM 1 C CA . ALA A 1 -1 ? 1.00049 -2.5 100.12356 1.0 -1 ALA A CA 1",
                "HETATM 2 C \"H5''\" . ALA BB 2 -1 ? 0.0 1e-7 NaN 1.0 -1 ALA BB \"H5''\" 1",
            ]
        );
        assert_eq!(text.matches("_atom_site.").count(), 19);
    }

    #[test]
    fn a_temperature_factor_is_written_in_the_width_it_came_in() {
        let mut structure = Structure::default();
        atom(&mut structure, "A", "CA", [0.0; 3]);
        structure.b_factor = Some(vec![f64::from(0.1f32)]);
        assert!(rows(&write(&structure, "x"))[0].contains(" 1.0 0.10000000149011612 "));
        structure.b_factor_dtype = Some(DType::F32);
        assert!(rows(&write(&structure, "x"))[0].contains(" 1.0 0.1 "));
    }

    #[test]
    fn models_follow_each_other_with_their_numbers() {
        let mut structure = Structure::default();
        atom(&mut structure, "A", "CA", [1.0; 3]);
        structure.coord.push([2.0; 3]);
        structure.models = Some(2);
        let text = write(&structure, "x");
        assert!(rows(&text)[0].ends_with(" 1"));
        assert!(rows(&text)[1].starts_with("ATOM 2 ") && rows(&text)[1].ends_with(" 2"));
    }

    #[test]
    fn words_of_the_format_are_quoted() {
        for word in ["?", ".", "_a", "#1", "LOOP_", "data_x", ";x", "a b", "$a"] {
            let mut text = String::new();
            value(&mut text, label(word));
            assert_eq!(text, format!(" '{word}'"));
        }
        let mut text = String::new();
        value(&mut text, label("'\""));
        assert_eq!(text, " \n;'\"\n;\n");
    }
}
