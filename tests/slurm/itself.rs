//! This program, serving its embedded models in jobs, predicts exactly the same as the backend `reference`.

use hydrotest::config::Config;
use hydrotest::prediction::Options;

use crate::alike::predicts_as_reference;
use crate::cluster;
use crate::harness::{declared, run, table};
use crate::project::Project;
use crate::whole::{HELD_BY_THE_HARNESS, every_suite_passes};

const COMMAND: &str = "command = ['{hydrotest}', 'serve', '--host', '{host}', '--port', '{port}']";

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_job_predicts_what_reference_predicts() {
    let _peace = cluster::in_peace();
    run(async { predicts_as_reference(&declared(COMMAND)).await });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn every_suite_passes_on_every_model_in_jobs() {
    let _peace = cluster::in_peace();
    let project = Project::new(&table(&format!("{COMMAND}\nmax_instances = 2")));
    every_suite_passes(&project, &[], HELD_BY_THE_HARNESS);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_printed_script_is_the_submitted_one_without_the_secret() {
    let config = Config::built_in().unwrap();
    let contract = config.model("esm2").unwrap();
    let platform = declared(&format!("{COMMAND}\nenv = {{ TOKEN = 'sesame' }}\ntime = '5'\ncpus = 2\ngres = 'gpu:1'"));
    let shown = platform.dry_run(contract, &Options::new()).unwrap().unwrap();
    for part in [
        "# sbatch --parsable --no-requeue --gres=gpu:1 --time=5 --cpus-per-task=2 ",
        "#!/bin/bash\n",
        "export MODEL_CLASS=boileroom.models.esm.core.ESM2Core\n",
        "serve --host 0.0.0.0 --port \"$1\"\n",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    assert!(!shown.contains("sesame") && !shown.contains("TRANSPORT_HMAC"), "{shown}");
}
