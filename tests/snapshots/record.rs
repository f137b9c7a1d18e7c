//! Recording results: what is written and when, and that it is the same every time.

use std::fs;

use hydrotest::prediction::{Prediction, Record, Value};
use hydrotest::protein::{Bond, Label};
use hydrotest::snapshot::{Kept, Recording, SnapshotKey};
use hydrotest::tensor::{DType, Tensor};

use crate::place::{Judged, Place, judge, key, prediction, with, within};

#[test]
fn a_recorded_response_matches_itself_and_is_not_written_again() {
    let place = Place::new();
    let (path, arrays) = place.record(&prediction());
    assert_eq!(path, place.root().join("synthetic/esmfold/fold/two_chains.snap"));
    let before = (fs::read(&path).unwrap(), fs::metadata(&arrays).unwrap().modified().unwrap());
    for recording in [Recording::Never, Recording::Pending, Recording::Missing] {
        let Judged::Matches(comparison) = place.judge(recording, &prediction()).unwrap() else {
            panic!("no match");
        };
        assert!(comparison.is_equal());
    }
    assert_eq!(before, (fs::read(&path).unwrap(), fs::metadata(&arrays).unwrap().modified().unwrap()));
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
    // The name of the arrays file is a hash of its content, which the test of equal bytes covers.
    let name = arrays.file_stem().unwrap().to_str().unwrap();
    assert!(text.contains(&format!("\"arrays\": \"{name}\"")));
    let version = concat!("\"hydrotest\": \"", env!("CARGO_PKG_VERSION"), "\"");
    insta::assert_snapshot!(text.replace(name, "[arrays]").replace(version, "\"hydrotest\": \"[version]\""));
}

#[test]
fn of_a_very_large_field_some_rows_are_kept() {
    let values: Vec<f32> = (0..3_000_000).map(|at| (at as f32 * 0.37).sin()).collect();
    let place = Place::new();
    let (_, arrays) = place
        .record(&Prediction { class: "x".into(), fields: vec![("s_z".into(), Value::Array(Tensor::vector(&values)))] });
    assert!(fs::metadata(arrays).unwrap().len() <= 3 << 19);
}

#[test]
fn recording_never_overwrites_a_snapshot() {
    let place = Place::new();
    let (path, _) = place.record(&prediction());
    let before = fs::read(&path).unwrap();
    let judgement = place.judge(Recording::Missing, &with("max_pae", Value::Float(1.0))).unwrap();
    assert!(matches!(judgement, Judged::Differs { .. }));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn each_call_of_a_case_has_a_snapshot() {
    let place = Place::new();
    let store = place.store(Recording::Missing);
    for (call, value) in [("first", 1.0), ("second", 2.0)] {
        let key = SnapshotKey::new("synthetic", "esmfold", "fold", "repeat", Some(call)).unwrap();
        let judgement = judge(&store, &key, &with("max_pae", Value::Float(value)), &within(0.0));
        let Ok(Judged::Kept(Kept::Recorded(path))) = judgement else {
            panic!("{judgement:?}");
        };
        assert!(path.ends_with(format!("repeat+{call}.snap")));
    }
}

#[test]
fn many_threads_record_and_propose_at_once() {
    let place = Place::new();
    let record = place.store(Recording::Missing);
    for case in 0..16 {
        let key = key(&format!("case{case}"));
        judge(&record, &key, &prediction(), &within(0.0)).unwrap();
    }
    let store = place.store(Recording::Pending);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for case in 0..16 {
                    let key = key(&format!("case{case}"));
                    let changed = with("max_pae", Value::Float(f64::from(thread)));
                    let judged = judge(store, &key, &changed, &within(0.0)).unwrap();
                    assert!(matches!(judged, Judged::Differs { .. }));
                    let missing = SnapshotKey::new("synthetic", "esmfold", "fold", "new", Some("call")).unwrap();
                    let judged = judge(store, &missing, &changed, &within(0.0)).unwrap();
                    assert!(matches!(judged, Judged::Kept(Kept::Pending(_))));
                }
            });
        }
    });
    // Only snapshots, pending snapshots and arrays are left.
    let suite = place.root().join("synthetic/esmfold/fold");
    assert_eq!(fs::read_dir(suite).unwrap().count(), 33);
}

#[test]
fn a_missing_snapshot_is_not_a_pass_and_is_kept_for_review_if_allowed() {
    let place = Place::new();
    let snapshot = place.root().join("synthetic/esmfold/fold/two_chains.snap");
    let judged = place.judge(Recording::Never, &prediction()).unwrap();
    assert_eq!(judged, Judged::Kept(Kept::Nothing));
    let proposed = place.judge(Recording::Proposed, &prediction()).unwrap();
    assert_eq!(proposed, Judged::Kept(Kept::Proposed));
    assert!(!place.root().exists());

    let pending = snapshot.with_extension("snap.new");
    let judged = place.judge(Recording::Pending, &prediction()).unwrap();
    assert_eq!(judged, Judged::Kept(Kept::Pending(pending.clone())));
    assert!(pending.exists() && !snapshot.exists());
}

#[test]
fn every_column_of_a_structure_is_restored() {
    let mut full = crate::place::structure();
    full.chain_id[3] = Label::of_chain("heavy_chain").unwrap();
    full.hetero[2] = true;
    full.b_factor = Some(vec![0.5, 0.25, 1.0, 0.0]);
    full.extra = vec![
        ("occupancy".into(), Tensor::vector(&[1.0f32, 0.5, 1.0, 1.0])),
        ("a.b c".into(), Tensor::vector(&[1i32, 2, 3, 4])),
    ];
    full.bonds = Some(vec![Bond { first: 0, second: 1, order: 5 }]);
    full.cell = Some(Tensor::from_values(vec![3, 3], &[0.0f32; 9]).unwrap());
    let mut stack = full.clone();
    stack.coord.extend([[7.0; 3]; 4]);
    stack.models = Some(2);
    let structures: Vec<Value> =
        [full, stack].into_iter().map(|structure| Value::Structure(Box::new(structure))).collect();
    let place = Place::new();
    let prediction = with("atom_array", Value::List(structures));
    place.record(&prediction);
    let recorded = place.store(Recording::Never).read(&key("two_chains")).unwrap().unwrap();
    assert_eq!(recorded.prediction.field("atom_array"), prediction.field("atom_array"));
    assert_eq!(recorded.prediction.field("pdb"), prediction.field("pdb"));
    let judged = place.judge(Recording::Never, &prediction);
    assert!(matches!(judged, Ok(Judged::Matches(_))), "{judged:?}");
}

#[test]
fn values_of_every_kind_are_restored() {
    let number = |value: f64| Value::Float(value);
    let object = |fields: Vec<(&str, Value)>| {
        Value::Record(Record {
            class: "a.B".into(),
            fields: fields.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        })
    };
    let text = "line\n\u{1b}[2J---\n".repeat(10);
    let fields = [
        ("flag", Value::Bool(true)),
        ("many", Value::List((0..100).map(Value::Integer).collect())),
        ("few", Value::List(vec![Value::Integer(-1)])),
        ("scores", Value::List(vec![number(0.1), number(f64::NAN), number(f64::NEG_INFINITY)])),
        ("holes", Value::List(vec![Value::None, number(0.5), Value::None])),
        ("tuple", Value::Tuple(vec![number(1e-300), Value::Text(text)])),
        ("set", Value::Set(vec![Value::Text("x".into())])),
        ("raw", Value::Bytes(vec![0, 255, 7].into())),
        ("none", Value::None),
        (
            "map",
            Value::Map(vec![
                (Value::Text("extra".into()), object(vec![("extra", object(vec![("x", number(2.0))]))])),
                (Value::Integer(7), Value::List(vec![])),
                (Value::Text(String::new()), Value::Text("None".into())),
                (Value::Text("a.b[0]~%".into()), number(3.0)),
            ]),
        ),
        ("objects", Value::Objects { shape: vec![2, 1], items: vec![number(1.0), Value::None] }),
        ("half", Value::Array(Tensor::new(DType::BF16, vec![2], vec![0, 63, 128, 63].into()).unwrap())),
        ("words", Value::Array(Tensor::from_texts(3, ["abc", "d"]))),
    ];
    let prediction = Prediction {
        class: "boileroom.models.x.Output".into(),
        fields: fields.map(|(name, value)| (name.to_owned(), value)).into(),
    };
    let place = Place::new();
    place.record(&prediction);
    let judged = place.judge(Recording::Never, &prediction);
    let Ok(Judged::Matches(comparison)) = judged else {
        panic!("{judged:?}");
    };
    assert!(comparison.is_equal(), "{comparison}");
    let recorded = place.store(Recording::Never).read(&key("two_chains")).unwrap().unwrap();
    for name in ["flag", "many", "few", "tuple", "set", "raw", "none", "half", "words"] {
        assert_eq!(recorded.prediction.field(name), prediction.field(name), "{name}");
    }
}
