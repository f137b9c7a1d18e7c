//! Real engines that tests need, as the environment names them. `tests/README.md` lists the variables. A test that needs one is
//! ignored unless it is asked for, and then fails without it.

/// An engine.
#[track_caller]
pub fn engine(variable: &str) -> String {
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!("needs {variable}, which tests/README.md explains"),
    }
}
