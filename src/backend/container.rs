//! The command that runs a model server in a container of Apptainer, as boileroom runs it, with two differences: what the
//! container is to find in its environment is passed by the environment and not by the command line, which everybody on the
//! machine may read; and it is passed as it is, without a shell that expands what looks like a variable. Builds the command;
//! runs nothing, here or on the node of a cluster.

use std::ffi::OsString;
use std::path::Path;

use super::kind::LaunchSpec;
use super::supervise::Program;
use super::{BackendError, Fault, Stage, resources};
use crate::wire::Secret;

/// Whose drivers a container gets to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gpu {
    /// None.
    None,
    /// NVIDIA's.
    Nvidia,
    /// AMD's.
    Rocm,
}

impl Gpu {
    /// The drivers that a device needs.
    pub(crate) fn of(device: &str) -> Self {
        if device.starts_with("cuda") {
            Self::Nvidia
        } else if device.starts_with("rocm") || device.starts_with("hip") {
            Self::Rocm
        } else {
            Self::None
        }
    }
}

/// By which name the program's variables begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContainerFamily {
    /// Apptainer, also where it is called `singularity`.
    Apptainer,
    /// `SingularityCE`.
    Singularity,
}

impl ContainerFamily {
    /// The variable that sets something for the program itself, such as `APPTAINER_TMPDIR`.
    pub(crate) fn variable(self, name: &str) -> OsString {
        format!("{}_{name}", self.prefix()).into()
    }

    /// The variable that becomes `name` in the container, also where nothing else of the environment gets in.
    pub(crate) fn inner_variable(self, name: &str) -> OsString {
        format!("{}ENV_{name}", self.prefix()).into()
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Apptainer => "APPTAINER",
            Self::Singularity => "SINGULARITY",
        }
    }
}

/// A container that is to run a server.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    /// By what Apptainer is run.
    pub(crate) tool: &'a str,
    /// What its variables are called.
    pub(crate) family: ContainerFamily,
    /// Whose drivers it gets to see.
    pub(crate) gpu: Gpu,
    /// The image.
    pub(crate) sif: &'a Path,
    /// The directory that holds the package `boileroom`, if the server is to run from it.
    pub(crate) source: Option<&'a Path>,
    /// Where weights are kept, if that is known.
    pub(crate) model_directory: Option<&'a Path>,
    /// Further binds.
    pub(crate) binds: &'a [String],
    /// Further options of `exec`.
    pub(crate) options: &'a [String],
    /// What runs in it.
    pub(crate) command: &'a [String],
    /// Further variables in it.
    pub(crate) environment: &'a [(String, String)],
}

/// Where the container sees the directory of the weights.
const MODEL_DIRECTORY: &str = "/.model_cache";
/// Where boileroom's images keep libraries for CUDA, in the order in which they are searched.
const LIBRARIES: [&str; 11] = [
    "/usr/local/lib/python3.12/site-packages/cuequivariance_ops/lib",
    "/usr/local/lib/python3.12/site-packages/nvidia/cublas/lib",
    "/usr/local/lib/python3.12/site-packages/torch/lib",
    "/usr/local/lib/python3.12/site-packages/nvidia",
    "/usr/local/cuda/lib64",
    "/usr/local/cuda/lib",
    "/usr/local/cuda-12/lib64",
    "/usr/local/cuda-12/lib",
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
    "/.singularity.d/libs",
];
/// What every container finds.
const FIXED: [(&str, &str); 8] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("LANG", "C.UTF-8"),
    ("LC_ALL", "C.UTF-8"),
    ("TMPDIR", "/tmp"),
    ("TMP", "/tmp"),
    ("TEMP", "/tmp"),
    ("CC", "gcc"),
    ("CXX", "g++"),
];

/// The program that runs the server of a launch in a container of `sif`.
///
/// # Errors
/// When a directory to be bound has a name that a bind cannot hold.
pub(crate) fn program(
    container: &Container<'_>,
    launch: &LaunchSpec,
    secret: &Secret,
) -> Result<Program, BackendError> {
    let mut command: Vec<OsString> =
        [container.tool, "exec", "--cleanenv", "--home", "/tmp"].map(OsString::from).to_vec();
    match container.gpu {
        Gpu::None => {}
        Gpu::Nvidia => command.push("--nv".into()),
        Gpu::Rocm => command.push("--rocm".into()),
    }
    let mut binds = Vec::new();
    if let Some(source) = container.source {
        let package = bindable(&source.join("boileroom"))?;
        binds.push(format!("{package}:{package}:ro"));
    }
    if let Some(directory) = container.model_directory {
        binds.push(format!("{}:{MODEL_DIRECTORY}", bindable(directory)?));
    }
    for bind in binds.iter().chain(container.binds) {
        command.extend(["-B".into(), bind.into()]);
    }
    command.extend(container.options.iter().map(OsString::from));
    command.push(container.sif.into());
    command.extend(container.command.iter().map(OsString::from));
    Ok(Program { command, directory: None, environment: environment(container, launch, secret) })
}

/// Variables of the program, most of them for the container.
fn environment(container: &Container<'_>, launch: &LaunchSpec, secret: &Secret) -> Vec<(OsString, Option<OsString>)> {
    let mut inner: Vec<(String, Option<String>)> = Vec::new();
    let mut put = |name: &str, value: &str| inner.push((name.to_owned(), Some(value.to_owned())));
    if let Some(source) = container.source {
        put("PYTHONPATH", &source.to_string_lossy());
    }
    for (name, value) in FIXED {
        put(name, value);
    }
    put("LD_LIBRARY_PATH", &LIBRARIES.join(":"));
    if let Some(number) = launch.overrides.device.as_deref().and_then(|device| device.strip_prefix("cuda:")) {
        put("CUDA_VISIBLE_DEVICES", number);
    }
    if container.model_directory.is_some() {
        put("MODEL_DIR", MODEL_DIRECTORY);
        if std::env::var_os("CHAI_DOWNLOADS_DIR").is_none() {
            put("CHAI_DOWNLOADS_DIR", &format!("{MODEL_DIRECTORY}/chai"));
        }
    }
    for (name, value) in container.environment {
        put(name, value);
    }
    // The launch's come last: whatever else a table says, the model runs with these.
    let job_variables = launch.variables(secret);
    inner.extend(job_variables.map(|(name, value)| (name.to_owned(), value)));
    let inner =
        inner.into_iter().map(|(name, value)| (container.family.inner_variable(&name), value.map(OsString::from)));
    let own = [
        (container.family.variable("NO_EVAL"), Some("1".into())),
        (resources::VARIABLE.into(), Some(launch.instance.label().into())),
    ];
    own.into_iter().chain(inner).collect()
}

/// The path as a part of a bind, whose parts are separated by colons and commas.
fn bindable(path: &Path) -> Result<String, BackendError> {
    let text = path.to_str().filter(|text| !text.contains([':', ',']));
    text.map(str::to_owned).ok_or_else(|| {
        let message = format!(
            "{} cannot be bound into a container: its name holds a colon or a comma, or is not UTF-8",
            path.display()
        );
        BackendError::new(Stage::Launch, Fault::Misconfigured, message)
    })
}
