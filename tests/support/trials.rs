//! Tests of programs that have a `main` of their own: tables of functions that panic when they fail.

use libtest_mimic::{Failed, Trial};

/// A name, and what is to be done under it.
pub type Row = (&'static str, fn());

/// The trials of some tables, in their order.
pub fn trials(tables: &[&'static [Row]]) -> Vec<Trial> {
    let rows = tables.iter().copied().flatten();
    let trial = |&(name, run): &'static Row| {
        Trial::test(name, move || {
            run();
            Ok::<(), Failed>(())
        })
    };
    rows.map(trial).collect()
}
