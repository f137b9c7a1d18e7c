//! `hydrotest doctor` with a real interpreter: finds the interpreter itself, the hosted packages, and missing packages.

use hydrotest::backend::requirement::{Requirement, RequirementStatus};
use hydrotest::config::Config;

use crate::hosted::{declared, platform, run};

async fn requirements(platform: &hydrotest::backend::registry::Platform) -> Vec<Requirement> {
    let models = &Config::built_in().unwrap().models;
    platform.examine(models).await
}

/// The requirement on a subject.
#[track_caller]
fn about<'a>(requirements: &'a [Requirement], subject: &str) -> &'a Requirement {
    let found = requirements.iter().find(|requirement| requirement.subject == subject);
    found.unwrap_or_else(|| panic!("nothing about {subject} in {requirements:?}"))
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn the_doctor_finds_the_interpreter_and_its_packages() {
    run(async {
        let found = requirements(&platform("backend_class = 'misbehaving:Backend'")).await;
        for subject in ["interpreter", "package numpy", "package misbehaving"] {
            assert_eq!(about(&found, subject).status, RequirementStatus::Met, "{found:?}");
        }
        assert_eq!(found.len(), 3, "{found:?}");
        let found = requirements(&platform("backend_class = 'no_such_package:Backend'")).await;
        let missing = about(&found, "package no_such_package");
        assert_eq!(missing.status, RequirementStatus::Unmet);
        assert!(missing.advice.contains("`path`"), "{missing:?}");
        let found = requirements(&platform("core = '${NO_SUCH_VARIABLE}:Core'")).await;
        assert_eq!((found.len(), about(&found, "settings").status), (1, RequirementStatus::Unset), "{found:?}");
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn the_doctor_reports_what_modal_needs() {
    run(async {
        // An interpreter without site packages does not have Modal's client.
        let declared = |device: &str| {
            let python = crate::python();
            declared(&format!(
                "default = 'lab'\n[backends.lab]\nkind = 'python'\ninterpreter = ['{python}', '-S']\nselector = 'modal'\n\
                 device = '{device}'\n"
            ))
        };
        let found = requirements(&declared("Z9000")).await;
        assert_eq!(about(&found, "package modal").status, RequirementStatus::Unmet, "{found:?}");
        assert_eq!(about(&found, "GPU").status, RequirementStatus::Doubtful, "{found:?}");
        let found = requirements(&declared("cuda:0")).await;
        assert_eq!(about(&found, "GPU").status, RequirementStatus::Unmet, "{found:?}");
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn the_doctor_suggests_the_intended_interpreter() {
    run(async {
        let text = "default = 'lab'\n[backends.lab]\nkind = 'python'\nselector = 'lab'\ninterpreter = 'no-such-uv run python'\n";
        let found = requirements(&declared(text)).await;
        let interpreter = about(&found, "interpreter");
        assert_eq!(interpreter.status, RequirementStatus::Unmet);
        assert!(
            interpreter.advice.contains(r#"write `interpreter = ["no-such-uv", "run", "python"]`"#),
            "{interpreter:?}"
        );
    });
}
