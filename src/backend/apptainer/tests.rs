//! Valid and invalid tables of this kind, and the commands they produce.

use std::path::Path;
use std::sync::Arc;

use super::super::facts::PlatformFacts;
use super::super::registry::Platform;
use super::super::resources::{InstanceId, RunDirectory};
use super::super::start_progress::StartProgress;
use super::settings::ApptainerSettings;
use super::tool::Tool;
use super::*;
use crate::backend::container::Gpu;
use crate::config::{Config, Source};
use crate::prediction::Options;
use crate::wire::Secret;

fn config(table: &str) -> Config {
    let text = format!("default = 'cluster'\n[backends.cluster]\nkind = 'apptainer'\n{table}");
    Config::parse(&Source::new("backends.toml", text)).unwrap()
}

fn refused(table: &str) -> String {
    let platform = Platform::select(&config(table), "cluster", Overrides::default());
    platform.err().unwrap().to_string()
}

fn settings(table: &str) -> ApptainerSettings {
    let config = config(table);
    let mut diagnostics = Diagnostics::new();
    let settings = ApptainerSettings::read(config.backend("cluster").unwrap(), &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    settings
}

/// The command line and the variables that the container gets, for a device.
fn program(table: &str, device: Option<&str>) -> (String, Vec<(String, Option<String>)>) {
    let settings = settings(table);
    let contract = Arc::clone(Config::built_in().unwrap().model("esm2").unwrap());
    let launch = LaunchSpec {
        contract: Arc::clone(&contract),
        config: Options::new(),
        overrides: Overrides { device: device.map(str::to_owned), ..Overrides::default() },
        instance: InstanceId::next(&Arc::new(RunDirectory::new())),
        progress: StartProgress::default(),
        facts: PlatformFacts::default(),
        recorder: None,
    };
    let launch = launch.on_device(Some(&settings.device));
    let filled = settings.fill(&contract, 8123).unwrap();
    let tool = Tool { program: "apptainer".into(), version: "apptainer version 1.4.5".into() };
    let gpu = settings.gpu_for(launch.overrides.device.as_deref());
    let secret = Secret::new("the-secret").unwrap();
    let program = filled.program(&tool, gpu, Path::new("/cache/images/x.sif"), &launch, &secret).unwrap();
    let text = |text: std::ffi::OsString| text.into_string().unwrap();
    let words: Vec<String> = program.command.into_iter().map(text).collect();
    let variables = program.environment.into_iter();
    let variables = variables.map(|(name, value)| (text(name), value.map(text)));
    (words.join(" "), variables.collect())
}

#[test]
fn the_command_is_that_of_boileroom_without_its_variables() {
    let table = "source = '/srv/b'\nmodel_dir = '/weights'\n";
    let (command, variables) = program(table, None);
    assert_eq!(
        command,
        "apptainer exec --cleanenv --home /tmp --nv -B /srv/b/boileroom:/srv/b/boileroom:ro -B /weights:/.model_cache \
         /cache/images/x.sif /usr/local/bin/python3.12 /srv/b/boileroom/backend/server.py --host 127.0.0.1 --port 8123"
    );
    let value = |name: &str| {
        let name = format!("APPTAINERENV_{name}");
        let found = variables.iter().rev().find(|(known, _)| *known == name);
        found.and_then(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(value("MODEL_CLASS"), "boileroom.models.esm.core.ESM2Core");
    assert_eq!(value("MODEL_CONFIG"), r#"{"device":"cuda:0"}"#);
    assert_eq!(value("DEVICE"), "cuda:0");
    assert_eq!(value("BOILEROOM_TRANSPORT_HMAC_KEY"), "the-secret");
    assert_eq!(value("PYTHONPATH"), "/srv/b");
    assert_eq!(value("PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    assert_eq!((value("LANG"), value("LC_ALL")), ("C.UTF-8".into(), "C.UTF-8".into()));
    for name in ["TMPDIR", "TMP", "TEMP"] {
        assert_eq!(value(name), "/tmp");
    }
    assert_eq!((value("CC"), value("CXX")), ("gcc".into(), "g++".into()));
    assert!(value("LD_LIBRARY_PATH").ends_with("/usr/local/nvidia/lib:/.singularity.d/libs"));
    assert_eq!(value("CUDA_VISIBLE_DEVICES"), "0");
    assert_eq!(value("MODEL_DIR"), "/.model_cache");
    assert_eq!(value("CHAI_DOWNLOADS_DIR"), "/.model_cache/chai");
    assert!(value("HYDROTEST_INSTANCE").starts_with("hydrotest-"));
    assert!(variables.iter().any(|(name, _)| name == "HYDROTEST_INSTANCE"));
}

#[test]
fn a_source_in_the_home_directory_is_bound_and_run_by_its_whole_path() {
    let home = std::env::var("HOME").unwrap();
    let (command, variables) = program("source = '~/b'\nmodel_dir = '/w'\n", Some("cpu"));
    assert!(command.contains(&format!(" -B {home}/b/boileroom:{home}/b/boileroom:ro ")), "{command}");
    assert!(command.contains(&format!(" {home}/b/boileroom/backend/server.py ")), "{command}");
    let path = variables.into_iter().find(|(name, _)| name == "APPTAINERENV_PYTHONPATH");
    assert_eq!(path.unwrap().1, Some(format!("{home}/b")));
}

#[test]
fn a_device_decides_whose_drivers_are_needed_unless_the_table_does() {
    let gpu = |table: &str, device| settings(&format!("source = '/b'\n{table}")).gpu_for(device);
    assert_eq!(gpu("", None), Gpu::Nvidia);
    assert_eq!(gpu("device = 'cpu'", None), Gpu::None);
    assert_eq!(gpu("device = 'cpu'", Some("cuda:1")), Gpu::Nvidia);
    assert_eq!(gpu("gpu = 'rocm'", Some("cuda:1")), Gpu::Rocm);
    assert_eq!(gpu("gpu = 'none'", None), Gpu::None);
    let (command, variables) = program("source = '/b'\nmodel_dir = '/w'\n", Some("cpu"));
    assert!(!command.contains("--nv"));
    assert!(!variables.iter().any(|(name, _)| name == "APPTAINERENV_CUDA_VISIBLE_DEVICES"));
    assert!(program("source = '/b'\ngpu = 'rocm'\n", None).0.contains(" --rocm "));
}

#[test]
fn a_command_of_ones_own_needs_no_source() {
    let table =
        "command = ['serve', '{port}', '{model}']\nbinds = ['/a:/b']\noptions = ['--contain']\nmodel_dir = '/w'\n";
    let (command, _) = program(table, Some("cpu"));
    assert_eq!(
        command,
        "apptainer exec --cleanenv --home /tmp -B /w:/.model_cache -B /a:/b --contain /cache/images/x.sif serve 8123 esm2"
    );
}

#[test]
fn mistakes_are_shown_where_they_are_written() {
    let shown = refused("source = '/b'\ngpu = 'amd'\ntag = 'latest'\nrepository = 'Lab'\n");
    insta::assert_snapshot!(shown, @"
    error: unknown gpu `amd`
     --> backends.toml:5:7
      |
    5 | gpu = 'amd'
      |       ^^^^^
      |
      = help: known: `none`, `nvidia`, `rocm`

    error: there are no images with the tag `latest`; name a version such as `0.4.1`, which also says what was tested
     --> backends.toml:6:7
      |
    6 | tag = 'latest'
      |       ^^^^^^^^ expected such as `0.4.1` or `cuda12.6-0.4.1`

    error: `Lab` is not a repository of images
     --> backends.toml:7:14
      |
    7 | repository = 'Lab'
      |              ^^^^^ expected such as `docker.io/jakublala` or `127.0.0.1:5000/lab`
    ");
    insta::assert_snapshot!(refused("command = ['serve']"), @"
    error: `{port}` occurs neither in `command` nor in `env`
     --> backends.toml:4:11
      |
    4 | command = ['serve']
      |           ^^^^^^^^^ the server has to be told where to listen
    ");
}

#[test]
fn boileroom_s_server_needs_boileroom_s_source() {
    let contract = Arc::clone(Config::built_in().unwrap().model("esm2").unwrap());
    for table in ["", "command = ['{source}/serve', '{port}']\n"] {
        let filled = settings(table).fill(&contract, 0);
        // It may well be set where this test runs.
        let variable = std::env::var_os("BOILEROOM_SOURCE").filter(|value| !value.is_empty());
        match (filled, variable) {
            (Ok(filled), Some(source)) => assert_eq!(filled.source.unwrap(), source),
            (Err(error), None) => assert!(error.message.contains("set `source` in the backend's table"), "{error}"),
            (filled, variable) => panic!("{filled:?} with {variable:?}"),
        }
    }
}

#[test]
fn a_wrong_tag_of_the_command_line_is_found_before_anything_is_started() {
    let overrides = Overrides { tag: Some("latest".into()), ..Overrides::default() };
    let platform = Platform::select(&config("source = '/b'\n"), "cluster", overrides).ok().unwrap();
    let contract = Arc::clone(&Config::built_in().unwrap().models[0]);
    let error = platform.open(&contract, &Options::new()).err().unwrap();
    insta::assert_snapshot!(error.message, @"there are no images with the tag `latest`; name a version such as `0.4.1`, which also says what was tested");
}

#[test]
fn the_template_is_a_valid_table() {
    settings(KIND.template);
}

#[test]
fn a_directory_that_no_bind_can_hold_is_refused() {
    let settings = settings("source = '/a:b'\n");
    let contract = Arc::clone(Config::built_in().unwrap().model("esm2").unwrap());
    let filled = settings.fill(&contract, 0).unwrap();
    let launch = LaunchSpec {
        contract,
        config: Options::new(),
        overrides: Overrides::default(),
        instance: InstanceId::next(&Arc::new(RunDirectory::new())),
        progress: StartProgress::default(),
        facts: PlatformFacts::default(),
        recorder: None,
    };
    let launch = launch.on_device(None);
    let tool = Tool { program: "apptainer".into(), version: String::new() };
    let secret = Secret::new("s").unwrap();
    let error = filled.program(&tool, Gpu::None, Path::new("x"), &launch, &secret).unwrap_err();
    insta::assert_snapshot!(error.message, @"/a:b/boileroom cannot be bound into a container: its name holds a colon or a comma, or is not UTF-8");
}
