//! The text of a snapshot: the origin of a result and one readable line for every value, with the names of the arrays behind them. Accepts
//! no text that differs from what hydrotest would write.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::provenance::Origin;
use crate::tensor::{ContentHash, DType};

/// The version of the format.
const FORMAT: u32 = 3;
/// The beginning of snapshots that earlier versions wrote.
const EARLIER: &str = "hydrotest snapshot";

/// The content of a snapshot without its arrays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnapshotRecord {
    /// The version of the format.
    pub(crate) format: u32,
    /// The origin of the result.
    pub(crate) origin: Origin,
    /// Dotted Python class of the response.
    pub(crate) class: String,
    /// The name of the file with the arrays; `None` if there are none.
    pub(crate) arrays: Option<ContentHash>,
    /// Path and entry of every value, in the order of the response.
    #[serde(with = "values")]
    pub(crate) values: Vec<(String, RecordedValue)>,
}

/// One value of a response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum RecordedValue {
    /// Python's `None`.
    None,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `float`, as text that reads back to the same number.
    Float(String),
    /// A short `list` of `int`.
    Ints(Vec<i64>),
    /// `str` of one short line.
    Text(String),
    /// Another `str`, whose UTF-8 is stored as an array.
    LongText {
        /// Number of characters.
        characters: usize,
        /// The start of its first line.
        starts: String,
        /// Hash of its UTF-8.
        hash: ContentHash,
    },
    /// `bytes`, which are stored as an array.
    Bytes {
        /// Number of bytes.
        length: usize,
        /// Hash of the bytes.
        hash: ContentHash,
    },
    /// A container of the values below it: `list of 2`.
    Holds(String),
    /// Numbers or fixed-width texts.
    Array(ArrayEntry),
    /// A list of numbers.
    List(ArrayEntry),
    /// The atoms of a structure. Coordinates and other columns are arrays below it.
    Structure {
        /// Number of atoms.
        atoms: usize,
        /// Number of residues.
        residues: usize,
        /// For each chain, its name, residue numbers, number of atoms and sequence.
        chains: Vec<String>,
        /// Hash of the columns that name the atoms: chain, residue number and name, atom name, element.
        names: ContentHash,
    },
}

/// An array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArrayEntry {
    /// Its element type.
    #[serde(rename = "type", with = "element_type")]
    pub(crate) dtype: DType,
    /// Its dimensions.
    pub(crate) shape: Vec<usize>,
    /// Minimum, maximum, mean and standard deviation; empty for texts and empty arrays.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) statistics: String,
    /// Whether only some rows of it are stored, and the length of every row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) rows: bool,
    /// Hash of type, shape and all elements, stored or not.
    pub(crate) hash: ContentHash,
}

impl SnapshotRecord {
    /// A record without entries.
    pub(super) const fn new(origin: Origin, class: String) -> Self {
        Self { format: FORMAT, origin, class, arrays: None, values: Vec::new() }
    }

    /// The entry of the value at a path.
    pub(super) fn value(&self, path: &str) -> Option<&RecordedValue> {
        self.values.iter().find(|(own, _)| own == path).map(|(_, entry)| entry)
    }

    /// The whole text of a snapshot's file: a head for reviewers, then the record.
    pub(super) fn render(&self) -> String {
        let mut text = format!(
            "---\nsource: {}\ndescription: {}\n---\n",
            scalar(&self.origin.source),
            scalar(&self.origin.description())
        );
        let _ = writeln!(text, "{{\n  \"format\": {},", self.format);
        let origin = serde_json::to_string_pretty(&self.origin).unwrap_or_default();
        let _ = writeln!(text, "  \"origin\": {},", origin.replace('\n', "\n  "));
        let _ = writeln!(text, "  \"class\": {},", to_json(&self.class));
        let _ = writeln!(text, "  \"arrays\": {},", to_json(&self.arrays));
        text.push_str("  \"values\": {");
        for (place, (path, entry)) in self.values.iter().enumerate() {
            let separator = if place == 0 { "" } else { "," };
            let _ = write!(text, "{separator}\n    {}: {}", to_json(path), to_json(entry));
        }
        text.push_str(if self.values.is_empty() { "}\n}\n" } else { "\n  }\n}\n" });
        text
    }

    /// Reads the text of a snapshot's file.
    ///
    /// # Errors
    /// When it is no snapshot, or not written as [`Self::render`] would write it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (head, body) = split(text).ok_or("does not start with a head between two lines `---`")?;
        if body.trim_start().starts_with(EARLIER) {
            return Err("was recorded by an earlier version of hydrotest; delete it and record again".to_owned());
        }
        let record: Self = serde_json::from_str(body)
            .map_err(|error| format!("line {}: {error}", head.lines().count() + 2 + error.line()))?;
        if record.format != FORMAT {
            return Err(format!("has format {}, expected {FORMAT}", record.format));
        }
        // The file must hold nothing but what was read.
        let written = record.render();
        let mut theirs = text.trim_end().lines();
        for (line, ours) in written.trim_end().lines().enumerate() {
            if theirs.next() != Some(ours) {
                return Err(format!("line {}: is not written as hydrotest writes it", line + 1));
            }
        }
        match theirs.next() {
            Some(_) => Err(format!("line {}: is behind the end", written.lines().count() + 1)),
            None => Ok(record),
        }
    }
}

/// The head and the body of a snapshot's file.
fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("---")?;
    let rest = rest.strip_prefix('\r').unwrap_or(rest).strip_prefix('\n')?;
    let end = rest.find("\n---")?;
    let body = &rest[end + "\n---".len()..];
    let body = body.strip_prefix('\r').unwrap_or(body).strip_prefix('\n')?;
    Some((&rest[..end], body))
}

/// A text of the head, quoted unless it is plain YAML.
fn scalar(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" ()_./-+".contains(&byte);
    let starts_plain = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if starts_plain && text.bytes().all(is_plain) && !text.ends_with(' ') {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// JSON on one line. Every part of a record has a JSON form.
fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Entries as a JSON object in their order.
mod values {
    use std::fmt;

    use serde::de::{MapAccess, Visitor};
    use serde::{Deserializer, Serializer};

    use super::RecordedValue;

    type Values = Vec<(String, RecordedValue)>;

    pub(super) fn serialize<S: Serializer>(values: &Values, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(values.iter().map(|(path, entry)| (path, entry)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("values by path")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    values.push(entry);
                }
                Ok(values)
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// An element type by its name.
mod element_type {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::tensor::DType;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(dtype: &DType, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(dtype)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DType, D::Error> {
        let name = String::deserialize(deserializer)?;
        DType::parse(&name).ok_or_else(|| D::Error::custom(format!("there is no element type `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::provenance::tests::origin;
    use super::*;

    fn record() -> SnapshotRecord {
        let hash = ContentHash::of_bytes(b"x");
        let array = |dtype, shape: &[usize], statistics: &str, rows| ArrayEntry {
            dtype,
            shape: shape.to_vec(),
            statistics: statistics.into(),
            rows,
            hash,
        };
        let entries = [
            ("metadata", RecordedValue::Holds("object boileroom.base.PredictionMetadata".into())),
            ("metadata.sequence_lengths", RecordedValue::Ints(vec![24, -1])),
            ("plddt[0]", RecordedValue::Array(array(DType::F32, &[24], "min 0.1 max 1 mean 0.5 std 0.25", false))),
            ("s_z", RecordedValue::List(array(DType::F64, &[], "min 0.1 max 1 mean 0.5 std 0.25", true))),
            ("names", RecordedValue::Array(array(DType::Text(4), &[0, 3], "", false))),
            ("flag", RecordedValue::Bool(true)),
            ("count", RecordedValue::Int(-3)),
            ("max_pae", RecordedValue::Float("NaN".into())),
            ("title", RecordedValue::Text("a \"b\", c: d\n---\n".into())),
            ("pdb[0]", RecordedValue::LongText { characters: 1234, starts: "HEADER, starts \u{7}".into(), hash }),
            ("raw", RecordedValue::Bytes { length: 7, hash }),
            ("pae", RecordedValue::None),
            (
                "atom_array[0]",
                RecordedValue::Structure {
                    atoms: 187,
                    residues: 24,
                    chains: vec!["A: 0 to 23, 187 atoms, MKT".into()],
                    names: hash,
                },
            ),
        ];
        SnapshotRecord {
            arrays: Some(hash),
            values: entries.map(|(path, entry)| (path.to_owned(), entry)).into(),
            ..SnapshotRecord::new(origin(), "boileroom.models.esm.types.ESM2Output".into())
        }
    }

    #[test]
    fn every_kind_of_entry_reads_back_as_written() {
        let text = record().render();
        assert_eq!(SnapshotRecord::parse(&text), Ok(record()));
        assert_eq!(SnapshotRecord::parse(&text.replace('\n', "\r\n")), Ok(record()));
        let bare = SnapshotRecord::new(origin(), "a.B".into());
        assert_eq!(SnapshotRecord::parse(&bare.render()), Ok(bare));
    }

    #[test]
    fn no_line_can_be_cut_or_changed_unnoticed() {
        let text = record().render();
        for cut in 0..text.lines().count() {
            let kept = text.lines().enumerate().filter(|&(at, _)| at != cut);
            let without: Vec<&str> = kept.map(|(_, line)| line).collect();
            assert_ne!(SnapshotRecord::parse(&without.join("\n")).ok(), Some(record()), "line {cut} cut");
        }
        let error = SnapshotRecord::parse(&text.replace("{\"int\":-3}", "{\"int\": -3}")).unwrap_err();
        insta::assert_snapshot!(error, @"line 36: is not written as hydrotest writes it");
        assert!(SnapshotRecord::parse(&format!("{text}\nmore")).is_err());
    }

    #[test]
    fn other_texts_are_refused_with_their_line() {
        let reported = [
            "",
            "---\na: 1\n---\nhydrotest snapshot 2\nclass x\n",
            "---\na: 1\n---\n{\n  \"format\": x\n}\n",
            "---\na: 1\n---\n{\"format\": 3}\n",
        ]
        .map(|text| SnapshotRecord::parse(text).unwrap_err());
        insta::assert_snapshot!(reported.join("\n"), @"
        does not start with a head between two lines `---`
        was recorded by an earlier version of hydrotest; delete it and record again
        line 5: expected value at line 2 column 13
        line 4: missing field `origin` at line 1 column 13
        ");
    }
}
