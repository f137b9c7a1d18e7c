//! What the folding models promise, measured from outside: geometry, confidence, contracts.

mod confidence;
mod contact;
mod contract;
mod fixture;
mod geometry;
mod stochastic;
