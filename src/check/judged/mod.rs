//! What the comparison says of answers, asked as suites ask: by checks, with contracts and recorded results.

mod embeddings;
mod gates;
mod layouts;
mod noise;
mod pair_errors;
mod tolerances;
