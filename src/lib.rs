//! Hydrotest decides whether a boileroom backend may go into service.
//!
//! A backend is a platform that runs protein models. Hydrotest reads declared backends, models and suites, runs the
//! suites against one backend and judges what comes back against contracts and recorded reference results.
//!
//! Modules have layers; a file imports only from lower ones:
//!
//! | layer | modules |
//! |---|---|
//! | 0 | [`tensor`], [`os`] |
//! | 1 | [`protein`] |
//! | 2 | [`prediction`], [`metric`] |
//! | 3 | [`config`], [`synthetic`], [`wire`], [`cause`], [`measure`] |
//! | 4 | [`backend`], [`snapshot`], [`compare`] |
//! | 5 | [`check`] |
//! | 6 | [`plan`], [`comparison`], [`outcome`] |
//! | 7 | [`run`], [`report`] |
//! | 8 | [`cli`] |

pub mod backend;
pub mod check;
pub mod cli;
pub mod compare;
pub mod compare_files;
pub mod config;
pub mod diagnosis;
pub mod metric;
pub mod metric_value;
pub mod os;
pub mod outcome;
pub mod plan;
pub mod prediction;
pub mod protein;
pub mod report;
pub mod run;
pub mod snapshot;
pub mod synthetic;
pub mod tensor;
pub mod wire;
