//! Real results from the fixtures, and vectors of the embedded models, in which mistakes are planted.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use hydrotest::config::Config;
use hydrotest::prediction::{Contract, Input, Options, Prediction, Request, Value};
use hydrotest::protein::{Structure, mmcif, pdb};
use hydrotest::synthetic::SyntheticModel;
use hydrotest::tensor::Tensor;

use super::noise::noise;

/// A result, another equally correct one of the same input, and the model whose gates judge both.
pub struct BaseCase {
    pub name: &'static str,
    pub contract: Arc<Contract>,
    pub expected: Prediction,
    /// The same input, on other hardware if known.
    pub noisy: Prediction,
    /// Other results that are as correct as the expected one.
    pub benign: Vec<(String, Prediction)>,
}

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/structures").join(name);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

/// A structure whose temperature factors are fractions of 1.
fn structure(name: &str) -> Structure {
    let text = String::from_utf8(fixture(name)).unwrap();
    if name.contains(".pdb") {
        return pdb::read(&text).unwrap();
    }
    let mut structure = mmcif::read(&text).unwrap();
    structure.b_factor.iter_mut().flatten().for_each(|factor| *factor /= 100.0);
    structure
}

/// The first residues of every chain, because lDDT over all atoms takes most of the time.
fn first(structure: Structure, residues: usize) -> Structure {
    let mut structure = structure;
    let chains = structure.chains();
    let all = structure.residues();
    let mut keep = vec![false; structure.atoms()];
    for (_, atoms) in chains {
        let own = all.iter().filter(|residue| atoms.contains(&residue.start));
        own.take(residues).for_each(|residue| keep[residue.clone()].fill(true));
    }
    structure.retain(&keep);
    structure
}

/// The aligned errors of 100 residues.
fn pairs(name: &str) -> Vec<f32> {
    let bytes = fixture(name);
    let numbers = bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
    numbers.collect()
}

pub fn contract(key: &str) -> Arc<Contract> {
    Arc::clone(Config::built_in().unwrap().model(key).unwrap())
}

pub fn prediction(contract: &Contract, fields: Vec<(&str, Value)>) -> Prediction {
    Prediction {
        class: contract.output.clone(),
        fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// The confidence of every residue: the temperature factor of its alpha carbon.
fn plddt(structure: &Structure) -> Tensor {
    let factors = structure.b_factor.as_ref().unwrap();
    let alphas = (0..structure.atoms()).filter(|&atom| structure.atom_name[atom] == "CA");
    let values: Vec<f32> = alphas.map(|atom| factors[atom] as f32).collect();
    Tensor::vector(&values)
}

fn folded(contract: &Contract, structure: &Structure) -> Prediction {
    prediction(
        contract,
        vec![
            ("atom_array", Value::List(vec![Value::Structure(Box::new(structure.clone()))])),
            ("plddt", Value::List(vec![Value::Array(plddt(structure))])),
        ],
    )
}

/// Adds the noise of another machine to a structure.
pub fn jittered(structure: &Structure, seed: u64, size: f32) -> Structure {
    let (mut other, mut next) = (structure.clone(), noise(seed));
    other.coord.iter_mut().flatten().for_each(|axis| *axis += size * next());
    let mut last = None;
    let mut change = 0.0;
    for (atom, factor) in other.b_factor.iter_mut().flatten().enumerate() {
        if last != Some(structure.res_id[atom]) {
            last = Some(structure.res_id[atom]);
            change = f64::from(0.1 * size * next());
        }
        *factor = (*factor + change).clamp(0.0, 1.0);
    }
    other
}

pub fn moved(structure: &Structure) -> Structure {
    let mut other = structure.clone();
    for [x, y, z] in &mut other.coord {
        (*x, *y, *z) = (0.6 * *x - 0.8 * *y + 4.0, 0.8 * *x + 0.6 * *y - 7.0, *z + 1.0);
    }
    other
}

/// Swaps the names of equivalent atoms, together with their positions.
fn equivalent(structure: &Structure) -> Structure {
    const PAIRS: [(&str, &str, &str); 6] = [
        ("ASP", "OD1", "OD2"),
        ("GLU", "OE1", "OE2"),
        ("PHE", "CD1", "CD2"),
        ("PHE", "CE1", "CE2"),
        ("TYR", "CD1", "CD2"),
        ("TYR", "CE1", "CE2"),
    ];
    let mut other = structure.clone();
    for residue in structure.residues() {
        for (name, one, two) in PAIRS {
            let atom = |name| structure.atom_named(&residue, name);
            if let (true, Some(one), Some(two)) = (structure.res_name[residue.start] == name, atom(one), atom(two)) {
                other.coord.swap(one, two);
            }
        }
    }
    other
}

/// Results that are as correct as a structure.
fn alike(contract: &Contract, structure: &Structure, seed: u64) -> Vec<(String, Prediction)> {
    let mut alike = vec![
        ("the same".to_owned(), structure.clone()),
        ("moved as a whole".to_owned(), moved(structure)),
        ("equivalent names".to_owned(), equivalent(structure)),
        ("equivalent names, moved".to_owned(), moved(&equivalent(structure))),
    ];
    for (index, size) in [1e-5, 1e-4, 1e-3, 3e-3, 5e-3, 0.01, 0.015, 0.02, 0.025].into_iter().enumerate() {
        let noisy = jittered(structure, seed * 100 + index as u64, size);
        alike.push((format!("noise of {size} Å, moved"), moved(&noisy)));
        alike.push((format!("noise of {size} Å"), noisy));
    }
    alike.into_iter().map(|(name, structure)| (name, folded(contract, &structure))).collect()
}

/// Structures of one result each.
pub fn structures() -> Vec<BaseCase> {
    let contract = contract("esmfold");
    let (a100, t4) =
        (first(structure("esmfold_complex-A100.pdb.gz"), 80), first(structure("esmfold_complex-T4.pdb.gz"), 80));
    let mut cases = vec![BaseCase {
        name: "complex",
        expected: folded(&contract, &a100),
        noisy: folded(&contract, &t4),
        benign: alike(&contract, &a100, 1)
            .into_iter()
            .chain([
                ("another card".to_owned(), folded(&contract, &t4)),
                ("another card, moved".to_owned(), folded(&contract, &moved(&t4))),
                ("another card, equivalent names".to_owned(), folded(&contract, &equivalent(&t4))),
                ("another card, noise".to_owned(), folded(&contract, &jittered(&t4, 3, 0.003))),
            ])
            .collect(),
        contract: Arc::clone(&contract),
    }];
    let others = [
        ("short", "esmfold_server_short.pdb.gz"),
        ("medium", "esmfold_server_medium.pdb.gz"),
        ("boltz", "boltz2_nipah_100.cif.gz"),
        ("chai", "chai1_nipah_100.rank_0.cif.gz"),
    ];
    for (index, (name, file)) in others.into_iter().enumerate() {
        let one = first(structure(file), 50);
        cases.push(BaseCase {
            name,
            expected: folded(&contract, &one),
            noisy: folded(&contract, &jittered(&one, index as u64 + 7, 0.02)),
            benign: alike(&contract, &one, index as u64 + 2),
            contract: Arc::clone(&contract),
        });
    }
    let reversed: Vec<(String, Prediction)> = vec![("the other card first".to_owned(), folded(&contract, &a100))];
    cases.push(BaseCase {
        name: "complex, reversed",
        expected: folded(&contract, &t4),
        noisy: folded(&contract, &a100),
        benign: reversed,
        contract,
    });
    cases
}

/// Five samples of one run, as the items of one result.
pub fn samples() -> BaseCase {
    let contract = contract("chai1");
    let all = |change: &dyn Fn(Structure, u64) -> Structure| {
        let samples: Vec<Structure> =
            (0..5).map(|rank| change(structure(&format!("chai1_nipah_100.rank_{rank}.cif.gz")), rank)).collect();
        let list = |value: &dyn Fn(&Structure) -> Value| Value::List(samples.iter().map(value).collect());
        let fields = vec![
            ("atom_array", list(&|sample| Value::Structure(Box::new(sample.clone())))),
            ("plddt", list(&|sample| Value::Array(plddt(sample)))),
        ];
        prediction(&contract, fields)
    };
    BaseCase {
        name: "samples",
        expected: all(&|sample, _| sample),
        noisy: all(&|sample, rank| jittered(&sample, rank, 0.05)),
        benign: [0.01, 0.05, 0.1, 0.2]
            .into_iter()
            .map(|size| (format!("noise of {size} Å"), all(&|sample, rank| jittered(&moved(&sample), rank + 50, size))))
            .collect(),
        contract: Arc::clone(&contract),
    }
}

/// Aligned errors: as a list of matrices by the gates of Chai-1, and as one array of a batch by those of `ESMFold`.
pub fn aligned_errors() -> Vec<BaseCase> {
    let sample = structure("chai1_nipah_100.rank_0.cif.gz");
    let mut cases = Vec::new();
    for rank in 0..2 {
        let values = pairs(&format!("chai1_nipah_100_pae.rank_{rank}.f32.gz"));
        for (name, key, size, shape) in
            [("errors", "chai1", 0.1, vec![100, 100]), ("errors of a batch", "esmfold", 0.03, vec![1, 100, 100])]
        {
            let contract = contract(key);
            let with = |seed: u64, size: f32| {
                let mut next = noise(seed);
                let values: Vec<f32> = values.iter().map(|value| (value + size * next()).max(0.0)).collect();
                let pae = Value::Array(Tensor::from_values(shape.clone(), &values).unwrap());
                let pae = if shape.len() == 2 { Value::List(vec![pae]) } else { pae };
                let mut all = folded(&contract, &sample);
                all.fields.push(("pae".to_owned(), pae));
                all
            };
            let benign = (1..=10).map(|step| {
                let size = size * step as f32 / 10.0;
                (format!("noise of {size} Å"), with(step + 40, size))
            });
            cases.push(BaseCase {
                name,
                expected: with(0, 0.0),
                noisy: with(rank + 1, size),
                benign: benign.collect(),
                contract,
            });
        }
    }
    cases
}

/// Vectors of residues, of a batch of two.
pub fn vectors() -> Vec<BaseCase> {
    let mut cases = Vec::new();
    for (name, key, size) in [("esm2", "esm2", 3e-5), ("esmc", "esmc", 1e-3), ("esm3", "esm3", 1e-3)] {
        let contract = contract(key);
        let model = SyntheticModel::load(Arc::clone(&contract), Options::new()).unwrap();
        let request = Request {
            method: contract.method,
            input: Input::Many(vec!["MLKNVHVLVLGAGDVGSVVVRLLEK".to_owned(), "GIVEQCCTSICSLYQLENYCNFVNQ".to_owned()]),
            options: Options::new(),
        };
        let response = model.predict(&request).unwrap();
        let embeddings = response.field("embeddings").unwrap().as_array().unwrap().clone();
        let values: Vec<f32> = embeddings.values().unwrap().collect();
        let with = |seed: u64, size: f32| {
            let mut next = noise(seed);
            let values: Vec<f32> = values.iter().map(|value| value + size * next()).collect();
            let noisy = Tensor::from_values(embeddings.shape().to_vec(), &values).unwrap();
            let indices: Vec<i32> = response
                .field("residue_index")
                .unwrap()
                .as_array()
                .unwrap()
                .to_f64()
                .unwrap()
                .into_iter()
                .map(|index| index as i32)
                .collect();
            let shape = embeddings.shape()[..2].to_vec();
            let indices = Tensor::from_values(shape, &indices).unwrap();
            prediction(&contract, vec![("embeddings", Value::Array(noisy)), ("residue_index", Value::Array(indices))])
        };
        let benign = (1..=8).map(|step| {
            let size = size * step as f32 / 8.0;
            (format!("noise of {size}"), with(step + 40, size))
        });
        cases.push(BaseCase {
            name,
            expected: with(0, 0.0),
            noisy: with(5, size),
            benign: benign.collect(),
            contract: Arc::clone(&contract),
        });
    }
    cases
}
