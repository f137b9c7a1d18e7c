//! The full version, for Linux: `/proc` and the kernel's own calls. The interface is that of [`crate::os`].

#![expect(clippy::unnecessary_wraps, reason = "the portable version cannot tell")]

mod machine;
mod processes;
mod sockets;
mod supervision;

pub(crate) use machine::{NVIDIA_DRIVER, advise_huge_pages, is_ignored, memory, own_program, with_short_path};
pub(crate) use processes::{
    command_line, environment, environments, is_alive, reads_environments, resident, with_descendants,
};
pub(crate) use sockets::{listening_ports, open_ports, owner_of_port};
pub(crate) use supervision::{adopt_descendants, die_with_parent, kill_remaining, remaining};
