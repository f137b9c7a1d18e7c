//! Asks platforms for their resources with the platforms' own commands, and builds the settings that backends need.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::engine::engine as named;
use crate::image::pushed;

/// The setting that names the test image, which contains this build of hydrotest.
pub fn repository() -> String {
    format!("repository = '{}'\n", pushed(&named("HYDROTEST_REGISTRY")))
}

/// The name of the test image for an engine.
pub fn image() -> String {
    format!("{}/boileroom-esm:{}", pushed(&named("HYDROTEST_REGISTRY")), crate::image::VERSION)
}

/// The test image as a file in a home. Apptainer pulls it if it is missing.
pub fn sif(home: &Path) -> PathBuf {
    let file = home.join("image.sif");
    if !file.exists() {
        let from = format!("docker://{}", image());
        let cache = home.join("apptainer");
        let variables = [("APPTAINER_NOHTTPS", "1"), ("APPTAINER_CACHEDIR", cache.to_str().unwrap())];
        let arguments = ["pull", file.to_str().unwrap(), &from];
        lines(&named("HYDROTEST_APPTAINER"), &arguments, &variables);
    }
    file
}

/// Where Python finds a small package with boileroom's interface, for the setting `path`.
pub fn python_path() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    format!("['{}', '{}']", folder.join("boilerlike").display(), folder.display())
}

/// hydrotest's containers on an engine, running or not.
pub fn containers(host: &str) -> Vec<String> {
    let arguments = ["--host", host, "ps", "--all", "--filter", "label=hydrotest.instance"];
    let format = ["--format", "container {{.Names}} ({{.Image}}, {{.Ports}})"];
    lines("docker", &[&arguments[..], &format].concat(), &[])
}

/// hydrotest's unfinished jobs on the cluster.
pub fn jobs() -> Vec<String> {
    let conf = named("HYDROTEST_SLURM");
    let jobs = lines("squeue", &["--noheader", "--format=job %i %j %T"], &[("SLURM_CONF", &conf)]);
    jobs.into_iter().filter(|job| job.contains("hydrotest-")).collect()
}

/// Incomplete pulls below an image cache.
pub fn incomplete_pulls(cache: &Path) -> Vec<String> {
    let files = std::fs::read_dir(cache.join("images")).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name().into_string().unwrap());
    let half = names.filter(|name| name.starts_with('.'));
    half.map(|name| format!("incomplete pull {name}")).collect()
}

/// The lines that a command prints.
pub fn lines(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().copied());
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let reported = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {reported}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}
