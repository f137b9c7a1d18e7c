//! Real engines that tests need, named by environment variables (see `tests/README.md`). A test that needs one is ignored by
//! default, and fails without the engine if it is included.

/// An engine.
#[track_caller]
pub fn engine(variable: &str) -> String {
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!("needs {variable}, which tests/README.md explains"),
    }
}
