//! `hydrotest compare`: two files of results held against each other.

use super::arguments::CompareArguments;
use super::{MISCONFIGURED, Trouble, complain, list, say};
use crate::comparison::{Gates, Section, compare, load};
use crate::report;

/// The two differ.
const DIFFERENT: u8 = 1;

/// Compares and says how far the two are apart.
pub fn run(arguments: &CompareArguments) -> Result<u8, Trouble> {
    let (first, second) = match (load(&arguments.first), load(&arguments.second)) {
        (Ok(first), Ok(second)) => (first, second),
        (first, second) => {
            for problem in [first.err(), second.err()].into_iter().flatten() {
                complain(&format!("error: {problem}"));
            }
            return Ok(MISCONFIGURED);
        }
    };
    let gates = Gates {
        confidence: arguments.confidence,
        alpha_rmsd: arguments.rmsd,
        all_atom_rmsd: arguments.all_atom_rmsd,
        farthest: arguments.farthest,
        lddt: arguments.lddt,
        whole_lddt: arguments.whole_lddt,
        confidence_error: arguments.confidence_error,
        absolute: arguments.atol,
        relative: arguments.rtol,
    };
    let sections = compare(&first, &second, &gates);
    let names = [&arguments.first, &arguments.second].map(|path| path.display().to_string());
    if arguments.json {
        list::show_json(&report::compare::json(&names[0], &names[1], &sections))?;
    } else {
        say(&report::compare::table(&names[0], &names[1], &sections));
    }
    Ok(if sections.iter().all(Section::is_same) {
        0
    } else {
        DIFFERENT
    })
}
