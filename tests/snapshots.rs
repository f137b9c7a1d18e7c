//! What recorded results promise: a response is recorded, matches, and fails with numbers when a digit changes anywhere;
//! review, acceptance and pruning keep snapshots and arrays together; damaged files are errors with a name.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper of a test fails by panicking"
)]

use std::collections::HashSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hydrotest::prediction::contract::Tolerance;
use hydrotest::prediction::{Input, Method, Options, Prediction, Record, Request, Value};
use hydrotest::protein::{Label, Structure};
use hydrotest::snapshot::{
    Agreement, Arrays, Comparison, FieldComparison, FieldJudge, Finding, Judgement, Pair, Provenance, Prune, Recording,
    SnapshotError, SnapshotKey, State, Store,
};
use hydrotest::tensor::{DType, Tensor};

/// Just too large to be stored whole.
const LARGE: [usize; 3] = [10, 10, 64];

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("snapshots")
    }

    fn store(&self, recording: Recording) -> Store {
        Store::new(&self.root(), recording).unwrap()
    }

    fn judge(&self, recording: Recording, prediction: &Prediction) -> Result<Judgement, SnapshotError> {
        let judge = within(1e-3);
        self.store(recording)
            .judge(&key("two_chains"), prediction, &provenance(), judge)
    }

    /// Records and returns the paths of the snapshot and of its arrays.
    fn record(&self, prediction: &Prediction) -> (PathBuf, PathBuf) {
        let judgement = self.judge(Recording::Missing, prediction).unwrap();
        let Judgement::Recorded { path } = judgement else {
            panic!("not recorded: {judgement:?}");
        };
        let arrays = self.root().join("synthetic/arrays");
        let mut files = fs::read_dir(arrays).unwrap();
        let arrays = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none());
        (path, arrays)
    }

    /// The comparison of a response that must not match.
    fn difference(&self, prediction: &Prediction) -> Comparison {
        match self.judge(Recording::Never, prediction).unwrap() {
            Judgement::Differs { comparison, .. } => comparison,
            other => panic!("no difference: {other:?}"),
        }
    }

    fn error(&self, prediction: &Prediction) -> String {
        self.judge(Recording::Never, prediction).unwrap_err().to_string()
    }
}

fn key(case: &str) -> SnapshotKey {
    SnapshotKey::new("synthetic", "esmfold", "fold", case, None).unwrap()
}

fn within(absolute: f64) -> Arc<dyn FieldJudge> {
    Arc::new(move |_: &str| Tolerance {
        absolute,
        relative: 0.0,
    })
}

fn provenance() -> Provenance {
    Provenance {
        backend: "here".into(),
        kind: "reference".into(),
        model: "ESMFold".into(),
        request: Request {
            method: Method::Fold,
            input: Input::One("GM:G".into()),
            options: Options::from_iter([("include_fields".to_owned(), serde_json::json!(["*"]))]),
        },
        recorded: None,
        source: "suites/fold.toml".into(),
    }
}

fn structure() -> Structure {
    let mut structure = Structure::default();
    let atoms = [
        ("A", 0, "GLY", "N"),
        ("A", 0, "GLY", "CA"),
        ("A", 1, "MET", "N"),
        ("B", 0, "GLY", "N"),
    ];
    for (at, (chain, number, residue, atom)) in atoms.into_iter().enumerate() {
        let label = |text| Label::new(text).unwrap();
        let element = label(&atom[..1]);
        structure.push(
            label(chain),
            number,
            label(residue),
            label(atom),
            element,
            [at as f32, 0.1, -2.5],
        );
    }
    structure.b_factor = Some(vec![0.9, 0.8, 0.7, 0.6]);
    structure.b_factor_dtype = Some(DType::F32);
    structure
}

/// Values that look like noise and are the same on every machine.
fn large() -> Vec<f32> {
    (0..LARGE.iter().product())
        .map(|at: usize| (at * at * 31 + at * 7919) as f32 % 2003.0 / 1001.5 - 1.0)
        .collect()
}

fn prediction() -> Prediction {
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
        (
            "s_z",
            Value::Array(Tensor::from_values(LARGE.into(), &large()).unwrap()),
        ),
        (
            "plddt",
            Value::List(vec![Value::Array(Tensor::vector(&[0.9f32, 0.7, 0.6]))]),
        ),
        ("aatype", Value::Array(Tensor::vector(&[7i64, 12, 7]))),
        ("max_pae", Value::Float(31.75)),
        (
            "pdb",
            Value::List(vec![Value::Text("ATOM      1  N   GLY A   0\nEND\n".into())]),
        ),
        ("pae", Value::None),
        ("cif", Value::None),
    ];
    Prediction {
        class: "boileroom.models.esm.types.ESMFoldOutput".into(),
        fields: fields.map(|(name, value)| (name.to_owned(), value)).into(),
    }
}

/// The prediction with one field replaced.
fn with(name: &str, value: Value) -> Prediction {
    let mut prediction = prediction();
    let field = prediction.fields.iter_mut().find(|(own, _)| own == name).unwrap();
    field.1 = value;
    prediction
}

fn with_large(change: impl FnOnce(&mut Vec<f32>)) -> Prediction {
    let mut values = large();
    change(&mut values);
    with("s_z", Value::Array(Tensor::from_values(LARGE.into(), &values).unwrap()))
}

fn only(comparison: &Comparison) -> &FieldComparison {
    let mut beyond = comparison.beyond();
    let first = beyond.next().expect("a difference");
    assert!(beyond.next().is_none(), "{comparison}");
    first
}

/// Rewrites one array of an npz as a person with `NumPy` would: same name, same type, other bytes.
fn edit_array(path: &Path, name: &str, edit: impl FnOnce(&mut Vec<u8>)) {
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
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn a_recorded_response_matches_itself_and_is_not_written_again() {
    let place = Place::new();
    let (path, arrays) = place.record(&prediction());
    assert_eq!(path, place.root().join("synthetic/esmfold/fold/two_chains.snap"));
    let before = (
        fs::read(&path).unwrap(),
        fs::metadata(&arrays).unwrap().modified().unwrap(),
    );
    for recording in [Recording::Never, Recording::Pending, Recording::Missing] {
        let Judgement::Matches(comparison) = place.judge(recording, &prediction()).unwrap() else {
            panic!("no match");
        };
        assert!(comparison.is_equal());
    }
    assert_eq!(
        before,
        (
            fs::read(&path).unwrap(),
            fs::metadata(&arrays).unwrap().modified().unwrap()
        )
    );
    assert_eq!(place.store(Recording::Never).list().unwrap().len(), 1);
}

#[test]
fn recording_twice_gives_the_same_bytes() {
    let (one, two) = (Place::new(), Place::new());
    let (first, second) = (one.record(&prediction()), two.record(&prediction()));
    assert_eq!(fs::read(first.0).unwrap(), fs::read(second.0).unwrap());
    assert_eq!(fs::read(&first.1).unwrap(), fs::read(&second.1).unwrap());
    assert_eq!(first.1.file_name(), second.1.file_name());
}

#[test]
fn the_text_of_a_snapshot_is_what_a_reviewer_reads() {
    let place = Place::new();
    let (path, arrays) = place.record(&prediction());
    let text = fs::read_to_string(path).unwrap();
    // The name of the arrays is a hash over all of them: the test of equal bytes covers it.
    let name = arrays.file_stem().unwrap().to_str().unwrap();
    assert!(text.contains(&format!("\narrays {name}\n")));
    let version = concat!("hydrotest: ", env!("CARGO_PKG_VERSION"));
    insta::assert_snapshot!(text.replace(name, "[arrays]").replace(version, "hydrotest: [version]"));
}

#[test]
fn a_large_field_takes_at_most_twelve_kilobytes() {
    let values: Vec<f32> = (0..3_000_000).map(|at| (at as f32 * 0.37).sin()).collect();
    let place = Place::new();
    let (_, arrays) = place.record(&Prediction {
        class: "x".into(),
        fields: vec![("s_z".into(), Value::Array(Tensor::vector(&values)))],
    });
    assert!(fs::metadata(arrays).unwrap().len() <= 12 << 10);
}

#[test]
fn times_and_versions_are_not_compared_but_lengths_are() {
    let place = Place::new();
    place.record(&prediction());
    let metadata = |length, time| {
        Value::Record(Record {
            class: "boileroom.base.PredictionMetadata".into(),
            fields: vec![
                ("model_version".into(), Value::Text("2".into())),
                ("sequence_lengths".into(), Value::List(vec![Value::Integer(length)])),
                ("inference_time".into(), Value::Float(time)),
            ],
        })
    };
    let judgement = place
        .judge(Recording::Never, &with("metadata", metadata(3, 9.0)))
        .unwrap();
    assert!(matches!(judgement, Judgement::Matches(_)));
    let comparison = place.difference(&with("metadata", metadata(4, 1.25)));
    assert_eq!(
        only(&comparison).to_string(),
        "metadata.sequence_lengths: expected list of int [3], got list of int [4]"
    );
}

#[test]
fn a_changed_digit_fails_with_its_index_and_numbers() {
    let place = Place::new();
    place.record(&prediction());
    let changed = with(
        "plddt",
        Value::List(vec![Value::Array(Tensor::vector(&[0.9f32, 0.75, 0.6]))]),
    );
    let comparison = place.difference(&changed);
    let field = only(&comparison);
    let Finding::Numbers { difference, .. } = &field.finding else {
        panic!("{field}");
    };
    assert_eq!(
        (field.path.as_str(), difference.total, difference.beyond),
        ("plddt[0]", 3, 1)
    );
    let most = difference.absolute.as_ref().unwrap();
    assert_eq!(most.position, [1]);
    assert!((most.expected - 0.7).abs() < 1e-6 && (most.actual - 0.75).abs() < 1e-6);
    assert!((difference.needed - 0.05).abs() < 1e-6);
    insta::assert_snapshot!(comparison, @"
    plddt[0]: 1 of 3 elements beyond tolerance
      greatest absolute difference 0.05 at [1]: expected 0.7, got 0.75
      greatest relative difference 0.0714286 there
      allowed 0.001 + 0 × |expected|; an absolute tolerance of 0.0501 would pass
    1 of 14 values differ from the snapshot
    ");
}

#[test]
fn a_difference_within_tolerance_passes_and_is_told_apart_from_equality() {
    let place = Place::new();
    place.record(&prediction());
    let close = with(
        "plddt",
        Value::List(vec![Value::Array(Tensor::vector(&[0.9f32, 0.7005, 0.6]))]),
    );
    let Judgement::Matches(comparison) = place.judge(Recording::Never, &close).unwrap() else {
        panic!("no match");
    };
    assert!(!comparison.is_equal());
    let within = |field: &&FieldComparison| field.agreement == Agreement::Within;
    assert_eq!(comparison.fields.iter().find(within).unwrap().path, "plddt[0]");
}

#[test]
fn a_moved_atom_is_named() {
    let place = Place::new();
    place.record(&prediction());
    let mut moved = structure();
    moved.coord[2][1] += 0.5;
    let comparison = place.difference(&with(
        "atom_array",
        Value::List(vec![Value::Structure(Box::new(moved))]),
    ));
    let message = only(&comparison).to_string();
    assert!(
        message.starts_with("atom_array[0].coord: 1 of 12 elements beyond tolerance"),
        "{message}"
    );
    assert!(message.contains("at [2, 1] (A MET 1 N): expected 0.1"), "{message}");
}

#[test]
fn renamed_and_lost_atoms_are_told() {
    let place = Place::new();
    place.record(&prediction());
    let mut renamed = structure();
    renamed.atom_name[1] = Label::literal("CB");
    let comparison = place.difference(&with(
        "atom_array",
        Value::List(vec![Value::Structure(Box::new(renamed))]),
    ));
    assert_eq!(
        only(&comparison).to_string(),
        "atom_array[0]: 1 of 4 atoms have other names, first atom 1: expected A GLY 0 CA (C), got A GLY 0 CB (C)"
    );
    let mut shorter = Structure::default();
    let label = |text| Label::new(text).unwrap();
    shorter.push(label("A"), 0, label("GLY"), label("N"), label("N"), [0.0; 3]);
    let comparison = place.difference(&with(
        "atom_array",
        Value::List(vec![Value::Structure(Box::new(shorter))]),
    ));
    assert_eq!(
        only(&comparison).to_string(),
        "atom_array[0]: expected structure of 4 atoms in 3 residues, got structure of 1 atoms in 1 residues"
    );
}

#[test]
fn changed_kinds_shapes_texts_and_presence_are_told() {
    let place = Place::new();
    place.record(&prediction());
    for (name, value, message) in [
        (
            "aatype",
            Value::Array(Tensor::vector(&[7i32, 12, 7])),
            "aatype: expected int64 array (3,), got int32 array (3,)",
        ),
        (
            "aatype",
            Value::Array(Tensor::vector(&[7i64, 12])),
            "aatype: expected int64 array (3,), got int64 array (2,)",
        ),
        ("aatype", Value::None, "aatype: missing, expected int64 array (3,)"),
        ("pae", Value::Float(0.5), "pae: expected None, got float 0.5"),
        (
            "max_pae",
            Value::Integer(31),
            "max_pae: expected float 31.75, got int 31",
        ),
        ("plddt", Value::List(vec![]), "plddt: expected list of 1, got list of 0"),
    ] {
        assert_eq!(only(&place.difference(&with(name, value))).to_string(), message);
    }
    let comparison = place.difference(&with(
        "pdb",
        Value::List(vec![Value::Text("ATOM      2  N\nEND\n".into())]),
    ));
    let message = only(&comparison).to_string();
    assert!(
        message.starts_with("pdb[0]: expected str of 31 characters, "),
        "{message}"
    );
    assert!(message.ends_with("starts \"ATOM      2  N\""), "{message}");

    let mut longer = prediction();
    longer.fields.push(("iptm".into(), Value::Float(0.5)));
    assert_eq!(
        only(&place.difference(&longer)).to_string(),
        "iptm: not in the snapshot, got float 0.5"
    );
}

#[test]
fn what_is_not_finite_differs_unless_it_is_the_same() {
    let place = Place::new();
    let plddt = |value: f32| {
        with(
            "plddt",
            Value::List(vec![Value::Array(Tensor::vector(&[0.9f32, value, 0.6]))]),
        )
    };
    place.record(&plddt(f32::NAN));
    assert!(matches!(
        place.judge(Recording::Never, &plddt(f32::NAN)),
        Ok(Judgement::Matches(_))
    ));
    for value in [0.7, f32::INFINITY] {
        let message = place.difference(&plddt(value)).to_string();
        assert!(message.contains("no tolerance would pass"), "{message}");
    }
}

#[test]
fn a_single_element_of_a_large_field_is_found_by_its_sketch() {
    let place = Place::new();
    place.record(&prediction());
    let index = (7 * 10 + 3) * 64 + 5;
    let comparison = place.difference(&with_large(|values| values[index] += 0.25));
    let field = only(&comparison);
    let Finding::Sketched { difference, .. } = &field.finding else {
        panic!("{field}");
    };
    let worst = difference.worst.as_ref().unwrap();
    let single = worst.single.as_ref().unwrap();
    assert_eq!((field.path.as_str(), single.index), ("s_z", index));
    assert_eq!(single.position, [7, 3, 5]);
    assert!((single.difference - 0.25).abs() < 1e-6);
    let message = field.to_string();
    assert!(message.contains("recorded as a sketch"), "{message}");
    assert!(message.contains("one changed element would be 0.25"), "{message}");
}

#[test]
fn permutations_and_offsets_of_a_large_field_are_seen() {
    let place = Place::new();
    place.record(&prediction());
    for (name, changed) in [
        (
            "offset",
            with_large(|values| values.iter_mut().for_each(|value| *value += 2e-3)),
        ),
        ("rolled", with_large(|values| values.rotate_right(1))),
        ("samples rolled", with_large(|values| values.rotate_left(640))),
        ("two swapped", with_large(|values| values.swap(500, 5000))),
    ] {
        let comparison = place.difference(&changed);
        assert_eq!(only(&comparison).path, "s_z", "{name}");
    }
}

#[test]
fn with_an_exact_tolerance_any_other_large_field_differs() {
    let place = Place::new();
    place.record(&prediction());
    // One unit in the last place of one element that is not sampled.
    let changed = with_large(|values| values[4100] = values[4100].next_up());
    let judgement = place
        .store(Recording::Never)
        .judge(&key("two_chains"), &changed, &provenance(), within(0.0))
        .unwrap();
    assert!(matches!(judgement, Judgement::Differs { .. }));
}

#[test]
fn a_digit_changed_in_the_file_of_arrays_fails_with_its_index_and_numbers() {
    let place = Place::new();
    let (_, arrays) = place.record(&prediction());
    let intact = fs::read(&arrays).unwrap();
    edit_array(&arrays, "plddt[0]", |bytes| {
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&0.25f32.to_le_bytes());
    });
    let comparison = place.difference(&prediction());
    assert_eq!(comparison.altered.as_deref(), Some(arrays.as_path()));
    let message = comparison.to_string();
    assert!(
        message.starts_with(&format!("{} was altered", arrays.display())),
        "{message}"
    );
    assert!(message.contains("at [1]: expected 0.25, got 0.7"), "{message}");

    // It fails again and again, whatever may be written: the arrays are not put right behind anybody's back.
    for recording in [Recording::Pending, Recording::Missing] {
        let judgement = place.judge(recording, &prediction()).unwrap();
        assert!(
            matches!(judgement, Judgement::Differs { pending: None, .. }),
            "{judgement:?}"
        );
    }
    fs::write(&arrays, intact).unwrap();
    assert!(matches!(
        place.judge(Recording::Never, &prediction()),
        Ok(Judgement::Matches(_))
    ));
}

#[test]
fn every_altered_array_is_noticed_even_within_tolerance() {
    for name in [
        "plddt[0]",
        "aatype",
        "s_z#sums",
        "s_z#samples",
        "atom_array[0].coord",
        "atom_array[0].res_id",
    ] {
        let place = Place::new();
        let (_, arrays) = place.record(&prediction());
        edit_array(&arrays, name, |bytes| {
            // The lowest bit of the last element.
            let at = bytes.len()
                - if name.ends_with("sums") || name == "aatype" {
                    8
                } else {
                    4
                };
            bytes[at] ^= 1;
        });
        let judgement = place
            .store(Recording::Never)
            .judge(&key("two_chains"), &prediction(), &provenance(), within(1e9))
            .unwrap();
        let Judgement::Differs { comparison, .. } = judgement else {
            panic!("{name}: {judgement:?}");
        };
        assert_eq!(comparison.altered.as_deref(), Some(arrays.as_path()), "{name}");
    }
}

#[test]
fn a_missing_or_damaged_file_of_arrays_is_an_error_that_names_it() {
    let place = Place::new();
    let (_, arrays) = place.record(&prediction());
    let intact = fs::read(&arrays).unwrap();
    let named = |message: &str| message.starts_with(&arrays.display().to_string());
    for length in (0..intact.len()).step_by(97) {
        fs::write(&arrays, &intact[..length]).unwrap();
        let message = place.error(&prediction());
        assert!(named(&message), "{message}");
    }
    let mut damaged = intact.clone();
    for at in (0..intact.len()).step_by(53) {
        damaged[at] ^= 0x10;
        fs::write(&arrays, &damaged).unwrap();
        // Either it cannot be unpacked or what comes out is noticed; padding of the container may change unseen.
        match place.judge(Recording::Never, &prediction()) {
            Err(error) => assert!(named(&error.to_string()), "{error}"),
            Ok(Judgement::Matches(comparison)) => assert!(comparison.is_equal()),
            Ok(judgement) => assert!(matches!(judgement, Judgement::Differs { .. })),
        }
        damaged[at] ^= 0x10;
    }
    fs::remove_file(&arrays).unwrap();
    let message = place.error(&prediction());
    assert!(named(&message), "{message}");
}

#[test]
fn edited_text_of_a_snapshot_is_noticed() {
    let place = Place::new();
    let (path, _) = place.record(&prediction());
    let text = fs::read_to_string(&path).unwrap();
    let body = text.rfind("---\n").unwrap() + 4;
    for at in body..text.trim_end().len() {
        let mut bytes = text.clone().into_bytes();
        if !bytes[at].is_ascii_digit() {
            continue;
        }
        bytes[at] = if bytes[at] == b'9' { b'1' } else { bytes[at] + 1 };
        fs::write(&path, &bytes).unwrap();
        let judgement = place.judge(Recording::Never, &prediction());
        let noticed = matches!(judgement, Err(_) | Ok(Judgement::Differs { .. }));
        let line = String::from_utf8_lossy(&bytes);
        let line = line[..at].lines().last().unwrap_or_default().to_owned();
        // Another hash of an array that is known by its sketch only is another array, here one within tolerance.
        assert!(
            noticed || line.starts_with("  sketch "),
            "after {line:?}: {judgement:?}"
        );
    }
}

#[test]
fn texts_that_are_no_snapshot_are_errors_that_name_them() {
    let place = Place::new();
    let (path, _) = place.record(&prediction());
    let intact = fs::read_to_string(&path).unwrap();
    let conflict = intact.replacen("plddt", "<<<<<<< ours\nplddt", 1);
    let header = |line: &str| intact.replacen("---\n", &format!("---\n{line}\n"), 1);
    let deep = format!("info: {}", "[".repeat(20_000));
    for text in [
        "",
        "---\n",
        "---\n---\n",
        "plain text\n\nmore",
        &conflict,
        &header("info: ["),
        &header("info: .inf"),
        &header("info: 'unclosed"),
        &header(&format!("info:\n{}", "- ".repeat(50_000))),
        &header(&deep),
        &header("snapshot_kind: binary\nextension: x"),
        &intact[..intact.len() / 2],
    ] {
        fs::write(&path, text).unwrap();
        let start = &text[..text.len().min(60)];
        let error = place
            .judge(Recording::Never, &prediction())
            .expect_err(start)
            .to_string();
        assert!(error.starts_with(&path.display().to_string()), "{error}");
    }
    fs::write(&path, [b'-', b'-', b'-', b'\n', 0xff]).unwrap();
    assert!(place.error(&prediction()).starts_with(&path.display().to_string()));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(place.error(&prediction()).starts_with(&path.display().to_string()));
}

#[test]
fn a_missing_snapshot_is_not_a_pass_and_waits_for_review_where_that_is_allowed() {
    let place = Place::new();
    let snapshot = place.root().join("synthetic/esmfold/fold/two_chains.snap");
    let judgement = place.judge(Recording::Never, &prediction()).unwrap();
    assert_eq!(
        judgement,
        Judgement::Missing {
            path: snapshot.clone(),
            pending: None
        }
    );
    assert!(!place.root().exists());

    let judgement = place.judge(Recording::Pending, &prediction()).unwrap();
    let pending = snapshot.with_extension("snap.new");
    assert_eq!(
        judgement,
        Judgement::Missing {
            path: snapshot.clone(),
            pending: Some(pending.clone())
        }
    );
    assert!(pending.exists() && !snapshot.exists());
}

#[test]
fn a_pending_result_is_accepted_whole() {
    let place = Place::new();
    place.record(&prediction());
    let changed = with_large(|values| values[3] = 7.0);
    let Judgement::Differs {
        pending: Some(pending), ..
    } = place.judge(Recording::Pending, &changed).unwrap()
    else {
        panic!("nothing pending");
    };
    let store = place.store(Recording::Never);
    assert_eq!(store.accept(|key| key.case() == "another").unwrap(), []);
    assert_eq!(store.accept(|_| true).unwrap(), [key("two_chains")]);
    assert!(!pending.exists());
    assert!(matches!(
        place.judge(Recording::Never, &changed),
        Ok(Judgement::Matches(_))
    ));
    assert!(matches!(
        place.judge(Recording::Never, &prediction()),
        Ok(Judgement::Differs { .. })
    ));
}

#[test]
fn accepting_as_the_review_of_insta_does_is_complete() {
    let place = Place::new();
    let (path, _) = place.record(&prediction());
    let changed = with_large(|values| values[3] = 7.0);
    place.judge(Recording::Pending, &changed).unwrap();
    let pending = path.with_extension("snap.new");
    let ours = fs::read(&pending).unwrap();
    insta::Snapshot::from_file(&pending).unwrap().save(&path).unwrap();
    fs::remove_file(&pending).unwrap();
    assert_eq!(fs::read(&path).unwrap(), ours);
    assert!(matches!(
        place.judge(Recording::Never, &changed),
        Ok(Judgement::Matches(_))
    ));
}

#[test]
fn a_result_whose_arrays_are_gone_is_not_accepted() {
    let place = Place::new();
    place.judge(Recording::Pending, &prediction()).unwrap();
    let arrays = place.root().join("synthetic/arrays");
    fs::remove_dir_all(&arrays).unwrap();
    let error = place.store(Recording::Never).accept(|_| true).unwrap_err().to_string();
    assert!(error.starts_with(&arrays.display().to_string()), "{error}");
    assert_eq!(place.store(Recording::Never).list().unwrap()[0].state, State::Pending);
}

#[test]
fn what_waited_for_review_goes_when_the_response_matches_again() {
    let place = Place::new();
    place.record(&prediction());
    let changed = with("max_pae", Value::Float(1.0));
    place.judge(Recording::Pending, &changed).unwrap();
    assert_eq!(place.store(Recording::Never).list().unwrap().len(), 2);
    place.judge(Recording::Never, &prediction()).unwrap();
    assert_eq!(place.store(Recording::Never).list().unwrap().len(), 2);
    place.judge(Recording::Pending, &prediction()).unwrap();
    assert_eq!(place.store(Recording::Never).list().unwrap().len(), 1);
}

#[test]
fn recording_never_overwrites_a_snapshot() {
    let place = Place::new();
    let (path, _) = place.record(&prediction());
    let before = fs::read(&path).unwrap();
    let judgement = place
        .judge(Recording::Missing, &with("max_pae", Value::Float(1.0)))
        .unwrap();
    assert!(matches!(judgement, Judgement::Differs { .. }));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn pruning_takes_what_nothing_uses_and_nothing_else() {
    let place = Place::new();
    let store = place.store(Recording::Missing);
    let judge = |case: &str, prediction: &Prediction| {
        store.judge(&key(case), prediction, &provenance(), within(0.0)).unwrap();
    };
    let changed = with_large(|values| values[3] = 7.0);
    judge("kept", &prediction());
    judge("twin", &prediction());
    judge("dropped", &changed);
    judge("kept", &with_large(|values| values[3] = 8.0)); // differs, so it waits for review
    assert_eq!(store.list().unwrap().len(), 4);
    assert_eq!(store.prune(None, Prune::Delete).unwrap(), Vec::<PathBuf>::new());

    let used: HashSet<SnapshotKey> = [key("kept"), key("twin")].into();
    let unused = store.unused(&used).unwrap();
    assert_eq!(
        unused.iter().map(|entry| entry.key.case()).collect::<Vec<_>>(),
        ["dropped"]
    );
    let Arrays::File { path, size: Some(_) } = &unused[0].arrays else {
        panic!("{unused:?}");
    };
    let expected = vec![unused[0].path.clone(), path.clone()];
    assert_eq!(store.prune(Some(&used), Prune::Report).unwrap(), expected);
    assert!(path.exists());
    assert_eq!(store.prune(Some(&used), Prune::Delete).unwrap(), expected);
    assert!(!path.exists());
    assert_eq!(store.list().unwrap().len(), 3);

    // One file of arrays served two snapshots and stays until both are gone.
    let none = HashSet::new();
    assert_eq!(store.prune(Some(&none), Prune::Delete).unwrap().len(), 5);
    assert_eq!(fs::read_dir(place.root()).unwrap().count(), 0);
}

#[test]
fn arrays_are_not_pruned_while_a_snapshot_is_unreadable() {
    let place = Place::new();
    let (path, arrays) = place.record(&prediction());
    fs::write(&path, "---\n<<<<<<< ours\n---\n").unwrap();
    let store = place.store(Recording::Never);
    assert!(matches!(store.list().unwrap()[0].arrays, Arrays::Unreadable(_)));
    let error = store.prune(None, Prune::Delete).unwrap_err().to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
    assert!(arrays.exists());
}

#[test]
fn the_calls_of_a_case_have_a_snapshot_each() {
    let place = Place::new();
    let store = place.store(Recording::Missing);
    for (call, value) in [("first", 1.0), ("second", 2.0)] {
        let key = SnapshotKey::new("synthetic", "esmfold", "fold", "repeat", Some(call)).unwrap();
        let judgement = store.judge(&key, &with("max_pae", Value::Float(value)), &provenance(), within(0.0));
        let Ok(Judgement::Recorded { path }) = judgement else {
            panic!("{judgement:?}");
        };
        assert!(path.ends_with(format!("repeat@{call}.snap")));
    }
}

#[test]
fn a_judge_of_the_callers_decides_instead() {
    struct Lenient;
    impl FieldJudge for Lenient {
        fn tolerance(&self, _: &str) -> Tolerance {
            Tolerance {
                absolute: 0.0,
                relative: 0.0,
            }
        }
        fn judge(&self, pair: &Pair<'_>) -> Option<FieldComparison> {
            let (recorded, actual) = (pair.recorded.structure(pair.path)?, pair.actual.structure(pair.path)?);
            let confidence = pair.recorded.array("plddt[0]").is_some() && pair.actual.array("plddt[0]").is_some();
            let agreement = if recorded.atoms() == actual.atoms() && confidence {
                Agreement::Within
            } else {
                Agreement::Beyond
            };
            Some(FieldComparison {
                path: pair.path.to_owned(),
                agreement,
                finding: Finding::Judged("superposed".into()),
            })
        }
    }
    let place = Place::new();
    place.record(&prediction());
    let mut moved = structure();
    moved.coord.iter_mut().for_each(|position| position[0] += 100.0);
    let moved = with("atom_array", Value::List(vec![Value::Structure(Box::new(moved))]));
    let store = place.store(Recording::Never);
    let judgement = store
        .judge(&key("two_chains"), &moved, &provenance(), Arc::new(Lenient))
        .unwrap();
    assert!(matches!(judgement, Judgement::Matches(_)), "{judgement:?}");
    assert!(matches!(
        place.judge(Recording::Never, &moved),
        Ok(Judgement::Differs { .. })
    ));
}

#[test]
fn many_threads_judge_at_once_and_no_panic_reaches_the_process() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(
            usize::from(info.location().is_some_and(|at| at.file().contains("insta"))),
            Ordering::Relaxed,
        );
        before(info);
    }));
    let place = Place::new();
    let record = place.store(Recording::Missing);
    for case in 0..16 {
        let key = key(&format!("case{case}"));
        record.judge(&key, &prediction(), &provenance(), within(0.0)).unwrap();
    }
    let store = place.store(Recording::Pending);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for case in 0..16 {
                    let key = key(&format!("case{case}"));
                    let changed = with("max_pae", Value::Float(f64::from(thread)));
                    let judgement = store.judge(&key, &changed, &provenance(), within(0.0)).unwrap();
                    assert!(matches!(judgement, Judgement::Differs { .. }));
                    let missing = SnapshotKey::new("synthetic", "esmfold", "fold", "new", Some("call")).unwrap();
                    let judgement = store.judge(&missing, &changed, &provenance(), within(0.0)).unwrap();
                    assert!(matches!(judgement, Judgement::Missing { .. }));
                }
            });
        }
    });
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    // Nothing but snapshots, pending ones and arrays is left behind.
    let suite = place.root().join("synthetic/esmfold/fold");
    assert_eq!(fs::read_dir(suite).unwrap().count(), 33);
}
