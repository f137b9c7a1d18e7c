//! Writes PDB text with its fixed columns. Refuses a structure that does not fit, and does not cut or wrap values.

use std::fmt::Write;

use super::super::{Label, Structure};
use super::hybrid36;

/// Why a structure does not fit into PDB's columns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("atom {atom} does not fit the PDB format: {message}")]
pub struct WriteError {
    /// The index of the atom.
    pub(crate) atom: usize,
    pub(crate) message: String,
}

/// The structure as PDB text: ATOM and HETATM records with occupancy 1.00, TER after the polymer of each chain, END.
///
/// Temperature factors have two decimals; missing ones are 0.00. Several models are enclosed in MODEL and ENDMDL. Atom numbers above
/// 99,999 and residue numbers above 9,999 are written in hybrid-36. Bonds, box and extra columns are not written.
///
/// # Errors
/// A name or number does not fit its columns, or the columns of the structure differ in length.
pub fn write(structure: &Structure) -> Result<String, WriteError> {
    if let Some(column) = structure.uneven_column() {
        return Err(WriteError { atom: 0, message: format!("column {column} has another length than the atoms") });
    }
    let atoms = structure.atoms();
    let ends = polymer_ends(structure);
    let mut text = String::with_capacity((structure.coord.len() + ends.len() + 4) * 81);
    for model in 0..structure.model_count() {
        if structure.model_count() > 1 {
            put(&mut text, format_args!("MODEL     {:4}\n", model + 1));
        }
        let mut serial = 0;
        for atom in 0..atoms {
            serial += 1;
            write_atom(&mut text, structure, model, atom, serial).map_err(|message| WriteError { atom, message })?;
            if ends.binary_search(&atom).is_ok() {
                serial += 1;
                write_ter(&mut text, structure, atom, serial).map_err(|message| WriteError { atom, message })?;
            }
        }
        if structure.model_count() > 1 {
            text.push_str("ENDMDL\n");
        }
    }
    text.push_str("END\n");
    Ok(text)
}

/// The last atom of each chain that is not hetero, which ends the polymer.
fn polymer_ends(structure: &Structure) -> Vec<usize> {
    structure.chains().into_iter().filter_map(|(_, run)| run.rev().find(|&atom| !structure.hetero[atom])).collect()
}

fn write_atom(text: &mut String, structure: &Structure, model: usize, atom: usize, serial: i64) -> Result<(), String> {
    let name = fitting("atom name", &structure.atom_name[atom], 4)?;
    let element = fitting("element", &structure.element[atom], 2)?;
    // A one-letter element is in the second of the four columns, unless the name fills all of them.
    let indent = if element.len() < 2 && name.len() < 4 { " " } else { "" };
    text.push_str(if structure.hetero[atom] { "HETATM" } else { "ATOM  " });
    columns(text, &number::<5>("atom number", serial)?);
    put(text, format_args!(" {:<4} ", [indent, name].concat()));
    write_residue(text, structure, atom)?;
    text.push_str("   ");
    for coordinate in structure.coord[model * structure.atoms() + atom] {
        fixed(text, "coordinate", f64::from(coordinate), 8, 3)?;
    }
    text.push_str("  1.00");
    let b_factor = structure.b_factor.as_ref().map_or(0.0, |values| values[atom]);
    fixed(text, "temperature factor", b_factor, 6, 2)?;
    put(text, format_args!("          {element:>2}  \n"));
    Ok(())
}

fn write_ter(text: &mut String, structure: &Structure, atom: usize, serial: i64) -> Result<(), String> {
    text.push_str("TER   ");
    columns(text, &number::<5>("atom number", serial)?);
    text.push_str("      ");
    write_residue(text, structure, atom)?;
    text.push('\n');
    Ok(())
}

/// Columns 18 to 27: residue name, chain, residue number and insertion code.
fn write_residue(text: &mut String, structure: &Structure, atom: usize) -> Result<(), String> {
    let residue = fitting("residue name", &structure.res_name[atom], 3)?;
    let chain = fitting("chain identifier", &structure.chain_id[atom], 2)?;
    // Right-aligned: an identifier of two characters begins in column 21, which is otherwise blank.
    put(text, format_args!("{residue:>3}{chain:>2}"));
    columns(text, &number::<4>("residue number", i64::from(structure.res_id[atom]))?);
    put(text, format_args!("{:1}", fitting("insertion code", &structure.ins_code[atom], 1)?));
    Ok(())
}

fn fitting<'a>(what: &str, label: &'a Label, width: usize) -> Result<&'a str, String> {
    let text = label.as_str();
    if text.len() > width {
        return Err(format!("{what} {text:?} is longer than {width}"));
    }
    let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_printable { Ok(text) } else { Err(format!("{what} {text:?} is not printable ASCII")) }
}

fn number<const WIDTH: usize>(what: &str, value: i64) -> Result<[u8; WIDTH], String> {
    hybrid36::encode(value).ok_or_else(|| format!("{what} {value} needs more than {WIDTH} columns"))
}

fn fixed(text: &mut String, what: &str, value: f64, width: usize, decimals: usize) -> Result<(), String> {
    let start = text.len();
    put(text, format_args!("{value:width$.decimals$}"));
    if text.len() - start > width {
        return Err(format!("{what} {value} needs more than {width} columns"));
    }
    Ok(())
}

fn columns(text: &mut String, bytes: &[u8]) {
    text.extend(bytes.iter().map(|&byte| char::from(byte)));
}

fn put(text: &mut String, arguments: std::fmt::Arguments) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> Label {
        Label::new(text).unwrap()
    }

    fn sample() -> Structure {
        let mut structure = Structure::default();
        let mut push = |chain, number, residue, atom, element, position| {
            structure.push(label(chain), number, label(residue), label(atom), label(element), position);
        };
        push("A", -1, "ALA", "CA", "C", [1.0, -2.5, 100.1236]);
        push("A", 10_000, "LEU", "HD11", "H", [0.0, -0.0004, -999.999]);
        push("A", 3, "CA", "CA", "CA", [1.0; 3]);
        push("B", 0, "GLY", "N", "N", [0.0015, 2.0, 3.0]);
        structure.hetero[2] = true;
        structure.ins_code[2] = label("C");
        structure.b_factor = Some(vec![0.126, 99.5, 0.0, -1.0]);
        structure
    }

    #[test]
    fn every_field_stands_in_its_columns() {
        let expected = "\
ATOM      1  CA  ALA A  -1       1.000  -2.500 100.124  1.00  0.13           C  
ATOM      2 HD11 LEU AA000       0.000  -0.000-999.999  1.00 99.50           H  
TER       3      LEU AA000 
HETATM    4 CA    CA A   3C      1.000   1.000   1.000  1.00  0.00          CA  
ATOM      5  N   GLY B   0       0.002   2.000   3.000  1.00 -1.00           N  
TER       6      GLY B   0 
END
";
        assert_eq!(write(&sample()).unwrap(), expected);
    }

    #[test]
    fn models_are_bracketed_and_counted() {
        let mut structure = Structure::default();
        structure.push(label("A"), 1, label("GLY"), label("N"), label("N"), [1.0, 2.0, 3.0]);
        structure.coord.push([4.0, 5.0, 6.0]);
        structure.models = Some(2);
        let text = write(&structure).unwrap();
        let records: Vec<&str> = text.lines().map(|line| line[..line.len().min(6)].trim_end()).collect();
        assert_eq!(records, ["MODEL", "ATOM", "TER", "ENDMDL", "MODEL", "ATOM", "TER", "ENDMDL", "END"]);
        assert!(text.contains("4.000   5.000   6.000"));
    }

    #[test]
    fn a_chain_of_two_characters_begins_one_column_earlier() {
        let mut structure = sample();
        structure.chain_id[3] = label("BB");
        let text = write(&structure).unwrap();
        assert!(text.contains(" GLYBB   0 "), "{text}");
        assert_eq!(super::super::read(&text).unwrap().chain_id, structure.chain_id);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let failing = |change: fn(&mut Structure)| {
            let mut structure = sample();
            change(&mut structure);
            write(&structure).unwrap_err().to_string()
        };
        let prefix = "atom 3 does not fit the PDB format: ";
        assert_eq!(
            failing(|s| s.chain_id[3] = label("BBB")),
            format!("{prefix}chain identifier \"BBB\" is longer than 2")
        );
        assert_eq!(
            failing(|s| s.coord[3][0] = 123_456.0),
            format!("{prefix}coordinate 123456 needs more than 8 columns")
        );
        assert_eq!(failing(|s| s.res_id[3] = -1000), format!("{prefix}residue number -1000 needs more than 4 columns"));
        assert!(failing(|s| s.res_name[3] = label("A A")).ends_with("is not printable ASCII"));
        insta::assert_snapshot!(failing(|s| s.hetero.clear()), @"atom 0 does not fit the PDB format: column hetero has another length than the atoms");
    }
}
