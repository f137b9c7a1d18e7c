//! What the comparison says of responses, asked as suites ask: by checks, with contracts and recorded results.

mod embeddings;
mod gates;
mod layouts;
mod noise;
mod pair_errors;
mod tolerances;
