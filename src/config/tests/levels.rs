//! How `level` of a suite and of its cases is read.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::{Config, Level, Sequences, Source, Suites};

/// The suite, or what is wrong with it.
fn read(text: &str) -> Result<Suites, String> {
    let config = Config::built_in().unwrap();
    let sequences = Sequences::parse(&Source::new("sequences.fasta", ">short\nMLKNV\n")).unwrap();
    let source = Source::new("suites/toy.toml", format!("about = 'x'\n{text}"));
    Suites::parse(&[source], &config, &sequences).map_err(|wrong| wrong.to_string())
}

fn case(level: &str) -> String {
    format!("[[case]]\nname = 'a'\n{level}\nsequences = 'short'\nchecks = [{{ check = 'contract' }}]\n")
}

#[test]
fn a_case_counts_as_its_innermost_level_says() {
    use Level::{Core, Extended};
    for (suite, own, expected) in [
        ("", "", [Core, Core]),
        ("", "level = 'extended'", [Extended, Extended]),
        ("level = 'extended'", "", [Extended, Extended]),
        ("level = 'extended'", "level = 'core'", [Core, Core]),
        ("level.esm2 = 'extended'", "", [Extended, Core]),
        ("level = 'extended'", "level.esm2 = 'core'", [Core, Extended]),
        ("level.esm2 = 'extended'", "level = 'core'", [Core, Core]),
        ("level.esm2 = 'extended'", "level.esmfold = 'extended'", [Extended, Extended]),
    ] {
        let suites = read(&format!("{suite}\n{}", case(own))).unwrap();
        let case = &suites.suites[0].cases[0];
        let levels = ["esm2", "esmfold"].map(|model| case.level(model));
        assert_eq!(levels, expected, "{suite:?} {own:?}");
    }
}

#[test]
fn levels_and_models_that_there_are_not_are_mistakes() {
    let reported = ["level = 'cor'", "level.esm = 'core'", "level.esm2 = 1", "level.esm2 = 'all'"]
        .map(|level| read(&case(level)).unwrap_err());
    insta::assert_snapshot!(reported.join("\n\n"), @r#"
    error: unknown level `cor`
     --> suites/toy.toml:4:9
      |
    4 | level = 'cor'
      |         ^^^^^ did you mean `core`?

    error: unknown model `esm`
     --> suites/toy.toml:4:7
      |
    4 | level.esm = 'core'
      |       ^^^ did you mean `esm2`?

    error: `esm2` is an integer
     --> suites/toy.toml:4:14
      |
    4 | level.esm2 = 1
      |              ^ expected "core" or "extended"

    error: unknown level `all`
     --> suites/toy.toml:4:14
      |
    4 | level.esm2 = 'all'
      |              ^^^^^
      |
      = help: known: `core`, `extended`
    "#);
}

#[test]
fn every_feature_of_a_shipped_model_has_a_core_case() {
    let config = Config::built_in().unwrap();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
    let suites = Suites::load(&directory, &config).unwrap().suites;
    for contract in &config.models {
        let mut features: BTreeSet<&str> = contract.features.iter().map(String::as_str).collect();
        for suite in suites.iter().filter(|suite| suite.weights.is_none()) {
            let core = suite.cases_for(contract).filter(|case| case.level(&contract.key) == Level::Core);
            for need in core.flat_map(|case| suite.scope.needs.iter().chain(&case.scope.needs)) {
                features.remove(need.as_str());
            }
        }
        assert!(features.is_empty(), "{}: {features:?}", contract.key);
    }
}
