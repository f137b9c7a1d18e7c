//! One field of a model's contract, from its table. Which keys it may have follows from the kind of the field.

use std::collections::BTreeSet;

use super::{Diagnostic, Located, Section, TableReader};
use crate::prediction::contract::{
    Dimension, FactorRule, FactorScale, FieldKind, FieldSpec, Holds, Presence, Tolerance,
};
use crate::tensor::DType;

/// Nothing but the same value will do.
pub(super) const EXACT: Tolerance = Tolerance { absolute: 0.0, relative: 0.0 };

/// Every name a dtype may have, for suggestions; text of any width is `str` with a number.
const DTYPES: [&str; 13] = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
    "float64",
];

/// Reads the field `name`; `symbols` are the sizes its shape may speak of.
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
        // Without the kind nothing can be said about the other keys.
        let _ = reader.rest();
        return None;
    };
    let is_array = matches!(kind, FieldKind::Array | FieldKind::Arrays);
    let is_number = is_array || kind == FieldKind::Scalar;
    let is_structure = matches!(kind, FieldKind::Structures | FieldKind::Pdb | FieldKind::Cif);
    // Of a field that never has a value there is nothing to say.
    let exists = presence != Some(Presence::Never);
    let shape = if is_array && exists {
        reader.require("shape");
        read_shape(&mut reader, symbols)
    } else {
        Some(Vec::new())
    };
    let dtypes = if is_number && exists {
        reader.require("dtype");
        read_dtypes(&mut reader)
    } else {
        Some(Vec::new())
    };
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
    let tolerance = if matches!(kind, FieldKind::Mappings | FieldKind::Mapping) || !exists {
        None
    } else {
        read_tolerance(&mut reader)
    };
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
        // Indices that differ by one are wrong, however small that is.
        tolerance: tolerance.or(counts.then_some(EXACT)),
    })
}

/// Fields that hold vectors where their table does not say what they hold.
const VECTORS: [&str; 2] = ["embeddings", "hidden_states"];

/// Reads `holds`, which must fit the last dimensions.
fn read_holds(reader: &mut TableReader<'_>, name: &str, shape: &[Dimension]) -> Holds {
    let usual = if VECTORS.contains(&name) { Holds::Vectors } else { Holds::Numbers };
    let holds = reader.choice("holds", &Holds::NAMES).unwrap_or(usual);
    let ends = |sizes: &[usize]| {
        let sizes: Vec<Dimension> = sizes.iter().map(|size| Dimension::Fixed(*size)).collect();
        shape.ends_with(&sizes)
    };
    let (fits, expected) = match holds {
        Holds::Numbers => (true, ""),
        Holds::Vectors => (shape.len() > 1, "at least two dimensions"),
        Holds::Frames => (ends(&[7]) || ends(&[4, 4]), "a last dimension of 7, or two of 4"),
        Holds::Positions => (ends(&[3]), "a last dimension of 3"),
    };
    // A shape that could not be read was reported.
    if !fits && !shape.is_empty() && reader.has("holds") {
        let label = format!("expected {expected}");
        reader.reject("holds", "the shape holds no such thing", label);
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
    let section = outer.section("tolerance")?;
    let mut reader = outer.within(&section);
    let absolute = reader.number("absolute", 0.0..);
    let relative = reader.number("relative", 0.0..);
    if section.keys().len() == 0 {
        reader.require("absolute");
    }
    reader.finish();
    Some(Tolerance { absolute: absolute.unwrap_or(0.0), relative: relative.unwrap_or(0.0) })
}

fn read_shape(reader: &mut TableReader<'_>, symbols: &BTreeSet<String>) -> Option<Vec<Dimension>> {
    let mut shape = Vec::new();
    let written = reader.located_sizes("shape")?;
    let count = written.len();
    for Located { value, location } in written {
        let Some(dimension) = Dimension::parse(&value) else {
            let diagnostic = Diagnostic::at(location, format!("`{value}` is not a dimension"));
            reader
                .diagnostics()
                .push(diagnostic.with_label("expected a size such as 64, a symbol such as \"L\", or \"layers+1\""));
            continue;
        };
        if let Dimension::Symbol(symbol, _) = &dimension
            && !symbols.contains(symbol)
        {
            let known = symbols.iter().map(String::as_str);
            let diagnostic = Diagnostic::unknown(location, "dimension", symbol, known);
            reader.diagnostics().push(diagnostic);
            continue;
        }
        shape.push(dimension);
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
    for Located { value, location } in &written {
        dtypes.extend(DType::parse(value));
        if DType::parse(value).is_none() {
            let diagnostic = Diagnostic::unknown(location.clone(), "dtype", value, DTYPES);
            reader.diagnostics().push(diagnostic);
        }
    }
    (dtypes.len() == written.len()).then_some(dtypes)
}

fn read_range(reader: &mut TableReader<'_>) -> Option<(f64, f64)> {
    let limits = reader.numbers("range")?;
    match limits[..] {
        [least, greatest] if least <= greatest => Some((least, greatest)),
        [least, greatest] => {
            let message = format!("range from {least} down to {greatest}");
            reader.reject("range", message, "expected the smaller limit first");
            None
        }
        _ => {
            let message = format!("range of {} numbers", limits.len());
            reader.reject("range", message, "expected two: the smallest and the greatest value");
            None
        }
    }
}
