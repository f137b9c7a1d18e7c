//! Proves how suites are read, which models their cases are for, and how mistakes in one are shown.

use std::time::Duration;

use super::super::*;
use crate::prediction::{Input, Method};

const SEQUENCES: &str = ">short\nMLKNV\n>medium\nMALWMRLL\n";

pub(super) fn read(text: &str) -> Result<Suite, Diagnostics> {
    let config = Config::built_in()?;
    let sequences = Sequences::parse(&Source::new("sequences.fasta", SEQUENCES))?;
    let source = Source::new("suites/toy.toml", text);
    let suites = Suites::parse(&[source], &config, &sequences)?;
    Ok(suites.suites.first().expect("the only one").clone())
}

fn suite(text: &str) -> Suite {
    read(text).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// Names of the cases for a model, repeated for its variants.
fn names(suite: &Suite, model: &str) -> Vec<String> {
    let config = Config::built_in().unwrap();
    let contract = config.model(model).unwrap();
    let runs = suite.cases_for(contract).flat_map(|case| case.repetitions(contract));
    runs.map(|run| run.name.into_owned()).collect()
}

#[test]
fn everything_a_case_can_say_is_read() {
    let suite = suite(
        r#"
about = "chains"
method = "fold"
timeout = "60s"
options = { seed = 1, include_fields = ["plddt"] }

[[case]]
name = "two_chains"
about = "chains keep their order"
needs = ["multimer", "plddt"]
lacks = ["structured_input"]
config = { device = "cpu" }
sequences = "medium:short"
options = { include_fields = ["*"] }
timeout = 5
retries = 2
xfail = [
    { reason = "known", models = ["esmfold"], backends = ["reference"], message = "phantom" },
    { reason = "known elsewhere" },
]
checks = [
    { check = "contract" },
    {   # an inline table may go over several lines
        check = "range",
        field = "plddt",
    },
]
"#,
    );
    assert_eq!((suite.about.as_str(), suite.scope.method), ("chains", Some(Method::Fold)));
    assert_eq!(suite.timeout, Some(Duration::from_secs(60)));
    let case = &suite.cases[0];
    assert_eq!((case.timeout, case.retries), (Some(Duration::from_secs(5)), Some(2)));
    let [call] = &case.calls[..] else { panic!("one call") };
    assert_eq!(call.input, Input::One("MALWMRLL:MLKNV".into()));
    let options = serde_json::Value::from(call.options.clone());
    assert_eq!(options, serde_json::json!({ "seed": 1, "include_fields": ["*"] }));
    assert_eq!(call.config["device"], "cpu");
    assert_eq!(case.expected_failure("esmfold", "reference").unwrap().reason, "known");
    assert_eq!(case.expected_failure("esmfold", "lab").unwrap().reason, "known elsewhere");
    assert_eq!(case.checks[1].kind.value, "range");
    let mut diagnostics = Diagnostics::new();
    let mut check = TableReader::new(&case.checks[1].section, &mut diagnostics);
    assert_eq!(check.text("field").as_deref(), Some("plddt"));
    check.finish();
    assert!(diagnostics.is_empty(), "`check` is known to the reader of the rest: {diagnostics}");
    assert_eq!(names(&suite, "esmfold"), ["two_chains"]);
    assert_eq!(names(&suite, "esmfold2"), Vec::<String>::new(), "it takes structured input");
    assert_eq!(names(&suite, "esm2"), Vec::<String>::new(), "it does not fold");
}

#[test]
fn a_call_takes_from_its_case_what_it_does_not_say() {
    let suite = suite(
        r#"
about = "calls"
[[case]]
name = "skip_matters"
needs = ["position_ids_skip"]
literal = "AC:DEFG"
options = { include_fields = ["hidden_states"], position_ids_skip = 0 }
checks = [{ check = "differ" }]

[[case.call]]
name = "near"

[[case.call]]
name = "far"
options = { position_ids_skip = 1024 }
config = { model_name = "esm2_t6_8M_UR50D" }

[[case.call]]
name = "odd"
literal = ["A", "C"]
unchecked_options = { nonsense = true, include_fields = ["nothing"] }
"#,
    );
    let [near, far, odd] = &suite.cases[0].calls[..] else { panic!("three calls") };
    assert_eq!(near.input, Input::One("AC:DEFG".into()));
    assert_eq!((&near.options["position_ids_skip"], &far.options["position_ids_skip"]), (&0.into(), &1024.into()));
    assert_eq!(far.options["include_fields"], near.options["include_fields"]);
    assert!(near.config.is_empty() && far.config.len() == 1);
    assert_eq!(odd.input, Input::Many(vec!["A".into(), "C".into()]));
    assert_eq!(odd.options["include_fields"], serde_json::json!(["nothing"]));
}

#[test]
fn a_case_is_repeated_for_the_variants_a_model_has() {
    let suite = suite(
        r#"
about = "sizes"
[[case]]
name = "all"
variants = "*"
sequences = ["short"]
checks = [{ check = "contract" }]

[[case]]
name = "some"
variants = ["biohub/ESMFold2-Fast", "esm3-open", "esmc_600m"]
structured = { kind = "structure_prediction_input", sequences = [] }
checks = [{ check = "contract" }]
"#,
    );
    assert_eq!(names(&suite, "esmc"), ["all@esmc_300m", "all@esmc_600m", "some@esmc_600m"]);
    assert_eq!(names(&suite, "esm3"), ["all@esm3_sm_open_v1", "some@esm3-open"]);
    assert_eq!(names(&suite, "esmfold2"), ["all@ESMFold2", "all@ESMFold2-Fast", "some@ESMFold2-Fast"]);
    assert_eq!(names(&suite, "chai1"), Vec::<String>::new());
    let config = Config::built_in().unwrap();
    let call = &suite.cases[1].calls[0];
    assert!(matches!(&call.input, Input::Structured(value) if value["kind"] == "structure_prediction_input"));
    let configured =
        call.config_for(config.model("esmc").unwrap(), Some("esmc_600m"), crate::prediction::Options::new());
    assert_eq!(configured["model_name"], "esmc_600m");
}

#[test]
fn two_cases_may_share_a_name_when_no_model_has_both() {
    let case = |scope: &str| {
        format!("[[case]]\nname = 'same'\n{scope}\nsequences = 'short'\nchecks = [{{ check = 'contract' }}]\n")
    };
    let apart = format!("about = 'a'\n{}{}", case("method = 'fold'"), case("method = 'embed'"));
    assert_eq!(suite(&apart).cases.len(), 2);
    let together = format!("about = 'a'\n{}{}", case("method = 'fold'"), case("needs = ['structured_input']"));
    insta::assert_snapshot!(read(&together).unwrap_err(), @r#"
    error: case `same` is there already for esmfold2
     --> suites/toy.toml:8:8
      |
    3 | name = 'same'
      |        ------ first here
    ...
    8 | name = 'same'
      |        ^^^^^^
    "#);
}

#[test]
fn a_directory_is_read_as_a_whole_with_the_mistakes_of_every_file() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    let load = || Suites::load(directory.path(), &Config::built_in().unwrap());
    let case = "[[case]]\nname = 'a'\nsequences = 'short'\nchecks = [{ check = 'contract' }]\n";

    let empty = load().unwrap_err().to_string();
    let empty = empty.replace(&directory.path().display().to_string(), "DIR");
    insta::assert_snapshot!(empty, @"
    error: there are no suites in DIR
     |
     = help: a suite is a file NAME.toml
    ");

    write("second.toml", &format!("about = 'two'\n{case}"));
    write("first.toml", &format!("about = 'one'\n{case}"));
    assert!(load().is_ok(), "without a file of its own the folder has the shipped sequences");

    write("sequences.fasta", SEQUENCES);
    let suites = load().unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    let names: Vec<&str> = suites.suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(names, ["first", "second"]);

    write("first.toml", &format!("about = 1\n{case}"));
    write("second.toml", "about = ");
    let wrong = load().unwrap_err();
    assert_eq!(wrong.len(), 2, "{wrong}");
}
