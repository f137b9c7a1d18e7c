//! The whole path: app entered, GPU requested, remote call, result or remote exception, app left.

use std::process::Command;

use hydrotest::backend::Fault;
use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::config::{Config, Source};
use hydrotest::prediction::{Input, Options, Request};
use hydrotest::synthetic::SyntheticModel;
use serde_json::json;

use crate::cloud::{Cloud, TOKEN, folder};
use crate::installed::installed;
use crate::project::{NO_PROXIES, Project, declaration};
use crate::python;
use crate::timeless::timeless;

const MODELS: [&str; 3] = ["esm2", "esmfold", "boltz2"];
const GPU: &str = "A100-40GB";

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn models_on_modal_predict_what_reference_predicts() {
    let _installed = installed();
    let cloud = Cloud::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(same_as_reference(&cloud));
    let events = cloud.end();
    assert_eq!(events.apps(), MODELS.len());
    assert_eq!(events.all("app_created", "description"), MODELS.map(|model| format!("boileroom-{model}")));
    assert_eq!(events.all("called", "method"), ["embed", "embed", "fold", "fold", "fold", "fold"]);
    for event in ["instance_bound", "called", "container_started"] {
        assert!(events.all(event, "gpu").iter().all(|gpu| gpu == GPU), "{event}");
    }
    let ended = "GENERIC_STATUS_SUCCESS GENERIC_STATUS_FAILURE ".repeat(MODELS.len());
    assert_eq!(events.all("answered", "status").join(" "), ended.trim());
    assert!(events.count("BlobGet") > 0, "no response was large enough for a blob");
}

async fn same_as_reference(cloud: &Cloud) {
    let environment = TOKEN.iter().copied().chain([("MODAL_SERVER_URL", cloud.address.as_str())]).chain(NO_PROXIES);
    let lines: Vec<String> = environment.map(|(name, value)| format!("{name} = '{value}'")).collect();
    let variables = lines.join("\n");
    let text = declaration(&format!("start_timeout = '2m'\n[backends.modal.env]\n{variables}"));
    let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
    let overrides = Overrides { gpu: Some(GPU.into()), ..Overrides::default() };
    let platform = Platform::select(&config, "modal", overrides).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    let models = Config::built_in().unwrap();
    for contract in MODELS.map(|key| models.model(key).unwrap()) {
        let instance = platform.open(contract, &Options::new()).unwrap();
        let started = instance.start().await;
        started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
        let reference = SyntheticModel::load(contract.clone(), Options::new()).unwrap();
        let request = |sequence: &str| Request {
            method: contract.method,
            input: Input::One(sequence.into()),
            options: json!({ "include_fields": ["*"] }).as_object().unwrap().clone(),
        };
        let call = request("MLKNVHVLVLGAGDVGSVVVRLLEK");
        let predicted = timeless(instance.predict(&call).await.unwrap());
        assert!(predicted == timeless(reference.predict(&call).unwrap()), "{}", contract.key);
        // Output of the client and the container goes to the log, with a delay.
        for text in ["Initialized. View run at", &format!("loading {}", contract.core)] {
            while !instance.log_tail().await.iter().any(|line| line.contains(text)) {
                tokio::task::yield_now().await;
            }
        }
        let bad = request("MALW1");
        let error = instance.predict(&bad).await.unwrap_err();
        assert_eq!(error.message, reference.predict(&bad).unwrap_err().message);
        // Modal's client raises a new exception without the model's frames. Its class may be the client's and is not compared.
        assert_eq!((error.fault, error.exception), (Fault::Refused, None));
        assert_eq!(instance.stop().await, None);
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    }
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn suites_pass_on_modal() {
    let cloud = Cloud::start();
    let project = Project::whole(&cloud.address);
    let models = "esm2,esmfold2,chai1";
    let suites = "embed,fold,bad_input,structured_input";
    let shown = Project::expect(&mut project.command(&["--model", models, "--suite", suites]), 0);
    assert!(shown.contains("cases judged, as selected (exit code 0)"), "{shown}");
    let events = cloud.end();
    assert!(events.apps() > 0);
    // Cases that share an instance share its app: it is entered once and called often.
    assert!(events.count("called") > events.apps());
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn two_users_of_a_model_share_its_app() {
    let cloud = Cloud::start();
    let path = [folder("modal_standin"), folder("boilerlike"), folder("")];
    let output = Command::new(python())
        .arg(folder("modal_standin/sharing.py"))
        .env("PYTHONPATH", std::env::join_paths(path).unwrap())
        .env("MODAL_SERVER_URL", &cloud.address)
        .env("MODAL_CONFIG_PATH", "/nonexistent")
        .envs(NO_PROXIES)
        .envs(TOKEN)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let events = cloud.end();
    assert_eq!(events.apps(), 1);
    assert_eq!(events.all("instance_bound", "gpu"), [GPU, "T4"]);
    assert_eq!(events.all("called", "gpu"), [GPU, "T4", "T4"]);
}
