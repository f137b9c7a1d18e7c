//! Models in a container predict the same as in this process, over the whole path: registry, pull, cache, container, port.

use crate::alike::predicts_as_reference;
use crate::harness::{Bench, run};
use crate::project::Project;
use crate::whole::{HELD_BY_THE_HARNESS, every_suite_passes};

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn predictions_are_byte_equal_to_the_reference() {
    run(async {
        let bench = Bench::empty();
        predicts_as_reference(&bench.platform("")).await;
        bench.nothing_left();
        // Models share images.
        let images = ["boltz", "chai1", "esm", "esmfold2"];
        let files = images.map(|image| format!("hydrotest-boileroom-{image}_0.4.1.sif"));
        assert_eq!(bench.sifs(), files);
    });
}

/// Without `command`, the image's Python runs the server of a package. Only the package's directory exists, and it is bound
/// into the container.
#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn every_suite_passes_on_every_model_with_the_command_of_boileroom() {
    let bench = Bench::empty();
    let source = tempfile::tempdir().unwrap();
    std::fs::create_dir(source.path().join("boileroom")).unwrap();
    let settings = format!("source = '{}'\ntag = 'cuda12.6'\nmax_instances = 2\n", source.path().display());
    every_suite_passes(&Project::new(&bench.table(&settings)), &[], HELD_BY_THE_HARNESS);
    bench.nothing_left();
    assert!(bench.images().contains(&"hydrotest-boileroom-esm_cuda12.6-0.4.1.sif".to_owned()));
}
