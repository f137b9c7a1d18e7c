//! What the embedded models say to input they do not take: one line per message of boileroom.

use serde_json::{Value as Json, json};

use super::{InputBatch, InputMolecule, MoleculeKind, read};
use crate::prediction::contract::{Contract, ListMeaning};
use crate::prediction::{Input, Method};
use crate::synthetic::ModelError;
use crate::synthetic::family::ModelFamily;
use crate::synthetic::tests::fixture::{bare, esm2, esm3_family, features};

fn fold(core: &str, name: &str, has: &[&str]) -> Contract {
    Contract { features: features(has), ..bare(core, name, Method::Fold) }
}

fn esmfold() -> Contract {
    fold("ESMFoldCore", "ESMFold", &["rejects_empty_chains"])
}

fn esmfold2() -> Contract {
    let has = ["rejects_empty_chains", "bar_separator", "structured_input"];
    fold("ESMFold2Core", "ESMFold2", &has)
}

fn chai() -> Contract {
    Contract { list: ListMeaning::Single, ..fold("Chai1Core", "Chai-1", &[]) }
}

fn boltz() -> Contract {
    Contract { list: ListMeaning::Chains, ..fold("Boltz2Core", "Boltz-2", &[]) }
}

fn attempt(contract: &Contract, input: &Json) -> Result<InputBatch, ModelError> {
    read(contract, ModelFamily::of(contract), &Input::Structured(input.clone()))
}

fn error(contract: &Contract, input: &Json) -> String {
    attempt(contract, input).unwrap_err().to_string()
}

/// Identifiers and residue counts of the chains of every sample.
fn chains(samples: &InputBatch) -> Vec<Vec<(&str, usize)>> {
    let residues = |molecule: &InputMolecule| match molecule.kind {
        MoleculeKind::Components => molecule.text.split(' ').count(),
        MoleculeKind::Smiles => 1,
        _ => molecule.text.chars().count(),
    };
    let samples = samples.items.iter();
    samples
        .map(|sample| {
            let chains = sample.iter();
            chains.map(|chain| (chain.id.as_str(), residues(&chain.molecule))).collect()
        })
        .collect()
}

#[test]
fn invalid_residues_are_listed_once_and_sorted() {
    for contract in [esmfold(), chai(), boltz(), esmfold2()] {
        assert_eq!(
            error(&contract, &json!("MALWMRLLPX123LLALWGPD")),
            "ValueError: Invalid amino acid(s) in sequence: ['1', '2', '3', 'X']"
        );
    }
    assert_eq!(
        error(&esm3_family("ESMCCore", "ESM-C", "sasa_logits"), &json!(["AC", "ac'"])),
        "ValueError: Invalid amino acid(s) in sequence: [\"'\", 'a', 'c']"
    );
}

#[test]
fn every_family_words_an_empty_chain_its_own_way() {
    let esm2_words = "ValueError: Invalid ESM2 sequence 'A::C': empty chain near ':'.";
    assert_eq!(error(&esm2(), &json!("A::C")), esm2_words);
    assert_eq!(error(&esmfold(), &json!("A::C")), esm2_words);
    assert_eq!(
        error(&esmfold2(), &json!("A||C")),
        "ValueError: Invalid ESMFold2 protein sequence 'A||C': empty chain near ':'."
    );
    assert_eq!(
        error(&esm3_family("ESM3Core", "ESM3", "hidden_states"), &json!("A:")),
        "ValueError: ESM-C/ESM3 sequences must not contain empty chains."
    );
    assert_eq!(
        error(&fold("NewCore", "New", &["rejects_empty_chains"]), &json!(":A")),
        "ValueError: Invalid New sequence ':A': empty chain near ':'."
    );
    assert_eq!(chains(&attempt(&boltz(), &json!("A::C")).unwrap()), [[("A", 1), ("B", 1)]]);
}

#[test]
fn nothing_to_predict_is_refused() {
    let empty = "ValueError: ESM2 sequence must contain at least one residue token.";
    assert_eq!(error(&esm2(), &json!("")), empty);
    for (contract, words) in [
        (esm2(), "ESM-2 input must contain at least one sequence."),
        (esmfold2(), "ESMFold2.fold received an empty input sequence."),
        (boltz(), "Boltz-2 input must contain at least one sequence."),
        (
            esm3_family("ESMCCore", "ESM-C", "sasa_logits"),
            "ESM-C/ESM3 embedding input must contain at least one sequence.",
        ),
        (chai(), "Chai-1 currently supports exactly one top-level sequence per call; use ':' to join chains."),
    ] {
        assert_eq!(error(&contract, &json!([])), format!("ValueError: {words}"));
    }
    assert_eq!(error(&boltz(), &json!(["", ":"])), "ValueError: Boltz-2 input must contain at least one residue.");
}

#[test]
fn an_unreadable_fragment_ends_where_the_next_token_begins() {
    for (sequence, fragment) in
        [("AC<mas>D", "'<mas>'"), ("A12<mask>", "'12'"), ("A1:C", "'1'"), ("xy", "'xy'"), ("A<mask", "'<mask'")]
    {
        assert_eq!(
            error(&esm2(), &json!(sequence)),
            format!("ValueError: Invalid ESM2 token fragment {fragment} in sequence '{sequence}'.")
        );
    }
    let samples = attempt(&esm2(), &json!("A<mask>XBZOU:CD")).unwrap();
    assert_eq!(chains(&samples), [[("A", 7), ("B", 2)]]);
    assert_eq!(samples.lengths, [9]);
}

#[test]
fn a_list_means_what_the_contract_says() {
    let two = json!(["AC", "DEF:G"]);
    let samples = attempt(&esmfold(), &two).unwrap();
    assert_eq!(chains(&samples), [vec![("A", 2)], vec![("A", 3), ("B", 1)]]);
    let samples = attempt(&boltz(), &two).unwrap();
    assert_eq!(chains(&samples), [[("A", 2), ("B", 3), ("C", 1)]]);
    assert_eq!(samples.lengths, [2, 4], "one length per item, though they are one complex");
    assert!(error(&chai(), &two).contains("exactly one top-level sequence"));
    assert_eq!(chains(&attempt(&chai(), &json!(["AC:D"])).unwrap()), [[("A", 2), ("B", 1)]]);
}

#[test]
fn objects_are_for_models_with_structured_input() {
    assert_eq!(
        error(&esmfold(), &json!({"kind": "structure_prediction_input"})),
        "TypeError: ESMFold.fold expects a sequence string or a list of sequence strings."
    );
    assert_eq!(
        error(&esmfold2(), &json!(["ACD", {}])),
        "TypeError: ESMFold2.fold input lists must contain only strings, only StructurePredictionInput objects, \
         or only molecule input dataclasses."
    );
    assert_eq!(
        error(&esmfold2(), &json!(5)),
        "TypeError: ESMFold2.fold expects a sequence string, structure input, or a sequence of those inputs."
    );
}

fn complex(sequences: &Json) -> Json {
    json!({"kind": "structure_prediction_input", "sequences": sequences})
}

#[test]
fn structured_input_lays_out_copies_chains_and_ligands() {
    let input = complex(&json!([
        {"kind": "protein", "id": ["A", "C"], "sequence": "ACD", "msa": {"sequences": ["ACD", "AC-"]}},
        {"kind": "protein", "id": "H", "sequence": "MK:LL", "modifications": [{"position": 0, "ccd": "MSE"}]},
        {"kind": "dna", "id": "D", "sequence": "ACGT"},
        {"kind": "rna", "id": "R", "sequence": "ACGU"},
        {"kind": "ligand", "id": "L", "ccd": ["NAG", "NAG"]},
        {"kind": "ligand", "id": ["M", "N"], "smiles": "CCO"},
    ]));
    let samples = attempt(&esmfold2(), &input).unwrap();
    assert_eq!(
        chains(&samples),
        [[("A", 3), ("C", 3), ("H", 2), ("B", 2), ("D", 4), ("R", 4), ("L", 2), ("M", 1), ("N", 1)]]
    );
    assert_eq!(samples.lengths, [6 + 4 + 4 + 4 + 2 + 2]);
}

#[test]
fn malformed_molecules_are_refused_as_boileroom_refuses_them() {
    for (molecule, words) in [
        (json!({"kind": "lipid"}), "ValueError: Unsupported ESMFold2 sequence payload kind: 'lipid'"),
        (json!({}), "ValueError: Unsupported ESMFold2 sequence payload kind: None"),
        (
            json!({"kind": "protein", "id": 1, "sequence": "ACD"}),
            "TypeError: Encoded ESMFold2 id must be str or list[str].",
        ),
        (
            json!({"kind": "rna", "id": "A", "sequence": null}),
            "TypeError: Encoded ESMFold2 rna.sequence must be a string.",
        ),
        (
            json!({"kind": "protein", "id": "A", "sequence": "A:|C"}),
            "ValueError: Invalid ESMFold2 sequence 'A::C': empty chain near ':'.",
        ),
        (
            json!({"kind": "protein", "id": "A", "sequence": "A:J"}),
            "ValueError: Invalid amino acid(s) in sequence: ['J']",
        ),
        (
            json!({"kind": "ligand", "id": "A", "smiles": 1}),
            "TypeError: Encoded ESMFold2 ligand.smiles must be a string or None.",
        ),
        (
            json!({"kind": "ligand", "id": "A", "ccd": "SAH"}),
            "TypeError: Encoded ESMFold2 ligand.ccd must be a list of strings or None.",
        ),
        (json!({"kind": "dna", "id": "A", "sequence": "A", "modifications": [{"ccd": "X"}]}), "KeyError: 'position'"),
        (
            json!({"kind": "dna", "id": "A", "sequence": "A", "modifications": [{"position": "two", "ccd": "X"}]}),
            "ValueError: invalid literal for int() with base 10: 'two'",
        ),
        (
            json!({"kind": "dna", "id": "A", "sequence": "A", "modifications": {}}),
            "TypeError: Encoded ESMFold2 modifications must be a list of mappings.",
        ),
    ] {
        assert_eq!(error(&esmfold2(), &complex(&json!([molecule]))), words);
    }
    assert_eq!(
        error(&esmfold2(), &complex(&json!([]))),
        "ValueError: StructurePredictionInput.sequences must not be empty."
    );
    assert_eq!(
        error(&esmfold2(), &json!({"sequences": []})),
        "ValueError: ESMFold2 structure payload must have kind='structure_prediction_input'."
    );
}

#[test]
fn malformed_alignments_are_refused_as_boileroom_refuses_them() {
    for (alignment, words) in [
        (json!("AC"), "TypeError: Encoded ESMFold2 MSA payload must be a mapping, list[str], or None."),
        (
            json!({"sequences": "AC"}),
            "TypeError: Encoded ESMFold2 MSA payload sequences must be a string sequence list.",
        ),
        (json!({"path": 123}), "TypeError: Encoded ESMFold2 MSA payload path must be a string path."),
        (
            json!({"sequences": ["AC"], "remove_insertions": "false"}),
            "TypeError: Encoded ESMFold2 MSA payload remove_insertions must be a boolean.",
        ),
        (json!({}), "ValueError: MSAInput requires exactly one of sequences or path."),
        (
            json!({"path": "a.a3m"}),
            "ValueError: ESMFold2 currently requires in-memory MSA sequences; \
             file-backed MSA paths are reserved for other model adapters.",
        ),
    ] {
        let protein = json!({"kind": "protein", "id": "A", "sequence": "AC", "msa": alignment});
        assert_eq!(error(&esmfold2(), &complex(&json!([protein]))), words);
    }
}

#[test]
fn malformed_conditioning_is_refused_as_boileroom_refuses_it() {
    for (key, value, words) in [
        ("pocket", json!([]), "TypeError: Encoded ESMFold2 pocket payload must be a mapping or None."),
        ("pocket", json!({}), "TypeError: Encoded ESMFold2 pocket contacts must be a list."),
        ("pocket", json!({"contacts": []}), "TypeError: Encoded ESMFold2 pocket.binder_chain_id must be a string."),
        (
            "pocket",
            json!({"binder_chain_id": "A", "contacts": [["A"]]}),
            "TypeError: Encoded ESMFold2 pocket contacts must be [chain_id, residue_index] pairs.",
        ),
        (
            "pocket",
            json!({"binder_chain_id": "A", "contacts": [["A", true]]}),
            "TypeError: Encoded ESMFold2 pocket contact residue index must be an integer.",
        ),
        (
            "distogram_conditioning",
            json!({}),
            "TypeError: Encoded ESMFold2 distogram_conditioning must be a list of mappings.",
        ),
        ("covalent_bonds", json!([{"chain_id1": "A"}]), "KeyError: 'res_idx1'"),
    ] {
        let mut input = complex(&json!([{"kind": "protein", "id": "A", "sequence": "AC"}]));
        input[key] = value;
        assert_eq!(error(&esmfold2(), &input), words);
    }
}
