//! `[[models.KEY.identities]]`: relations between the fields of one response. Reads them, and judges whether the shapes of both sides
//! allow what they say.

use super::{Diagnostic, Located, TableReader};
use crate::prediction::contract::{Dimension, FieldKind, FieldSpec, Presence, RESPONSE_SYMBOLS};
use crate::prediction::identity::{AxisPick, BinCentres, FieldIdentity, FieldPart, FieldRelation};

/// The relations by name; what else they need stands in keys of its own.
#[derive(Debug, Clone, Copy)]
enum RelationKind {
    Same,
    Softmax,
    Normalised,
    Expectation,
    SoftmaxExpectation,
    TmScore,
    Unit,
    AlphaCarbons,
    ResidueTypes,
}

const KINDS: [(&str, RelationKind); 9] = [
    ("same", RelationKind::Same),
    ("softmax", RelationKind::Softmax),
    ("normalised", RelationKind::Normalised),
    ("expectation", RelationKind::Expectation),
    ("softmax_expectation", RelationKind::SoftmaxExpectation),
    ("tm_score", RelationKind::TmScore),
    ("unit", RelationKind::Unit),
    ("alpha_carbons", RelationKind::AlphaCarbons),
    ("residue_types", RelationKind::ResidueTypes),
];

/// The fields of the model, as far as they could be read.
pub(super) struct DeclaredFields<'a> {
    pub(super) names: &'a [Located<String>],
    pub(super) read: &'a [Option<FieldSpec>],
}

/// One side of an identity: the field, and the shape that a sample has there.
struct IdentitySide<'a> {
    part: FieldPart,
    field: &'a FieldSpec,
    shape: Vec<Dimension>,
}

/// Reads those of one model.
pub(super) fn read(fields: &DeclaredFields<'_>, outer: &mut TableReader<'_>) -> Vec<FieldIdentity> {
    let sections = outer.sections("identities");
    let mut identities = Vec::with_capacity(sections.len());
    for section in &sections {
        identities.extend(read_one(fields, outer.within(section)));
    }
    identities
}

fn read_one(fields: &DeclaredFields<'_>, mut reader: TableReader<'_>) -> Option<FieldIdentity> {
    reader.require("field").require("is").require("tolerance");
    let field = read_side("field", fields, &mut reader);
    let kind = read_kind(&mut reader);
    let tolerance = reader.number("tolerance", 0.0..);
    let Some(kind) = kind else {
        // Without the relation nothing can be said about the other keys.
        let _ = reader.rest();
        return None;
    };
    let needs_other = !matches!(kind, RelationKind::Unit | RelationKind::ResidueTypes);
    let of = if needs_other { read_side("of", fields, reader.require("of")) } else { None };
    let relation = read_relation(kind, &mut reader);
    let both = field.as_ref().filter(|_| !needs_other || of.is_some());
    let fits = both.is_none_or(|field| judge_shapes(kind, field, of.as_ref(), &mut reader));
    reader.finish();
    if !fits || (needs_other && of.is_none()) {
        return None;
    }
    Some(FieldIdentity { field: field?.part, relation: relation?, of: of.map(|side| side.part), tolerance: tolerance? })
}

fn read_kind(reader: &mut TableReader<'_>) -> Option<RelationKind> {
    let text = reader.text("is")?;
    let found = KINDS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
    if found.is_none() {
        let names = KINDS.iter().map(|(name, _)| *name);
        let diagnostic = Diagnostic::unknown(reader.location_of("is"), "relation", &text, names);
        reader.diagnostics().push(diagnostic);
    }
    found
}

fn read_relation(kind: RelationKind, reader: &mut TableReader<'_>) -> Option<FieldRelation> {
    let mut bins = || {
        let first = reader.require("first").number("first", ..);
        let step = reader.require("step").number("step", ..);
        Some(BinCentres { first: first?, step: step? })
    };
    Some(match kind {
        RelationKind::Same => FieldRelation::Same,
        RelationKind::Softmax => FieldRelation::Softmax,
        RelationKind::Normalised => FieldRelation::Normalised,
        RelationKind::Expectation => FieldRelation::Expectation(bins()?),
        RelationKind::SoftmaxExpectation => FieldRelation::SoftmaxExpectation(bins()?),
        RelationKind::TmScore => FieldRelation::TmScore(bins()?),
        RelationKind::Unit => FieldRelation::Unit,
        RelationKind::AlphaCarbons => FieldRelation::AlphaCarbons,
        RelationKind::ResidueTypes => FieldRelation::ResidueTypes(reader.required_text("order")?),
    })
}

/// Reads one side; `None` where it was reported, or its field was.
fn read_side<'a>(
    key: &'static str,
    fields: &DeclaredFields<'a>,
    reader: &mut TableReader<'_>,
) -> Option<IdentitySide<'a>> {
    let text = reader.text(key)?;
    let Some(part) = FieldPart::parse(&text) else {
        let message = format!("`{text}` is not a field or a part of one");
        reader.reject(key, message, "expected one such as `pae` or `frames[-1, ..., 4:7]`");
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
            let shape: Vec<String> = field.shape.iter().map(ToString::to_string).collect();
            let label = format!("the shape of `{}` is [{}]", field.name, shape.join(", "));
            reader.reject(key, problem, label);
            None
        }
    }
}

/// The shape of the part of one sample; residues are `N` whether they are padded or not.
fn shape_of(part: &FieldPart, field: &FieldSpec) -> Result<Vec<Dimension>, String> {
    let picks = part.picks(field.shape.len());
    let picks = picks.ok_or_else(|| format!("`{part}` has too many dimensions"))?;
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

/// Whether the relation can hold between such shapes; reports where it cannot.
fn judge_shapes(
    kind: RelationKind,
    field: &IdentitySide<'_>,
    of: Option<&IdentitySide<'_>>,
    reader: &mut TableReader<'_>,
) -> bool {
    let is_array =
        |side: &IdentitySide<'_>| matches!(side.field.kind, FieldKind::Array | FieldKind::Arrays | FieldKind::Scalar);
    if !is_array(field) {
        reader.reject("field", format_args!("`{}` is no array", field.part), "expected an array");
        return false;
    }
    let residues = || Dimension::Symbol("N".to_owned(), 0);
    if let Some(of) = of {
        let is_structure = of.field.kind == FieldKind::Structures;
        match kind {
            RelationKind::AlphaCarbons if !is_structure => {
                reader.reject("of", format_args!("`{}` is no structure", of.part), "expected structures");
                return false;
            }
            RelationKind::AlphaCarbons => {}
            _ if !is_array(of) => {
                reader.reject("of", format_args!("`{}` is no array", of.part), "expected an array");
                return false;
            }
            _ => {}
        }
    }
    let of = of.map_or(&[][..], |of| of.shape.as_slice());
    let own = field.shape.as_slice();
    let (fits, expected) = match kind {
        RelationKind::Same => (own == of, "the same shape on both sides"),
        RelationKind::Softmax | RelationKind::Normalised => {
            (own == of && !own.is_empty(), "rows of the same shape on both sides")
        }
        RelationKind::Expectation | RelationKind::SoftmaxExpectation => {
            let rows = of.split_last().map(|(_, rows)| rows);
            (rows == Some(own), "one dimension more in `of`, the bins")
        }
        RelationKind::TmScore => {
            let pairs = of.len() == 3 && of[..2] == [residues(), residues()];
            let fits = pairs && own == [Dimension::Fixed(1)];
            (fits, "a field of shape [1], and pairs of residues with bins in `of`")
        }
        RelationKind::Unit => (!own.is_empty(), "rows"),
        RelationKind::AlphaCarbons => (own == [residues(), Dimension::Fixed(3)], "a position for every residue"),
        RelationKind::ResidueTypes => (own == [residues()], "a number for every residue"),
    };
    if !fits {
        let show = |shape: &[Dimension]| {
            let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
            format!("[{}]", sizes.join(", "))
        };
        let message = match kind {
            RelationKind::Unit | RelationKind::AlphaCarbons | RelationKind::ResidueTypes => {
                format!("of a sample this is {}", show(own))
            }
            _ => format!("of a sample this is {} and `of` is {}", show(own), show(of)),
        };
        reader.reject("field", message, format_args!("expected {expected}"));
    }
    fits
}
