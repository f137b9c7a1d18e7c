//! What `hydrotest doctor` finds with a real interpreter: itself, the packages that are hosted, and those that are missing.

use hydrotest::backend::examination::{State, Symptom};
use hydrotest::config::Config;

use crate::hosted::{declared, platform, run};

async fn symptoms(platform: &hydrotest::backend::registry::Platform) -> Vec<Symptom> {
    let models = &Config::built_in().unwrap().models;
    platform.examine(models).await
}

/// The symptom about something.
#[track_caller]
fn about<'a>(symptoms: &'a [Symptom], subject: &str) -> &'a Symptom {
    let found = symptoms.iter().find(|symptom| symptom.subject == subject);
    found.unwrap_or_else(|| panic!("nothing about {subject} in {symptoms:?}"))
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn the_doctor_finds_the_interpreter_and_its_packages() {
    run(async {
        let found = symptoms(&platform("backend_class = 'misbehaving:Backend'")).await;
        for subject in ["interpreter", "package numpy", "package misbehaving"] {
            assert_eq!(about(&found, subject).state, State::Well, "{found:?}");
        }
        assert_eq!(found.len(), 3, "{found:?}");
        let found = symptoms(&platform("backend_class = 'no_such_package:Backend'")).await;
        let missing = about(&found, "package no_such_package");
        assert_eq!(missing.state, State::Broken);
        assert!(missing.advice.contains("`path`"), "{missing:?}");
        let found = symptoms(&platform("core = '${NO_SUCH_VARIABLE}:Core'")).await;
        assert_eq!(
            (found.len(), about(&found, "settings").state),
            (1, State::Unset),
            "{found:?}"
        );
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn the_doctor_says_what_modal_needs() {
    run(async {
        // An interpreter without site packages has no client of Modal's.
        let declared = |device: &str| {
            let python = crate::python();
            declared(&format!(
                "default = 'lab'\n[backends.lab]\nkind = 'python'\ninterpreter = ['{python}', '-S']\nselector = 'modal'\n\
                 device = '{device}'\n"
            ))
        };
        let found = symptoms(&declared("Z9000")).await;
        assert_eq!(about(&found, "package modal").state, State::Broken, "{found:?}");
        assert_eq!(about(&found, "GPU").state, State::Doubtful, "{found:?}");
        let found = symptoms(&declared("cuda:0")).await;
        assert_eq!(about(&found, "GPU").state, State::Broken, "{found:?}");
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn the_doctor_knows_what_an_interpreter_was_meant_to_be() {
    run(async {
        let text = "default = 'lab'\n[backends.lab]\nkind = 'python'\nselector = 'lab'\ninterpreter = 'no-such-uv run python'\n";
        let found = symptoms(&declared(text)).await;
        let interpreter = about(&found, "interpreter");
        assert_eq!(interpreter.state, State::Broken);
        assert!(
            interpreter
                .advice
                .contains(r#"write `interpreter = ["no-such-uv", "run", "python"]`"#),
            "{interpreter:?}"
        );
    });
}
