//! Leaves a resource on a platform on purpose, as a killed run might: a process, a container or a job. Proves that leaks are
//! detected. Does not use hydrotest's code.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::ask::{image, lines};
use crate::engine::engine as named;
use crate::home::VARIABLE;
use crate::look;

/// A resource that was left on purpose.
pub struct Planted {
    /// Text of the lines that must report it.
    pub seen_as: Vec<String>,
    /// Removes it.
    pub remove: Box<dyn FnOnce()>,
}

impl Planted {
    /// Another line must report it too.
    pub fn and(mut self, text: &str) -> Self {
        self.seen_as.push(text.to_owned());
        self
    }
}

/// An orphaned process.
pub fn orphan(home: &Path) -> Planted {
    let mut orphan = Command::new("sleep").arg("600").env(VARIABLE, home).spawn().unwrap();
    Planted {
        seen_as: vec![format!("process {} (sleep 600)", orphan.id())],
        remove: Box::new(move || {
            orphan.kill().unwrap();
            orphan.wait().unwrap();
        }),
    }
}

/// A container of an engine, and the process in it.
pub fn container(host: String, home: &Path) -> Planted {
    let name = format!("hydrotest-planted-{}", std::process::id());
    let variable = format!("{VARIABLE}={}", home.display());
    let label = ["--label", "hydrotest.instance=hydrotest-planted", "--env", &variable];
    let image = image();
    let arguments =
        [&["--host", &host, "run", "--detach", "--name", &name][..], &label, &[&image, "/bin/sleep", "600"]];
    lines("docker", &arguments.concat(), &[]);
    Planted {
        seen_as: vec![format!("container {name}"), "(/bin/sleep 600)".to_owned()],
        remove: Box::new(move || drop(lines("docker", &["--host", &host, "rm", "--force", &name], &[]))),
    }
}

/// A container of Apptainer, which inherits no environment from this process, and an incomplete pull next to its image.
pub fn container_of_this_machine(cache: &Path, home: &Path) -> Planted {
    let images = cache.join("images");
    let half = images.join(".pull-hydrotest-planted");
    fs::create_dir(&half).unwrap();
    let files = fs::read_dir(&images).unwrap().flatten().map(|file| file.path());
    let sif = files.filter(|file| file.extension().is_some_and(|extension| extension == "sif"));
    let mut command = Command::new(named("HYDROTEST_APPTAINER"));
    command
        .args(["exec", "--cleanenv"])
        .arg(sif.last().unwrap())
        .args(["/bin/sleep", "600"])
        .env(format!("APPTAINERENV_{VARIABLE}"), home)
        .stdin(Stdio::null());
    let mut container = command.spawn().unwrap();
    let home = home.to_owned();
    let texts = ["(/bin/sleep 600)", "loop device", "incomplete pull .pull-hydrotest-planted"];
    Planted {
        seen_as: texts.map(str::to_owned).to_vec(),
        remove: Box::new(move || {
            for (process, _) in look::processes(&home, &[]) {
                // It may end by itself in the meantime.
                let _ = kill_process(Pid::from_raw(process).unwrap(), Signal::KILL);
            }
            container.wait().unwrap();
            fs::remove_dir(half).unwrap();
        }),
    }
}

/// A job, and the process that it runs.
pub fn job(script: &str, process: &str, home: &Path) -> Planted {
    let conf = named("HYDROTEST_SLURM");
    let name = format!("hydrotest-planted-{}", std::process::id());
    let (job_name, wrapped) = (format!("--job-name={name}"), format!("--wrap={script}"));
    let export = format!("--export={VARIABLE}={}", home.display());
    let arguments = ["--output=/dev/null", &job_name, &export, &wrapped];
    lines("sbatch", &arguments, &[("SLURM_CONF", &conf)]);
    Planted {
        seen_as: vec![format!("{name} RUNNING"), format!("({process})")],
        remove: Box::new(move || {
            lines("scancel", &[&format!("--name={name}")], &[("SLURM_CONF", &conf)]);
        }),
    }
}
