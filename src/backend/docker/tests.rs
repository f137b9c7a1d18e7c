//! Tests of the settings of this kind and of the containers made from them. They need no engine; those in `tests/docker` do.

use std::sync::Arc;

use super::*;
use crate::backend::facts::PlatformFacts;
use crate::backend::registry::Platform;
use crate::backend::resources::{InstanceId, RunDirectory};
use crate::backend::start_progress::StartProgress;
use crate::config::{Config, Source};
use crate::prediction::Options;
use crate::wire::Secret;

const WITH_COMMAND: &str = "command = ['serve', '--port', '{port}']\n";

fn config(table: &str) -> Config {
    let text = format!("default = 'lab'\n[backends.lab]\nkind = 'docker'\n{table}");
    Config::parse(&Source::new("backends.toml", text)).unwrap()
}

fn settings(table: &str) -> Result<DockerSettings, String> {
    let config = config(table);
    let mut diagnostics = Diagnostics::new();
    let settings = DockerSettings::read(config.backend("lab").unwrap(), &mut diagnostics);
    if diagnostics.is_empty() { Ok(settings) } else { Err(diagnostics.to_string()) }
}

fn spec(table: &str, overrides: &Overrides, device: Option<&str>) -> Result<spec::ContainerSpec, String> {
    let contract = Config::built_in().unwrap().model("esmc").unwrap().clone();
    let overrides = Overrides { device: device.map(str::to_owned), ..overrides.clone() };
    let filled = settings(table).unwrap().fill(&contract, &overrides);
    filled.map_err(|error| error.message)
}

fn plain(table: &str) -> Result<spec::ContainerSpec, String> {
    spec(&format!("{WITH_COMMAND}{table}"), &Overrides::default(), None)
}

#[test]
fn mistakes_are_shown_where_they_are_written() {
    let shown = settings(
        "command = []\npull = 'sometimes'\nmemory = '8q'\ngpus = '0'\nnetwork = 'host'\naddress = 'here'\ngrace = '1m'\n\
         image = 'a:1'\ntag = '1'\nmodel_dri = '/x'\n",
    )
    .unwrap_err();
    insta::assert_snapshot!(shown, @r#"
    error: `command` is empty
     --> backends.toml:4:11
      |
    4 | command = []
      |           ^^ expected a program and its arguments

    error: unknown pull `sometimes`
     --> backends.toml:5:8
      |
    5 | pull = 'sometimes'
      |        ^^^^^^^^^^^
      |
      = help: known: `missing`, `always`, `never`

    error: `8q` is no amount of memory
     --> backends.toml:6:10
      |
    6 | memory = '8q'
      |          ^^^^ expected such as `24g` or `512m`

    error: `gpus` names no GPU
     --> backends.toml:7:8
      |
    7 | gpus = '0'
      |        ^^^ expected "all", "none", a number such as "2", or an array of identifiers

    error: on the network `host` an engine publishes no port
     --> backends.toml:8:11
      |
    8 | network = 'host'
      |           ^^^^^^ expected a bridge, where the engine chooses a port that is surely free

    error: `here` is no address
     --> backends.toml:9:11
      |
    9 | address = 'here'
      |           ^^^^^^ expected such as `127.0.0.1` or `0.0.0.0`

    error: `grace` is 60 s
      --> backends.toml:10:9
       |
    10 | grace = '1m'
       |         ^^^^ expected at most 15 s

    error: `image` names an image in full, so that `repository` and `tag` say nothing
      --> backends.toml:11:9
       |
    11 | image = 'a:1'
       |         ^^^^^ expected this or the other two

    error: unknown key `model_dri`
      --> backends.toml:13:1
       |
    13 | model_dri = '/x'
       | ^^^^^^^^^ did you mean `model_dir`?
    "#);
}

#[test]
fn an_image_named_in_full_is_taken_as_it_is_and_must_name_its_version() {
    let own = plain("image = '127.0.0.1:5000/lab/{model.image}:7'").unwrap();
    assert_eq!(own.image, "127.0.0.1:5000/lab/boileroom-esmfold2:7");
    assert_eq!(own.registry, "127.0.0.1:5000");
    assert_eq!(plain("image = 'lab/{model}:7'").unwrap().registry, "docker.io");
    let digest = format!("lab/esm@sha256:{}", "0".repeat(64));
    assert_eq!(plain(&format!("image = '{digest}'")).unwrap().image, digest);
    let errors =
        ["127.0.0.1:5000/lab", "lab/esm:latest", "esm"].map(|image| plain(&format!("image = '{image}'")).unwrap_err());
    insta::assert_snapshot!(errors.join("\n"), @"
    `127.0.0.1:5000/lab` does not say which version: an image needs a tag other than `latest`, or a digest, so that a result can be told from another
    `lab/esm:latest` does not say which version: an image needs a tag other than `latest`, or a digest, so that a result can be told from another
    `esm` does not say which version: an image needs a tag other than `latest`, or a digest, so that a result can be told from another
    ");
    let tagged = Overrides { tag: Some("8".into()), ..Overrides::default() };
    let error = spec(&format!("{WITH_COMMAND}image = 'lab/esm:7'"), &tagged, None).unwrap_err();
    insta::assert_snapshot!(error, @r#"`image = "lab/esm:7"` names an image in full, so that neither a tag nor an account can be chosen for it; write `repository` and `tag` instead"#);
}

#[test]
fn binds_and_gpus_follow_the_table_and_the_device() {
    let bare = plain("tag = '0.4.1'\nmodel_dir = '/weights'\nbinds = ['/data:/data:ro']").unwrap();
    assert_eq!(bare.gpus, settings::Gpus::None);
    assert_eq!(bare.binds, [spec::mount("/data", "/data", true), spec::mount("/weights", "/.model_cache", false)]);
    assert!(bare.environment.contains(&("MODEL_DIR".into(), "/.model_cache".into())));
    let cuda = |table: &str| spec(&format!("{WITH_COMMAND}{table}"), &Overrides::default(), Some("cuda:0"));
    assert_eq!(cuda("").unwrap().gpus, settings::Gpus::All);
    assert_eq!(cuda("gpus = 'none'").unwrap().gpus, settings::Gpus::None);
    assert_eq!(cuda("gpus = '2'").unwrap().gpus, settings::Gpus::Count(2));
    let named = settings::Gpus::These(vec!["GPU-1".into(), "GPU-2".into()]);
    assert_eq!(cuda("gpus = ['GPU-1', 'GPU-2']").unwrap().gpus, named);
    insta::assert_snapshot!(plain("binds = ['cache:/x']").unwrap_err(), @"the bind `cache:/x` needs absolute paths, and `cache` is not one (named volumes outlive a run and are not taken)");
}

#[test]
fn boileroom_is_started_as_it_starts_itself_and_needs_its_source() {
    let spec = spec("source = '/src'", &Overrides::default(), None).unwrap();
    assert_eq!(
        spec.command,
        ["/usr/local/bin/python3.12", "/boileroom/boileroom/backend/server.py", "--host", "0.0.0.0", "--port", "8000"]
    );
    assert!(spec.binds.contains(&spec::mount("/src", "/boileroom", true)));
}

#[test]
fn a_container_carries_its_mark_and_what_the_table_says_does_not_replace_the_job() {
    let settings =
        settings(&format!("{WITH_COMMAND}env = {{ A = 'b', MODEL_CLASS = 'mine' }}\nmemory = '1g'")).unwrap();
    let launch = LaunchSpec {
        contract: Config::built_in().unwrap().model("esm2").unwrap().clone(),
        config: Options::new(),
        overrides: Overrides::default(),
        instance: InstanceId::next(&Arc::new(RunDirectory::new())),
        progress: StartProgress::default(),
        facts: PlatformFacts::default(),
        recorder: None,
    };
    let spec = settings.fill(&launch.contract, &launch.overrides).unwrap();
    let launch = launch.on_device(None);
    let body = container::body(&settings, &spec, &launch, &Secret::new("s3cret").unwrap());
    let environment = body.env.unwrap();
    assert!(environment.contains(&"A=b".to_owned()));
    assert!(environment.contains(&"MODEL_CLASS=boileroom.models.esm.core.ESM2Core".to_owned()));
    assert!(!environment.contains(&"MODEL_CLASS=mine".to_owned()));
    assert_eq!(body.labels.unwrap()[container::INSTANCE], launch.instance.label());
    let host = body.host_config.unwrap();
    assert_eq!((host.memory, host.memory_swap), (Some(1 << 30), Some(1 << 30)));
    let ports = host.port_bindings.unwrap();
    let binding = &ports["8000/tcp"].as_ref().unwrap()[0];
    assert_eq!((binding.host_ip.as_deref(), binding.host_port.as_deref()), (Some("127.0.0.1"), Some("0")));
}

#[test]
fn the_template_is_valid() {
    assert_eq!(settings(KIND.template).map(drop), Ok(()));
}

#[test]
fn a_tag_and_an_account_may_be_chosen() {
    let overrides = Overrides { tag: Some("0.4.0".into()), docker_user: Some("ada".into()), ..Overrides::default() };
    let platform = Platform::select(&config(WITH_COMMAND), "lab:0.3.0", overrides.clone());
    assert!(platform.is_ok());
    assert_eq!(spec(WITH_COMMAND, &overrides, None).unwrap().image, "docker.io/ada/boileroom-esmfold2:0.4.0");
}

#[test]
fn the_page_about_this_kind_has_a_valid_example_and_no_key_that_is_not_there() {
    let page = include_str!("../../../docs/backends/docker.md");
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let text = format!("default = 'workstation'\n{example}");
    let config = Config::parse(&Source::new("docker.md", text)).unwrap();
    let mut diagnostics = Diagnostics::new();
    let _ = DockerSettings::read(config.backend("workstation").unwrap(), &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    let (_, rest) = page.split_once("\n|---|---|---|\n").unwrap();
    let (rows, _) = rest.split_once("\n\n").unwrap();
    let keys: Vec<&str> = rows.lines().map(|row| row.split('`').nth(1).unwrap()).collect();
    assert!(keys.contains(&"model_dir"), "{keys:?}");
    for key in keys {
        // A date is right for none of them.
        let shown = settings(&format!("{key} = 1979-05-27")).map(drop).unwrap_err();
        assert!(!shown.contains("unknown key"), "{shown}");
    }
}
