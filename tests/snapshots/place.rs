//! A response with every kind of value, and a directory of snapshots to compare it with.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use hydrotest::compare::{Comparison, FieldComparison, Policy, compare};
use hydrotest::prediction::contract::Tolerance;
use hydrotest::prediction::{Input, Method, Options, Prediction, Record, Request, Value};
use hydrotest::protein::{Label, Structure};
use hydrotest::snapshot::{Kept, Provenance, Recording, SnapshotError, SnapshotKey, Store};
use hydrotest::tensor::{DType, Tensor};

/// Slightly too large to be stored whole.
pub const LARGE: [usize; 3] = [10, 10, 64];

/// Result of comparing a response with what is recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Judged {
    Matches(Comparison),
    Differs {
        comparison: Comparison,
        pending: Option<PathBuf>,
    },
    /// Nothing was recorded before.
    Kept(Kept),
}

/// Compares a response with what is recorded and stores it, like a check does.
pub fn judge(
    store: &Store,
    key: &SnapshotKey,
    prediction: &Prediction,
    policy: &Policy,
) -> Result<Judged, SnapshotError> {
    let Some(reference) = store.read(key)? else {
        return store.keep(key, prediction, &provenance()).map(Judged::Kept);
    };
    let comparison = compare(&reference.prediction, prediction, policy);
    if comparison.matches() {
        store.settle(key)?;
        return Ok(Judged::Matches(comparison));
    }
    let pending = store.propose(key, prediction, &provenance())?;
    Ok(Judged::Differs { comparison, pending })
}

pub struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub fn root(&self) -> PathBuf {
        self.directory.path().join("snapshots")
    }

    pub fn store(&self, recording: Recording) -> Store {
        Store::new(&self.root(), recording).unwrap()
    }

    pub fn judge(&self, recording: Recording, prediction: &Prediction) -> Result<Judged, SnapshotError> {
        judge(&self.store(recording), &key("two_chains"), prediction, &within(1e-3))
    }

    /// Records and returns the paths of the snapshot and of its arrays.
    pub fn record(&self, prediction: &Prediction) -> (PathBuf, PathBuf) {
        let judgement = self.judge(Recording::Missing, prediction).unwrap();
        let Judged::Kept(Kept::Recorded(path)) = judgement else {
            panic!("not recorded: {judgement:?}");
        };
        let arrays = self.root().join("synthetic/arrays");
        let mut files = fs::read_dir(arrays).unwrap();
        let arrays = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none());
        (path, arrays)
    }

    /// The comparison of a response that must not match.
    pub fn difference(&self, prediction: &Prediction) -> Comparison {
        match self.judge(Recording::Never, prediction).unwrap() {
            Judged::Differs { comparison, .. } => comparison,
            other => panic!("no difference: {other:?}"),
        }
    }

    pub fn error(&self, prediction: &Prediction) -> String {
        self.judge(Recording::Never, prediction).unwrap_err().to_string()
    }
}

pub fn key(case: &str) -> SnapshotKey {
    SnapshotKey::new("synthetic", "esmfold", "fold", case, None).unwrap()
}

pub fn within(absolute: f64) -> Policy {
    let tolerance = Tolerance { absolute, relative: 0.0 };
    Policy::numbers(Some(tolerance), None)
}

pub fn provenance() -> Provenance {
    Provenance {
        backend: "here".into(),
        kind: "reference".into(),
        model: "ESMFold".into(),
        request: Request {
            method: Method::Fold,
            input: Input::One("GM:G".into()),
            options: Options::from_iter([("include_fields".to_owned(), serde_json::json!(["*"]))]),
        },
        config: Options::new(),
        seed_option: None,
        recorded: None,
        source: "suites/fold.toml".into(),
    }
}

pub fn structure() -> Structure {
    let mut structure = Structure::default();
    let atoms = [("A", 0, "GLY", "N"), ("A", 0, "GLY", "CA"), ("A", 1, "MET", "N"), ("B", 0, "GLY", "N")];
    for (at, (chain, number, residue, atom)) in atoms.into_iter().enumerate() {
        let label = |text| Label::new(text).unwrap();
        let element = label(&atom[..1]);
        structure.push(label(chain), number, label(residue), label(atom), element, [at as f32, 0.1, -2.5]);
    }
    structure.b_factor = Some(vec![0.9, 0.8, 0.7, 0.6]);
    structure.b_factor_dtype = Some(DType::F32);
    structure
}

/// Values that look like noise and are the same on every machine.
pub fn large() -> Vec<f32> {
    (0..LARGE.iter().product()).map(|at: usize| (at * at * 31 + at * 7919) as f32 % 2003.0 / 1001.5 - 1.0).collect()
}

pub fn prediction() -> Prediction {
    let metadata = Record {
        class: "boileroom.base.PredictionMetadata".into(),
        fields: vec![
            ("model_name".into(), Value::Text("ESMFold".into())),
            ("sequence_lengths".into(), Value::List(vec![Value::Integer(3)])),
            ("inference_time".into(), Value::Float(1.25)),
        ],
    };
    let fields = [
        ("metadata", Value::Record(metadata)),
        ("atom_array", Value::List(vec![Value::Structure(Box::new(structure()))])),
        ("s_z", Value::Array(Tensor::from_values(LARGE.into(), &large()).unwrap())),
        ("plddt", Value::List(vec![Value::Array(Tensor::vector(&[0.9f32, 0.7, 0.6]))])),
        ("aatype", Value::Array(Tensor::vector(&[7i64, 12, 7]))),
        ("max_pae", Value::Float(31.75)),
        ("pdb", Value::List(vec![Value::Text("ATOM      1  N   GLY A   0\nEND\n".into())])),
        ("pae", Value::None),
        ("cif", Value::None),
    ];
    Prediction {
        class: "boileroom.models.esm.types.ESMFoldOutput".into(),
        fields: fields.map(|(name, value)| (name.to_owned(), value)).into(),
    }
}

/// The prediction with one field replaced.
pub fn with(name: &str, value: Value) -> Prediction {
    let mut prediction = prediction();
    let field = prediction.fields.iter_mut().find(|(own, _)| own == name).unwrap();
    field.1 = value;
    prediction
}

pub fn with_large(change: impl FnOnce(&mut Vec<f32>)) -> Prediction {
    let mut values = large();
    change(&mut values);
    with("s_z", Value::Array(Tensor::from_values(LARGE.into(), &values).unwrap()))
}

pub fn only(comparison: &Comparison) -> &FieldComparison {
    let mut beyond = comparison.beyond();
    let first = beyond.next().expect("a difference");
    assert!(beyond.next().is_none(), "{comparison}");
    first
}

/// Rewrites one array of an npz like a user of `NumPy` would: same name, same type, other bytes.
pub fn edit_array(path: &Path, name: &str, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        entries.push((entry.name().unwrap().into_owned(), bytes));
    }
    let file = format!("{name}.npy");
    let (_, bytes) = entries.iter_mut().find(|(own, _)| *own == file).expect("the array");
    edit(bytes);
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in entries {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap();
}

/// All files below a directory, sorted.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
