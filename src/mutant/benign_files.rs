//! Peculiarities of right structure files: choices that the formats leave to the program that writes them. Does not change structures.

use super::benign::benign;
use super::{Mutant, MutantFault};
use crate::prediction::{Prediction, Value};
use crate::protein::mmcif;

/// A row of a table: name, description, the field, and the change of a right file.
type FileRow = (&'static str, &'static str, &'static str, fn(&str) -> Option<String>);

/// All benign mutants of structure files.
pub(crate) fn mutants() -> impl Iterator<Item = Mutant> {
    PDB.iter().chain(&MMCIF).map(|&(name, about, field, change)| {
        let fault = MutantFault::response(move |_, right| every_text(right, field, change));
        benign(&format!("{field}-{name}"), about, fault)
    })
}

/// PDB has fixed columns, and only atoms are read.
static PDB: [FileRow; 11] = [
    ("crlf", "lines end as on Windows", "pdb", |text| Some(text.replace('\n', "\r\n"))),
    ("no-last-newline", "no newline at the end", "pdb", |text| Some(text.trim_end().to_owned())),
    ("header", "records before the atoms", "pdb", |text| {
        Some(format!(
            "HEADER    PREDICTION\nREMARK   1 MADE BY A MODEL\nCRYST1    1.000    1.000    1.000  90.00  90.00  90.00 P 1           1\n{text}"
        ))
    }),
    ("trailer", "records behind the end", "pdb", |text| {
        Some(format!("{text}CONECT    1    2\nMASTER        0    0\n"))
    }),
    ("no-ter", "no TER records", "pdb", |text| without(text, "TER")),
    ("no-end", "no END record", "pdb", |text| without(text, "END")),
    ("trimmed", "no blanks at the ends of lines", "pdb", |text| each_line(text, |line| line.trim_end().to_owned())),
    ("blank-lines", "an empty line behind each", "pdb", |text| each_line(text, |line| format!("{line}\n"))),
    ("model", "its one model in MODEL and ENDMDL", "pdb", |text| {
        Some(format!("MODEL        1\n{}ENDMDL\nEND\n", without(text, "END")?))
    }),
    ("serials", "atoms are numbered from 0", "pdb", |text| with_columns(text, 6, "    0")),
    ("occupancies", "occupancies of 0.50", "pdb", |text| with_columns(text, 54, "  0.50")),
];

/// mmCIF names its columns and allows any order.
static MMCIF: [FileRow; 9] = [
    ("crlf", "lines end as on Windows", "cif", |text| Some(text.replace('\n', "\r\n"))),
    ("no-last-newline", "no newline at the end", "cif", |text| Some(text.trim_end().to_owned())),
    ("other-name", "another name of the data", "cif", |text| {
        let (_, rest) = text.strip_prefix("data_")?.split_once('\n')?;
        Some(format!("data_other\n{rest}"))
    }),
    ("more-categories", "categories before and behind the atoms", "cif", |text| {
        let (name, rest) = text.split_once('\n')?;
        let end = if rest.ends_with('\n') { "" } else { "\n" };
        let before = "_entry.id other\nloop_\n_struct_asym.id\n_struct_asym.details\nA 'a chain'\nB ?";
        Some(format!("{name}\n#\n{before}\n#\n{rest}{end}loop_\n_ma_model_list.id\n1\n2\n#\n"))
    }),
    ("comments", "comments", "cif", |text| {
        let (name, rest) = text.split_once('\n')?;
        Some(format!("{name} # made by a model\n# on a Tuesday\n{rest}"))
    }),
    ("more-columns", "one more column of the atoms", "cif", with_another_column),
    ("aligned", "columns of the atoms far apart", "cif", |text| {
        each_line(text, |line| if is_atom(line) { line.replacen(' ', "   ", 2) } else { line.to_owned() })
    }),
    ("empty-block", "an empty block behind the data", "cif", |text| {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        Some(format!("{text}{end}data_empty\n"))
    }),
    ("three-decimals", "coordinates and temperature factors as exact as in PDB files", "cif", |text| {
        let mut structure = mmcif::read(text).ok()?;
        structure.coord.as_flattened_mut().iter_mut().for_each(|axis| *axis = (*axis * 1e3).round() / 1e3);
        structure.b_factor.iter_mut().flatten().for_each(|factor| *factor = (*factor * 1e2).round() / 1e2);
        Some(mmcif::write(&structure, "model"))
    }),
];

/// The response with every text of a field changed. Returns `None` if there is none.
fn every_text(right: &Prediction, field: &str, change: fn(&str) -> Option<String>) -> Option<Prediction> {
    let mut other = right.clone();
    let (_, value) = other.fields.iter_mut().find(|(name, _)| name == field)?;
    let Value::List(items) = value else { return None };
    for item in items {
        *item = Value::Text(change(item.as_text()?)?);
    }
    (other != *right).then_some(other)
}

/// The lines that do not begin with a record name.
#[expect(clippy::unnecessary_wraps, reason = "rows of the tables return it")]
fn without(text: &str, record: &str) -> Option<String> {
    Some(text.split_inclusive('\n').filter(|line| !line.starts_with(record)).collect())
}

#[expect(clippy::unnecessary_wraps, reason = "rows of the tables return it")]
fn each_line(text: &str, change: impl Fn(&str) -> String) -> Option<String> {
    Some(text.lines().map(|line| change(line) + "\n").collect())
}

/// Overwrites some columns of the atoms.
fn with_columns(text: &str, from: usize, columns: &str) -> Option<String> {
    each_line(text, |line| match (line.get(..from), line.get(from + columns.len()..)) {
        (Some(before), Some(after)) if is_atom(line) => format!("{before}{columns}{after}"),
        _ => line.to_owned(),
    })
}

fn is_atom(line: &str) -> bool {
    line.starts_with("ATOM") || line.starts_with("HETATM")
}

/// Adds a last column. Returns `None` if a row takes several lines.
fn with_another_column(text: &str) -> Option<String> {
    let last = text.lines().rfind(|line| line.starts_with("_atom_site."))?;
    if text.lines().any(|line| line.starts_with("_atom_site.") && line.split_whitespace().count() != 1) {
        return None;
    }
    each_line(text, |line| match line {
        tag if tag == last => format!("{tag}\n_atom_site.of_a_program"),
        atom if is_atom(atom) => format!("{} 'a b'", atom.trim_end()),
        other => other.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protein::{Label, Structure, pdb};

    fn right() -> Structure {
        let mut structure = Structure::default();
        for (chain, number) in [("A", 1), ("A", 2), ("B", 1)] {
            for (place, name) in ["N", "CA", "C", "O"].into_iter().enumerate() {
                let at = [number as f32 * 3.8, place as f32 * 1.4, -1.5];
                let label = |text: &str| Label::new(text).unwrap();
                structure.push(label(chain), number, label("GLY"), label(name), label(&name[..1]), at);
            }
        }
        structure.b_factor = Some(vec![0.5; structure.atoms()]);
        structure
    }

    #[test]
    fn peculiar_files_read_as_the_right_ones() {
        let files = [pdb::write(&right()).unwrap(), mmcif::write(&right(), "right")];
        let known = [pdb::read(&files[0]).unwrap(), mmcif::read(&files[1]).unwrap()];
        for (name, _, field, change) in PDB.iter().chain(&MMCIF) {
            let at = usize::from(*field == "cif");
            let text = change(&files[at]).unwrap();
            let read = if at == 0 { pdb::read(&text) } else { mmcif::read(&text) };
            assert_ne!(text, files[at], "{field}-{name}");
            assert_eq!(read.as_ref(), Ok(&known[at]), "{field}-{name}");
        }
    }
}
