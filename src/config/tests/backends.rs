//! Proves what the shipped `backends.toml` declares and how mistakes in one are shown.

use super::super::*;
use crate::prediction::contract::{FieldSpec, Presence, Tolerance};

fn built_in() -> Config {
    Config::built_in().unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

fn findings(text: &str) -> String {
    Config::parse(&Source::new("backends.toml", text)).unwrap_err().to_string()
}

#[test]
fn the_built_in_file_declares_seven_models_and_the_reference_backend() {
    let config = built_in();
    let keys: Vec<&str> = config.models.iter().map(|model| model.key.as_str()).collect();
    assert_eq!(keys, ["esmfold", "esm2", "esmfold2", "esmc", "esm3", "chai1", "boltz2"]);
    assert_eq!(config.backend(&config.default).unwrap().kind.value, "reference");
}

#[test]
fn what_unknown_models_are_compared_by_is_declared_or_built_in() {
    let structure = |config: &Config| config.unknown.gates.structure;
    let built_in = built_in();
    assert!(structure(&built_in).is_some());
    let parse = |text: &str| Config::parse(&Source::new("backends.toml", text)).unwrap();
    let silent = "default = 'a'\nbackends.a.kind = 'reference'\n";
    assert_eq!(parse(silent).unknown, built_in.unknown);
    let own = parse(&format!("{silent}\n[unknown]\ntolerance = {{ absolute = 0.5 }}\n"));
    assert!((own.unknown.tolerance.absolute - 0.5).abs() < f64::EPSILON);
    assert_eq!(structure(&own), None);
}

#[test]
fn every_contract_has_the_attributes_of_its_class_in_order() {
    let esm_embedding = "embeddings chain_index residue_index hidden_states lm_logits sasa_logits \
                         secondary_structure_logits function_logits residue_annotation_logits";
    let classes = [
        (
            "esmfold",
            "atom_array frames sidechain_frames unnormalized_angles angles states s_s s_z distogram_logits \
             lm_logits aatype atom14_atom_exists residx_atom14_to_atom37 residx_atom37_to_atom14 \
             atom37_atom_exists residue_index lddt_head plddt ptm_logits ptm aligned_confidence_probs pae max_pae \
             chain_index pdb cif",
        ),
        ("esm2", "embeddings chain_index residue_index hidden_states lm_logits"),
        ("esmfold2", "atom_array plddt ptm iptm pae distogram pair_chains_iptm residue_index entity_id pdb cif"),
        ("esmc", esm_embedding),
        ("esm3", esm_embedding),
        ("chai1", "atom_array pae pde plddt ptm iptm per_chain_iptm cif"),
        ("boltz2", "atom_array confidence plddt ptm iptm pae pde pdb cif"),
    ];
    let config = built_in();
    for (key, fields) in classes {
        let contract = config.model(key).unwrap();
        let declared: Vec<&str> = contract.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(declared, fields.split_whitespace().collect::<Vec<_>>(), "{key}");
        let always = |field: &&FieldSpec| field.presence == Presence::Always;
        let minimal: Vec<&str> = contract.fields.iter().filter(always).map(|field| field.name.as_str()).collect();
        let expected: &[&str] = match contract.method.name() {
            "fold" => &["atom_array"],
            _ => &["embeddings", "chain_index", "residue_index"],
        };
        assert_eq!(minimal, expected, "{key}");
    }
}

#[test]
fn every_contract_fixes_the_options_that_boileroom_fixes() {
    let config = built_in();
    let fixed = |key| config.model(key).unwrap().fixed_options().join(" ");
    assert_eq!(fixed("esmfold"), "device");
    assert_eq!(fixed("esm2"), "device model_name");
    assert_eq!(fixed("esmfold2"), "cache_dir ccd_cache_dir device dtype model_name");
    assert_eq!(fixed("esmc"), "device model_name");
    assert_eq!(fixed("esm3"), "device model_name");
    assert_eq!(fixed("chai1"), "device");
    assert_eq!(
        fixed("boltz2"),
        "cache_dir device diffusion_samples max_parallel_samples no_kernels num_subsampled_msa recycling_steps \
         sampling_steps step_scale subsample_msa write_full_pae write_full_pde"
    );
}

#[test]
fn sizes_and_tolerances_reach_the_contract() {
    let config = built_in();
    let esm2 = config.model("esm2").unwrap();
    let small = serde_json::json!({ "model_name": "esm2_t6_8M_UR50D" });
    let small = esm2.variant(small.as_object().unwrap()).unwrap();
    assert_eq!((small.dimensions["layers"], small.dimensions["D"]), (6, 320));
    assert_eq!(esm2.variant(&serde_json::Map::new()).unwrap().name, "esm2_t33_650M_UR50D");
    let tolerance = |name| esm2.field(name).unwrap().tolerance;
    let exact = Tolerance { absolute: 0.0, relative: 0.0 };
    assert_eq!((tolerance("chain_index"), tolerance("embeddings")), (Some(exact), None));
    let alias = serde_json::json!({ "model_name": "esm3-open" });
    let esm3 = config.model("esm3").unwrap();
    assert_eq!(esm3.variant(alias.as_object().unwrap()).unwrap().name, "esm3_sm_open_v1");
}

#[test]
fn suites_may_ask_for_features_options_fields_and_the_meaning_of_a_list() {
    let config = built_in();
    let esm3 = config.model("esm3").unwrap();
    for need in ["multimer", "batch", "model_name", "sasa_logits"] {
        assert!(esm3.provides(need), "{need}");
    }
    assert!(!esm3.provides("hidden_states"), "ESM3 has the attribute but never fills it");
}

#[test]
fn a_file_without_models_has_those_of_the_built_in_one() {
    let text = "default = 'lab'\n[backends.lab]\nkind = 'http'\nurl = 'http://x'\nmodels = ['esm2']\n";
    let config = Config::parse(&Source::new("lab.toml", text)).unwrap();
    assert_eq!(config.models.len(), 7);
    let lab = config.backend("lab").unwrap();
    assert!(lab.serves("esm2") && !lab.serves("esm3"));
    assert_eq!((lab.max_instances, lab.retries), (1, 0));
}

#[test]
fn settings_are_left_for_the_kind_that_knows_the_common_keys() {
    let text = "default = 'lab'\n[backends.lab]\nkind = 'http'\nmax_instance = 2\nurl = 'http://x'\n";
    let config = Config::parse(&Source::new("lab.toml", text)).unwrap();
    let mut diagnostics = Diagnostics::new();
    let mut reader = TableReader::new(&config.backend("lab").unwrap().settings, &mut diagnostics);
    assert_eq!(reader.text("url").as_deref(), Some("http://x"));
    reader.finish();
    insta::assert_snapshot!(diagnostics, @r#"
    error: unknown key `max_instance`
     --> lab.toml:4:1
      |
    4 | max_instance = 2
      | ^^^^^^^^^^^^ did you mean `max_instances`?
    "#);
}

#[test]
fn mistakes_in_backends_are_shown_together() {
    let shown = findings(
        "default = 'referense'\nretries = 1\n\n[backends.reference]\nknid = 'reference'\n\n[backends.lab]\n\
         kind = 'http'\nmax_instances = 0\ncase_timeout = 'soon'\nmodels = ['esm2', 'esmfod']\n",
    );
    insta::assert_snapshot!(shown, @r#"
    error: unknown backend `referense`
     --> backends.toml:1:11
      |
    1 | default = 'referense'
      |           ^^^^^^^^^^^ did you mean `reference`?

    error: unknown key `retries`
     --> backends.toml:2:1
      |
    2 | retries = 1
      | ^^^^^^^
      |
      = help: known: `default`, `models`, `unknown`, `known`, `backends`

    error: unknown key `knid`
     --> backends.toml:5:1
      |
    5 | knid = 'reference'
      | ^^^^ did you mean `kind`?

    error: `max_instances` is 0
     --> backends.toml:9:17
      |
    9 | max_instances = 0
      |                 ^ expected an integer of at least 1

    error: `case_timeout` is not a time span
      --> backends.toml:10:16
       |
    10 | case_timeout = 'soon'
       |                ^^^^^^ expected a number of seconds above 0 or text such as "90s", "20m" or "1h30m"

    error: unknown model `esmfod`
      --> backends.toml:11:19
       |
    11 | models = ['esm2', 'esmfod']
       |                   ^^^^^^^^ did you mean `esmfold`?
    "#);
}

#[test]
fn mistakes_in_models_are_shown_together() {
    let shown = findings(
        "default = 'r'\nbackends.r.kind = 'reference'\n\n[models.toy]\nname = 'Toy'\nmethod = 'folds'\n\
         core = 'Core'\nwrapper = 'a.B'\noutput = 'a.C'\nlist = 'batch'\n\n[models.toy.options]\n\
         model_name = { default = 'big', fixed = true, rule = 'positive', role = 'variant' }\n\n[models.toy.variants]\n\
         small = { sizes = { D = 8 } }\nbig = { sizes = { D = 16, layers = 2 } }\n\n[models.toy.fields]\n\
         embeddings = { kind = 'array', shape = ['B', 'Q', -1], dtype = 'float23', range = [1, 0] }\n\
         pdb = { kind = 'pdb', shape = [1] }\nptm = { kind = 'scaler' }\n",
    );
    insta::assert_snapshot!(shown, @r#"
    error: missing key `image`
     --> backends.toml:4:1
      |
    4 | [models.toy]
      | ^^^^^^^^^^^^ in this table

    error: unknown method `folds`
     --> backends.toml:6:10
      |
    6 | method = 'folds'
      |          ^^^^^^^ did you mean `fold`?

    error: `Core` is not a dotted path
     --> backends.toml:7:8
      |
    7 | core = 'Core'
      |        ^^^^^^ expected `module.Class`

    error: unknown rule `positive`
      --> backends.toml:13:54
       |
    13 | model_name = { default = 'big', fixed = true, rule = 'positive', role = 'variant' }
       |                                                      ^^^^^^^^^^ did you mean `positive_integer`?

    error: the first variant is `small`, the default of `model_name` is not
      --> backends.toml:15:1
       |
    15 | [models.toy.variants]
       | ^^^^^^^^^^^^^^^^^^^^^ expected the default first

    error: variant `big` has other sizes than `small`
      --> backends.toml:15:1
       |
    15 | [models.toy.variants]
       | ^^^^^^^^^^^^^^^^^^^^^ expected the same sizes in every variant

    error: unknown dimension `Q`
      --> backends.toml:20:46
       |
    20 | embeddings = { kind = 'array', shape = ['B', 'Q', -1], dtype = 'float23', range = [1, 0] }
       |                                              ^^^
       |
       = help: known: `B`, `C`, `D`, `L`, `N`

    error: `-1` is not a dimension
      --> backends.toml:20:51
       |
    20 | embeddings = { kind = 'array', shape = ['B', 'Q', -1], dtype = 'float23', range = [1, 0] }
       |                                                   ^^ expected a size such as 64, a symbol such as "L", or "layers+1"

    error: unknown dtype `float23`
      --> backends.toml:20:64
       |
    20 | embeddings = { kind = 'array', shape = ['B', 'Q', -1], dtype = 'float23', range = [1, 0] }
       |                                                                ^^^^^^^^^ did you mean `float32`?

    error: range from 1 down to 0
      --> backends.toml:20:83
       |
    20 | embeddings = { kind = 'array', shape = ['B', 'Q', -1], dtype = 'float23', range = [1, 0] }
       |                                                                                   ^^^^^^ expected the smaller limit first

    error: unknown key `shape`
      --> backends.toml:21:23
       |
    21 | pdb = { kind = 'pdb', shape = [1] }
       |                       ^^^^^
       |
       = help: known: `kind`, `presence`, `first_residue`, `b_factor`, `b_factor_of`, `tolerance`

    error: unknown kind `scaler`
      --> backends.toml:22:16
       |
    22 | ptm = { kind = 'scaler' }
       |                ^^^^^^^^ did you mean `scalar`?
    "#);
}

#[test]
fn a_file_cut_short_anywhere_is_read_or_refused_but_never_panics() {
    let whole = include_str!("../../../backends.toml");
    for end in (0..whole.len()).step_by(499) {
        let cut: String = whole.chars().take(end).collect();
        if let Err(diagnostics) = Config::parse(&Source::new("backends.toml", cut)) {
            assert!(!diagnostics.to_string().is_empty());
        }
    }
}
