//! Proves what a backend's own configuration and sizes make of the cases: what instances get, what is left out, and under
//! which names results are recorded.

use serde_json::json;

use super::*;
use crate::config::{BackendTable, Config, Sequences, Source, Suites};

const SUITE: &str = r#"
about = "toy"
models = ["esm2"]

[[case]]
name = "plain"
sequences = "short"
checks = [{ check = "snapshot" }]

[[case]]
name = "small"
config = { model_name = "esm2_t6_8M_UR50D" }
sequences = "short"
checks = [{ check = "snapshot" }]

[[case]]
name = "sizes"
variants = "*"
sequences = "short"
checks = [{ check = "contract" }]

[[case]]
name = "fields"
config = { include_fields = ["lm_logits"], device = "cpu" }
sequences = "short"
checks = [{ check = "contract" }]
"#;

fn plan(table: &str) -> Plan {
    plan_through(table, None)
}

fn plan_through(table: &str, through: Option<&str>) -> Plan {
    let text = format!("default = 'lab'\n[backends.lab]\n{table}\n");
    let config = Config::parse(&Source::new("lab.toml", text)).unwrap_or_else(|errors| panic!("{errors}"));
    let sequences = Sequences::parse(&Source::new("sequences.fasta", ">short\nMLKNV\n")).unwrap();
    let suites = Suites::parse(&[Source::new("suites/toy.toml", SUITE)], &config, &sequences);
    let suites = suites.unwrap_or_else(|errors| panic!("{errors}")).suites;
    let (selection, overriding) = (Selection::default(), Overriding::default());
    let backend = BackendTable { through: through.map(str::to_owned), ..config.backends[0].clone() };
    expand(&config, &suites, &backend, &selection, overriding).unwrap_or_else(|errors| panic!("{errors}"))
}

fn trial<'a>(plan: &'a Plan, case: &str) -> &'a PlannedTrial {
    plan.trials.iter().find(|trial| trial.case == case).unwrap()
}

fn key(plan: &Plan, case: &str) -> String {
    trial(plan, case).snapshot_keys("w").next().unwrap().to_string()
}

#[test]
fn a_declared_size_is_the_default_and_its_results_are_recorded_by_themselves() {
    let small = plan("kind = 'reference'\nvariants.esm2 = ['esm2_t6_8M_UR50D']");
    assert_eq!(
        trial(&small, "plain").calls[0].config,
        *json!({ "model_name": "esm2_t6_8M_UR50D" }).as_object().unwrap()
    );
    assert_eq!(key(&small, "plain"), "w/esm2/toy/plain@esm2_t6_8M_UR50D");
    assert_eq!(key(&small, "small"), "w/esm2/toy/small", "the case itself names this size");
    let names: Vec<&str> =
        small.trials.iter().map(|trial| trial.case.as_str()).filter(|name| name.contains("sizes")).collect();
    assert_eq!(names, ["sizes@esm2_t6_8M_UR50D"]);
    assert!(small.trials.iter().all(|trial| trial.skip.is_none()));

    let large = plan("kind = 'reference'\nvariants.esm2 = ['esm2_t33_650M_UR50D']");
    assert_eq!(key(&large, "plain"), "w/esm2/toy/plain", "the contract's own default");
    let reason = trial(&large, "small").skip.as_ref().unwrap().reason.as_str();
    insta::assert_snapshot!(reason, @"backend `lab` does not have esm2_t6_8M_UR50D: see its `variants.esm2`");
    assert_eq!(plan("kind = 'reference'").trials.iter().filter(|trial| trial.case.contains("sizes")).count(), 6);
}

#[test]
fn a_server_that_runs_already_is_told_with_the_call_what_it_could_be_configured_with() {
    let table = "url = 'http://x'\nconfig.esm2 = { device = 'cuda:3', model_name = 'esm2_t6_8M_UR50D' }";
    let running = plan(&format!("kind = 'http'\n{table}"));
    let call = &trial(&running, "fields").calls[0];
    let config = json!({ "device": "cpu", "model_name": "esm2_t6_8M_UR50D" });
    assert_eq!(serde_json::Value::from(call.config.clone()), config);
    assert_eq!(call.request.options["include_fields"], json!(["lm_logits"]));

    let started = plan("kind = 'process'\ncommand = ['x']\nconfig.esm2 = { device = 'cuda:3' }");
    let call = &trial(&started, "fields").calls[0];
    assert_eq!(call.config["include_fields"], json!(["lm_logits"]));
    assert_eq!(call.config["device"], "cpu", "a case outweighs the backend");
    assert!(call.request.options.is_empty());
}

#[test]
fn defects_known_upstream_go_with_the_backend_they_show_through() {
    let entry = |case: &str, rest: &str| {
        format!("[[known]]\ncase = '{case}'\n{rest}\nmessage = 'm'\nreason = 'r'\nlink = 'l'\nexpires = 2027-06-30\n")
    };
    let entries =
        [entry("toy::*", ""), entry("toy::plain", "through = 'modal'"), entry("*", "boileroom = ['9.9']")].concat();
    let plan = |through: Option<&str>| {
        let table = "kind = 'process'\ncommand = ['x']\nmodels = ['esm2']\nboileroom = '0.4.1'";
        plan_through(&format!("{table}\n{entries}"), through)
    };
    let known = |plan: &Plan, case: &str| trial(plan, case).known.len();
    let modal = plan(Some("modal"));
    assert_eq!((known(&modal, "plain"), known(&modal, "fields")), (2, 1));
    for other in [None, Some("apptainer")] {
        assert_eq!(known(&plan(other), "plain"), 1);
    }
    let covered: Vec<&str> = modal.covered.iter().map(|defect| defect.case.as_str()).collect();
    assert_eq!(covered, ["toy::*"], "of several cases, in this release");
}

/// The plan of the shipped suites for a file of models.
fn shipped(models: &str) -> Result<Plan, String> {
    let text = format!("default = 'lab'\n[backends.lab]\nkind = 'reference'\n{models}\n");
    let config = Config::parse(&Source::new("lab.toml", text)).map_err(|errors| errors.to_string())?;
    let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
    let suites = Suites::load(&home, &config).map_err(|errors| errors.to_string())?;
    let (selection, overriding) = (Selection::default(), Overriding::default());
    let plan = expand(&config, &suites.suites, &config.backends[0], &selection, overriding);
    plan.map_err(|errors| errors.to_string())
}

/// What every model must say of itself, and one field.
fn least(key: &str, method: &str, list: &str, rest: &str) -> String {
    format!(
        "[models.{key}]\nname = 'New'\nmethod = '{method}'\nlist = '{list}'\ncore = 'new.Core'\nwrapper = 'new.New'\n\
         output = 'new.Output'\nimage = 'new'\n{rest}\n"
    )
}

#[test]
fn every_shipped_suite_can_be_read_beside_a_model_that_has_nothing() {
    for list in ["batch", "single", "chains"] {
        for method in ["fold", "embed", "generate"] {
            let models =
                least("new", method, list, "[models.new.fields]\nscore = { kind = 'scalar', dtype = 'float32' }");
            let plan = shipped(&models).unwrap_or_else(|errors| panic!("{method} {list}: {errors}"));
            assert!(plan.trials.iter().any(|trial| trial.suite.as_ref() == "metamorphic"));
        }
    }
    let folder = "[models.new.fields]\natom_array = { kind = 'structures', presence = 'always', first_residue = 1 }";
    let plan = shipped(&least("new", "fold", "batch", folder)).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(plan.trials.iter().any(|trial| trial.name == "new::fold::minimal"));
    // Features are promises: a model that has all of them, and nothing else, is only asked for what it says.
    let features = "features = ['multimer', 'linker', 'masks', 'rejects_empty_chains', 'stochastic', 'structured_input', \
                    'tracks', 'pads_every_batch', 'bar_separator', 'first_structure_only']\n";
    for method in ["fold", "embed", "generate"] {
        let fields = "[models.new.fields]\nscore = { kind = 'scalar', dtype = 'float32' }";
        if let Err(errors) = shipped(&least("new", method, "batch", &format!("{features}{fields}"))) {
            panic!("{method} with every feature: {errors}");
        }
    }
}

#[test]
fn every_shipped_suite_can_be_read_beside_the_models_that_are_to_come() {
    let cofold = least(
        "cofold",
        "fold",
        "single",
        "features = ['multimer', 'stochastic']\n[models.cofold.options]\nmodel_name = { default = 'base_v1' }\n\
         seeds = { default = '101', role = 'seed' }\nsample = { default = 5, role = 'samples' }\ninclude_fields = {}\n\
         [models.cofold.fields]\natom_array = { kind = 'structures', presence = 'always', first_residue = 1 }\n\
         confidence = { kind = 'mappings' }\nplddt = { kind = 'arrays', presence = 'never' }\n\
         ptm = { kind = 'arrays', shape = [1], dtype = 'float32' }\niptm = { kind = 'arrays', shape = [1], dtype = 'float32' }\n\
         pdb = { kind = 'pdb', first_residue = 1 }\ncif = { kind = 'cif', first_residue = 1 }\n",
    );
    let ranked = least(
        "ranked",
        "fold",
        "single",
        "features = ['multimer']\n[models.ranked.fields]\n\
         atom_array = { kind = 'structures', presence = 'always', first_residue = 1 }\nranking = { kind = 'mapping' }\n\
         plddt = { kind = 'arrays', shape = ['N'], dtype = 'float32' }\n\
         pae = { kind = 'arrays', shape = ['N', 'N'], dtype = 'float32', range = [0, inf] }\n",
    );
    let inverse = least(
        "inverse",
        "embed",
        "batch",
        "features = ['multimer']\n[models.inverse.options]\ninclude_fields = {}\n[models.inverse.fields]\n\
         embeddings = { kind = 'array', presence = 'always', shape = ['B', 'L', 512], dtype = 'float32', padding = 0 }\n",
    );
    for models in [&format!("{cofold}{ranked}"), &inverse, &format!("{cofold}{inverse}")] {
        let plan = shipped(models).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(!plan.trials.is_empty());
        // Its `model_name` may be said with every call, so that none must be refused for it.
        let refused = |trial: &PlannedTrial| trial.name == "cofold::bad_input::model_name";
        assert!(!plan.trials.iter().any(refused));
    }
}

#[test]
fn what_must_be_refused_comes_last_of_its_instance() {
    let shipped = shipped("").unwrap_or_else(|errors| panic!("{errors}"));
    let mut last: std::collections::HashMap<usize, bool> = std::collections::HashMap::new();
    let mut refused = 0;
    for trial in &shipped.trials {
        let instance = trial.calls[0].instance;
        let before = last.insert(instance, trial.expects_error());
        refused += usize::from(trial.expects_error());
        assert!(before != Some(true) || trial.expects_error(), "{} comes after a refusal", trial.name);
    }
    assert!(refused > 30, "{refused}");
    let place = |name: &str| shipped.trials.iter().position(|trial| trial.name == name).unwrap();
    // The first suite by name, which shares its instance with others.
    assert!(place("esmfold::bad_input::invalid_residues") > place("esmfold::fold::minimal"));
}

#[test]
fn cases_are_judged_by_the_contract_with_the_tolerances_of_the_backend() {
    let gates = |table: &str| trial(&plan(table), "plain").contract.gates;
    let shared = Config::built_in().unwrap().model("esm2").unwrap().gates;
    assert_eq!(gates("kind = 'reference'"), shared);
    let own = shared.slack() + 1.5;
    let judged_by = gates(&format!("kind = 'reference'\ntolerances.esm2.floor.slack = {own}"));
    let expected = Some(crate::prediction::gates::FloorGates { slack: own });
    assert_eq!(judged_by.floor, expected);
    assert_eq!(gates("kind = 'reference'\ntolerances.esmc.floor.slack = 9"), shared);
}
