//! The platforms on which the harness is killed: what each needs, how its backend is declared, and how it is asked what is there.
//! Data; to add a platform, add a row.

use std::path::Path;
use std::process::Command;

use crate::engine::engine;

/// What a container or a process of this machine runs to be a good model server.
const SERVE: &str = "command = ['/usr/local/bin/hydrotest', 'serve', '--host', '0.0.0.0', '--port', '{port}']\n";

/// One platform.
pub struct Platform {
    /// Its kind.
    pub name: &'static str,
    /// The variables that name its engines.
    pub engines: &'static [&'static str],
    /// The table of its backend, below `kind`, in a directory of its own.
    pub table: fn(&Path) -> String,
    /// Everything on the platform that may be of a run, one line each, in the platform's own words.
    pub things: fn() -> Vec<String>,
}

impl Platform {
    pub fn is_there(&self) -> bool {
        self.engines.iter().all(|variable| engine(variable).is_some())
    }
}

pub const PLATFORMS: &[Platform] = &[
    Platform {
        name: "process",
        engines: &[],
        table: |_| "command = ['{hydrotest}', 'serve', '--port', '{port}']\ngrace = '1s'\n".to_owned(),
        things: Vec::new,
    },
    Platform {
        name: "docker",
        engines: &["HYDROTEST_DOCKER", "HYDROTEST_REGISTRY"],
        table: |_| format!("host = '{}'\n{}{SERVE}", named("HYDROTEST_DOCKER"), repository()),
        things: || {
            let host = named("HYDROTEST_DOCKER");
            let words = ["--host", &host, "ps", "--all", "--filter", "label=hydrotest.instance"];
            let format = ["--format", "container {{.Names}} ({{.Image}}, {{.Ports}})"];
            lines("docker", &[&words[..], &format].concat(), &[])
        },
    },
    Platform {
        name: "apptainer",
        engines: &["HYDROTEST_APPTAINER", "HYDROTEST_REGISTRY"],
        table: |home| {
            let cache = home.join("cache");
            let cache = cache.display();
            format!(
                "https = false\ndevice = 'cpu'\ncache = '{cache}'\n{}{SERVE}",
                repository()
            )
        },
        // Its containers are processes and mounts of this machine.
        things: || {
            let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
            let images = mounts.lines().filter(|mount| mount.contains("hydrotest-boileroom"));
            images.map(|mount| format!("mount {mount}")).collect()
        },
    },
    Platform {
        name: "slurm",
        engines: &["HYDROTEST_SLURM"],
        table: |_| {
            format!(
                "conf = '{}'\npoll_interval = '500ms'\n\
                 command = ['{{hydrotest}}', 'serve', '--host', '{{host}}', '--port', '{{port}}']\n",
                named("HYDROTEST_SLURM")
            )
        },
        things: || {
            let conf = named("HYDROTEST_SLURM");
            let jobs = lines(
                "squeue",
                &["--noheader", "--format=job %i %j %T"],
                &[("SLURM_CONF", &conf)],
            );
            jobs.into_iter().filter(|job| job.contains("hydrotest-")).collect()
        },
    },
];

/// An engine that is there.
fn named(variable: &str) -> String {
    engine(variable).unwrap()
}

/// The setting that says where the test image is, once it is there: this very build of hydrotest, served from a container.
fn repository() -> String {
    static PUSHED: std::sync::Once = std::sync::Once::new();
    let registry = named("HYDROTEST_REGISTRY");
    PUSHED.call_once(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/engines/image");
        let words = [registry.as_str(), env!("CARGO_BIN_EXE_hydrotest")];
        lines(script.to_str().unwrap(), &words, &[]);
    });
    format!("repository = '{registry}/hydrotest'\n")
}

/// The lines that a command prints.
fn lines(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().copied());
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {told}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}
