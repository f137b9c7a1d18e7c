//! Hydrotest decides whether a boileroom backend may go into service.
//!
//! A backend is a platform that runs protein models. Hydrotest reads declared backends, models and suites, runs the
//! suites against one backend and judges the responses by contracts and recorded reference results.
//!
//! The library is a façade for programs that embed the harness: read a configuration ([`config`]), [`plan`] a run, [`run`] it,
//! read its [`outcome`], [`compare`] two predictions, or write a kind of [`backend`]. The other modules are public only for the tests of
//! this crate, hidden here, and may change at any time. Items without users outside are `pub(crate)`, so that the compiler finds unused
//! ones. `docs/design.md` shows the layers of all modules.

#![warn(unreachable_pub)]
// The documentation includes private items.
#![allow(rustdoc::private_intra_doc_links)]

mod built_in;
#[doc(hidden)]
pub mod check;
#[doc(hidden)]
pub mod cli;
mod compare_files;
#[doc(hidden)]
pub mod diagnosis;
#[doc(hidden)]
pub mod metric;
#[doc(hidden)]
pub mod metric_value;
mod mutant;
mod os;
mod report;
#[doc(hidden)]
pub mod snapshot;
#[doc(hidden)]
pub mod synthetic;
#[doc(hidden)]
pub mod wire;

pub mod backend;
pub mod compare;
pub mod config;
pub mod outcome;
pub mod plan;
pub mod prediction;
pub mod protein;
pub mod run;
pub mod tensor;
