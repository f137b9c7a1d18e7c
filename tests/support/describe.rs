//! Describes values like `tests/python/describe.py` describes Python objects, so that the two can be compared as JSON.

use hydrotest::prediction::Value;
use hydrotest::protein::{Label, Structure};
use hydrotest::tensor::{DType, Tensor};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// Describes every type and every bit of a value.
pub fn describe(value: &Value) -> Json {
    let all = |items: &[Value]| items.iter().map(describe).collect::<Vec<_>>();
    match value {
        Value::None => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Integer(value) => json!({"int": value.to_string()}),
        Value::Float(value) => json!({"float": format!("{:016x}", value.to_bits())}),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!({"bytes": hex(bytes)}),
        Value::Array(tensor) => array(tensor),
        Value::Rows(_) => panic!("no response has an incomplete array"),
        Value::Structure(atoms) => structure(atoms),
        Value::List(items) => json!({"list": all(items)}),
        Value::Tuple(items) => json!({"tuple": all(items)}),
        Value::Set(items) => json!({"set": all(items)}),
        Value::Map(entries) => {
            let pairs: Vec<_> = entries.iter().map(|(key, value)| [describe(key), describe(value)]).collect();
            json!({"map": pairs})
        }
        Value::Record(record) => {
            let fields: Vec<_> = record.fields.iter().map(|(name, value)| json!([name, describe(value)])).collect();
            json!({"record": record.class, "fields": fields})
        }
        Value::Objects { shape, items } => json!({"objects": shape, "items": all(items)}),
    }
}

fn array(tensor: &Tensor) -> Json {
    let digest = Sha256::digest(tensor.bytes());
    json!({"array": tensor.dtype().to_string(), "shape": tensor.shape(), "sha256": hex(&digest)})
}

fn structure(atoms: &Structure) -> Json {
    let texts = |labels: &[Label]| labels.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut columns = json!({
        "chain_id": texts(&atoms.chain_id), "res_id": atoms.res_id, "ins_code": texts(&atoms.ins_code),
        "res_name": texts(&atoms.res_name), "hetero": atoms.hetero, "atom_name": texts(&atoms.atom_name),
        "element": texts(&atoms.element),
    });
    if let Some(values) = &atoms.b_factor {
        let narrow: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        columns["b_factor"] = array(&match atoms.b_factor_dtype {
            Some(DType::F32) => Tensor::vector(&narrow),
            _ => Tensor::vector(values),
        });
    }
    for (name, column) in &atoms.extra {
        columns[name] = match column.values::<i64>() {
            Some(numbers) => json!(numbers.collect::<Vec<_>>()),
            None => array(column),
        };
    }
    let mut shape = vec![atoms.atoms(), 3];
    if let Some(models) = atoms.models {
        shape.insert(0, models);
    }
    let coord = Tensor::from_values(shape, atoms.coord.as_flattened()).unwrap();
    let bonds = atoms.bonds.as_ref().map(|bonds| {
        let rows = bonds.iter().map(|bond| json!([bond.first, bond.second, bond.order]));
        rows.collect::<Vec<_>>()
    });
    json!({
        "structure": atoms.atoms(), "models": atoms.models, "coord": array(&coord), "columns": columns,
        "bonds": bonds, "box": atoms.cell.as_ref().map(array),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
