//! The models in a container answer as they do in this process, over the whole way: registry, pull, cache, container, port.

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::config::Config;
use hydrotest::prediction::{Input, Options, Prediction, Request, Value};
use serde_json::json;

use crate::harness::{Bench, run};
use crate::world::World;

pub const TRIALS: &[(&str, fn())] = &[
    ("predictions_are_byte_equal_to_the_reference", same),
    ("suites_pass_for_three_models_with_the_command_of_boileroom", green),
];

fn same() {
    run(async {
        let bench = Bench::empty();
        let config = Config::built_in().unwrap();
        let reference = Platform::select(&config, "reference", Overrides::default());
        let (reference, cluster) = (reference.ok().unwrap(), bench.platform(""));
        for key in ["esm2", "esmfold", "boltz2"] {
            let contract = config.model(key).unwrap();
            let requests = ["MALWMRLL", "MALW1", "MALW:RLLP"].map(|sequence| Request {
                method: contract.method,
                input: Input::One(sequence.into()),
                options: json!({ "include_fields": ["*"] }).as_object().unwrap().clone(),
            });
            let mut answers = Vec::new();
            for platform in [&cluster, &reference] {
                let instance = platform.open(contract, &Options::new()).unwrap();
                let started = instance.start().await;
                started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
                let mut given = Vec::new();
                for request in &requests {
                    let answer = instance.predict(request).await;
                    given.push(answer.map(timeless).map_err(|error| error.message));
                }
                assert_eq!(instance.stop().await, None);
                assert_eq!(instance.take_leaks(), Vec::<String>::new());
                answers.push(given);
            }
            assert_eq!(answers[0], answers[1], "{key}");
            assert!(answers[0][1].is_err(), "{key} takes a digit for a residue");
        }
        bench.nothing_left();
        // Two of the models share an image.
        assert_eq!(
            bench.sifs(),
            ["hydrotest-boileroom-boltz_0.4.1.sif", crate::harness::SIF]
        );
    });
}

/// A prediction without the times it took.
fn timeless(mut prediction: Prediction) -> Prediction {
    for (name, value) in &mut prediction.fields {
        if let (Value::Record(metadata), "metadata") = (value, name.as_str()) {
            metadata.fields.retain(|(name, _)| !name.ends_with("_time"));
        }
    }
    prediction
}

/// No `command`: the image's Python runs the server of a package, of which only the directory is there, and which is bound.
fn green() {
    let bench = Bench::empty();
    let source = tempfile::tempdir().unwrap();
    std::fs::create_dir(source.path().join("boileroom")).unwrap();
    let settings = format!("source = '{}'\ntag = 'cuda12.6'\n", source.path().display());
    let world = World::new(&bench.table(&settings));
    let ran = world.run(&["--model", "esm2,esmfold,chai1", "--suite", "embed,fold,bad_input"]);
    ran.expect(0, &["0 failed", "exit code 0"]);
    bench.nothing_left();
    assert!(
        bench
            .images()
            .contains(&"hydrotest-boileroom-esm_cuda12.6-0.4.1.sif".to_owned())
    );
}
