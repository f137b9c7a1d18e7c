//! Comparisons with snapshots: every kind of difference is reported with its place and numbers.

use hydrotest::compare::{Agreement, FieldComparison, ValueDifference};
use hydrotest::metric_value::MetricVerdict;
use hydrotest::prediction::{Prediction, Record, Value};
use hydrotest::protein::{Label, Structure};
use hydrotest::snapshot::Recording;
use hydrotest::tensor::Tensor;

use crate::place::{Judged, Place, judge, key, only, prediction, structure, with, with_large, within};

#[test]
fn times_and_versions_are_not_compared_but_sequence_lengths_are() {
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
    let judgement = place.judge(Recording::Never, &with("metadata", metadata(3, 9.0))).unwrap();
    assert!(matches!(judgement, Judged::Matches(_)));
    let comparison = place.difference(&with("metadata", metadata(4, 1.25)));
    insta::assert_snapshot!(only(&comparison).to_string(), @"metadata.sequence_lengths: expected list of int [3], got list of int [4]");
}

#[test]
fn a_changed_digit_fails_with_its_index_and_numbers() {
    let place = Place::new();
    place.record(&prediction());
    let changed = with("plddt", Value::List(vec![Value::Array(Tensor::vector(&[0.9f32, 0.75, 0.6]))]));
    let comparison = place.difference(&changed);
    let field = only(&comparison);
    let ValueDifference::Numbers { difference, .. } = &field.finding else {
        panic!("{field}");
    };
    assert_eq!((field.path.as_str(), difference.total, difference.beyond), ("plddt[0]", 3, 1));
    let most = difference.absolute.as_ref().unwrap();
    assert_eq!(most.position, [1]);
    assert!((most.expected - 0.7).abs() < 1e-6 && (most.actual - 0.75).abs() < 1e-6);
    assert!((difference.needed - 0.05).abs() < 1e-6);
    insta::assert_snapshot!(comparison, @"
    plddt[0]: 1 of 3 elements beyond tolerance
      greatest absolute difference 0.05 at [1]: expected 0.7, got 0.75
      greatest relative difference 0.0714286 there
      allowed 0.001 + 0 × |expected|; an absolute tolerance of 0.0501 would pass
    1 of 14 values differs from the recorded result, `plddt[0]` first
    ");
}

#[test]
fn whole_numbers_of_another_width_are_compared_to_the_last_digit() {
    let place = Place::new();
    let wide = (1i64 << 53) + 1;
    place.record(&with("aatype", Value::Array(Tensor::vector(&[wide]))));
    let as_unsigned = |value: u64| with("aatype", Value::Array(Tensor::vector(&[value])));
    let judgement = place.judge(Recording::Never, &as_unsigned(wide as u64)).unwrap();
    assert!(matches!(judgement, Judged::Matches(_)));
    let comparison = place.difference(&as_unsigned(1 << 53));
    insta::assert_snapshot!(only(&comparison), @"
    aatype: expected 9.007199254740992e15, got 9.007199254740992e15
      allowed 0 + 0 × |expected|; an absolute tolerance of 1 would pass
    ");
}

#[test]
fn texts_that_differ_in_line_ends_show_them() {
    let place = Place::new();
    place.record(&with("pdb", Value::List(vec![Value::Text("ATOM 1\nEND\n".into())])));
    let other = |text: &str| with("pdb", Value::List(vec![Value::Text(text.into())]));
    insta::assert_snapshot!(place.difference(&other("ATOM 1\r\nEND\r\n")), @r#"
    pdb[0]: the texts differ from line 1 on
      line 1: expected "ATOM 1"
      line 1:      got "ATOM 1\r"
    1 of 14 values differs from the recorded result, `pdb[0]` first
    "#);
    insta::assert_snapshot!(place.difference(&other("ATOM 1\nEND")), @r#"
    pdb[0]: the texts differ from line 3 on
      line 3: expected ""
      line 3:      got nothing
    1 of 14 values differs from the recorded result, `pdb[0]` first
    "#);
}

#[test]
fn a_difference_within_tolerance_passes_and_is_distinguished_from_equality() {
    let place = Place::new();
    place.record(&prediction());
    let close = with("plddt", Value::List(vec![Value::Array(Tensor::vector(&[0.9f32, 0.7005, 0.6]))]));
    let Judged::Matches(comparison) = place.judge(Recording::Never, &close).unwrap() else {
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
    let comparison = place.difference(&with("atom_array", Value::List(vec![Value::Structure(Box::new(moved))])));
    let message = only(&comparison).to_string();
    insta::assert_snapshot!(message, @"
    atom_array[0].coord: 1 of 12 elements beyond tolerance
      greatest absolute difference 0.5 at [2, 1] (A MET 1 N): expected 0.1, got 0.6
      greatest relative difference 5 there
      allowed 0.001 + 0 × |expected|; an absolute tolerance of 0.501 would pass
    ");
}

#[test]
fn renamed_and_missing_atoms_are_reported() {
    let place = Place::new();
    place.record(&prediction());
    let mut renamed = structure();
    renamed.atom_name[1] = Label::literal("CB");
    let comparison = place.difference(&with("atom_array", Value::List(vec![Value::Structure(Box::new(renamed))])));
    insta::assert_snapshot!(only(&comparison).to_string(), @"atom_array[0]: 1 of 4 atoms have other names, first atom 1: expected A GLY 0 CA (C), got A GLY 0 CB (C)");
    let mut shorter = Structure::default();
    let label = |text| Label::new(text).unwrap();
    shorter.push(label("A"), 0, label("GLY"), label("N"), label("N"), [0.0; 3]);
    let comparison = place.difference(&with("atom_array", Value::List(vec![Value::Structure(Box::new(shorter))])));
    insta::assert_snapshot!(only(&comparison).to_string(), @"atom_array[0]: expected structure of 4 atoms in 3 residues, got structure of 1 atoms in 1 residues");
}

#[test]
fn changed_kinds_shapes_texts_and_presence_are_reported() {
    let place = Place::new();
    place.record(&prediction());
    for (name, value, message) in [
        (
            "aatype",
            Value::Array(Tensor::vector(&[7f32, 12.0, 7.0])),
            "aatype: expected int64 array (3,), got float32 array (3,) with equal values",
        ),
        (
            "aatype",
            Value::Array(Tensor::vector(&[7i32, 12, 8])),
            "aatype: 1 of 3 elements beyond tolerance\n  greatest absolute difference 1 at [2]: expected 7, got 8\n  \
             greatest relative difference 0.142857 there\n  allowed 0 + 0 × |expected|; an absolute tolerance of 1 would pass",
        ),
        (
            "aatype",
            Value::Array(Tensor::vector(&[7i64, 12])),
            "aatype: expected int64 array (3,), got int64 array (2,)",
        ),
        ("aatype", Value::None, "aatype: missing, expected int64 array (3,)"),
        ("pae", Value::Float(0.5), "pae: expected None, got float 0.5"),
        ("max_pae", Value::Integer(31), "max_pae: expected float 31.75, got int 31"),
        ("plddt", Value::List(vec![]), "plddt: expected list of 1, got list of 0"),
    ] {
        assert_eq!(only(&place.difference(&with(name, value))).to_string(), message);
    }
    let comparison = place.difference(&with("pdb", Value::List(vec![Value::Text("ATOM      2  N\nEND\n".into())])));
    assert_eq!(
        only(&comparison).to_string(),
        "pdb[0]: the texts differ from line 1 on\n  line 1: expected \"ATOM      1  N   GLY A   0\"\n  line 1:      got \
         \"ATOM      2  N\""
    );

    // The contract decides the width of integers, and an attribute of a later release that is None has no meaning.
    let mut narrow = with("aatype", Value::Array(Tensor::vector(&[7i32, 12, 7])));
    narrow.fields.push(("of_a_later_release".into(), Value::None));
    let judged = place.judge(Recording::Never, &narrow).unwrap();
    assert!(matches!(judged, Judged::Matches(_)), "{judged:?}");
    let mut longer = prediction();
    longer.fields.push(("iptm".into(), Value::Float(0.5)));
    insta::assert_snapshot!(only(&place.difference(&longer)).to_string(), @"iptm: not expected, got float 0.5");
}

#[test]
fn non_finite_values_differ_unless_they_are_the_same() {
    let place = Place::new();
    let plddt = |value: f32| with("plddt", Value::List(vec![Value::Array(Tensor::vector(&[0.9f32, value, 0.6]))]));
    place.record(&plddt(f32::NAN));
    assert!(matches!(place.judge(Recording::Never, &plddt(f32::NAN)), Ok(Judged::Matches(_))));
    let reported = [0.7, f32::INFINITY].map(|value| place.difference(&plddt(value)).to_string());
    insta::assert_snapshot!(reported.join("\n"), @"
    plddt[0]: 1 of 3 elements beyond tolerance
      greatest absolute difference inf at [1]: expected NaN, got 0.7
      greatest relative difference inf there
      allowed 0.001 + 0 × |expected|; no tolerance would pass
    1 of 14 values differs from the recorded result, `plddt[0]` first
    plddt[0]: 1 of 3 elements beyond tolerance
      greatest absolute difference inf at [1]: expected NaN, got inf
      greatest relative difference inf there
      allowed 0.001 + 0 × |expected|; no tolerance would pass
    1 of 14 values differs from the recorded result, `plddt[0]` first
    ");
}

#[test]
fn a_single_element_of_a_large_field_is_found_at_its_place() {
    let place = Place::new();
    place.record(&prediction());
    let index = (7 * 10 + 3) * 64 + 5;
    let comparison = place.difference(&with_large(|values| values[index] += 0.25));
    let field = only(&comparison);
    let ValueDifference::Numbers { difference, .. } = &field.finding else {
        panic!("{field}");
    };
    let worst = difference.absolute.as_ref().unwrap();
    assert_eq!((field.path.as_str(), worst.index), ("s_z", index));
    assert_eq!((worst.position.as_slice(), difference.differing), (&[7, 3, 5][..], 1));
    assert!((worst.difference - 0.25).abs() < 1e-6);
}

#[test]
fn permutations_and_offsets_of_a_large_field_are_detected() {
    let place = Place::new();
    place.record(&prediction());
    for (name, changed) in [
        ("offset", with_large(|values| values.iter_mut().for_each(|value| *value += 2e-3))),
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
    // One unit in the last place of one element.
    let changed = with_large(|values| values[4100] = values[4100].next_up());
    let store = place.store(Recording::Never);
    let judgement = judge(&store, &key("two_chains"), &changed, &within(0.0)).unwrap();
    assert!(matches!(judgement, Judged::Differs { .. }));
}

#[test]
fn every_array_of_floats_is_measured_whether_it_passes_or_not() {
    let place = Place::new();
    place.record(&prediction());
    let judged = |changed: &Prediction, path: &str| -> Vec<(f64, MetricVerdict)> {
        let comparison = match place.judge(Recording::Never, changed).unwrap() {
            Judged::Matches(comparison) | Judged::Differs { comparison, .. } => comparison,
            other @ Judged::Kept(_) => panic!("{other:?}"),
        };
        let field = comparison.fields.iter().find(|field| field.path == path).unwrap();
        let measures = field.measures.iter();
        measures.map(|measure| (measure.observed, measure.verdict())).collect()
    };
    let plddt = |second: f32| with("plddt", Value::List(vec![Value::Array(Tensor::vector(&[0.9f32, second, 0.6]))]));
    assert_eq!(judged(&prediction(), "plddt[0]"), [(0.0, MetricVerdict::Indistinguishable)]);
    let [(near, MetricVerdict::WithinTolerance)] = judged(&plddt(0.700_5), "plddt[0]")[..] else {
        panic!("half of the tolerance");
    };
    assert!((near - 5e-4).abs() < 1e-6, "{near}");
    assert_eq!(judged(&plddt(0.8), "plddt[0]")[0].1, MetricVerdict::Different);
    let large = "s_z";
    assert_eq!(judged(&prediction(), large), [(0.0, MetricVerdict::Indistinguishable)]);
    let near = with_large(|values| values.iter_mut().step_by(7).for_each(|value| *value += 1e-4));
    assert_eq!(judged(&near, large)[0].1, MetricVerdict::WithinTolerance);
    let far = with_large(|values| values.iter_mut().for_each(|value| *value += 1.0));
    assert_eq!(judged(&far, large)[0].1, MetricVerdict::Different);
    let one = with_large(|values| values[4100] += 0.25);
    assert_eq!(judged(&one, large)[0].1, MetricVerdict::Different);
}
