//! The models in a container answer as they do in this process, over the whole way: registry, pull, cache, container, port.

use crate::alike::predicts_as_reference;
use crate::harness::{Bench, run};
use crate::world::World;

pub const TRIALS: &[(&str, fn())] = &[
    ("predictions_are_byte_equal_to_the_reference", same),
    ("suites_pass_for_three_models_with_the_command_of_boileroom", green),
];

fn same() {
    run(async {
        let bench = Bench::empty();
        predicts_as_reference(&bench.platform(""), &["esm2", "esmfold", "boltz2"]).await;
        bench.nothing_left();
        // Two of the models share an image.
        assert_eq!(
            bench.sifs(),
            ["hydrotest-boileroom-boltz_0.4.1.sif", crate::harness::SIF]
        );
    });
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
