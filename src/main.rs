//! The `hydrotest` program.

fn main() {}
