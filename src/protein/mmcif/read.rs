//! Reads the atoms of an mmCIF text. Checks the grammar of other categories, but does not read them.

use std::collections::HashSet;

use super::super::builder::{Builder, excerpt};
use super::super::{ParseError, Structure};
use super::atom_site::{AtomSiteRow, MODEL, SLOTS, UNKNOWN, atom, is_atom_item, slots};
use super::token::{Broken, CifToken, CifTokens, CifValue};

/// The structure of the first data block that has atoms.
///
/// Author identifiers are preferred, as in biotite. An unknown one (`?` or `.`) is replaced by the label identifier. A residue without a
/// number is −1. The first alternate location of each residue is kept. Several models become `models` and must list the same atoms. A
/// missing element follows from the name. A missing temperature factor is NaN, and the column is `None` if all are missing.
///
/// # Errors
/// The first token that breaks the grammar or is no valid value of an atom, or there are no atoms.
pub fn read(text: &str) -> Result<Structure, ParseError> {
    read_with(text, Builder::with_capacity(text.len() / 85 + 1), Builder::finish)
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
    builder: Builder,
    finish: impl FnOnce(Builder) -> Result<T, String>,
) -> Result<T, ParseError> {
    let mut reader = CifReader {
        tokens: CifTokens::new(text),
        builder,
        model: None,
        earlier_models: HashSet::new(),
        has_table: false,
    };
    let blocks = reader.blocks();
    let finished =
        blocks.and_then(|()| finish(reader.builder).map_err(|message| Broken { offset: text.len(), message }));
    finished.map_err(|Broken { offset, message }| {
        let before = text.as_bytes().get(..offset).unwrap_or_default();
        // An error at the end belongs to the last line, not to the empty one after it.
        let before = before.strip_suffix(b"\n").filter(|_| offset == text.len()).unwrap_or(before);
        ParseError { line: 1 + memchr::memchr_iter(b'\n', before).count(), message }
    })
}

struct CifReader<'a> {
    tokens: CifTokens<'a>,
    builder: Builder,
    /// The model number of the last atom.
    model: Option<&'a [u8]>,
    earlier_models: HashSet<&'a [u8]>,
    /// Whether the block has a loop of atoms already.
    has_table: bool,
}

const TWICE: &str = "a block has the category _atom_site twice; its items belong into one loop";

impl<'a> CifReader<'a> {
    /// Reads up to the end of the first block with atoms.
    fn blocks(&mut self) -> Result<(), Broken> {
        let mut single = Vec::new();
        let mut token = self.tokens.next()?;
        loop {
            token = match token {
                CifToken::End => return self.single_atom(&single),
                CifToken::Data if self.model.is_some() || !single.is_empty() => return self.single_atom(&single),
                CifToken::Data => {
                    self.has_table = false;
                    self.tokens.next()?
                }
                CifToken::Other => self.tokens.next()?,
                CifToken::Loop => self.table(!single.is_empty())?,
                CifToken::Tag(tag) => {
                    let offset = self.tokens.start();
                    let CifToken::Value(value) = self.tokens.next()? else {
                        return Err(Broken { offset, message: format!("{} has no value", excerpt(tag)) });
                    };
                    if is_atom_item(tag) {
                        if self.has_table {
                            return Err(Broken { offset, message: TWICE.to_owned() });
                        }
                        single.push((tag, value));
                    }
                    self.tokens.next()?
                }
                CifToken::Value(value) => {
                    return Err(self.tokens.broken(format!("the value {} has no tag", excerpt(value.text))));
                }
            };
        }
    }

    /// An `_atom_site` category without a loop: one atom.
    fn single_atom(&mut self, items: &[(&'a [u8], CifValue<'a>)]) -> Result<(), Broken> {
        if items.is_empty() {
            return Ok(());
        }
        let tags: Vec<&[u8]> = items.iter().map(|&(tag, _)| tag).collect();
        let slots = slots(&tags).map_err(|message| self.tokens.broken(message))?;
        let mut row = [UNKNOWN; SLOTS + 1];
        for (&slot, &(_, value)) in slots.iter().zip(items) {
            row[slot] = value;
        }
        self.atom(&row).map_err(|message| self.tokens.broken(message))
    }

    /// Reads a loop and returns the token after it. `has_atom` tells whether the block has an atom without a loop.
    fn table(&mut self, has_atom: bool) -> Result<CifToken<'a>, Broken> {
        let offset = self.tokens.start();
        let mut tags = Vec::new();
        let mut token = self.tokens.next()?;
        while let CifToken::Tag(tag) = token {
            tags.push(tag);
            token = self.tokens.next()?;
        }
        if tags.first().is_some_and(|&tag| is_atom_item(tag)) {
            if has_atom || std::mem::replace(&mut self.has_table, true) {
                return Err(Broken { offset, message: TWICE.to_owned() });
            }
            let slots = slots(&tags).map_err(|message| self.tokens.broken(message))?;
            return self.atoms(&slots, token);
        }
        let mut values = 0usize;
        while let CifToken::Value(_) = token {
            values += 1;
            token = self.tokens.next()?;
        }
        match values.checked_rem(tags.len()) {
            Some(0) => Ok(token),
            Some(_) => Err(self.tokens.broken(format!("{values} values do not fill a loop of {}", tags.len()))),
            None => Err(self.tokens.broken("a loop has no tags")),
        }
    }

    fn atoms(&mut self, slots: &[usize], mut token: CifToken<'a>) -> Result<CifToken<'a>, Broken> {
        let mut row = [UNKNOWN; SLOTS + 1];
        while let CifToken::Value(first) = token {
            let offset = self.tokens.start();
            let failed = |message: String| Broken { offset, message };
            for (index, &slot) in slots.iter().enumerate() {
                if index == 0 {
                    row[slot] = first;
                } else if let Some(value) = self.tokens.next_plain() {
                    row[slot] = value;
                } else {
                    let CifToken::Value(value) = self.tokens.next()? else {
                        return Err(failed(format!("an atom has {index} values of {}", slots.len())));
                    };
                    row[slot] = value;
                }
            }
            self.atom(&row).map_err(failed)?;
            token = self.tokens.next()?;
        }
        Ok(token)
    }

    fn atom(&mut self, row: &AtomSiteRow<'a>) -> Result<(), String> {
        let model = row[MODEL].text;
        if self.model != Some(model) {
            self.builder.end_model()?;
            if !self.earlier_models.insert(model) {
                return Err(format!("model {} is not in one piece", excerpt(model)));
            }
            self.model = Some(model);
        }
        self.builder.push(&atom(row)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Label;
    use super::*;

    const HEAD: &str = "data_x\nloop_\n_atom_site.label_atom_id\n_atom_site.label_comp_id\n_atom_site.label_asym_id\n\
        _atom_site.label_seq_id\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n_atom_site.Cartn_z\n";

    fn message(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn one_atom_may_stand_without_a_loop() {
        let text = "data_x\r\n_cell.a 1\r\n_atom_site.group_PDB HETATM\r\n_ATOM_SITE.id 1\r\n_atom_site.type_symbol Zn\r\n\
            _atom_site.label_atom_id ZN\r\n_atom_site.label_comp_id ZN\r\n_atom_site.label_asym_id 'B 1'\r\n\
            _atom_site.label_seq_id .\r\n_atom_site.Cartn_x 1.5(2)\r\n_atom_site.Cartn_y -2\r\n_atom_site.Cartn_z 3e1\r\n";
        let structure = read(text).unwrap();
        assert_eq!(structure.coord, [[1.5, -2.0, 30.0]]);
        assert_eq!((structure.res_id[0], structure.hetero[0]), (-1, true));
        assert_eq!((structure.element[0].as_str(), structure.chain_id[0].as_str()), ("ZN", "B 1"));
        assert_eq!(structure.b_factor, None);
    }

    #[test]
    fn author_identifiers_are_preferred() {
        let head = HEAD.replace("loop_\n", "loop_\n_atom_site.auth_seq_id\n_atom_site.auth_asym_id\n");
        let structure = read(&format!("{head}-7 H CA ALA A 1 1 2 3\n")).unwrap();
        assert_eq!((structure.res_id[0], structure.chain_id[0].as_str()), (-7, "H"));
    }

    #[test]
    fn chains_may_have_long_names() {
        let text = format!("{HEAD}CA ALA heavy_chain 1 1 2 3\nCA ALA light_chain 1 4 5 6\n");
        let structure = read(&text).unwrap();
        let names: Vec<&str> = structure.chain_id.iter().map(Label::as_str).collect();
        assert_eq!(names, ["heavy_chain", "light_chain"]);
        let written = super::super::write(&structure, "long");
        assert_eq!(read(&written).unwrap(), structure);
    }

    #[test]
    fn label_identifiers_stand_in_for_unknown_ones_of_the_author() {
        let tags = ["seq", "asym", "comp", "atom"].map(|item| format!("_atom_site.auth_{item}_id\n"));
        let head = HEAD.replace("loop_\n", &format!("loop_\n{}", tags.concat()));
        let rows = "? . ? . CA ALA A 1 1 2 3\n7 H GLY N CA ALA A 2 1 2 3\n. '?' ? ? CA ALA A . 1 2 3\n";
        let structure = read(&format!("{head}{rows}")).unwrap();
        let texts = |labels: &[Label]| labels.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(structure.res_id, [1, 7, -1]);
        assert_eq!(texts(&structure.chain_id), ["A", "H", "?"]);
        assert_eq!(texts(&structure.res_name), ["ALA", "GLY", "ALA"]);
        assert_eq!(texts(&structure.atom_name), ["CA", "N", "CA"]);
        assert_eq!(
            message(&format!("{head}? ? ? ? CA ALA A x 1 2 3\n")),
            "line 14: the residue number is \"x\", not a whole number"
        );
    }

    #[test]
    fn a_block_has_its_atoms_in_one_loop() {
        let second = HEAD.replace("data_x\n", "");
        let twice = "a block has the category _atom_site twice; its items belong into one loop";
        let text = format!("{HEAD}CA ALA A 1 1 2 3\n#\n{second}CB ALA A 1 1 2 3\n");
        assert_eq!(message(&text), format!("line 12: {twice}"));
        let single = "_atom_site.id 1\n";
        assert_eq!(message(&format!("{HEAD}CA ALA A 1 1 2 3\n#\n{single}")), format!("line 12: {twice}"));
        assert_eq!(message(&format!("data_x\n{single}{second}CA ALA A 1 1 2 3\n")), format!("line 3: {twice}"));
        let other_block = format!("{HEAD}CA ALA A 1 1 2 3\ndata_y\n{second}CB ALA A 1 1 2 3\n");
        assert_eq!(read(&other_block).unwrap().atoms(), 1);
    }

    #[test]
    fn models_that_list_different_atoms_are_read_apart() {
        let head = HEAD.replace("loop_\n", "loop_\n_atom_site.pdbx_PDB_model_num\n");
        let text = format!("{head}1 N ALA A 1 1 2 3\n1 CA ALA A 1 4 5 6\n2 N ALA A 1 7 8 9\n");
        insta::assert_snapshot!(message(&text), @"line 13: model 2 has 1 atoms, model 1 has 2");
        let models = read_models(&text).unwrap();
        assert_eq!(models.iter().map(Structure::atoms).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(models[1].coord, [[7.0, 8.0, 9.0]]);
        assert_eq!(models[1].models, None);
    }

    #[test]
    fn rows_may_break_anywhere_and_hold_text_fields() {
        let text = format!("{HEAD}\"C'\"\n;ALA\n;\nA # comment\n1\n1 2\n3 N GLY A 2 4 5 6\n#\n");
        let structure = read(&text).unwrap();
        assert_eq!(structure.atom_name[0], "C'");
        assert_eq!(structure.res_name[0], "ALA");
        assert_eq!(structure.coord, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    }

    #[test]
    fn models_and_alternate_locations_are_told_apart() {
        let head = HEAD.replace("loop_\n", "loop_\n_atom_site.pdbx_PDB_model_num\n_atom_site.label_alt_id\n");
        let atoms =
            |model: u8| format!("{model} . N ALA A 1 1 2 3\n{model} B CA ALA A 1 4 5 6\n{model} A CA ALA A 1 7 8 9\n");
        let structure = read(&format!("{head}{}{}", atoms(1), atoms(5))).unwrap();
        assert_eq!((structure.models, structure.atoms()), (Some(2), 2));
        let x: Vec<f32> = structure.coord.iter().map(|position| position[0]).collect();
        assert_eq!(x, [1.0, 4.0, 1.0, 4.0]);
        assert_eq!(
            message(&format!("{head}{}{}{}", atoms(1), atoms(2), atoms(1))),
            "line 18: model \"1\" is not in one piece"
        );
    }

    #[test]
    fn only_the_first_block_with_atoms_counts() {
        let text = format!("data_empty\n_a.b c\n{HEAD}CA ALA A 1 1 2 3\n{HEAD}CA GLY A 1 1 2 3\n");
        assert_eq!(read(&text).unwrap().res_name, [Label::literal("ALA")]);
    }

    #[test]
    fn errors_name_the_line() {
        assert_eq!(message(""), "line 1: there is no atom");
        assert_eq!(message("data_x\n_a.b c\n"), "line 2: there is no atom");
        assert_eq!(message("data_x\nATOM 1"), "line 2: the value \"ATOM\" has no tag");
        assert_eq!(message("data_x\n_a.b\nloop_"), "line 2: \"_a.b\" has no value");
        assert_eq!(message("data_x\nloop_\n_a.b\n_a.c\n1 2 3\n#"), "line 6: 3 values do not fill a loop of 2");
        assert_eq!(
            message(&format!("{HEAD}CA ALA A 1 1 2 3\nCA ALA A 1 1 2\n#\n")),
            "line 11: an atom has 6 values of 7"
        );
        assert_eq!(
            message(&format!("{HEAD}CA ALA A x 1 2 3")),
            "line 10: the residue number is \"x\", not a whole number"
        );
        assert_eq!(message(&format!("{HEAD}CA ALA A 1 1 ? 3")), "line 10: the y coordinate is \"?\", not a number");
        assert_eq!(
            message(&format!("{HEAD}CA TOOLONGNAME A 1 1 2 3")),
            "line 10: the residue name is \"TOOLONGNAME\", not a name of at most eight bytes"
        );
        let long = "chain".repeat(13);
        assert!(message(&format!("{HEAD}CA ALA {long} 1 1 2 3")).ends_with("not a name of at most 64 bytes"));
        assert_eq!(
            message("data_x\nloop_\n_atom_site.id\n1\n"),
            "line 4: _atom_site has no auth_atom_id and no label_atom_id (atom name)"
        );
        assert_eq!(message(&format!("{HEAD}CA ALA 'A 1 1 2 3\n")), "line 10: a quoted value does not end on its line");
    }
}
