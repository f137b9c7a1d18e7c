//! Processes that leave nothing behind: a program runs under a supervisor that ends it and everything it started, however
//! the harness itself ends. Knows processes and their output, nothing of models.
//!
//! ```text
//! harness ──control pipe──→ supervisor (own process group, child subreaper)
//!    ↑  ↑─── report pipe ───────┘  └─ program (own session) ── whatever it starts
//!    └────────────── log pipe ──────────┴────────────────────────┘
//! ```
//!
//! The supervisor is hydrotest itself, started anew with an argument that `run_if_asked` knows. It is a child subreaper, so a
//! descendant that leaves its process group, or whose parent dies, becomes the supervisor's child and not the system's. When
//! the control pipe ends, it kills its children until it has none. The kernel closes that pipe however the harness dies,
//! SIGKILL included; a parent-death signal alone would reach the program but not what the program started. The program has
//! one as well, against the death of the supervisor. It cannot be set safely between fork and exec, so the program is started
//! through one more step of ours, which sets it and then becomes the program.
//!
//! A program that is to end, because it is asked or because it was told otherwise, may need its workers to end a moment
//! later. What is still there after that moment the supervisor names before it kills it: that much the program left behind.
//! After a crash, or when the program has to be killed, it cannot have cleared up, and nothing is named.
//!
//! What [`crate::os`] has of this differs by system: where there are neither subreapers nor parent-death signals, descendants
//! that leave the program's process group are not found.

mod child;
mod exit;
mod log;
mod supervisor;

pub(crate) use child::{Program, StopOutcome, Supervised};
pub(crate) use exit::{ExitReason, LeakedProcess};
pub(crate) use log::Log;
pub(crate) use supervisor::{is_supervisor, run_if_asked};
