//! The models in a container answer as they do in this process, over the whole way: registry, pull, container, published port.

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform as Declared;
use hydrotest::config::Config;
use hydrotest::prediction::{Input, Options, Prediction, Request, Value};
use serde_json::json;

use crate::harness::{Case, Platform, SERVE, World, declared, run, table};

pub const TRIALS: &[Case] = &[
    Case::on_both("predictions_are_byte_equal_to_the_reference", same),
    Case::on_both("suites_pass_for_three_models", green),
    Case::new("suites_pass_through_the_command_that_boileroom_uses", as_boileroom),
    Case::new("two_runs_at_once_do_not_meet", two_at_once),
];

fn same(on: Platform) {
    run(async {
        let config = Config::built_in().unwrap();
        let reference = Declared::select(&config, "reference", Overrides::default())
            .ok()
            .unwrap();
        let engine = declared(on, SERVE);
        for key in ["esm2", "esmfold", "boltz2"] {
            let contract = config.model(key).unwrap();
            let requests = ["MALWMRLL", "MALW1", "MALW:RLLP"].map(|sequence| Request {
                method: contract.method,
                input: Input::One(sequence.into()),
                options: json!({ "include_fields": ["*"] }).as_object().unwrap().clone(),
            });
            let mut answers = Vec::new();
            for platform in [&engine, &reference] {
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

fn green(on: Platform) {
    let world = World::new(&table(on, SERVE));
    let ran = world.run(&["--model", "esm2,esmfold,chai1", "--suite", "embed,fold,bad_input"]);
    ran.expect(0, &["0 failed", "exit code 0"]);
}

/// No `command`: the image's Python runs the server from the source, which here is any directory.
fn as_boileroom(on: Platform) {
    let source = tempfile::tempdir().unwrap();
    let source = source.path().display();
    let world = World::new(&table(
        on,
        &format!("source = '{source}'\ntag = 'cuda12.6'\nuser = '65534:65534'\n"),
    ));
    world
        .run(&["--model", "esm2", "--suite", "embed"])
        .expect(0, &["0 failed"]);
}

fn two_at_once(on: Platform) {
    let worlds = [(); 2].map(|()| World::new(&table(on, SERVE)));
    let runs = worlds.each_ref().map(|world| {
        let mut command = world.command(&["--model", "esm2", "--suite", "embed"]);
        command.stdout(std::process::Stdio::piped()).spawn().unwrap()
    });
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
