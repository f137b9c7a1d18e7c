//! Measures how fast structures are read and compared, next to biotite, gemmi and tmtools on the same files in the same run.
//!
//! `cargo bench --bench metric` measures structures made by the embedded models. `-- FIRST.pdb SECOND.pdb` replaces the smaller
//! pair by two real predictions of one protein. `HYDROTEST_ORACLES` names a Python with the three tools; without it, only our
//! own times are measured. `docs/performance.md` lists the results.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark stops on errors, and prints its results"
)]

#[path = "../../tests/support/folding.rs"]
mod folding;
mod memory;
mod pair;
mod peer;
mod timing;

use std::path::Path;

use pair::Pair;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test --benches` only checks that this builds and starts.
        return;
    }
    let paths: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let small = match paths.as_slice() {
        [] => Pair::folded(),
        [first, second] => Pair::read(Path::new(first), Path::new(second)),
        _ => panic!("expected two PDB files or none"),
    };
    compare(&small);
    compare(&small.enlarged(2000));
    growth(&small);
    memory::report();
}

/// Our times for a pair, and those of the other tools as multiples of ours.
fn compare(pair: &Pair) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let theirs = peer::measure(&pair.write(folder.path()));
    println!("\n{} residues, {} atoms                       median (quartiles)", pair.residues(), pair.atoms());
    for (what, ours) in pair.measure() {
        println!("{what:<36} hydrotest {}", ours.show());
        for (tool, theirs) in theirs.iter().filter_map(|theirs| theirs.get(what)).flatten() {
            let ratio = timing::digits(theirs.median / ours.median);
            println!("{:<36} {tool:<9} {:<28} {ratio:>6}x", "", theirs.show());
        }
    }
}

/// The cost of lDDT per atom as the number of copies grows.
fn growth(small: &Pair) {
    println!("\nlDDT, all atoms: residues    atoms      pairs  median (quartiles)        ns/atom  ns/pair");
    for residues in [500, 1000, 2000, 4000] {
        let pair = small.enlarged(residues);
        let (took, pairs) = pair.measure_lddt();
        let each = |count: usize| timing::digits(took.median * 1e9 / count as f64);
        println!(
            "{:>25} {:>8} {pairs:>10}  {:<24} {:>8} {:>8}",
            pair.residues(),
            pair.atoms(),
            took.show(),
            each(pair.atoms()),
            each(pairs)
        );
    }
}
