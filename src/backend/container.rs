//! The command that runs a model server in a container of Apptainer, on this machine or on the node of a cluster. It is boileroom's own
//! with two differences: variables of the container are passed by the environment, because every user of the machine can read command
//! lines, and no shell expands their values. Builds the command and does not run it.

use std::ffi::OsString;
use std::path::Path;

use super::kind::LaunchSpec;
use super::supervise::Program;
use super::{BackendError, Fault, Stage, resources};
use crate::wire::Secret;

/// The vendor whose GPU drivers a container can use.
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

/// The program, which decides the prefix of its variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContainerFamily {
    /// Apptainer, even if it is called `singularity`.
    Apptainer,
    /// `SingularityCE`.
    Singularity,
}

impl ContainerFamily {
    /// A variable of the program itself, such as `APPTAINER_TMPDIR`.
    pub(crate) fn variable(self, name: &str) -> OsString {
        format!("{}_{name}", self.prefix()).into()
    }

    /// The variable that becomes `name` in the container, even with `--cleanenv`.
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

/// The container of a server.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    /// The program.
    pub(crate) tool: &'a str,
    /// The prefix of its variables.
    pub(crate) family: ContainerFamily,
    /// The drivers that it can use.
    pub(crate) gpu: Gpu,
    /// The image.
    pub(crate) sif: &'a Path,
    /// The directory with the package `boileroom`, if the server runs from it.
    pub(crate) source: Option<&'a Path>,
    /// The directory of weights, if known.
    pub(crate) model_directory: Option<&'a Path>,
    /// Further binds.
    pub(crate) binds: &'a [String],
    /// Further options of `exec`.
    pub(crate) options: &'a [String],
    /// The command in it.
    pub(crate) command: &'a [String],
    /// Further variables in it.
    pub(crate) environment: &'a [(String, String)],
}

/// Where the container sees the directory of the weights.
const MODEL_DIRECTORY: &str = "/.model_cache";
/// The CUDA libraries in boileroom's images, in search order.
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
/// Variables of every container.
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
/// If the name of a directory cannot be written in a bind.
pub(crate) fn program(
    container: &Container<'_>,
    launch: &LaunchSpec,
    secret: &Secret,
) -> Result<Program, BackendError> {
    let mut command = [container.tool, "exec", "--cleanenv", "--home", "/tmp"].map(OsString::from).to_vec();
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
    let family = container.family;
    let mut variables: Vec<(OsString, Option<OsString>)> = vec![
        (family.variable("NO_EVAL"), Some("1".into())),
        (resources::VARIABLE.into(), Some(launch.instance.label().into())),
    ];
    let mut put = |name: &str, value: &str| variables.push((family.inner_variable(name), Some(value.into())));
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
    let own = launch.variables(secret).map(|(name, value)| (family.inner_variable(name), value.map(OsString::from)));
    variables.extend(own);
    variables
}

/// The path as part of a bind, where colons and commas separate the parts.
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
