//! What a run makes outside of itself and must not leave: every instance has a mark, everything made for it carries the mark,
//! and whoever finds the mark after the instance has ended has found a leak.
//!
//! ```text
//! STATE/runs/RUN/lock            held by the run; the system lets go of it however the run ends; holds the machine's name
//!               /reaches/*.json  on which platforms it may have made something: written before anything is made there
//!               /making/*        what is being asked of a platform, and may come to be after the run is dead
//!               /N/              what the harness keeps of its instance N
//!               /tN/             temporary files of what is started for its instance N
//! ```
//!
//! The mark is in the environment of every process ([`VARIABLE`]), in the label of every container and in the name of every
//! job. So nothing has to be written down after it was made, and a run that is killed between two steps leaves no gap: the
//! next run, or `hydrotest clean`, takes the dead run's reaches and asks each platform what carries its mark.
//!
//! This module knows marks, directories and the processes of this machine. What a platform holds, the kind's own [`Steward`]
//! finds and removes.

mod dead;
mod making;
mod mark;
mod processes;
mod run;
mod steward;
mod temporary;

pub use dead::{Dead, DeadRun};
pub use mark::{Mark, VARIABLE};
pub use processes::{Processes, processes_of};
pub use run::{Run, state_directory};
pub(in crate::backend) use steward::PROCESS;
pub use steward::{Leftover, Steward, belongs};
