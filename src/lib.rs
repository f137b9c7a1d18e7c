//! Hydrotest decides whether a boileroom backend may go into service.
//!
//! A backend is a platform that runs protein models. Hydrotest reads declared backends, models and suites, runs the
//! suites against one backend and judges what comes back against contracts and recorded reference results.
//!
//! The house has floors; a file imports only from lower ones:
//!
//! | floor | rooms |
//! |---|---|
//! | 0 | [`tensor`], [`protein`] |
//! | 1 | [`prediction`] |
//! | 2 | [`config`], [`reference`] |
//! | 3 | [`backend`] |

pub mod backend;
pub mod config;
pub mod prediction;
pub mod protein;
pub mod reference;
pub mod tensor;
