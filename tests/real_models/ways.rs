//! boileroom's real models through its server as a process, through a backend written from its guide, and as a core in the
//! interpreter.

use std::path::Path;

use crate::rig::{Rig, environment, packages, python};

/// The models with available checkpoints. The only ESM-2 is the smallest one.
const SERVED: &str = "models = ['esm2', 'esmfold']\nvariants.esm2 = ['esm2_t6_8M_UR50D']\ndevice = 'cpu'\n";

fn server() -> Rig {
    let (python, packages) = (python(), packages());
    let environment = environment(&packages);
    Rig::new(&format!(
        "kind = 'process'\nmax_instances = 2\n{SERVED}{environment}\
         command = ['{python}', '{packages}/boileroom/backend/server.py', '--host', '127.0.0.1', '--port', '{{port}}']\n"
    ))
}

fn guide() -> Rig {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let (python, environment) = (python(), environment(&packages()));
    let folder = folder.display();
    Rig::new(&format!(
        "kind = 'python'\n{SERVED}{environment}interpreter = ['{python}']\npath = ['{folder}']\n\
         backend_class = 'guide_backend:GuideBackend'\n\
         arguments = {{ core_class = '{{model.core}}', config = '{{config}}', device = '{{device}}' }}\n"
    ))
}

fn core() -> Rig {
    let (python, environment) = (python(), environment(&packages()));
    Rig::new(&format!("kind = 'python'\n{SERVED}{environment}interpreter = ['{python}']\ncore = true\n"))
}

#[test]
#[ignore = "needs HYDROTEST_BOILEROOM and HYDROTEST_BOILEROOM_MODELS"]
fn esm2_on_boilerooms_server() {
    server().conforms(&["--model", "esm2"]);
}

#[test]
#[ignore = "needs HYDROTEST_BOILEROOM and HYDROTEST_BOILEROOM_MODELS"]
fn esmfold_on_boilerooms_server() {
    server().conforms(&["--model", "esmfold", "--suite", "fold,batch", "--skip", "nipah"]);
}

#[test]
#[ignore = "needs HYDROTEST_BOILEROOM and HYDROTEST_BOILEROOM_MODELS"]
fn esm2_behind_a_backend_of_the_guide() {
    guide().conforms(&["--model", "esm2", "--suite", "embed,bad_input", "--skip", "beyond_1024"]);
}

#[test]
#[ignore = "needs HYDROTEST_BOILEROOM and HYDROTEST_BOILEROOM_MODELS"]
fn esm2_as_a_core_class() {
    core().conforms(&["--model", "esm2", "--suite", "embed", "--skip", "beyond_1024"]);
}
