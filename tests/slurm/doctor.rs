//! `hydrotest doctor` on a real cluster: what is available, what is missing, and what only the nodes can show.

use hydrotest::backend::requirement::{Requirement, RequirementStatus};
use hydrotest::config::Config;

use crate::cluster::in_peace;
use crate::harness::{declared, run};

const COMMAND: &str = "command = ['true', '{port}']\n";

async fn requirements(settings: &str) -> Vec<Requirement> {
    let models = &Config::built_in().unwrap().models;
    declared(settings).examine(models).await
}

/// The requirement on a subject.
#[track_caller]
fn about<'a>(requirements: &'a [Requirement], subject: &str) -> &'a Requirement {
    let found = requirements.iter().find(|requirement| requirement.subject == subject);
    found.unwrap_or_else(|| panic!("nothing about {subject} in {requirements:?}"))
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_doctor_finds_a_cluster_that_accepts_the_job() {
    let _peace = in_peace();
    run(async {
        let shared = tempfile::tempdir().unwrap();
        let found = requirements(&format!("{COMMAND}shared_dir = '{}'", shared.path().display())).await;
        for subject in ["sbatch", "squeue", "scancel", "scontrol", "slurmctld", "job", "shared_dir"] {
            assert_eq!(about(&found, subject).status, RequirementStatus::Met, "{found:?}");
        }
        assert_eq!(found.len(), 7, "each requirement once, and no GPU is needed: {found:?}");
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_doctor_finds_what_keeps_a_job_from_running() {
    let _peace = in_peace();
    run(async {
        let found = requirements("command = ['${NO_SUCH_VARIABLE}/x', '{port}']").await;
        let settings = about(&found, "settings");
        assert_eq!(settings.status, RequirementStatus::Unset);
        assert!(settings.found.contains("`NO_SUCH_VARIABLE` is not set"), "{settings:?}");
        assert_eq!(about(&found, "job").status, RequirementStatus::Met, "the rest is checked nevertheless");

        let found = requirements(&format!("{COMMAND}partition = 'nope'")).await;
        assert_eq!(about(&found, "job").status, RequirementStatus::Unmet, "{found:?}");

        let container = |image: &str| format!("apptainer = {{ tool = 'no-such-apptainer', image = '{image}' }}\n");
        let found = requirements(&format!("{COMMAND}{}", container("/no/such.sif"))).await;
        for subject in ["apptainer", "image"] {
            let requirement = about(&found, subject);
            assert_eq!(requirement.status, RequirementStatus::Doubtful, "the nodes may have it");
            assert!(requirement.advice.contains("only the nodes need it"), "{requirement:?}");
        }
        let shared = tempfile::tempdir().unwrap();
        let shared = shared.path().display();
        let image = container(&format!("{shared}/none.sif"));
        let found = requirements(&format!("{COMMAND}shared_dir = '{shared}'\n{image}")).await;
        assert_eq!(about(&found, "image").status, RequirementStatus::Unmet, "{found:?}");

        let found = requirements(&format!("{COMMAND}device = 'cuda:0'")).await;
        assert_eq!(about(&found, "GPU").status, RequirementStatus::Doubtful, "{found:?}");
        let found = requirements(&format!("{COMMAND}device = 'cuda:0'\ngres = 'gpu:a100:4'")).await;
        assert_eq!(about(&found, "GPU").status, RequirementStatus::Met, "{found:?}");
        assert_eq!(about(&found, "job").status, RequirementStatus::Unmet, "no node has them");
    });
}
