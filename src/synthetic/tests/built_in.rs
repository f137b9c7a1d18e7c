//! The folding models that are built into the program, a few real sequences, and calls.

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::prediction::{Contract, Prediction, Value};
use crate::protein::Structure;
use crate::synthetic::tests::fixture::{call, load, object};
use crate::tensor::Tensor;

/// The twenty amino acids, each after each other kind of neighbour.
pub(crate) const TWENTY: &str = "ARNDCQEGHILKMFPSTWYVAWLFYIVMKRHPEDQNSTGC";
/// Preproinsulin fragment.
pub(crate) const INSULIN: &str = "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKT";
/// Human ubiquitin, PDB 1UBQ.
pub(crate) const UBIQUITIN: &str = "MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG";
/// Nipah virus glycoprotein head.
pub(crate) const NIPAH: &str = "ICLQKTSNQILKPKLISYTLGQSGTCITDPLLAMDEGYFAYSHLERIGSCSRGVSKQRIIGVGEVLDRGDEVPSLFMTNVWTPPNPNTVYHCSAVYNN\
EFYYVLCAVSTVGDPILNSTYWSGSLMMTRLAVKPKSNGGGYNQHQLALRSIEKGRYDKVMPYGPSGIKQGDTLYFPAVGFLVRTEFKYNDSNCPITKCQYSKPENCRLSMGI\
RPNSHYILRSGLLKYNLSDGENPKVVFIEISDQRLSIGSPSKIYDSLGQPVFYQASFSWDTMIKFGDVLTVNPLVVNWRNNTVISRPGQSQCPRFNTCPEICWEGVYNDAFLI\
DRINWISAGVFLDSNQTAENPVFTVFKDNEILYRAQLASEDTNAQKTITNCFLLKNKIWCISLVEIYDTGDNVIRPKLFAVKIPEQCTH";

pub(crate) fn contract(key: &str) -> Contract {
    Contract::clone(Config::built_in().unwrap().model(key).unwrap())
}

/// A response of one of the built-in models, see [`fold_with`].
pub(crate) fn fold(key: &str, input: impl Into<Json>, options: Json) -> Prediction {
    fold_with(contract(key), input.into(), options)
}

/// A response with all fields, unless the options choose. They are given as configuration, which takes those too that may
/// not be said in a call.
pub(crate) fn fold_with(contract: Contract, input: Json, options: Json) -> Prediction {
    let mut config = json!({ "include_fields": ["*"] });
    for (name, value) in object(options) {
        config[name] = value;
    }
    call(&load(contract, config).unwrap(), input, json!({})).unwrap()
}

pub(crate) fn structure<'a>(prediction: &'a Prediction, path: &str) -> &'a Structure {
    prediction.at(path).and_then(Value::as_structure).unwrap()
}

pub(crate) fn array<'a>(prediction: &'a Prediction, path: &str) -> &'a Tensor {
    let found = prediction.at(path);
    found.and_then(Value::as_array).unwrap_or_else(|| panic!("no array at {path}"))
}

pub(crate) fn numbers(prediction: &Prediction, path: &str) -> Vec<f64> {
    array(prediction, path).to_f64().unwrap()
}

/// A response without its times, which differ from call to call.
pub(crate) fn timeless(prediction: Prediction) -> Vec<(String, Value)> {
    let fields = prediction.fields.into_iter();
    fields.filter(|(name, _)| name != "metadata").collect()
}
