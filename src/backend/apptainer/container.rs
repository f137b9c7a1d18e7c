//! What becomes of the settings when a container is run on this machine. The command itself is the same wherever it runs.

use std::path::Path;

use super::settings::ApptainerSpec;
use super::tool::Tool;
use crate::backend::BackendError;
use crate::backend::container::{Container, Gpu};
use crate::backend::kind::LaunchSpec;
use crate::backend::supervise::Program;
use crate::wire::Secret;

/// The program that runs the server of a launch in a container of `sif`.
///
/// # Errors
/// When a directory to be bound has a name that a bind cannot hold.
pub(super) fn program(
    tool: &Tool,
    filled: &ApptainerSpec,
    gpu: Gpu,
    sif: &Path,
    launch: &LaunchSpec,
    secret: &Secret,
) -> Result<Program, BackendError> {
    let container = Container {
        tool: &tool.program,
        family: tool.family(),
        gpu,
        sif,
        source: filled.source.as_deref(),
        model_directory: filled.model_directory.as_deref(),
        binds: &filled.binds,
        options: &filled.options,
        command: &filled.command,
        environment: &filled.environment,
    };
    crate::backend::container::program(&container, launch, secret)
}
