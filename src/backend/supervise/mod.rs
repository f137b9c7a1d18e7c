//! Runs a program under a supervisor, which kills the program and every process it started however the harness exits.
//! Knows processes and their output, not models.
//!
//! ```text
//! harness ──control pipe──→ supervisor (own process group, child subreaper)
//!    ↑  ↑─── report pipe ───────┘  └─ program (own session) ── whatever it starts
//!    └────────────── log pipe ──────────┴────────────────────────┘
//! ```
//!
//! The supervisor is hydrotest itself, started again with an argument that `run_if_asked` handles. It is a child
//! subreaper: a descendant that leaves its process group, or whose parent dies, becomes a child of the supervisor. When
//! the control pipe ends, the supervisor kills its children until it has none. The kernel closes that pipe however the
//! harness dies, SIGKILL included; a parent-death signal alone would reach the program but not its descendants. The
//! program has such a signal as well, in case the supervisor dies. It cannot be set safely between fork and exec, so
//! one more process of ours sets it and then executes the program.
//!
//! After a program has exited as expected, its workers may take a moment longer. The supervisor reports the processes
//! that remain after that as leaked, and kills them. After a crash or a kill the program could not clean up, and
//! nothing is reported.
//!
//! Support in [`crate::os`] differs by system: without subreapers and parent-death signals, descendants that leave the
//! program's process group are not found.

mod child;
mod exit;
mod log;
mod supervisor;

pub(crate) use child::{Program, StopOutcome, Supervised};
pub(crate) use exit::{ExitReason, LeakedProcess};
pub(crate) use log::{LONGEST_LINE, Log, TAIL};
pub(crate) use supervisor::{SETTLING, is_supervisor, run_if_asked};
