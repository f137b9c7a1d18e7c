//! The platforms on which the harness is killed: what each needs, how its backend is declared, how it is asked what is there, and
//! what is left there on purpose to prove that it is seen. Data; to add a platform, add a row and a test.

use std::path::Path;

use crate::ask::{containers, half_pulls, jobs, python_path, repository, sif};
use crate::engine::engine as named;
use crate::planted::{Planted, container, container_of_this_machine, job, orphan};

/// What a container runs to be a good model server.
const SERVE: &str = "command = ['/usr/local/bin/hydrotest', 'serve', '--host', '0.0.0.0', '--port', '{port}']\n";
/// Where the harness is to keep images, in a home.
const CACHE: &str = "cache";

/// One platform.
pub struct Platform {
    pub name: &'static str,
    pub kind: &'static str,
    /// The engine that it has to itself.
    pub engine: Option<&'static str>,
    /// The table of its backend, below `kind`, in a directory of its own. Its `env` comes from the home.
    pub table: fn(&Path) -> String,
    /// Everything on the platform that may be of a run, one line each, in the platform's own words. Processes and mounted images
    /// are looked for everywhere.
    pub things: fn(&Path) -> Vec<String>,
    /// Leaves something there on purpose.
    pub plant: fn(&Path) -> Planted,
    /// Where the images are that the harness itself pulls, and that are taken away before some of the kills.
    pub pulls_to: Option<&'static str>,
    /// Cases that are left out because it is slow.
    pub left_out: &'static [&'static str],
}

pub const SLURM: Platform = Platform {
    name: "slurm",
    kind: "slurm",
    engine: Some("slurm"),
    table: |_| {
        format!(
            "conf = '{}'\npoll_interval = '500ms'\n\
                 command = ['{{hydrotest}}', 'serve', '--host', '{{host}}', '--port', '{{port}}']\n",
            named("HYDROTEST_SLURM")
        )
    },
    things: |_| jobs(),
    plant: |home| job("exec sleep 600", "sleep 600", home),
    pulls_to: None,
    left_out: &[],
};

pub const PODMAN: Platform = Platform {
    name: "podman",
    kind: "docker",
    engine: Some("podman"),
    table: |_| format!("host = '{}'\n{}{SERVE}", named("HYDROTEST_PODMAN"), repository()),
    things: |_| containers(&named("HYDROTEST_PODMAN")),
    plant: |home| container(named("HYDROTEST_PODMAN"), home),
    pulls_to: None,
    left_out: &["stop_", "two_at_once", "use_before_start"],
};

pub const DOCKER: Platform = Platform {
    name: "docker",
    kind: "docker",
    engine: Some("docker"),
    table: |_| format!("host = '{}'\n{}{SERVE}", named("HYDROTEST_DOCKER"), repository()),
    things: |_| containers(&named("HYDROTEST_DOCKER")),
    plant: |home| container(named("HYDROTEST_DOCKER"), home),
    pulls_to: None,
    left_out: &[],
};

pub const APPTAINER: Platform = Platform {
    name: "apptainer",
    kind: "apptainer",
    engine: None,
    table: |home| {
        let cache = home.join(CACHE);
        let cache = cache.display();
        format!("https = false\ndevice = 'cpu'\ncache = '{cache}'\n{}{SERVE}", repository())
    },
    things: |home| half_pulls(&home.join(CACHE)),
    plant: |home| container_of_this_machine(&home.join(CACHE), home),
    pulls_to: Some(CACHE),
    left_out: &[],
};

pub const APPTAINER_IN_SLURM: Platform = Platform {
    name: "apptainer_in_slurm",
    kind: "slurm",
    engine: Some("slurm"),
    table: |home| {
        format!(
            "conf = '{}'\npoll_interval = '500ms'\napptainer = {{ tool = '{}', image = '{}' }}\n{SERVE}",
            named("HYDROTEST_SLURM"),
            named("HYDROTEST_APPTAINER"),
            sif(home).display(),
        )
    },
    things: |_| jobs(),
    plant: |home| {
        let words = format!(
            "APPTAINERENV_{}={} {} exec --cleanenv {} /bin/sleep 600",
            crate::home::VARIABLE,
            home.display(),
            named("HYDROTEST_APPTAINER"),
            sif(home).display()
        );
        job(&words, "/bin/sleep 600", home).and("loop device")
    },
    pulls_to: None,
    left_out: &[],
};

pub const PYTHON: Platform = Platform {
    name: "python",
    kind: "python",
    engine: None,
    table: |_| {
        format!(
            "interpreter = ['{}']\npath = {}\nselector = 'your_backend'\nenv.HYDROTEST_PROGRAM = '{{hydrotest}}'\n",
            named("HYDROTEST_PYTHON"),
            python_path()
        )
    },
    things: |_| Vec::new(),
    plant: orphan,
    pulls_to: None,
    left_out: &[],
};

pub const PROCESS: Platform = Platform {
    name: "process",
    kind: "process",
    engine: None,
    table: |_| "command = ['{hydrotest}', 'serve', '--port', '{port}']\n".to_owned(),
    things: |_| Vec::new(),
    plant: orphan,
    pulls_to: None,
    left_out: &[],
};
