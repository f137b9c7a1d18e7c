//! Which arrays of two files belong together: by their names, by the name of an npy file, or as the caller says. Compares
//! nothing.

use super::{Form, Loaded};
use crate::tensor::Tensor;

/// The most names that a message lists.
const LISTED: usize = 12;

/// An array with its name.
type Named<'a> = (String, &'a Tensor);

/// The arrays of two files.
#[derive(Default)]
pub(super) struct Pairing<'a> {
    /// Those that belong together.
    pub both: Vec<(String, &'a Tensor, &'a Tensor)>,
    /// Those that one side should have too, with the side that has them.
    pub missing: Vec<(String, &'static str)>,
    /// What one side holds besides what the other is about.
    pub besides: Vec<String>,
}

/// Whether a path is that of a field or of something in it.
pub(super) fn is_within(path: &str, field: &str) -> bool {
    let rest = path.strip_prefix(field);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
}

/// Pairs the arrays of two files. `field` is what an npy file holds, and all that is wanted of the others; `is_known` says
/// which names mean something to the model.
///
/// # Errors
/// When nothing belongs together, in words.
pub(super) fn pair_arrays<'a>(
    first: &'a Loaded,
    second: &'a Loaded,
    field: Option<&str>,
    is_known: &dyn Fn(&str) -> bool,
) -> Result<Pairing<'a>, String> {
    let [one, other] = [arrays_of(first, field), arrays_of(second, field)];
    if one.is_empty() || other.is_empty() {
        return Ok(Pairing::default());
    }
    // One thing against one thing needs no common name.
    if let ([(name, first_array)], [(other_name, second_array)]) = (&one[..], &other[..]) {
        let name = match (first.form, second.form) {
            (Form::Result, _) => name.as_str(),
            (_, Form::Result) => other_name,
            _ if is_known(name) => name,
            _ if is_known(other_name) => other_name,
            (Form::Array, _) | (_, Form::Array) => "array",
            _ => name,
        };
        let both = vec![(name.to_owned(), *first_array, *second_array)];
        return Ok(Pairing {
            both,
            ..Pairing::default()
        });
    }
    let mut pairing = Pairing::default();
    let mut taken = Vec::new();
    for (name, array) in &one {
        match called(name, &other).filter(|place| !taken.contains(place)) {
            Some(place) => {
                taken.push(place);
                let name = if first.form == Form::Result {
                    name
                } else {
                    &other[place].0
                };
                pairing.both.push((name.clone(), *array, other[place].1));
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
    let is_unnamed = first.form == Form::Array || second.form == Form::Array;
    if pairing.both.is_empty() && (is_unnamed || !pairing.besides.is_empty()) {
        let hint = if is_unnamed {
            "; --field NAME says what the npy file holds"
        } else {
            ""
        };
        let [one, other] = [&one, &other].map(|arrays| list(arrays.iter().map(|(name, _)| name.as_str())));
        return Err(format!(
            "no array of the first has a name of the second: {one} against {other}{hint}"
        ));
    }
    Ok(pairing)
}

/// A file of one array, or of some, says nothing of what else there is.
const fn may_hold_more(loaded: &Loaded, other: &Loaded) -> bool {
    matches!(loaded.form, Form::Result) || matches!(other.form, Form::Array)
}

/// The arrays of a file that are wanted, without the columns of structures, which are compared as structures.
fn arrays_of<'a>(loaded: &'a Loaded, field: Option<&str>) -> Vec<Named<'a>> {
    let entries = loaded.contents.digest().entries.iter();
    let arrays = entries.filter_map(|(path, _)| Some((path.as_str(), loaded.contents.array(path)?)));
    let is_column = |path: &str| {
        let parent = path.rsplit_once('.').map(|(parent, _)| parent);
        parent.is_some_and(|parent| loaded.contents.structure(parent).is_some())
    };
    let own = arrays.filter(|(path, _)| !is_column(path));
    let named = own.map(|(path, array)| {
        let name = match (loaded.form, field) {
            (Form::Array, Some(field)) => field.to_owned(),
            (Form::Array | Form::Arrays, _) => unescaped(path),
            _ => path.to_owned(),
        };
        (name, array)
    });
    named
        .filter(|(name, _)| field.is_none_or(|field| is_within(name, field)))
        .collect()
}

/// The place of the array that is called so. A file names `plddt` what a result of one sample has at `plddt[0]`.
fn called(name: &str, arrays: &[Named<'_>]) -> Option<usize> {
    let place = |name: &str| arrays.iter().position(|(own, _)| own == name);
    let only = |field: &str| place(&format!("{field}[0]")).filter(|_| place(&format!("{field}[1]")).is_none());
    place(name)
        .or_else(|| only(name))
        .or_else(|| place(name.strip_suffix("[0]")?))
}

/// The name that a file gave; in a path, what is no word was written by its code.
fn unescaped(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut name = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        let code = path.get(place + 1..place + 3).filter(|_| byte == b'%');
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        name.push(code.unwrap_or(byte));
        place += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(name).unwrap_or_else(|_| path.to_owned())
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
            |names: &[&str]| -> Vec<Named<'_>> { names.iter().map(|name| ((*name).to_owned(), &tensor)).collect() };
        assert_eq!(called("plddt", &arrays(&["pae[0]", "plddt[0]"])), Some(1));
        assert_eq!(called("plddt", &arrays(&["plddt[0]", "plddt[1]"])), None);
        assert_eq!(called("plddt[1]", &arrays(&["plddt[0]", "plddt[1]"])), Some(1));
        assert_eq!(called("pae[0]", &arrays(&["plddt", "pae"])), Some(1));
        assert_eq!(called("x", &arrays(&["y"])), None);
        assert_eq!(unescaped("plddt%5b0%5d"), "plddt[0]");
        assert_eq!(unescaped("100%"), "100%");
        assert!(is_within("plddt[0]", "plddt") && is_within("a.b", "a") && !is_within("plddts", "plddt"));
    }
}
