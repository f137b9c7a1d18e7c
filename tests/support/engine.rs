//! Real engines that tests need, and what happens where one is missing: its tests say so and count as ignored, unless
//! `HYDROTEST_REQUIRE_ENGINES` is set, as in continuous integration; then they fail.
//!
//! | variable | names |
//! |---|---|
//! | `HYDROTEST_DOCKER` | the socket of a Docker engine, `unix:///…` |
//! | `HYDROTEST_PODMAN` | the socket of a Podman service, `unix:///…` |
//! | `HYDROTEST_REGISTRY` | a registry of images without TLS on loopback, `127.0.0.1:PORT` |
//! | `HYDROTEST_APPTAINER` | the program `apptainer` |
//! | `HYDROTEST_SLURM` | the `slurm.conf` of a running cluster |
//! | `HYDROTEST_BOILEROOM` | a Python with boileroom 0.4.1 |
//! | `HYDROTEST_MODAL` | a Python with Modal's client |
//! | `HYDROTEST_BOILEROOM` | a Python with boileroom, torch and transformers |
//! | `HYDROTEST_BOILEROOM_MODELS` | checkpoints for boileroom's cores |
//! | `HYDROTEST_BOILEROOM_IMAGE`, `HYDROTEST_BOILEROOM_BINDS` | a SIF image around that Python, and what is bound into it |

use libtest_mimic::Trial;

/// An engine as the environment names it.
pub fn engine(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

/// Trials that need engines: ignored, with a word to the reader, where one of them is missing and need not be there.
pub fn with_engines(variables: &[&str], trials: Vec<Trial>) -> Vec<Trial> {
    let missing: Vec<&str> = variables
        .iter()
        .copied()
        .filter(|name| engine(name).is_none())
        .collect();
    if missing.is_empty() {
        return trials;
    }
    let required = std::env::var_os("HYDROTEST_REQUIRE_ENGINES").is_some_and(|value| !value.is_empty());
    if required {
        let names = missing.join(", ");
        return trials
            .into_iter()
            .map(|trial| {
                let message = format!("an engine is required and not there: {names} is not set");
                Trial::test(trial.name().to_owned(), move || Err(message.into()))
            })
            .collect();
    }
    eprintln!("ignored: not set: {}", missing.join(", "));
    trials.into_iter().map(|trial| trial.with_ignored_flag(true)).collect()
}
