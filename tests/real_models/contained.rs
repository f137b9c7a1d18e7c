//! boileroom's real models in containers of Apptainer: through boileroom's own unmodified backend, and through the kind
//! `apptainer`.

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::engine::engine;
use crate::rig::{Rig, packages, python};
use crate::{APPTAINER, BINDS, IMAGE, MODELS};

const SERVED: &str = "models = ['esm2']\nvariants.esm2 = ['esm2_t6_8M_UR50D']\ndevice = 'cpu'\n";

/// A directory of weights in boileroom's layout, with the image where a pull would put it, and what has to be bound into the
/// container.
fn cache() -> (TempDir, String) {
    let (models, cache) = (engine(MODELS), tempfile::tempdir().unwrap());
    for model in std::fs::read_dir(&models).unwrap() {
        let model = model.unwrap();
        symlink(model.path(), cache.path().join(model.file_name())).unwrap();
    }
    let images = cache.path().join("images");
    std::fs::create_dir(&images).unwrap();
    std::fs::copy(engine(IMAGE), images.join("jakublala-boileroom-esm_0.4.1.sif")).unwrap();
    (cache, format!("{},{models}", engine(BINDS)))
}

/// boileroom's backend does not pass the device to the model, so the configuration has to name it. Nor does it pass on the
/// message of a model error, which is known upstream.
#[test]
#[ignore = "needs HYDROTEST_BOILEROOM, its MODELS, IMAGE and BINDS, and HYDROTEST_APPTAINER"]
fn esm2_behind_boilerooms_own_apptainer_backend() {
    let (cache, binds) = cache();
    let (python, cache) = (python(), cache.path().display());
    let rig = Rig::new(&format!(
        "kind = 'python'\n{SERVED}interpreter = ['{python}']\n\
         env = {{ MODEL_DIR = '{cache}', APPTAINER_BIND = '{binds}', APPTAINERENV_HF_HUB_OFFLINE = '1', \
         APPTAINERENV_TRANSFORMERS_OFFLINE = '1' }}\n\
         selector = 'apptainer'\nboileroom = '0.4.1'\nconfig = {{ device = 'cpu' }}\n"
    ));
    conforms(&rig);
    let (reported, code) = rig.run(&["--model", "esm2", "--suite", "bad_input", "bad_input::empty_chain"]);
    assert_eq!(code, Some(0), "{reported}");
    assert!(reported.contains("known upstream: esm2::bad_input::empty_chain: ApptainerBackend raises"), "{reported}");
}

#[test]
#[ignore = "needs HYDROTEST_BOILEROOM, its MODELS, IMAGE and BINDS, and HYDROTEST_APPTAINER"]
fn esm2_by_the_kind_apptainer() {
    let (cache, binds) = cache();
    let (cache, tool, packages) = (cache.path().display(), engine(APPTAINER), packages());
    let binds: Vec<String> = binds.split(',').map(|bind| format!("'{bind}'")).collect();
    conforms(&Rig::new(&format!(
        "kind = 'apptainer'\n{SERVED}tool = '{tool}'\nsource = '{packages}'\nmodel_dir = '{cache}'\nbinds = [{}]\n\
         env = {{ HF_HUB_OFFLINE = '1', TRANSFORMERS_OFFLINE = '1' }}\n",
        binds.join(", ")
    )));
}

/// Runs its calls, and the scenario in which most can go wrong. Running all scenarios would take too long for what it adds.
fn conforms(rig: &Rig) {
    rig.conforms(&["--model", "esm2", "--suite", "embed", "--skip", "beyond_1024"]);
    let (reported, code) = rig.run(&["--model", "esm2", "--suite", "life_cycle", "during_start"]);
    assert_eq!(code, Some(0), "{reported}");
    assert!(reported.contains("1 passed; 0 failed"), "{reported}");
}
