//! Tests of the module as a whole: what the shipped files declare, and what a person sees who made mistakes in one.

mod backends;
mod identities;
mod known;
mod levels;
mod per_model;
mod suite_mistakes;
mod suites;
