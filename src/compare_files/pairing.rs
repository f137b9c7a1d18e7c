//! Pairs the values of two files by name, by the name of an npy file, or by the field that the caller names, so that both can be
//! compared as responses. Does not compare them.

use std::collections::BTreeMap;

use super::factors::Factors;
use super::{FileFormat, Loaded, Rules};
use crate::compare::{PLDDT, STRUCTURES, side};
use crate::prediction::contract::{FactorRule, FactorScale};
use crate::prediction::{Leaf, Listing, Prediction, Value, field_of, unescaped};
use crate::protein::Structure;
use crate::tensor::Tensor;

/// The most names that a message lists.
const LISTED: usize = 12;

/// Two files as two responses.
#[derive(Default)]
pub(super) struct Pairing {
    pub(crate) first: Prediction,
    pub(crate) second: Prediction,
    /// How temperature factors carry confidence on each side.
    pub(crate) scales: [Option<FactorScale>; 2],
    /// Whether both files have a single structure, which needs no name.
    pub(crate) is_unnamed: bool,
    /// Whether confidences are only present because other values need them.
    pub(crate) hides_confidence: bool,
    /// Notes on a value, by its path.
    pub(crate) notes: BTreeMap<String, Vec<String>>,
    /// Differences of the temperature factors of a structure, by its path.
    pub(crate) differences: BTreeMap<String, String>,
    /// Values that a side lacks, with the side that has them.
    pub(crate) missing: Vec<(String, &'static str)>,
    /// Values of one side that are not compared, because the other file is not about them.
    pub(crate) besides: Vec<String>,
}

/// An array with its name.
type Named = (String, Tensor);

/// Whether a path is that of a field or of something in it.
pub(super) fn is_within(path: &str, field: &str) -> bool {
    let rest = path.strip_prefix(field);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
}

/// Pairs two files. `field` is the name of the array in an npy file, and the only wanted field of other files.
///
/// # Errors
/// A message if the files have nothing in common.
pub(super) fn pair(first: Loaded, second: Loaded, rules: &Rules, field: Option<&str>) -> Result<Pairing, String> {
    let scales = rules.policy.scales;
    if (first.form, second.form) == (FileFormat::Result, FileFormat::Result) {
        let mut pairing = Pairing { first: first.prediction, second: second.prediction, scales, ..Pairing::default() };
        pairing.match_factors((FileFormat::Result, FileFormat::Result));
        return Ok(pairing);
    }
    let forms = (first.form, second.form);
    let found = [(&first, scales[0]), (&second, scales[1])].map(|(loaded, scale)| confidences(loaded, scale, field));
    if found.iter().any(Vec::is_empty) {
        return pair_arrays(&first, &second, rules, field);
    }
    let (mut first, mut second) = (first.prediction, second.prediction);
    let [one, other] = found;
    let structures = [taken(&mut first, one), taken(&mut second, other)];
    Ok(pair_structures(forms, structures, scales))
}

impl Pairing {
    /// Brings the temperature factors of structures at one path to one scale.
    fn match_factors(&mut self, forms: (FileFormat, FileFormat)) {
        let scales = self.scales.map(|scale| Some(scale?.greatest));
        let (Some(one), Some(other)) = (items(&mut self.first), items(&mut self.second)) else {
            return;
        };
        let mut is_scaled = false;
        for (index, (one, other)) in one.iter_mut().zip(other).enumerate() {
            let (Value::Structure(one), Value::Structure(other)) = (one, other) else {
                continue;
            };
            let found = Factors::bring_together((one, other), forms, scales);
            is_scaled |= found.is_scaled;
            let path = format!("{STRUCTURES}[{index}]");
            self.differences.extend(found.difference.map(|words| (path.clone(), words)));
            if !found.notes.is_empty() {
                self.notes.entry(path).or_default().extend(found.notes);
            }
        }
        if is_scaled {
            self.scales = self.scales.map(|scale| {
                Some(FactorScale { greatest: 1.0, rule: scale.map_or(FactorRule::Alpha, |scale| scale.rule) })
            });
        }
    }
}

fn items(prediction: &mut Prediction) -> Option<&mut Vec<Value>> {
    let found = prediction.fields.iter_mut().find(|(name, _)| name == STRUCTURES)?;
    match &mut found.1 {
        Value::List(items) | Value::Tuple(items) => Some(items),
        _ => None,
    }
}

/// A structure with its name and the confidences of its residues.
struct Confident {
    name: String,
    structure: Structure,
    confidence: Option<Vec<f64>>,
}

/// The path of every wanted structure and the confidences of its residues. A file of one structure is always wanted, whatever its name
/// is in the result.
fn confidences(loaded: &Loaded, scale: Option<FactorScale>, field: Option<&str>) -> Vec<(String, Option<Vec<f64>>)> {
    let Ok(listing) = Listing::of(&loaded.prediction) else {
        return Vec::new();
    };
    let is_wanted = |path: &str| loaded.form != FileFormat::Result || field.is_none_or(|field| is_within(path, field));
    let found = listing.entries().filter_map(|(path, leaf)| match leaf {
        Leaf::Structure(structure) if is_wanted(path) => {
            Some((path.to_owned(), side(&listing, path, structure, scale).confidence))
        }
        _ => None,
    });
    found.collect()
}

/// Moves the structures at these paths out of a response, because they are too large to be copied.
fn taken(prediction: &mut Prediction, confidences: Vec<(String, Option<Vec<f64>>)>) -> Vec<Confident> {
    let found = confidences.into_iter().filter_map(|(name, confidence)| {
        let value = value_at(prediction, &name)?;
        match std::mem::replace(value, Value::None) {
            Value::Structure(structure) => Some(Confident { name, structure: *structure, confidence }),
            _ => None,
        }
    });
    found.collect()
}

/// The value of a field or of an item of a list.
fn value_at<'a>(prediction: &'a mut Prediction, path: &str) -> Option<&'a mut Value> {
    let name = field_of(path);
    let (_, value) = prediction.fields.iter_mut().find(|(field, _)| field == name)?;
    let index = path[name.len()..].strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match (index, value) {
        (None, value) => Some(value),
        (Some(index), Value::List(items) | Value::Tuple(items)) => items.get_mut(index.parse::<usize>().ok()?),
        _ => None,
    }
}

fn pair_structures(
    forms: (FileFormat, FileFormat),
    sides: [Vec<Confident>; 2],
    scales: [Option<FactorScale>; 2],
) -> Pairing {
    let [mut one, mut other] = sides;
    let mut pairing = Pairing {
        scales,
        hides_confidence: true,
        is_unnamed: one.len() == 1 && other.len() == 1,
        ..Pairing::default()
    };
    if !pairing.is_unnamed {
        let missing = |own: &[Confident], all: &[Confident], side: &'static str| -> Vec<(String, &'static str)> {
            let has = |name: &str| all.iter().any(|known| known.name == name);
            let alone = own.iter().filter(|structure| !has(&structure.name));
            alone.map(|structure| (structure.name.clone(), side)).collect()
        };
        pairing.missing = missing(&one, &other, "first");
        pairing.missing.extend(missing(&other, &one, "second"));
        let is_shared = |name: &str| !pairing.missing.iter().any(|(alone, _)| alone == name);
        one.retain(|structure| is_shared(&structure.name));
        other.retain(|structure| is_shared(&structure.name));
    }
    pairing.first = response(one);
    pairing.second = response(other);
    pairing.match_factors(forms);
    pairing
}

fn response(structures: Vec<Confident>) -> Prediction {
    let (mut items, mut confidences) = (Vec::new(), Vec::new());
    for own in structures {
        items.push(Value::Structure(Box::new(own.structure)));
        confidences.push(own.confidence.map_or(Value::None, |values| Value::Array(Tensor::vector(&values))));
    }
    Prediction {
        class: String::new(),
        fields: vec![(STRUCTURES.to_owned(), Value::List(items)), (PLDDT.to_owned(), Value::List(confidences))],
    }
}

fn pair_arrays(first: &Loaded, second: &Loaded, rules: &Rules, field: Option<&str>) -> Result<Pairing, String> {
    let [one, other] = [arrays_of(first, field), arrays_of(second, field)];
    let mut pairing = Pairing { scales: rules.policy.scales, ..Pairing::default() };
    if one.is_empty() || other.is_empty() {
        return Ok(pairing);
    }
    let mut both: Vec<(String, Tensor, Tensor)> = Vec::new();
    // A single array on each side needs no common name.
    if let ([(name, first_array)], [(other_name, second_array)]) = (&one[..], &other[..]) {
        let unnamed = || rules.unnamed.clone().unwrap_or_else(|| "array".to_owned());
        let name = match (first.form, second.form) {
            (FileFormat::Result, _) => name.clone(),
            (_, FileFormat::Result) => other_name.clone(),
            _ if rules.knows(name) => name.clone(),
            _ if rules.knows(other_name) => other_name.clone(),
            (FileFormat::Array, _) | (_, FileFormat::Array) => unnamed(),
            _ => name.clone(),
        };
        both.push((name, first_array.clone(), second_array.clone()));
    } else {
        let mut taken = Vec::new();
        for (name, array) in &one {
            match called(name, &other).filter(|place| !taken.contains(place)) {
                Some(place) => {
                    taken.push(place);
                    let name = if first.form == FileFormat::Result { name } else { &other[place].0 };
                    both.push((name.clone(), array.clone(), other[place].1.clone()));
                }
                None if may_hold_more(first, second) => pairing.besides.push(name.clone()),
                None => pairing.missing.push((name.clone(), "first")),
            }
        }
        let left = (0..other.len()).filter(|place| !taken.contains(place));
        for name in left.map(|place| other[place].0.clone()) {
            if may_hold_more(second, first) {
                pairing.besides.push(name);
            } else {
                pairing.missing.push((name, "second"));
            }
        }
    }
    let is_unnamed = first.form == FileFormat::Array || second.form == FileFormat::Array;
    if both.is_empty() && (is_unnamed || !pairing.besides.is_empty()) {
        let hint = if is_unnamed { "; --field NAME says what the npy file holds" } else { "" };
        let [one, other] = [&one, &other].map(|arrays| list(arrays.iter().map(|(name, _)| name.as_str())));
        return Err(format!("no array of the first has a name of the second: {one} against {other}{hint}"));
    }
    // Aligned errors are judged between confident residues.
    let has_confidence = both.iter().any(|(name, ..)| field_of(name) == PLDDT);
    if !has_confidence && both.iter().any(|(name, ..)| name.starts_with('p')) {
        for (loaded, side) in [(first, &mut pairing.first), (second, &mut pairing.second)] {
            let values =
                [PLDDT, STRUCTURES].map(|name| Some((name.to_owned(), loaded.prediction.field(name)?.clone())));
            side.fields.extend(values.into_iter().flatten());
        }
        pairing.hides_confidence = true;
    }
    for (name, one, other) in both {
        place(&mut pairing.first, &name, one);
        place(&mut pairing.second, &name, other);
    }
    Ok(pairing)
}

/// Puts an array at a path such as `plddt` or `plddt[0]`.
fn place(prediction: &mut Prediction, path: &str, array: Tensor) {
    let array = Value::Array(array);
    let item = path.strip_suffix(']').and_then(|path| path.split_once('['));
    let Some((name, Ok(index))) = item.map(|(name, index)| (name, index.parse::<usize>())) else {
        prediction.fields.push((path.to_owned(), array));
        return;
    };
    let known = prediction.fields.iter().position(|(field, _)| field == name);
    let known = known.unwrap_or_else(|| {
        prediction.fields.push((name.to_owned(), Value::List(Vec::new())));
        prediction.fields.len() - 1
    });
    if let Value::List(items) = &mut prediction.fields[known].1 {
        // Not every item of a list needs to be compared.
        if items.len() <= index && index < LISTED * LISTED {
            items.resize(index + 1, Value::None);
        }
        if let Some(item) = items.get_mut(index) {
            *item = array;
        }
    }
}

/// Whether the other file may lack a value of this one: a file of arrays need not contain everything.
const fn may_hold_more(loaded: &Loaded, other: &Loaded) -> bool {
    matches!(loaded.form, FileFormat::Result) || matches!(other.form, FileFormat::Array)
}

/// The wanted arrays of a file, without the columns of structures, which are compared as structures.
fn arrays_of(loaded: &Loaded, field: Option<&str>) -> Vec<Named> {
    let Ok(listing) = Listing::of(&loaded.prediction) else {
        return Vec::new();
    };
    let is_column = |path: &str| path.match_indices('.').any(|(end, _)| listing.structure(&path[..end]).is_some());
    let own = listing.entries().filter_map(|(path, leaf)| match leaf {
        Leaf::Array(_, tensor) if !is_column(path) => Some((path, tensor)),
        _ => None,
    });
    let named = own.map(|(path, array)| {
        let name = match (loaded.form, field) {
            (FileFormat::Array, Some(field)) => field.to_owned(),
            (FileFormat::Array | FileFormat::Arrays, _) => unescaped(path),
            _ => path.to_owned(),
        };
        (name, array.clone())
    });
    named.filter(|(name, _)| field.is_none_or(|field| is_within(name, field))).collect()
}

/// The index of the array with this name. A file may call `plddt` what a result of one sample has at `plddt[0]`.
fn called(name: &str, arrays: &[Named]) -> Option<usize> {
    let place = |name: &str| arrays.iter().position(|(own, _)| own == name);
    let only = |field: &str| place(&format!("{field}[0]")).filter(|_| place(&format!("{field}[1]")).is_none());
    place(name).or_else(|| only(name)).or_else(|| place(name.strip_suffix("[0]")?))
}

/// `a, b, c and 3 more`.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let shown = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_find_their_fields() {
        let tensor = Tensor::scalar(0.0);
        let arrays =
            |names: &[&str]| -> Vec<Named> { names.iter().map(|name| ((*name).to_owned(), tensor.clone())).collect() };
        assert_eq!(called("plddt", &arrays(&["pae[0]", "plddt[0]"])), Some(1));
        assert_eq!(called("plddt", &arrays(&["plddt[0]", "plddt[1]"])), None);
        assert_eq!(called("plddt[1]", &arrays(&["plddt[0]", "plddt[1]"])), Some(1));
        assert_eq!(called("pae[0]", &arrays(&["plddt", "pae"])), Some(1));
        assert_eq!(called("x", &arrays(&["y"])), None);
        assert!(is_within("plddt[0]", "plddt") && is_within("a.b", "a") && !is_within("plddts", "plddt"));
    }
}
