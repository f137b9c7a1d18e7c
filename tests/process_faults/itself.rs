//! The declared backend `self`, which is this program serving its embedded models as a process, predicts exactly the same as
//! the backend `reference` for every model.

use std::process::Command;

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::config::Config;

use crate::alike::predicts_as_reference;
use crate::harness::run;

#[test]
fn the_backend_self_predicts_what_reference_predicts() {
    run(async {
        let config = Config::built_in().unwrap();
        let itself = Platform::select(&config, "self", Overrides::default());
        predicts_as_reference(&itself.ok().unwrap()).await;
    });
}

#[test]
fn a_proxy_in_the_environment_is_not_used_for_loopback() {
    // The library reads the environment of its process, which would affect the test above.
    let mut command = Command::new(std::env::current_exe().unwrap());
    for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(variable, "http://127.0.0.1:1");
    }
    for variable in ["no_proxy", "NO_PROXY"] {
        command.env_remove(variable);
    }
    let ended =
        command.args(["--exact", "itself::the_backend_self_predicts_what_reference_predicts"]).output().unwrap();
    let reported = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && reported.contains("1 passed"), "{reported}");
}
