//! Hydrotest decides whether a boileroom backend may go into service.
//!
//! A backend is a platform that runs protein models. Hydrotest reads declared backends, models and suites, runs the
//! suites against one backend and judges the responses by contracts and recorded reference results.
//!
//! The library is a façade for programs that embed the harness: read a configuration ([`config`]), [`plan`] a run, [`run`] it,
//! read its [`outcome`], [`compare`] two predictions, or write a kind of [`backend`]. The other modules are public for the tests of
//! this crate alone, hidden here, and may change at any time. `docs/design.md` draws the layers of all of them.

#[doc(hidden)]
pub mod check;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod compare_files;
#[doc(hidden)]
pub mod diagnosis;
#[doc(hidden)]
pub mod metric;
#[doc(hidden)]
pub mod metric_value;
#[doc(hidden)]
pub mod os;
#[doc(hidden)]
pub mod report;
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
