//! The contracts of boileroom's folding models, a few real sequences, and calls on them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Chain, FoldError, FoldSettings, Folding, Molecule, Sample};
use crate::prediction::contract::{Contract, Dimension, FieldKind, FieldSpec, ListMeaning, Presence, Tolerance};
use crate::prediction::{Gates, Method, Prediction, Value};
use crate::protein::Structure;
use crate::tensor::{DType, Tensor};

/// The twenty amino acids, each after each other kind of neighbour.
pub const TWENTY: &str = "ARNDCQEGHILKMFPSTWYVAWLFYIVMKRHPEDQNSTGC";
/// Preproinsulin fragment.
pub const INSULIN: &str = "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKT";
/// Human ubiquitin, PDB 1UBQ.
pub const UBIQUITIN: &str = "MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG";
/// Nipah virus glycoprotein head.
pub const NIPAH: &str = "ICLQKTSNQILKPKLISYTLGQSGTCITDPLLAMDEGYFAYSHLERIGSCSRGVSKQRIIGVGEVLDRGDEVPSLFMTNVWTPPNPNTVYHCSAVYNN\
EFYYVLCAVSTVGDPILNSTYWSGSLMMTRLAVKPKSNGGGYNQHQLALRSIEKGRYDKVMPYGPSGIKQGDTLYFPAVGFLVRTEFKYNDSNCPITKCQYSKPENCRLSMGI\
RPNSHYILRSGLLKYNLSDGENPKVVFIEISDQRLSIGSPSKIYDSLGQPVFYQASFSWDTMIKFGDVLTVNPLVVNWRNNTVISRPGQSQCPRFNTCPEICWEGVYNDAFLI\
DRINWISAGVFLDSNQTAENPVFTVFKDNEILYRAQLASEDTNAQKTITNCFLLKNKIWCISLVEIYDTGDNVIRPKLFAVKIPEQCTH";

/// Chains of amino acids, joined by `:` and named A, B, ….
pub fn sample(sequence: &str) -> Sample {
    let chains = sequence.split(':').zip('A'..='Z').map(|(chain, id)| Chain {
        id: id.to_string(),
        molecule: Molecule::Protein(chain.into()),
    });
    Sample {
        chains: chains.collect(),
    }
}

pub fn seeded(seed: u64) -> FoldSettings {
    FoldSettings {
        seed: Some(seed),
        ..FoldSettings::default()
    }
}

/// Every field of a response.
pub fn fold(contract: &Contract, sequences: &[&str], settings: &FoldSettings) -> Prediction {
    let samples: Vec<Sample> = sequences.iter().map(|sequence| sample(sequence)).collect();
    fold_samples(contract, &samples, settings).unwrap()
}

pub fn fold_samples(contract: &Contract, samples: &[Sample], settings: &FoldSettings) -> Result<Prediction, FoldError> {
    let folding = Folding::new(contract, samples, settings)?;
    Ok(Prediction {
        class: contract.output.clone(),
        fields: folding.fields(contract, |_| true)?,
    })
}

pub fn structure<'a>(prediction: &'a Prediction, path: &str) -> &'a Structure {
    prediction.at(path).and_then(Value::as_structure).unwrap()
}

pub fn array<'a>(prediction: &'a Prediction, path: &str) -> &'a Tensor {
    let found = prediction.at(path);
    found
        .and_then(Value::as_array)
        .unwrap_or_else(|| panic!("no array at {path}"))
}

pub fn numbers(prediction: &Prediction, path: &str) -> Vec<f64> {
    array(prediction, path).to_f64().unwrap()
}

pub fn field(name: &str, kind: FieldKind, shape: &str, dtype: DType) -> FieldSpec {
    FieldSpec {
        name: name.into(),
        kind,
        presence: if name == "atom_array" {
            Presence::Always
        } else {
            Presence::Requested
        },
        shape: shape
            .split_whitespace()
            .map(|text| Dimension::parse(text).unwrap())
            .collect(),
        dtypes: vec![dtype],
        range: None,
        padding: matches!(kind, FieldKind::Array).then_some(-1.0),
        first_residue: None,
        b_factor: None,
        tolerance: None,
    }
}

fn structures(first_residue: i32, b_factor: Option<f64>) -> FieldSpec {
    file("atom_array", FieldKind::Structures, first_residue, b_factor)
}

fn file(name: &str, kind: FieldKind, first_residue: i32, b_factor: Option<f64>) -> FieldSpec {
    FieldSpec {
        first_residue: Some(first_residue),
        b_factor,
        ..field(name, kind, "", DType::F32)
    }
}

fn contract(key: &str, features: &[&str], fields: Vec<FieldSpec>) -> Contract {
    Contract {
        key: key.into(),
        name: key.into(),
        method: Method::Fold,
        core: format!("somewhere.{key}Core"),
        wrapper: format!("somewhere.{key}"),
        output: format!("somewhere.{key}Output"),
        image: "image".into(),
        list: ListMeaning::Batch,
        features: features
            .iter()
            .map(|&feature| feature.to_owned())
            .collect::<BTreeSet<_>>(),
        extra_residues: String::new(),
        options: Vec::new(),
        dimensions: BTreeMap::new(),
        variants: Vec::new(),
        fields,
        tolerance: Tolerance {
            absolute: 0.0,
            relative: 0.0,
        },
        gates: Gates::default(),
    }
}

pub fn esmfold() -> Contract {
    use DType::{F32, I64};
    use FieldKind::{Array, Arrays, Cif, Pdb, Scalar};
    let mut fields = vec![structures(0, Some(1.0))];
    for (name, shape, dtype) in [
        ("frames", "8 B L 7", F32),
        ("sidechain_frames", "8 B L 8 4 4", F32),
        ("unnormalized_angles", "8 B L 7 2", F32),
        ("angles", "8 B L 7 2", F32),
        ("states", "8 B L 384", F32),
        ("s_s", "B L 1024", F32),
        ("s_z", "B L L 128", F32),
        ("distogram_logits", "B L L 64", F32),
        ("lm_logits", "B L 23", F32),
        ("aatype", "B L", I64),
        ("atom14_atom_exists", "B L 14", F32),
        ("residx_atom14_to_atom37", "B L 14", I64),
        ("residx_atom37_to_atom14", "B L 37", I64),
        ("atom37_atom_exists", "B L 37", F32),
        ("residue_index", "B L", I64),
        ("lddt_head", "8 B L 37 50", F32),
        ("ptm_logits", "B L L 64", F32),
        ("aligned_confidence_probs", "B L L 64", F32),
        ("pae", "B L L", F32),
        ("chain_index", "B L", I64),
    ] {
        fields.push(field(name, Array, shape, dtype));
    }
    fields.push(field("plddt", Arrays, "N", F32));
    fields.push(field("ptm", Arrays, "1", F32));
    fields.push(field("max_pae", Scalar, "", F32));
    fields.push(file("pdb", Pdb, 0, Some(1.0)));
    fields.push(file("cif", Cif, 0, Some(1.0)));
    contract("esmfold", &["multimer", "linker"], fields)
}

pub fn esmfold2() -> Contract {
    use DType::{F32, I64};
    let mut fields = vec![structures(1, None)];
    for (name, shape, dtype) in [
        ("plddt", "N", F32),
        ("ptm", "1", F32),
        ("iptm", "1", F32),
        ("pae", "N N", F32),
        ("distogram", "N N distogram_bins", F32),
        ("pair_chains_iptm", "C C", F32),
        ("residue_index", "N", I64),
        ("entity_id", "N", I64),
    ] {
        fields.push(field(name, FieldKind::Arrays, shape, dtype));
    }
    fields.push(file("pdb", FieldKind::Pdb, 1, None));
    fields.push(file("cif", FieldKind::Cif, 1, None));
    contract("esmfold2", &["multimer", "stochastic"], fields)
}

pub fn chai1() -> Contract {
    let mut fields = vec![structures(1, None)];
    for (name, shape) in [
        ("pae", "N N"),
        ("pde", "N N"),
        ("plddt", "N"),
        ("ptm", "1"),
        ("iptm", "1"),
        ("per_chain_iptm", "1 C C"),
    ] {
        fields.push(field(name, FieldKind::Arrays, shape, DType::F32));
    }
    fields.push(file("cif", FieldKind::Cif, 1, Some(100.0)));
    contract("chai1", &["multimer", "stochastic", "best_structure_only"], fields)
}

pub fn boltz2() -> Contract {
    let mut fields = vec![
        structures(1, None),
        field("confidence", FieldKind::Mappings, "", DType::F32),
    ];
    for (name, shape) in [
        ("plddt", "N"),
        ("ptm", "1"),
        ("iptm", "1"),
        ("pae", "N N"),
        ("pde", "N N"),
    ] {
        fields.push(field(name, FieldKind::Arrays, shape, DType::F32));
    }
    fields.push(file("pdb", FieldKind::Pdb, 1, None));
    fields.push(file("cif", FieldKind::Cif, 1, Some(100.0)));
    contract("boltz2", &["multimer", "stochastic"], fields)
}

/// A folding model with structures only.
pub fn plain() -> Contract {
    contract("plain", &["multimer"], vec![structures(1, None)])
}
