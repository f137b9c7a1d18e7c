//! Reads the ATOM, HETATM, MODEL and ENDMDL records of PDB text by their fixed columns. Does not read other records.

use super::super::builder::{Atom, Builder, Placement, excerpt, guess_element};
use super::super::{Label, ParseError, Structure, number};
use super::hybrid36;

/// Columns of a record, zero-based and half open, with their name in messages.
struct Field {
    what: &'static str,
    from: usize,
    to: usize,
}

const fn field(what: &'static str, from: usize, to: usize) -> Field {
    Field { what, from, to }
}

const NAME: Field = field("atom name", 12, 16);
const ALTERNATIVE: Field = field("alternate location", 16, 17);
const RESIDUE: Field = field("residue name", 17, 20);
/// The format only has column 22. Programs with more than 62 chains begin one column earlier, as gemmi does.
const CHAIN: Field = field("chain identifier", 20, 22);
const NUMBER: Field = field("residue number", 22, 26);
const INSERTION: Field = field("insertion code", 26, 27);
const COORDINATES: [Field; 3] =
    [field("x coordinate", 30, 38), field("y coordinate", 38, 46), field("z coordinate", 46, 54)];
const B_FACTOR: Field = field("temperature factor", 60, 66);
const ELEMENT: Field = field("element", 76, 78);

/// The structure of a PDB text.
///
/// Several models become `models` and must list the same atoms. The first alternate location of each residue is kept, as in biotite.
/// Numbers may be in hybrid-36. Lines may end after the coordinates. A missing element follows from the name. A missing temperature factor
/// is NaN, and the column is `None` if all are missing. A chain identifier of two characters begins in column 21. Atom numbers, occupancy,
/// charge, bonds and box are not read, and reading goes on after `END`.
///
/// # Errors
/// The first line that breaks the format, or there are no atoms.
pub fn read(text: &str) -> Result<Structure, ParseError> {
    read_with(text, Builder::with_capacity(text.len() / 81 + 1), Builder::finish)
}

/// The models as separate structures, which may list different atoms.
///
/// # Errors
/// As [`read`], except that the models may differ.
pub(crate) fn read_models(text: &str) -> Result<Vec<Structure>, ParseError> {
    read_with(text, Builder::of_separate_models(), Builder::finish_models)
}

fn read_with<T>(
    text: &str,
    mut builder: Builder,
    finish: impl FnOnce(Builder) -> Result<T, String>,
) -> Result<T, ParseError> {
    // Some editors write a byte order mark, which would shift the columns of the first line.
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes();
    let mut line = 0;
    while !rest.is_empty() {
        line += 1;
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (record, after) = rest.split_at(end);
        let ending = if after.starts_with(b"\r\n") { 2 } else { 1 };
        rest = after.get(ending..).unwrap_or_default();
        record_into(&mut builder, record).map_err(|message| ParseError { line, message })?;
    }
    finish(builder).map_err(|message| ParseError { line: line.max(1), message })
}

fn record_into(builder: &mut Builder, record: &[u8]) -> Result<(), String> {
    let name = record.get(..6).unwrap_or(record);
    match name {
        b"HETATM" => builder.push(&atom(record, true)?),
        // Atom numbers of six digits extend into the last column of the record's name.
        [b'A', b'T', b'O', b'M', b' ', _] => builder.push(&atom(record, false)?),
        [b'M', b'O', b'D', b'E', b'L', ..] | b"ENDMDL" => builder.end_model(),
        b"ATOM" => Err("the record ends before its coordinates".into()),
        _ => Ok(()),
    }
}

fn atom(record: &[u8], hetero: bool) -> Result<Atom, String> {
    if record.len() < COORDINATES[2].from {
        return Err("the record ends before its coordinates".into());
    }
    let name = NAME.label(record)?;
    let residue = RESIDUE.label(record)?;
    let written = ELEMENT.label(record)?;
    // Old files have the name of the entry and a line number in these columns.
    let letters = ELEMENT.of(record).trim_ascii();
    let element = if letters.is_empty() || !letters.iter().all(u8::is_ascii_alphabetic) {
        let starts_early = record.get(NAME.from).is_some_and(u8::is_ascii_alphabetic);
        guess_element(name, residue, if starts_early { Placement::ElementColumn } else { Placement::Other })
    } else {
        written.to_ascii_uppercase()
    };
    let mut position = [0.0; 3];
    for (value, field) in position.iter_mut().zip(&COORDINATES) {
        *value = number::read_f32(field.of(record)).ok_or_else(|| field.not("a number", record))?;
    }
    let b_factor = match B_FACTOR.of(record).trim_ascii() {
        [] => None,
        digits => Some(number::read_f64(digits).ok_or_else(|| B_FACTOR.not("a number", record))?),
    };
    let columns = NUMBER.of(record);
    let number = number::read_i32(columns).or_else(|| hybrid36::decode(columns));
    Ok(Atom {
        chain: CHAIN.label(record)?,
        number: number.ok_or_else(|| NUMBER.not("a residue number", record))?,
        ins_code: INSERTION.label(record)?,
        residue,
        name,
        element,
        hetero,
        alternative: ALTERNATIVE.label(record)?,
        b_factor,
        position,
    })
}

impl Field {
    /// The text of the columns, which is shorter if the line ends early.
    fn of<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        record.get(self.from..self.to.min(record.len())).unwrap_or_default()
    }

    fn label(&self, record: &[u8]) -> Result<Label, String> {
        Label::from_bytes(self.of(record).trim_ascii()).ok_or_else(|| self.not("text", record))
    }

    fn not(&self, kind: &str, record: &[u8]) -> String {
        let Self { what, from, to } = self;
        format!("the {what} in columns {} to {to} is {}, not {kind}", from + 1, excerpt(self.of(record)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALPHA: &str = "ATOM      2  CA  ALA A  -1A     -0.125   2.500 100.124  1.00  0.34           C  ";

    fn with(from: usize, replacement: &str) -> String {
        let mut line = ALPHA.to_owned();
        line.replace_range(from..from + replacement.len(), replacement);
        line
    }

    fn texts(labels: &[Label]) -> Vec<&str> {
        labels.iter().map(Label::as_str).collect()
    }

    #[test]
    fn every_column_is_read() {
        let structure = read(ALPHA).unwrap();
        assert_eq!(structure.coord, [[-0.125, 2.5, 100.124]]);
        assert_eq!((structure.res_id[0], structure.hetero[0]), (-1, false));
        assert_eq!(structure.b_factor, Some(vec![0.34]));
        let labels = [
            structure.chain_id[0],
            structure.ins_code[0],
            structure.res_name[0],
            structure.atom_name[0],
            structure.element[0],
        ];
        assert_eq!(texts(&labels), ["A", "A", "ALA", "CA", "C"]);
        assert_eq!(structure.models, None);
    }

    #[test]
    fn short_lines_and_carriage_returns_are_fine() {
        let text = format!("REMARK\r\n{}\r\nTER\r\n{}\r\n", &ALPHA[..54], &with(12, "FE  ")[..54]);
        let structure = read(&text).unwrap();
        assert_eq!(structure.b_factor, None);
        assert_eq!(texts(&structure.element), ["C", "FE"]);
        let mixed = read(&format!("{ALPHA}\n{}", &ALPHA[..60])).unwrap();
        assert!(mixed.b_factor.is_some_and(|values| !values[0].is_nan() && values[1].is_nan()));
    }

    #[test]
    fn a_byte_order_mark_hides_no_atom() {
        let plain = format!("{ALPHA}\n{}\n", with(12, " CB "));
        assert_eq!(read(&format!("\u{feff}{plain}")), read(&plain));
    }

    #[test]
    fn of_alternate_locations_the_first_in_each_residue_stays() {
        let atom = |alternative: &str, number: &str, x: &str| {
            let mut line = with(16, alternative);
            line.replace_range(22..26, number);
            line.replace_range(30..38, x);
            line
        };
        let text = [
            atom(" ", "   1", "   1.000"),
            atom("B", "   1", "   2.000"),
            atom("A", "   1", "   3.000"),
            atom("A", "   2", "   4.000"),
            atom("B", "   2", "   5.000"),
        ]
        .join("\n");
        let structure = read(&format!("MODEL        1\n{text}\nENDMDL\nMODEL        2\n{text}\nENDMDL\nEND")).unwrap();
        let x: Vec<f32> = structure.coord.iter().map(|position| position[0]).collect();
        assert_eq!(x, [1.0, 2.0, 4.0, 1.0, 2.0, 4.0]);
        assert_eq!(structure.models, Some(2));
    }

    #[test]
    fn chains_of_two_characters_begin_in_column_21() {
        let text = ["AA", "BA", " A", "B "].map(|chain| with(20, chain)).join("\n");
        let structure = read(&text).unwrap();
        assert_eq!(texts(&structure.chain_id), ["AA", "BA", "A", "B"]);
        assert_eq!(structure.chains().len(), 4);
        assert_eq!(texts(&structure.res_name), ["ALA"; 4]);
    }

    #[test]
    fn models_that_list_different_atoms_are_read_apart() {
        let other = with(12, " CB ");
        let text = format!("MODEL        1\n{ALPHA}\nENDMDL\nMODEL        2\n{other}\n{ALPHA}\nENDMDL\nEND\n");
        assert!(read(&text).is_err());
        let models = read_models(&text).unwrap();
        assert_eq!(texts(&models[0].atom_name), ["CA"]);
        assert_eq!(texts(&models[1].atom_name), ["CB", "CA"]);
        assert_eq!((models.len(), models[1].models), (2, None));
        assert_eq!(models[1].b_factor, Some(vec![0.34; 2]));
        assert!(read_models("END\n").is_err());
    }

    #[test]
    fn errors_name_line_columns_and_content() {
        let message = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(
            message(&format!("{ALPHA}\n{}", with(38, "   2.x00"))),
            "line 2: the y coordinate in columns 39 to 46 is \"   2.x00\", not a number"
        );
        assert_eq!(
            message(&with(22, " 1B ")),
            "line 1: the residue number in columns 23 to 26 is \" 1B \", not a residue number"
        );
        assert_eq!(message(&format!("\n{}", &ALPHA[..40])), "line 2: the record ends before its coordinates");
        assert_eq!(message("REMARK\nEND\n"), "line 2: there is no atom");
        assert_eq!(message(""), "line 1: there is no atom");
        let unequal = format!("{ALPHA}\nENDMDL\n{ALPHA}\n{ALPHA}\n");
        assert_eq!(message(&unequal), "line 4: model 2 has more atoms than the 1 of model 1");
        let other = format!("{ALPHA}\nENDMDL\n{}\n", with(12, " CB "));
        assert_eq!(
            message(&other),
            "line 3: atom 1 of model 2 is CB of residue -1 in chain \"A\", in model 1 it is CA of residue -1 in chain \"A\""
        );
    }
}
