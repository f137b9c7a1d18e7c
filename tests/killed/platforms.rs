//! The platforms on which the harness is killed: requirements, the backend's table, how to list resources, and what to leave
//! there on purpose. Data only; to add a platform, add a row and a test.

use std::path::Path;

use crate::ask::{containers, incomplete_pulls, jobs, python_path, repository, sif};
use crate::engine::engine as named;
use crate::planted::{Planted, container, container_of_this_machine, job, orphan};

/// The command of a correct model server in a container.
const SERVE: &str = "command = ['/usr/local/bin/hydrotest', 'serve', '--host', '0.0.0.0', '--port', '{port}']\n";
/// Where the harness keeps images, relative to a home.
const CACHE: &str = "cache";

/// One platform.
pub struct Platform {
    pub name: &'static str,
    pub kind: &'static str,
    /// The engine that it reserves.
    pub engine: Option<&'static str>,
    /// The backend's table without `kind`, in a directory of its own. The home adds `env`.
    pub table: fn(&Path) -> String,
    /// Lists everything on the platform that may belong to a run, one line each. Processes and mounted images are searched
    /// everywhere.
    pub things: fn(&Path) -> Vec<String>,
    /// Leaves a resource there on purpose.
    pub plant: fn(&Path) -> Planted,
    /// Where the harness pulls images to. They are removed before some of the kills.
    pub pulls_to: Option<&'static str>,
    /// Cases that are left out because they are slow.
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
    things: |home| incomplete_pulls(&home.join(CACHE)),
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
        let script = format!(
            "APPTAINERENV_{}={} {} exec --cleanenv {} /bin/sleep 600",
            crate::home::VARIABLE,
            home.display(),
            named("HYDROTEST_APPTAINER"),
            sif(home).display()
        );
        job(&script, "/bin/sleep 600", home).and("loop device")
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
