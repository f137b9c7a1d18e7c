//! Reads a file of results by its extension: PDB, mmCIF, npy, npz, snapshot, recorded response. Compares nothing.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use serde::Deserialize;

use crate::measure::Worst;
use crate::prediction::{Prediction, Value};
use crate::protein::{ParseError, Structure, mmcif, pdb};
use crate::snapshot::{Contents, open, open_arrays, open_floors};
use crate::wire::{Limits, pickle};

/// The longest file.
const LONGEST: u64 = 1 << 30;

/// What a file holds.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Every value by its path. The structure of a file is `atom_array[0]`, the array of an npy file `array`.
    pub contents: Contents,
    /// What kind of file it is.
    pub form: Form,
    /// The key of the model, where a snapshot says so.
    pub model: Option<String>,
    /// The class of the response and what the model calls itself, where a response says so.
    pub class: Option<(String, String)>,
    /// By how much repeats differ, by path, where that lies beside a snapshot.
    pub floors: BTreeMap<String, Worst>,
    /// What a reader must know of it.
    pub notes: Vec<String>,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A PDB file.
    Pdb,
    /// An mmCIF file.
    Mmcif,
    /// Arrays without more.
    Arrays,
    /// The whole result of a call: a snapshot or a recorded response.
    Result,
}

/// Reads a file.
///
/// # Errors
/// In words that begin with the file, and the line where there is one.
pub fn load(path: &Path) -> Result<Loaded, String> {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "pdb" | "ent" => structure(path, Form::Pdb, pdb::read),
        "cif" | "mmcif" => structure(path, Form::Mmcif, mmcif::read),
        "npy" | "npz" => arrays(path),
        "snap" | "new" => snapshot(path),
        "json" => response(path),
        _ => Err(format!(
            "{}: cannot tell what this is by its name; expected .pdb, .ent, .cif, .mmcif, .npy, .npz, .snap, or .json for a \
             recorded response",
            path.display()
        )),
    }
}

/// The text of a file that is not too long.
fn text(path: &Path) -> Result<String, String> {
    let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let size = std::fs::metadata(path).map_err(|error| at(&error))?.len();
    if size > LONGEST {
        return Err(at(&"is longer than 1 GiB"));
    }
    std::fs::read_to_string(path).map_err(|error| at(&error))
}

fn structure(path: &Path, form: Form, read: fn(&str) -> Result<Structure, ParseError>) -> Result<Loaded, String> {
    let text = text(path)?;
    let structure = read(&text).map_err(|error| format!("{}:{}: {}", path.display(), error.line, error.message))?;
    if structure.atoms() == 0 {
        return Err(format!("{}: holds no atoms", path.display()));
    }
    let structures = Value::List(vec![Value::Structure(Box::new(structure))]);
    of_fields(path, form, vec![("atom_array".to_owned(), structures)])
}

fn arrays(path: &Path) -> Result<Loaded, String> {
    let arrays = open_arrays(path).map_err(|error| error.to_string())?;
    let named = arrays.into_iter().map(|(name, array)| {
        let name = if name.is_empty() { "array".to_owned() } else { name };
        (name, Value::Array(array))
    });
    of_fields(path, Form::Arrays, named.collect())
}

fn of_fields(path: &Path, form: Form, fields: Vec<(String, Value)>) -> Result<Loaded, String> {
    let prediction = Prediction {
        class: String::new(),
        fields,
    };
    let contents = Contents::of(&prediction).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Loaded {
        contents,
        form,
        model: None,
        class: None,
        floors: BTreeMap::new(),
        notes: Vec::new(),
    })
}

fn snapshot(path: &Path) -> Result<Loaded, String> {
    let (contents, model) = open(path).map_err(|error| error.to_string())?;
    let floors = open_floors(path).map_err(|error| error.to_string())?;
    Ok(Loaded {
        contents,
        form: Form::Result,
        model,
        class: None,
        floors: floors.map(|floors| floors.fields).unwrap_or_default(),
        notes: Vec::new(),
    })
}

/// The body of a response as a model server sends it.
#[derive(Deserialize)]
struct Body {
    pickled: String,
}

/// A response is read as data; nobody knows the secret that it was signed with any more.
fn response(path: &Path) -> Result<Loaded, String> {
    let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let expected = "expected the body of a response, {\"pickled\": …, \"hmac\": …}";
    let body: Body = serde_json::from_str(&text(path)?).map_err(|error| at(&format_args!("{error}; {expected}")))?;
    let payload = base64_simd::STANDARD
        .decode_to_vec(body.pickled.as_bytes())
        .map_err(|_| at(&"`pickled` is not base64"))?;
    drop(body);
    let prediction =
        pickle::decode_prediction(&Bytes::from(payload), &Limits::default()).map_err(|error| at(&error))?;
    let contents = Contents::of(&prediction).map_err(|error| at(&error))?;
    let name = prediction
        .at("metadata.model_name")
        .and_then(Value::as_text)
        .unwrap_or_default();
    Ok(Loaded {
        contents,
        form: Form::Result,
        model: None,
        class: Some((prediction.class.clone(), name.to_owned())),
        floors: BTreeMap::new(),
        notes: vec!["its signature was not checked".to_owned()],
    })
}
