//! The embedded models: deterministic, synthetic answers to real requests. Claims no accuracy; imports no backend.

pub mod fold;
