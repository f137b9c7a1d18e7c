//! The full version, for Linux: `/proc` and the kernel's own calls. The interface is that of [`crate::os`].

mod machine;
mod processes;
mod sockets;
mod supervision;

pub use machine::{NVIDIA_DRIVER, advise_huge_pages, is_ignored, memory, own_program, with_short_path};
pub use processes::{command_line, environment, environments, is_alive, reads_environments, with_descendants};
pub use sockets::{listening_ports, open_ports, owner_of_port};
pub use supervision::{adopt_descendants, die_with_parent, kill_remaining, remaining};
