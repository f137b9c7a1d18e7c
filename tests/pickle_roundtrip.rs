//! Values that we write are unchanged when we read them back. `python_server` proves that Python loads them as its own classes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/describe.rs"]
mod describe;
#[path = "support/fixtures.rs"]
mod fixtures;

use bytes::Bytes;
use describe::describe;
use hydrotest::prediction::{Prediction, Record, Value};
use hydrotest::protein::{Bond, Label, Structure};
use hydrotest::tensor::{DType, Tensor};
use hydrotest::wire::{ResponseLimits, pickle};

fn reread(value: &Value) -> Value {
    let payload = pickle::encode(value).unwrap();
    pickle::decode(&payload, &ResponseLimits::default()).unwrap()
}

#[test]
fn every_fixture_is_unchanged_after_writing_and_reading() {
    for path in fixtures::paths() {
        let payload = Bytes::from(std::fs::read(&path).unwrap());
        let value = pickle::decode(&payload, &ResponseLimits::default()).unwrap();
        assert_eq!(describe(&reread(&value)), describe(&value), "{}", path.display());
    }
}

#[test]
fn a_bonded_stack_with_every_column_comes_back_equal() {
    let mut structure = Structure::default();
    for (number, name) in [(-3, "CA"), (i32::MAX, "ÅÅÅÅ"), (0, "")] {
        let label = |text| Label::new(text).unwrap();
        structure.push(label("ABCDEFGH"), number, label("GLY"), label(name), label("C"), [1.5; 3]);
    }
    structure.coord.extend_from_within(..);
    structure.models = Some(2);
    structure.b_factor = Some(vec![0.1, 0.2, 0.3]);
    structure.b_factor_dtype = Some(DType::F64);
    structure.extra = vec![("charge".into(), Tensor::vector(&[1_i8, 2, 3]))];
    structure.bonds = Some(vec![Bond { first: 0, second: 2, order: 9 }]);
    structure.cell = Some(Tensor::from_values(vec![2, 3, 3], &[0.5_f32; 18]).unwrap());
    let value = Value::Structure(Box::new(structure));
    assert_eq!(reread(&value), value);
}

#[test]
fn numbers_of_every_length_come_back_equal() {
    let edges = (0..63).flat_map(|bit| [1_i64 << bit, (1_i64 << bit) - 1, -(1_i64 << bit), -(1_i64 << bit) - 1]);
    let value = Value::List(edges.chain([i64::MIN, i64::MAX]).map(Value::Integer).collect());
    assert_eq!(reread(&value), value);
}

#[test]
fn texts_and_bytes_of_every_length_class_come_back_equal() {
    let lengths = [0, 1, 255, 256, 65_535, 65_536, 70_000];
    let value = Value::Tuple(
        lengths
            .into_iter()
            .flat_map(|length| [Value::Text("x".repeat(length)), Value::Bytes(vec![7; length].into())])
            .collect(),
    );
    assert_eq!(reread(&value), value);
}

#[test]
fn a_long_mapping_comes_back_in_order() {
    let value =
        Value::Map((0..2_500).map(|number| (Value::Integer(number), Value::Text(number.to_string()))).collect());
    assert_eq!(reread(&value), value);
}

#[test]
fn half_floats_of_torch_come_back_equal() {
    let values: Vec<half::bf16> = (0..6).map(|number| half::bf16::from_f32(number as f32)).collect();
    let value = Value::Array(Tensor::from_values(vec![2, 3], &values).unwrap());
    assert_eq!(reread(&value), value);
}

#[test]
fn arrays_on_a_device_stay_there() {
    let here = Tensor::from_values(vec![2, 3], &[1_i32, 2, 3, 4, 5, 6]).unwrap();
    for device in ["cuda:0", "mps"] {
        let value = Value::Array(here.clone().on_device(device.into()));
        assert_ne!(value, Value::Array(here.clone()));
        assert_eq!(reread(&value), value);
    }
    // A process on the device reads it in place.
    let there = here.clone().on_device("cuda:0".into());
    let prediction = Prediction { class: "test.Output".into(), fields: vec![("a".into(), Value::Array(there))] };
    let payload = pickle::encode_prediction(&prediction).unwrap();
    let local = pickle::decode_prediction(&payload, Some(&[]), &ResponseLimits::default()).unwrap();
    assert_eq!(local.field("a"), Some(&Value::Array(here)));
}

#[test]
fn a_text_is_never_confused_with_a_class_or_an_element_type() {
    // A writer with a memo may use these names for its own classes and element types.
    let names = ["dtype\nf4", "dtype\ni8", "numpy\ndtype", "numpy\nndarray", "numpy.core.multiarray\n_reconstruct"];
    let array = |value: f32| Value::Array(Tensor::vector(&[value]));
    let fields = |order: &[&str]| {
        let field = |name: &&str| ((*name).to_owned(), Value::Text("dtype\nf4".into()));
        let mut fields = vec![("before".to_owned(), array(1.5))];
        fields.extend(order.iter().map(field));
        fields.push(("after".to_owned(), array(2.5)));
        fields
    };
    for order in [&names[..], &[], &names[..1]] {
        let record = |fields| Value::Record(Record { class: "test.Output".into(), fields });
        let mut first_named = fields(order);
        first_named.rotate_left(1);
        for fields in [fields(order), first_named] {
            let value = record(fields);
            assert_eq!(reread(&value), value);
        }
    }
}

#[test]
fn values_that_cannot_be_read_back_are_not_written() {
    let mut deep = Value::None;
    for _ in 0..65 {
        deep = Value::List(vec![deep]);
    }
    assert_eq!(pickle::encode(&deep), Err(pickle::EncodeError::Depth));
    for class in ["Alone", "os.sys tem", "builtins.set", ""] {
        let record = Value::Record(Record { class: class.into(), fields: vec![] });
        assert_eq!(pickle::encode(&record), Err(pickle::EncodeError::Class(class.into())));
    }
    let mut ragged = Structure::default();
    ragged.chain_id.push(Label::default());
    let error = pickle::encode(&Value::Structure(Box::new(ragged))).unwrap_err();
    assert_eq!(error.to_string(), "structure without a sound chain_id");
}
