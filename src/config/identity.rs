//! `[[models.KEY.identities]]`: relations between the fields of one response. Reads them and checks that the shapes of both sides fit.
//! Does not compare values.

use super::{Diagnostic, Located, TableReader};
use crate::prediction::contract::{Dimension, FieldKind, FieldSpec, Presence, RESPONSE_SYMBOLS};
use crate::prediction::identity::{AxisPick, BinCentres, FieldIdentity, FieldPart, FieldRelation};

const UNREAD: BinCentres = BinCentres { first: 0.0, step: 0.0 };

/// The relations by name; their bins and letters are read from keys of their own.
const RELATIONS: [(&str, FieldRelation); 9] = [
    ("same", FieldRelation::Same),
    ("softmax", FieldRelation::Softmax),
    ("normalised", FieldRelation::Normalised),
    ("expectation", FieldRelation::Expectation(UNREAD)),
    ("softmax_expectation", FieldRelation::SoftmaxExpectation(UNREAD)),
    ("tm_score", FieldRelation::TmScore(UNREAD)),
    ("unit", FieldRelation::Unit),
    ("alpha_carbons", FieldRelation::AlphaCarbons),
    ("residue_types", FieldRelation::ResidueTypes(String::new())),
];

/// The fields of the model; `None` for one with mistakes.
pub(super) struct DeclaredFields<'a> {
    pub(super) names: &'a [Located<String>],
    pub(super) read: &'a [Option<FieldSpec>],
}

/// One side of an identity: the field, and the shape of one sample of it.
struct IdentitySide<'a> {
    part: FieldPart,
    field: &'a FieldSpec,
    shape: Vec<Dimension>,
}

/// Reads the identities of one model.
pub(super) fn read(fields: &DeclaredFields<'_>, outer: &mut TableReader<'_>) -> Vec<FieldIdentity> {
    let sections = outer.sections("identities");
    sections.iter().filter_map(|section| read_one(fields, outer.within(section))).collect()
}

fn read_one(fields: &DeclaredFields<'_>, mut reader: TableReader<'_>) -> Option<FieldIdentity> {
    reader.require("field").require("is").require("tolerance");
    let field = read_side("field", fields, &mut reader);
    let relation = reader.named("is", "relation", &RELATIONS);
    let tolerance = reader.number("tolerance", 0.0..);
    let Some(mut relation) = relation else {
        // The other keys cannot be checked without the relation.
        let _ = reader.rest();
        return None;
    };
    let needs_other = !matches!(relation, FieldRelation::Unit | FieldRelation::ResidueTypes(_));
    let of = if needs_other { read_side("of", fields, reader.require("of")) } else { None };
    let is_complete = read_parameters(&mut relation, &mut reader).is_some();
    let both = field.as_ref().filter(|_| !needs_other || of.is_some());
    let fits = both.is_none_or(|field| judge_shapes(&relation, field, of.as_ref(), &mut reader));
    reader.finish();
    if !is_complete || !fits || (needs_other && of.is_none()) {
        return None;
    }
    Some(FieldIdentity { field: field?.part, relation, of: of.map(|side| side.part), tolerance: tolerance? })
}

/// Reads the bins or letters of a relation that has any.
fn read_parameters(relation: &mut FieldRelation, reader: &mut TableReader<'_>) -> Option<()> {
    match relation {
        FieldRelation::Expectation(bins) | FieldRelation::SoftmaxExpectation(bins) | FieldRelation::TmScore(bins) => {
            let first = reader.require("first").number("first", ..);
            let step = reader.require("step").number("step", ..);
            *bins = BinCentres { first: first?, step: step? };
        }
        FieldRelation::ResidueTypes(order) => *order = reader.required_text("order")?,
        _ => {}
    }
    Some(())
}

/// Reads one side; `None` if a mistake in it or in its field was reported.
fn read_side<'a>(
    key: &'static str,
    fields: &DeclaredFields<'a>,
    reader: &mut TableReader<'_>,
) -> Option<IdentitySide<'a>> {
    let text = reader.text(key)?;
    let Some(part) = FieldPart::parse(&text) else {
        let label = "expected one such as `pae` or `frames[-1, ..., 4:7]`";
        reader.reject(key, format_args!("`{text}` is not a field or a part of one"), label);
        return None;
    };
    let names = fields.names.iter().map(|name| name.value.as_str());
    let Some(place) = names.clone().position(|name| name == part.field) else {
        let diagnostic = Diagnostic::unknown(reader.location_of(key), "field", &part.field, names);
        reader.diagnostics().push(diagnostic);
        return None;
    };
    let field = fields.read.get(place)?.as_ref()?;
    if field.presence == Presence::Never {
        reader.reject(key, format_args!("`{}` never has a value", field.name), "expected another field");
        return None;
    }
    match shape_of(&part, field) {
        Ok(shape) => Some(IdentitySide { part, field, shape }),
        Err(problem) => {
            reader.reject(key, problem, format_args!("the shape of `{}` is {}", field.name, show(&field.shape)));
            None
        }
    }
}

/// The shape of this part of one sample. Residues are `N`, padded or not.
fn shape_of(part: &FieldPart, field: &FieldSpec) -> Result<Vec<Dimension>, String> {
    let picks = part.picks(field.shape.len()).ok_or_else(|| format!("`{part}` has too many dimensions"))?;
    let mut shape = Vec::new();
    for (pick, dimension) in picks.into_iter().zip(&field.shape) {
        let is_all = matches!(pick, AxisPick::All | AxisPick::Rest);
        let left = match dimension {
            Dimension::Symbol(name, 0) if RESPONSE_SYMBOLS.contains(&name.as_str()) => {
                if !is_all {
                    return Err(format!("`{pick}` picks from the dimension {dimension}"));
                }
                match name.as_str() {
                    "B" => continue,
                    "L" => Dimension::Symbol("N".to_owned(), 0),
                    _ => dimension.clone(),
                }
            }
            _ => pick
                .dimension(dimension)
                .ok_or_else(|| format!("`{pick}` is past the end of the dimension {dimension}"))?,
        };
        if !matches!(pick, AxisPick::One(_)) {
            shape.push(left);
        }
    }
    Ok(shape)
}

/// Whether the relation can hold between these shapes; reports it if not.
fn judge_shapes(
    relation: &FieldRelation,
    field: &IdentitySide<'_>,
    of: Option<&IdentitySide<'_>>,
    reader: &mut TableReader<'_>,
) -> bool {
    let mut reject = |key, side: &IdentitySide<'_>, kind, expected| {
        reader.reject(key, format_args!("`{}` is no {kind}", side.part), expected);
        false
    };
    let is_array =
        |side: &IdentitySide<'_>| matches!(side.field.kind, FieldKind::Array | FieldKind::Arrays | FieldKind::Scalar);
    if !is_array(field) {
        return reject("field", field, "array", "expected an array");
    }
    match of {
        Some(of) if *relation == FieldRelation::AlphaCarbons && of.field.kind != FieldKind::Structures => {
            return reject("of", of, "structure", "expected structures");
        }
        Some(of) if *relation != FieldRelation::AlphaCarbons && !is_array(of) => {
            return reject("of", of, "array", "expected an array");
        }
        _ => {}
    }
    let residues = || Dimension::Symbol("N".to_owned(), 0);
    let of = of.map(|of| of.shape.as_slice());
    let other = of.unwrap_or_default();
    let own = field.shape.as_slice();
    let (fits, expected) = match relation {
        FieldRelation::Same => (own == other, "the same shape on both sides"),
        FieldRelation::Softmax | FieldRelation::Normalised => {
            (own == other && !own.is_empty(), "rows of the same shape on both sides")
        }
        FieldRelation::Expectation(_) | FieldRelation::SoftmaxExpectation(_) => {
            let rows = other.split_last().map(|(_, rows)| rows);
            (rows == Some(own), "one dimension more in `of`, the bins")
        }
        FieldRelation::TmScore(_) => {
            let fits = other.len() == 3 && other[..2] == [residues(), residues()] && own == [Dimension::Fixed(1)];
            (fits, "a field of shape [1], and pairs of residues with bins in `of`")
        }
        FieldRelation::Unit => (!own.is_empty(), "rows"),
        FieldRelation::AlphaCarbons => (own == [residues(), Dimension::Fixed(3)], "a position for every residue"),
        FieldRelation::ResidueTypes(_) => (own == [residues()], "a number for every residue"),
    };
    if !fits {
        let mut message = format!("of a sample this is {}", show(own));
        if let Some(of) = of.filter(|_| *relation != FieldRelation::AlphaCarbons) {
            message = format!("{message} and `of` is {}", show(of));
        }
        reader.reject("field", message, format_args!("expected {expected}"));
    }
    fits
}

fn show(shape: &[Dimension]) -> String {
    format!("[{}]", shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}
