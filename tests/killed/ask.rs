//! Asks platforms what is there, in their own words and by their own commands, and names what the tables of backends need.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::engine::engine as named;
use crate::image::pushed;

/// The setting that says where the test image is, once it is there: this very build of hydrotest, served from a container.
pub fn repository() -> String {
    format!("repository = '{}'\n", pushed(&named("HYDROTEST_REGISTRY")))
}

/// The test image as an engine is asked for it.
pub fn image() -> String {
    format!("{}/boileroom-esm:{}", pushed(&named("HYDROTEST_REGISTRY")), crate::image::VERSION)
}

/// The test image as a file in a home, pulled by Apptainer itself when it is not there yet.
pub fn sif(home: &Path) -> PathBuf {
    let file = home.join("image.sif");
    if !file.exists() {
        let from = format!("docker://{}", image());
        let cache = home.join("apptainer");
        let variables = [("APPTAINER_NOHTTPS", "1"), ("APPTAINER_CACHEDIR", cache.to_str().unwrap())];
        let words = ["pull", file.to_str().unwrap(), &from];
        lines(&named("HYDROTEST_APPTAINER"), &words, &variables);
    }
    file
}

/// Where Python finds a small package with boileroom's interface, as the setting `path` takes it.
pub fn python_path() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    format!("['{}', '{}']", folder.join("boilerlike").display(), folder.display())
}

/// The containers of hydrotest on an engine, running or not.
pub fn containers(host: &str) -> Vec<String> {
    let words = ["--host", host, "ps", "--all", "--filter", "label=hydrotest.instance"];
    let format = ["--format", "container {{.Names}} ({{.Image}}, {{.Ports}})"];
    lines("docker", &[&words[..], &format].concat(), &[])
}

/// The jobs of hydrotest on the cluster that are not over.
pub fn jobs() -> Vec<String> {
    let conf = named("HYDROTEST_SLURM");
    let jobs = lines("squeue", &["--noheader", "--format=job %i %j %T"], &[("SLURM_CONF", &conf)]);
    jobs.into_iter().filter(|job| job.contains("hydrotest-")).collect()
}

/// What is left of pulls below a cache of images.
pub fn half_pulls(cache: &Path) -> Vec<String> {
    let files = std::fs::read_dir(cache.join("images")).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name().into_string().unwrap());
    let half = names.filter(|name| name.starts_with('.'));
    half.map(|name| format!("half a pull {name}")).collect()
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
