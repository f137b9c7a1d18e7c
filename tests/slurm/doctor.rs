//! What `hydrotest doctor` finds on a real cluster: what is there, what is not, and what only the nodes can tell.

use hydrotest::backend::examination::{State, Symptom};
use hydrotest::config::Config;

use crate::cluster::in_peace;
use crate::harness::{declared, run};

const COMMAND: &str = "command = ['true', '{port}']\n";

async fn symptoms(settings: &str) -> Vec<Symptom> {
    let models = &Config::built_in().unwrap().models;
    declared(settings).examine(models).await
}

/// The symptom about something.
#[track_caller]
fn about<'a>(symptoms: &'a [Symptom], subject: &str) -> &'a Symptom {
    let found = symptoms.iter().find(|symptom| symptom.subject == subject);
    found.unwrap_or_else(|| panic!("nothing about {subject} in {symptoms:?}"))
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_doctor_finds_a_cluster_that_would_take_the_job() {
    let _peace = in_peace();
    run(async {
        let shared = tempfile::tempdir().unwrap();
        let found = symptoms(&format!("{COMMAND}shared_dir = '{}'", shared.path().display())).await;
        for subject in [
            "sbatch",
            "squeue",
            "scancel",
            "scontrol",
            "slurmctld",
            "job",
            "shared_dir",
        ] {
            assert_eq!(about(&found, subject).state, State::Well, "{found:?}");
        }
        assert_eq!(found.len(), 7, "each thing once, and no GPU is wanted: {found:?}");
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_doctor_finds_what_keeps_a_job_from_running() {
    let _peace = in_peace();
    run(async {
        let found = symptoms("command = ['${NO_SUCH_VARIABLE}/x', '{port}']").await;
        let settings = about(&found, "settings");
        assert_eq!(settings.state, State::Unset);
        assert!(settings.found.contains("`NO_SUCH_VARIABLE` is not set"), "{settings:?}");
        assert_eq!(
            about(&found, "job").state,
            State::Well,
            "the rest is looked at all the same"
        );

        let found = symptoms(&format!("{COMMAND}partition = 'nope'")).await;
        assert_eq!(about(&found, "job").state, State::Broken, "{found:?}");

        let container = |image: &str| format!("apptainer = {{ tool = 'no-such-apptainer', image = '{image}' }}\n");
        let found = symptoms(&format!("{COMMAND}{}", container("/no/such.sif"))).await;
        for subject in ["apptainer", "image"] {
            let symptom = about(&found, subject);
            assert_eq!(symptom.state, State::Doubtful, "the nodes may have it");
            assert!(symptom.advice.contains("only the nodes need it"), "{symptom:?}");
        }
        let shared = tempfile::tempdir().unwrap();
        let shared = shared.path().display();
        let image = container(&format!("{shared}/none.sif"));
        let found = symptoms(&format!("{COMMAND}shared_dir = '{shared}'\n{image}")).await;
        assert_eq!(about(&found, "image").state, State::Broken, "{found:?}");

        let found = symptoms(&format!("{COMMAND}device = 'cuda:0'")).await;
        assert_eq!(about(&found, "GPU").state, State::Doubtful, "{found:?}");
        let found = symptoms(&format!("{COMMAND}device = 'cuda:0'\ngres = 'gpu:a100:4'")).await;
        assert_eq!(about(&found, "GPU").state, State::Well, "{found:?}");
        assert_eq!(about(&found, "job").state, State::Broken, "no node has them");
    });
}
