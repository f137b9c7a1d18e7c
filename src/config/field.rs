//! Reads one field of a model's contract. The kind of the field decides which keys it may have. Does not check predictions.

use std::collections::BTreeSet;

use super::{Diagnostic, Located, Section, TableReader};
use crate::prediction::contract::{
    Dimension, FactorRule, FactorScale, FieldKind, FieldSpec, Holds, Presence, Tolerance,
};
use crate::tensor::DType;

/// Only equal values are accepted.
pub(super) const EXACT: Tolerance = Tolerance { absolute: 0.0, relative: 0.0 };

/// Reads the field `name`; `symbols` are the sizes that its shape may name.
pub(super) fn read(
    name: &str,
    section: &Section,
    symbols: &BTreeSet<String>,
    outer: &mut TableReader<'_>,
) -> Option<FieldSpec> {
    let mut reader = outer.within(section);
    reader.require("kind");
    let kind = reader.choice("kind", &FieldKind::NAMES);
    let presence = reader.choice("presence", &Presence::NAMES);
    let Some(kind) = kind else {
        // The other keys cannot be checked without the kind.
        let _ = reader.rest();
        return None;
    };
    let is_array = matches!(kind, FieldKind::Array | FieldKind::Arrays);
    let is_number = is_array || kind == FieldKind::Scalar;
    let is_structure = matches!(kind, FieldKind::Structures | FieldKind::Pdb | FieldKind::Cif);
    // A field that never has a value has no further keys.
    let exists = presence != Some(Presence::Never);
    let shape = if is_array && exists { read_shape(reader.require("shape"), symbols) } else { Some(Vec::new()) };
    let dtypes = if is_number && exists { read_dtypes(reader.require("dtype")) } else { Some(Vec::new()) };
    let range = if is_number && exists { read_range(&mut reader) } else { None };
    let padding = if kind == FieldKind::Array && exists { reader.number("padding", ..) } else { None };
    let (first_residue, b_factor) = if is_structure && exists {
        (reader.integer("first_residue", -999..=9999), read_factors(&mut reader))
    } else {
        (None, None)
    };
    let holds = if is_array && exists {
        read_holds(&mut reader, name, shape.as_deref().unwrap_or_default())
    } else {
        Holds::Numbers
    };
    let has_tolerance = exists && !matches!(kind, FieldKind::Mappings | FieldKind::Mapping);
    let tolerance = if has_tolerance { read_tolerance(&mut reader) } else { None };
    reader.finish();
    let dtypes = dtypes?;
    let counts = !dtypes.is_empty() && !dtypes.iter().any(|dtype| dtype.is_float());
    Some(FieldSpec {
        name: name.to_owned(),
        kind,
        presence: presence.unwrap_or(Presence::Requested),
        shape: shape?,
        dtypes,
        range,
        padding,
        first_residue: first_residue.and_then(|number| i32::try_from(number).ok()),
        b_factor,
        holds,
        // For counts and indices, a difference of 1 is an error.
        tolerance: tolerance.or(counts.then_some(EXACT)),
    })
}

/// Fields that hold vectors by default.
const VECTORS: [&str; 2] = ["embeddings", "hidden_states"];

/// Reads `holds`, which must fit the last dimensions.
fn read_holds(reader: &mut TableReader<'_>, name: &str, shape: &[Dimension]) -> Holds {
    let usual = if VECTORS.contains(&name) { Holds::Vectors } else { Holds::Numbers };
    let holds = reader.choice("holds", &Holds::NAMES).unwrap_or(usual);
    let ends = |sizes: &[usize]| shape.ends_with(&sizes.iter().map(|size| Dimension::Fixed(*size)).collect::<Vec<_>>());
    let (fits, expected) = match holds {
        Holds::Numbers => (true, ""),
        Holds::Vectors => (shape.len() > 1, "at least two dimensions"),
        Holds::Frames => (ends(&[7]) || ends(&[4, 4]), "a last dimension of 7, or two of 4"),
        Holds::Positions => (ends(&[3]), "a last dimension of 3"),
    };
    // An unreadable shape is empty here and was reported already.
    if !fits && !shape.is_empty() && reader.has("holds") {
        reader.reject("holds", "the shape holds no such thing", format_args!("expected {expected}"));
    }
    holds
}

/// Reads `b_factor` and `b_factor_of`.
fn read_factors(reader: &mut TableReader<'_>) -> Option<FactorScale> {
    let greatest = reader.number("b_factor", 1e-9..);
    let rule = reader.choice("b_factor_of", &FactorRule::NAMES);
    if rule.is_some() && greatest.is_none() {
        reader.require("b_factor");
    }
    Some(FactorScale { greatest: greatest?, rule: rule.unwrap_or(FactorRule::Alpha) })
}

/// Reads `tolerance = { absolute = 1e-4, relative = 0.0 }`.
pub(super) fn read_tolerance(outer: &mut TableReader<'_>) -> Option<Tolerance> {
    outer.nested("tolerance", |reader| {
        let (absolute, relative) = (reader.number("absolute", 0.0..), reader.number("relative", 0.0..));
        if reader.table().keys().len() == 0 {
            reader.require("absolute");
        }
        Tolerance { absolute: absolute.unwrap_or(0.0), relative: relative.unwrap_or(0.0) }
    })
}

fn read_shape(reader: &mut TableReader<'_>, symbols: &BTreeSet<String>) -> Option<Vec<Dimension>> {
    let mut shape = Vec::new();
    let written = reader.located_sizes("shape")?;
    let count = written.len();
    for Located { value, location } in written {
        match Dimension::parse(&value) {
            None => {
                let label = "expected a size such as 64, a symbol such as \"L\", or \"layers+1\"";
                reader.diagnostics().report(location, format!("`{value}` is not a dimension"), label);
            }
            Some(Dimension::Symbol(symbol, _)) if !symbols.contains(&symbol) => {
                reader.diagnostics().push(Diagnostic::unknown(location, "dimension", &symbol, symbols));
            }
            Some(dimension) => shape.push(dimension),
        }
    }
    (shape.len() == count).then_some(shape)
}

fn read_dtypes(reader: &mut TableReader<'_>) -> Option<Vec<DType>> {
    let written = reader.text_or_texts("dtype")?.into_vec();
    if written.is_empty() {
        reader.reject("dtype", "no dtype is allowed", "expected at least one");
        return None;
    }
    let mut dtypes = Vec::with_capacity(written.len());
    let count = written.len();
    for Located { value, location } in written {
        let dtype = DType::parse(&value);
        if dtype.is_none() {
            let names = DType::NAMES.iter().map(|(_, name)| name);
            reader.diagnostics().push(Diagnostic::unknown(location, "dtype", &value, names));
        }
        dtypes.extend(dtype);
    }
    (dtypes.len() == count).then_some(dtypes)
}

fn read_range(reader: &mut TableReader<'_>) -> Option<(f64, f64)> {
    let limits = reader.numbers("range")?;
    match limits[..] {
        [least, greatest] if least <= greatest => Some((least, greatest)),
        [least, greatest] => {
            let message = format_args!("range from {least} down to {greatest}");
            reader.reject("range", message, "expected the smaller limit first");
            None
        }
        _ => {
            let count = limits.len();
            let message = format_args!("range of {count} numbers");
            reader.reject("range", message, "expected two: the smallest and the greatest value");
            None
        }
    }
}
