//! Reads a file of results by its extension: PDB, mmCIF, npy, npz, snapshot or recorded response. Text may be compressed with gzip.
//! Does not compare files.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use crate::metric_value::Worst;
use crate::prediction::{Prediction, Value};
use crate::protein::{ParseError, Structure, mmcif, pdb};
use crate::snapshot::{open, open_arrays, open_floors};
use crate::wire::{ResponseLimits, pickle};

/// The longest file in bytes.
const LONGEST: u64 = 1 << 30;

/// The content of a file.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// The content as a response. The structure of a file is `atom_array[0]`, and the array of an npy file has the name of the file.
    pub(crate) prediction: Prediction,
    pub(crate) form: FileFormat,
    /// The key of the model, from a snapshot.
    pub(crate) model: Option<String>,
    /// The weights, from a snapshot.
    pub(crate) weights: Option<String>,
    /// The class of the response and the name of the model, from a response.
    pub(crate) class: Option<(String, String)>,
    /// The noise floors beside a snapshot, by path.
    pub(crate) floors: BTreeMap<String, Worst>,
    /// Notes for the reader of the comparison.
    pub(crate) notes: Vec<String>,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileFormat {
    /// A PDB file.
    Pdb,
    /// An mmCIF file.
    Mmcif,
    /// One array without a name of its own.
    Array,
    /// Named arrays without more.
    Arrays,
    /// The whole result of a call: a snapshot or a recorded response.
    Result,
}

/// Reads a file.
///
/// # Errors
/// In words that begin with the file, and the line where there is one.
pub(crate) fn load(path: &Path) -> Result<Loaded, String> {
    // A missing file is reported before an unknown extension.
    std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let is_packed = is_gzip(path);
    let named = if is_packed { path.with_extension("") } else { path.to_owned() };
    let extension = named.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "pdb" | "ent" => structure(path, FileFormat::Pdb, (pdb::read, pdb::read_models)),
        "cif" | "mmcif" | "pdbx" => structure(path, FileFormat::Mmcif, (mmcif::read, mmcif::read_models)),
        "json" => response(path),
        "npy" | "npz" | "snap" | "new" if is_packed => {
            Err(format!("{}: only structures and responses are read out of gzip; unpack it first", path.display()))
        }
        "npy" => arrays(path, FileFormat::Array),
        "npz" => arrays(path, FileFormat::Arrays),
        "snap" | "new" => snapshot(path),
        _ => Err(format!(
            "{}: cannot tell what this is by its name; expected .pdb, .ent, .cif, .mmcif, .pdbx, .npy, .npz, .snap, or .json \
             for a recorded response; .gz behind those of text",
            path.display()
        )),
    }
}

fn is_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// The bytes of a file that is not too long, unpacked if its extension is that of gzip.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let metadata = std::fs::metadata(path).map_err(|error| at(&error))?;
    if !metadata.is_file() {
        return Err(at(&"is not a file"));
    }
    if metadata.len() > LONGEST {
        return Err(at(&"is longer than 1 GiB"));
    }
    if !is_gzip(path) {
        return std::fs::read(path).map_err(|error| at(&error));
    }
    let file = std::fs::File::open(path).map_err(|error| at(&error))?;
    let mut bytes = Vec::new();
    let mut unpacked = MultiGzDecoder::new(std::io::BufReader::new(file)).take(LONGEST + 1);
    unpacked.read_to_end(&mut bytes).map_err(|error| at(&format_args!("cannot be unpacked: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(at(&"is longer than 1 GiB when unpacked"));
    }
    Ok(bytes)
}

/// The text of a file as UTF-8. Remarks of PDB files often have older encodings and are not read anyway. Anywhere else an invalid
/// byte is an error with its line.
fn text(path: &Path, form: FileFormat) -> Result<String, String> {
    let bytes = read(path)?;
    let mut text = String::with_capacity(bytes.len());
    let mut place = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        place += chunk.valid().len();
        let Some(first) = chunk.invalid().first() else { continue };
        let start = memchr::memrchr(b'\n', &bytes[..place]).map_or(0, |end| end + 1);
        let is_atom = [&b"ATOM"[..], b"HETATM"].iter().any(|name| bytes[start..].starts_with(name));
        if form != FileFormat::Pdb || is_atom {
            let line = 1 + memchr::memchr_iter(b'\n', &bytes[..place]).count();
            return Err(format!(
                "{}:{line}: the byte 0x{first:02x} in column {} is not UTF-8 text",
                path.display(),
                place - start + 1
            ));
        }
        // One character for each byte keeps the columns.
        text.extend(chunk.invalid().iter().map(|_| '?'));
        place += chunk.invalid().len();
    }
    Ok(text)
}

/// Reads a text as one structure, and where its models do not list the same atoms, as one for each model.
type Readers = (fn(&str) -> Result<Structure, ParseError>, fn(&str) -> Result<Vec<Structure>, ParseError>);

fn structure(path: &Path, form: FileFormat, (read, read_models): Readers) -> Result<Loaded, String> {
    let text = text(path, form)?;
    let mut notes = Vec::new();
    let structures = match read(&text) {
        Ok(structure) => vec![structure],
        // An error in a single model is found again when each model is read by itself.
        Err(error) => match read_models(&text) {
            Ok(models) if models.len() > 1 => {
                notes.push(format!("its {} models list different atoms; each is compared by itself", models.len()));
                models
            }
            _ => return Err(format!("{}:{}: {}", path.display(), error.line, error.message)),
        },
    };
    drop(text);
    notes.extend(without_factor(&structures));
    let structures = structures.into_iter().map(|structure| Value::Structure(Box::new(structure)));
    let fields = vec![("atom_array".to_owned(), Value::List(structures.collect()))];
    Ok(Loaded { notes, ..loaded(form, Prediction { class: String::new(), fields }) })
}

/// `8 of 416 atoms have no B factor`, if other atoms have one.
fn without_factor(structures: &[Structure]) -> Option<String> {
    let factors = structures.iter().filter_map(|structure| structure.b_factor.as_ref());
    let missing = factors.flatten().filter(|factor| factor.is_nan()).count();
    let atoms: usize = structures.iter().map(Structure::atoms).sum();
    (missing > 0).then(|| format!("{missing} of {atoms} atoms have no B factor"))
}

fn arrays(path: &Path, form: FileFormat) -> Result<Loaded, String> {
    let arrays = open_arrays(path).map_err(|error| error.to_string())?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let named = arrays.into_iter().map(|(name, array)| {
        let name = if name.is_empty() { stem.to_string() } else { name };
        (name, Value::Array(array))
    });
    let fields: Vec<(String, Value)> = named.collect();
    if fields.is_empty() {
        return Err(format!("{}: holds no array", path.display()));
    }
    Ok(loaded(form, Prediction { class: String::new(), fields }))
}

fn loaded(form: FileFormat, prediction: Prediction) -> Loaded {
    let (floors, notes) = (BTreeMap::new(), Vec::new());
    Loaded { prediction, form, model: None, weights: None, class: None, floors, notes }
}

fn snapshot(path: &Path) -> Result<Loaded, String> {
    let opened = open(path).map_err(|error| error.to_string())?;
    let floors = open_floors(path).map_err(|error| error.to_string())?;
    Ok(Loaded {
        model: Some(opened.model().to_owned()),
        weights: Some(opened.weights().to_owned()),
        floors: floors.map(|floors| floors.fields).unwrap_or_default(),
        ..loaded(FileFormat::Result, opened.prediction)
    })
}

/// The body of a response as a model server sends it.
#[derive(Deserialize)]
struct ResponseBody {
    pickled: String,
}

/// Reads a response without checking its signature, because the secret is not known any more.
fn response(path: &Path) -> Result<Loaded, String> {
    let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let expected = "expected the body of a response, {\"pickled\": …, \"hmac\": …}";
    let body: ResponseBody =
        serde_json::from_slice(&read(path)?).map_err(|error| at(&format_args!("{error}; {expected}")))?;
    let payload =
        base64_simd::STANDARD.decode_to_vec(body.pickled.as_bytes()).map_err(|_| at(&"`pickled` is not base64"))?;
    drop(body);
    let prediction = pickle::decode_prediction(&Bytes::from(payload), None, &ResponseLimits::default())
        .map_err(|error| at(&error))?;
    let name = prediction.at("metadata.model_name").and_then(Value::as_text).unwrap_or_default();
    let class = Some((prediction.class.clone(), name.to_owned()));
    let notes = vec!["its signature was not checked".to_owned()];
    Ok(Loaded { class, notes, ..loaded(FileFormat::Result, prediction) })
}
