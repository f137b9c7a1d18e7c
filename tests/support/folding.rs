//! Structures from the embedded models, and a changed copy that stands for a second prediction.

use hydrotest::config::Config;
use hydrotest::prediction::{Input, Options, Prediction, Request};
use hydrotest::protein::Structure;
use hydrotest::synthetic::SyntheticModel;

/// The response of an embedded model to a sequence, with chains separated by colons and with further fields by name.
pub fn fold(model: &str, sequence: &str, fields: &[&str]) -> Prediction {
    let config = Config::built_in().expect("the built-in configuration is valid");
    let contract = config.model(model).expect("a built-in model");
    let embedded = SyntheticModel::load(contract.clone(), Options::new()).expect("an embedded model");
    let mut options = Options::new();
    if !fields.is_empty() {
        options.insert("include_fields".into(), fields.into());
    }
    let request = Request { method: contract.method, input: Input::One(sequence.to_owned()), options };
    embedded.predict(&request).expect("a response")
}

/// The first structure of a response.
pub fn structure(prediction: &Prediction) -> Structure {
    let found = prediction.at("atom_array[0]").and_then(|value| value.as_structure());
    found.expect("a structure").clone()
}

/// The structure with a bend that grows along the chain, and a ripple.
pub fn bent(structure: &Structure) -> Structure {
    bent_by(structure, 1.0)
}

/// The same with a ripple of another size.
pub fn bent_by(structure: &Structure, ripple: f32) -> Structure {
    let mut bent = structure.clone();
    for (index, position) in bent.coord.iter_mut().enumerate() {
        let along = index as f32;
        position[0] += (along * 0.7).sin() * 0.8 * ripple + along * along * 2e-6;
        position[1] += (along * 0.3).cos() * 0.5 * ripple;
    }
    bent
}
