//! Hydrotest decides whether a boileroom backend may go into service.
//!
//! A backend is a platform that runs protein models. Hydrotest reads declared backends, models and suites, runs the
//! suites against one backend and judges the responses by contracts and recorded reference results.
//!
//! The library is a façade for programs that embed the harness: read a configuration ([`config`]), [`plan`] a run, [`run`] it,
//! read its [`outcome`], [`compare`] two predictions, or write a kind of [`backend`]. The other modules are public for the tests of
//! this crate alone, hidden here, and may change at any time; what nothing outside uses is `pub(crate)`, so that the compiler finds
//! what nothing uses at all. `docs/design.md` draws the layers of all of them.

#![warn(unreachable_pub)]
// Its documentation is read with private items.
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
