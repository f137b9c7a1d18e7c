//! Proves what a backend's table may say of single models, and how mistakes in it are shown.

use serde_json::json;

use super::super::*;

fn parse(lines: &str) -> Result<Config, Diagnostics> {
    let text = format!("default = 'lab'\n[backends.lab]\nkind = 'http'\nurl = 'http://x'\n{lines}\n");
    Config::parse(&Source::new("lab.toml", text))
}

fn said(lines: &str, model: &str) -> (serde_json::Value, Option<String>) {
    let config = parse(lines).unwrap_or_else(|errors| panic!("{errors}"));
    let (lab, contract) = (&config.backends[0].per_model, config.model(model).unwrap());
    let variant = lab.variant(contract).map(|variant| variant.name.clone());
    (lab.config(contract).into(), variant)
}

#[test]
fn options_are_those_of_one_model_or_of_all_that_have_them() {
    let lines =
        "config.device = 'cpu'\nconfig.boltz2 = { no_kernels = true, device = 'cuda:1', cache_dir = { none = true } }";
    assert_eq!(said(lines, "esmfold").0, json!({ "device": "cpu" }));
    let boltz = json!({ "device": "cuda:1", "no_kernels": true, "cache_dir": null });
    assert_eq!(said(lines, "boltz2").0, boltz, "what is said of one model outweighs what is said of all");
    assert_eq!(said("", "esmfold"), (json!({}), None));
}

#[test]
fn the_first_size_is_the_default_of_the_backend() {
    let small = "esm2_t6_8M_UR50D";
    let lines = format!("variants.esm2 = ['{small}', 'esm2_t33_650M_UR50D']");
    assert_eq!(said(&lines, "esm2"), (json!({ "model_name": small }), Some(small.to_owned())));
    let configured = format!("config = {{ model_name = '{small}' }}");
    assert_eq!(said(&configured, "esm2").1.as_deref(), Some(small));
    assert_eq!(said(&configured, "esmc"), (json!({}), None), "it is no size of ESM-C");
    // The contract's own default is nothing to tell apart, and an alias is the size it stands for.
    assert_eq!(said("variants.esm2 = ['esm2_t33_650M_UR50D']", "esm2").1, None);
    assert_eq!(said("variants.esm3 = ['esm3-open']", "esm3"), (json!({ "model_name": "esm3_sm_open_v1" }), None));
    let config = parse(&lines).unwrap();
    let contract = config.model("esm2").unwrap();
    let offers = |name| config.backends[0].per_model.offers(contract, contract.variant_named(name).unwrap());
    assert!(offers(small) && offers("esm2_t33_650M_UR50D") && !offers("esm2_t36_3B_UR50D"));
}

#[test]
fn mistakes_are_shown_where_they_are_written() {
    let shown = parse(
        "config = { devise = 'cpu', esm2 = { model_nam = 'x' }, esmfold = 1, esmc = { model_name = 'esmc_30m' } }\n\
         variants.esm2 = ['esm2_t6_8M']\nvariants.esmfold = ['big']\nvariants.esm9 = ['x']\nvariants.esmc = []",
    );
    insta::assert_snapshot!(shown.unwrap_err(), @"
    error: unknown option `devise`
     --> lab.toml:5:12
      |
    5 | config = { devise = 'cpu', esm2 = { model_nam = 'x' }, esmfold = 1, esmc = { model_name = 'esmc_30m' } }
      |            ^^^^^^ did you mean `device`?

    error: unknown option `model_nam`
     --> lab.toml:5:37
      |
    5 | config = { devise = 'cpu', esm2 = { model_nam = 'x' }, esmfold = 1, esmc = { model_name = 'esmc_30m' } }
      |                                     ^^^^^^^^^ did you mean `model_name`?

    error: `esmfold` is an integer
     --> lab.toml:5:66
      |
    5 | config = { devise = 'cpu', esm2 = { model_nam = 'x' }, esmfold = 1, esmc = { model_name = 'esmc_30m' } }
      |                                                                  ^ expected a table of options of this model

    error: unknown variant `esmc_30m`
     --> lab.toml:5:78
      |
    5 | config = { devise = 'cpu', esm2 = { model_nam = 'x' }, esmfold = 1, esmc = { model_name = 'esmc_30m' } }
      |                                                                              ^^^^^^^^^^ did you mean `esmc_300m`?

    error: unknown variant `esm2_t6_8M`
     --> lab.toml:6:18
      |
    6 | variants.esm2 = ['esm2_t6_8M']
      |                  ^^^^^^^^^^^^ did you mean `esm2_t6_8M_UR50D`?

    error: model `esmfold` has no variants
     --> lab.toml:7:10
      |
    7 | variants.esmfold = ['big']
      |          ^^^^^^^

    error: unknown model `esm9`
     --> lab.toml:8:10
      |
    8 | variants.esm9 = ['x']
      |          ^^^^ did you mean `esm2`?

    error: no variant is named
     --> lab.toml:9:17
      |
    9 | variants.esmc = []
      |                 ^^ expected at least one, the default first
    ");
}

#[test]
fn a_size_that_the_backend_does_not_have_cannot_be_configured() {
    let shown =
        parse("variants.esm2 = ['esm2_t6_8M_UR50D']\nconfig.esm2.model_name = 'esm2_t36_3B_UR50D'").unwrap_err();
    insta::assert_snapshot!(shown, @"
    error: `esm2_t36_3B_UR50D` is not among the `variants` of esm2 here
     --> lab.toml:6:13
      |
    6 | config.esm2.model_name = 'esm2_t36_3B_UR50D'
      |             ^^^^^^^^^^
    ");
    let shown = parse("config = { model_name = 'esm2_t7' }").unwrap_err().to_string();
    insta::assert_snapshot!(shown, @"
    error: unknown variant `esm2_t7`
     --> lab.toml:5:25
      |
    5 | config = { model_name = 'esm2_t7' }
      |                         ^^^^^^^^^
      |
      = help: known: `esm2_t33_650M_UR50D`, `esm2_t6_8M_UR50D`, `esm2_t12_35M_UR50D`, `esm2_t30_150M_UR50D`, `esm2_t36_3B_UR50D`, `esm2_t48_15B_UR50D`
    ");
}

fn own(lines: &str) -> Vec<(String, f64, f64)> {
    let config = parse(lines).unwrap_or_else(|errors| panic!("{errors}"));
    let contract = config.model("esmfold").unwrap();
    let own = config.backends[0].tolerances.differing(contract);
    own.into_iter().map(|one| (one.gate, one.shared, one.own)).collect()
}

#[test]
fn tolerances_of_a_backend_take_the_place_of_the_gates_of_one_model() {
    let shared = Config::built_in().unwrap().model("esmfold").unwrap().gates.structure.unwrap();
    let lines = format!("tolerances.esmfold.structure = {{ rmsd = {}, lddt = {} }}", shared.rmsd * 2.0, shared.lddt);
    assert_eq!(own(&lines), [("structure.rmsd".to_owned(), shared.rmsd, shared.rmsd * 2.0)]);
    let config = parse(&lines).unwrap();
    let judged_by = |model: &str| config.backends[0].tolerances.contract(config.model(model).unwrap());
    let expected = crate::prediction::gates::StructureGates { rmsd: shared.rmsd * 2.0, ..shared };
    assert_eq!(judged_by("esmfold").gates.structure, Some(expected));
    assert_eq!(judged_by("boltz2").gates, config.model("boltz2").unwrap().gates, "of that model only");
    assert_eq!(own(""), []);
}

#[test]
fn mistakes_in_tolerances_of_a_backend_are_shown_in_their_place() {
    let lines = "[backends.lab.tolerances]\nesmfoldd.structure.rmsd = 1\nesm2.structure.rmsd = 1\n\
                 esmfold = { structural = { rmsd = 1 }, ensemble = { p = 0 } }\n\
                 [backends.lab.tolerances.boltz2.structure]\nrsmd = 1\nca_rmsd = inf\nrmsd = nan\nlddt = 0\nomega = 400\n";
    insta::assert_snapshot!(parse(lines).err().unwrap(), @"
    error: unknown model `esmfoldd`
     --> lab.toml:6:1
      |
    6 | esmfoldd.structure.rmsd = 1
      | ^^^^^^^^ did you mean `esmfold`?

    error: model `esm2` has no gates `structure`
     --> lab.toml:7:6
      |
    7 | esm2.structure.rmsd = 1
      |      ^^^^^^^^^ expected gates that its contract has

    error: unknown key `structural`
     --> lab.toml:8:13
      |
    8 | esmfold = { structural = { rmsd = 1 }, ensemble = { p = 0 } }
      |             ^^^^^^^^^^ did you mean `structure`?

    error: model `esmfold` has no gates `ensemble`
     --> lab.toml:8:51
      |
    8 | esmfold = { structural = { rmsd = 1 }, ensemble = { p = 0 } }
      |                                                   ^^^^^^^^^ expected gates that its contract has

    error: unknown key `rsmd`
      --> lab.toml:10:1
       |
    10 | rsmd = 1
       | ^^^^ did you mean `rmsd`?

    error: `ca_rmsd` is inf
      --> lab.toml:11:11
       |
    11 | ca_rmsd = inf
       |           ^^^ expected a finite number

    error: `rmsd` is NaN
      --> lab.toml:12:8
       |
    12 | rmsd = nan
       |        ^^^ expected a number from 0 to inf

    error: no response can break `lddt` with 0
      --> lab.toml:13:8
       |
    13 | lddt = 0
       |        ^ expected a gate that a response can break

    error: `omega` is 400
      --> lab.toml:14:9
       |
    14 | omega = 400
       |         ^^^ expected a number from 0 to 180
    ");
}
