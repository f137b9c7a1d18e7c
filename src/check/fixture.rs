//! Two toy models and right answers of theirs, for the tests of every check: `embedder` with padded batches, linkers and
//! two sizes, `folder` with structures, confidence per sample and diffusion samples.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::complex::Complex;
use super::evidence::{Answer, Evidence};
use super::expected::{BEST_STRUCTURE_ONLY, Expected};
use super::finding::Finding;
use super::{Check, Known, compile};
use crate::backend::BackendError;
use crate::config::{CheckTable, Diagnostics, Located, Reader, Section, Source};
use crate::prediction::contract::{
    Contract, Dimension, FieldKind, FieldSpec, ListMeaning, OptionRule, OptionSpec, Presence, Sizes, Tolerance, Variant,
};
use crate::prediction::{Input, Method, Options, Prediction, Record, Request, Value};
use crate::protein::{Label, Structure, pdb, residue};
use crate::tensor::{DType, Tensor};

const EXACT: Tolerance = Tolerance {
    absolute: 0.0,
    relative: 0.0,
};

/// Embeds: `embeddings` (B, L, D), indices, and on demand `hidden_states` (B, layers+1, L, D).
pub fn embedder() -> Contract {
    Contract {
        fields: vec![
            array("embeddings", &["B", "L", "D"], DType::F32).always().padded(0.0),
            array("chain_index", &["B", "L"], DType::I32).always().padded(-1.0),
            array("residue_index", &["B", "L"], DType::I32).always().padded(-1.0),
            array("hidden_states", &["B", "layers+1", "L", "D"], DType::F32).padded(0.0),
        ],
        options: vec![
            option("model_name", json!("small")),
            option("glycine_linker", json!("")),
            option("include_fields", json!(null)),
        ],
        variants: vec![variant("small", 2, 4), variant("large", 3, 8)],
        ..contract("embedder", Method::Embed, ListMeaning::Batch)
    }
}

/// Folds: `atom_array`, and on demand `plddt` (N), `pae` (N, N), `ptm` (1) and `pdb`.
pub fn folder() -> Contract {
    Contract {
        fields: vec![
            FieldSpec {
                first_residue: Some(0),
                b_factor: Some(1.0),
                ..field("atom_array", FieldKind::Structures).always()
            },
            list("plddt", &["N"]).within(0.0, 1.0),
            list("pae", &["N", "N"]).within(0.0, f64::INFINITY),
            list("ptm", &["1"]).within(0.0, 1.0),
            FieldSpec {
                first_residue: Some(0),
                b_factor: Some(1.0),
                ..field("pdb", FieldKind::Pdb)
            },
        ],
        options: vec![
            option("num_diffusion_samples", json!(1)),
            option("include_fields", json!(null)),
        ],
        ..contract("folder", Method::Fold, ListMeaning::Batch)
    }
}

/// A folder that gives back one structure however many samples it draws.
pub fn best_folder() -> Contract {
    Contract {
        features: BTreeSet::from([BEST_STRUCTURE_ONLY.to_owned()]),
        ..folder()
    }
}

/// A call of one string or, with `|` between them, a list.
pub fn request(contract: &Contract, input: &str, options: serde_json::Value) -> Request {
    let input = match input.split_once('|') {
        None => Input::One(input.to_owned()),
        Some(_) => Input::Many(input.split('|').map(str::to_owned).collect()),
    };
    let serde_json::Value::Object(options) = options else {
        panic!("options are an object")
    };
    Request {
        method: contract.method,
        input,
        options,
    }
}

/// A right answer.
pub fn answer(contract: &Contract, call: &str, input: &str, options: serde_json::Value) -> Answer {
    let request = request(contract, input, options);
    let config = Options::new();
    let expected = Expected::new(contract, &request, &config);
    let mut fields = vec![("metadata".to_owned(), metadata(contract, &expected.lengths))];
    for field in &contract.fields {
        let value = if expected.fills(field) {
            fill(field, &expected)
        } else {
            Value::None
        };
        fields.push((field.name.clone(), value));
    }
    Answer {
        call: call.to_owned(),
        request,
        config,
        result: Ok(Prediction {
            class: contract.output.clone(),
            fields,
        }),
    }
}

/// An answer that is an error.
pub fn failed(contract: &Contract, call: &str, input: &str, error: BackendError) -> Answer {
    Answer {
        call: call.to_owned(),
        request: request(contract, input, json!({})),
        config: Options::new(),
        result: Err(error),
    }
}

/// The check that a TOML text describes, for a case of one call.
pub fn compiled(contract: &Contract, table: &str) -> Box<dyn Check> {
    compile_with(contract, table, &["call"]).unwrap_or_else(|errors| panic!("{errors}"))
}

/// As [`compiled`], for a case of these calls.
pub fn compile_with(contract: &Contract, table: &str, calls: &[&str]) -> Result<Box<dyn Check>, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let section = Section::parse(&Source::new("check.toml", table), &mut diagnostics);
    let mut reader = Reader::new(&section, &mut diagnostics);
    let value = reader.required_text("check").expect("a kind of check");
    let location = reader.location_of("check");
    let table = CheckTable {
        section: reader.rest(),
        kind: Located { value, location },
    };
    let calls: Vec<String> = calls.iter().map(ToString::to_string).collect();
    let known = Known {
        calls: &calls,
        contracts: &[contract],
    };
    let check = compile(&table, &known, &mut diagnostics);
    diagnostics
        .into_result(check)
        .map(|check| check.expect("nothing is wrong"))
}

/// What is wrong with a check's table; empty when nothing is.
pub fn compile_errors(contract: &Contract, table: &str) -> String {
    compile_with(contract, table, &["call"]).map_or_else(|errors| errors.to_string(), |_| String::new())
}

/// What a check finds in these answers.
pub fn judge(check: &dyn Check, contract: &Contract, answers: &[Answer]) -> Vec<Finding> {
    check.judge(&Evidence {
        suite: "suite",
        case: "case",
        contract,
        answers,
    })
}

/// The summaries of what a check finds.
pub fn summaries(check: &dyn Check, contract: &Contract, answers: &[Answer]) -> Vec<String> {
    judge(check, contract, answers)
        .into_iter()
        .map(|finding| finding.summary)
        .collect()
}

impl Answer {
    /// The same answer with another value in a field, which may be new.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        if let Ok(prediction) = &mut self.result {
            match prediction.fields.iter_mut().find(|(field, _)| field == name) {
                Some((_, field)) => *field = value,
                None => prediction.fields.push((name.to_owned(), value)),
            }
        }
        self
    }

    /// The same answer with a value of a field changed in place.
    pub(super) fn change(mut self, name: &str, change: impl FnOnce(&mut Value)) -> Self {
        if let Ok(prediction) = &mut self.result {
            let field = prediction.fields.iter_mut().find(|(field, _)| field == name);
            change(&mut field.expect("the field is there").1);
        }
        self
    }

    /// The same answer with one element of an array replaced.
    pub(super) fn with_element(self, name: &str, index: usize, element: f64) -> Self {
        self.change(name, |value| set_element(value, index, element))
    }

    /// The same answer with the first structure changed.
    pub(super) fn with_structure(self, change: impl FnOnce(&mut Structure)) -> Self {
        self.change("atom_array", |value| match value {
            Value::List(items) => match items.first_mut() {
                Some(Value::Structure(structure)) => change(structure),
                other => panic!("no structure but {other:?}"),
            },
            other => panic!("no list but {other:?}"),
        })
    }
}

/// Replaces one element of an array, or of the first array of a list.
pub fn set_element(value: &mut Value, index: usize, element: f64) {
    match value {
        Value::List(items) => set_element(&mut items[0], index, element),
        Value::Array(tensor) => {
            let mut values = tensor.to_f64().expect("numbers");
            values[index] = element;
            *tensor = match tensor.dtype() {
                DType::I32 => {
                    let values: Vec<i32> = values.iter().map(|value| *value as i32).collect();
                    Tensor::from_values(tensor.shape().to_vec(), &values).expect("the same shape")
                }
                _ => {
                    let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
                    Tensor::from_values(tensor.shape().to_vec(), &values).expect("the same shape")
                }
            };
        }
        other => panic!("no array but {other:?}"),
    }
}

/// Metadata that states these lengths.
pub fn metadata(contract: &Contract, lengths: &[usize]) -> Value {
    let lengths = lengths.iter().map(|length| Value::Integer(*length as i64)).collect();
    let time = Value::Float(0.25);
    Value::Record(Record {
        class: "boileroom.base.PredictionMetadata".into(),
        fields: vec![
            ("model_name".into(), Value::Text(contract.name.clone())),
            ("model_version".into(), Value::Text("1".into())),
            ("sequence_lengths".into(), Value::List(lengths)),
            ("preprocessing_time".into(), time.clone()),
            ("inference_time".into(), time),
            ("postprocessing_time".into(), Value::None),
        ],
    })
}

/// All heavy atoms of a complex at distinct places, residues numbered from 0 in every chain.
pub fn structure(complex: &Complex) -> Structure {
    let label = |text: &str| Label::new(text).expect("short");
    let mut structure = Structure::default();
    for chain in &complex.chains {
        for (number, letter) in chain.sequence.chars().enumerate() {
            let amino = residue::by_letter(letter).expect("one of the twenty");
            for atom in amino.atoms {
                let place = structure.atoms() as f32;
                let position = [place, 0.5 * place, (0.1 * place).sin()];
                let (chain, residue) = (label(&chain.id), label(amino.name));
                structure.push(chain, number as i32, residue, label(atom), label(&atom[..1]), position);
            }
        }
    }
    structure.b_factor = Some(vec![0.5; structure.atoms()]);
    structure
}

fn fill(field: &FieldSpec, expected: &Expected) -> Value {
    if field.kind == FieldKind::Array {
        return Value::Array(batch(field, expected));
    }
    let items = (0..expected.samples(field.kind)).map(|sample| {
        let complex = expected
            .complex(field.kind, sample)
            .expect("a complex for every sample");
        match field.kind {
            FieldKind::Structures => Value::Structure(Box::new(structure(complex))),
            FieldKind::Arrays => Value::Array(filled(field, &expected.sizes_of(complex))),
            FieldKind::Pdb => Value::Text(pdb::write(&structure(complex)).expect("fits the columns")),
            _ => Value::Map(vec![(Value::Text("score".into()), Value::Float(0.5))]),
        }
    });
    Value::List(items.collect())
}

/// Values between 0.1 and 0.9 that differ from place to place.
fn filled(field: &FieldSpec, sizes: &Sizes) -> Tensor {
    let shape: Vec<usize> = field
        .shape
        .iter()
        .map(|dimension| dimension.resolve(sizes).expect("a size"))
        .collect();
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|index: usize| 0.1 + (index % 9) as f32 / 10.0)
        .collect();
    Tensor::from_values(shape, &values).expect("as many as the shape needs")
}

fn batch(field: &FieldSpec, expected: &Expected) -> Tensor {
    let tensor = filled(field, expected.sizes());
    let axes = super::axes::Axes::of(field);
    let mut values = tensor.to_f64().expect("numbers");
    let complexes = &expected.complexes;
    axes.for_each_run(&tensor, &expected.complex_lengths(), |run| {
        for flat in run.range {
            let residue = tensor.position(flat)[axes.residues[0]];
            let place = complexes[run.sample]
                .chains
                .iter()
                .enumerate()
                .flat_map(|(index, chain)| (0..chain.residues).map(move |residue| (index as f64, residue as f64)));
            match (run.inside, field.name.as_str()) {
                (false, _) => values[flat] = field.padding.expect("padding"),
                (true, "chain_index") => values[flat] = place.clone().nth(residue).expect("a residue").0,
                (true, "residue_index") => values[flat] = place.clone().nth(residue).expect("a residue").1,
                _ => {}
            }
        }
    });
    let mut value = Value::Array(tensor);
    if field.dtypes == [DType::I32] {
        let zeros = vec![0i32; values.len()];
        let shape = value.as_array().expect("an array").shape().to_vec();
        value = Value::Array(Tensor::from_values(shape, &zeros).expect("as many as before"));
    }
    for (index, element) in values.into_iter().enumerate() {
        set_element(&mut value, index, element);
    }
    value.as_array().expect("an array").clone()
}

fn contract(key: &str, method: Method, list: ListMeaning) -> Contract {
    Contract {
        key: key.into(),
        name: format!("The {key}"),
        method,
        core: format!("toy.{key}.Core"),
        wrapper: format!("toy.{key}.Wrapper"),
        output: format!("toy.{key}.Output"),
        image: "toy".into(),
        list,
        features: BTreeSet::new(),
        extra_residues: String::new(),
        options: Vec::new(),
        dimensions: BTreeMap::new(),
        variants: Vec::new(),
        fields: Vec::new(),
        tolerance: EXACT,
    }
}

fn variant(name: &str, layers: usize, width: usize) -> Variant {
    Variant {
        name: name.into(),
        aliases: Vec::new(),
        dimensions: BTreeMap::from([("layers".into(), layers), ("D".into(), width)]),
    }
}

fn option(name: &str, default: serde_json::Value) -> OptionSpec {
    OptionSpec {
        name: name.into(),
        default,
        fixed: false,
        rule: OptionRule::Any,
    }
}

fn field(name: &str, kind: FieldKind) -> FieldSpec {
    FieldSpec {
        name: name.into(),
        kind,
        presence: Presence::Requested,
        shape: Vec::new(),
        dtypes: Vec::new(),
        range: None,
        padding: None,
        first_residue: None,
        b_factor: None,
        tolerance: None,
    }
}

fn array(name: &str, shape: &[&str], dtype: DType) -> FieldSpec {
    FieldSpec {
        shape: shape
            .iter()
            .map(|size| Dimension::parse(size).expect("a dimension"))
            .collect(),
        dtypes: vec![dtype],
        ..field(name, FieldKind::Array)
    }
}

fn list(name: &str, shape: &[&str]) -> FieldSpec {
    FieldSpec {
        kind: FieldKind::Arrays,
        ..array(name, shape, DType::F32)
    }
}

impl FieldSpec {
    fn always(self) -> Self {
        Self {
            presence: Presence::Always,
            ..self
        }
    }

    fn padded(self, value: f64) -> Self {
        Self {
            padding: Some(value),
            ..self
        }
    }

    fn within(self, least: f64, greatest: f64) -> Self {
        Self {
            range: Some((least, greatest)),
            ..self
        }
    }
}
