//! `[models.KEY.gates]` as the gates of a contract, and the gates that a check changes. Reads numbers; judges by none.

use super::{Section, TableReader};
use crate::prediction::gates::{GateTable, GateValues, Gates};

/// Reads the tables of gates of a model. A table that is there must be whole.
pub(super) fn read(outer: &mut TableReader<'_>) -> Gates {
    let Some(section) = outer.section("gates") else { return Gates::default() };
    let mut reader = outer.within(&section);
    let gates = Gates {
        structure: read_table(&mut reader),
        embedding: read_table(&mut reader),
        ensemble: read_table(&mut reader),
        physical: read_table(&mut reader),
        floor: read_table(&mut reader),
    };
    reader.finish();
    gates
}

fn read_table<T: GateTable>(outer: &mut TableReader<'_>) -> Option<T> {
    let section = outer.section(T::NAME)?;
    let mut reader = outer.within(&section);
    for gate in T::gates() {
        reader.require(gate.key);
    }
    let values = read_values::<T>(&mut reader);
    reader.finish();
    T::of(&values)
}

/// Reads the gates that the table of a check changes, below its key `gates`: any of those that `T` has. `None` where the
/// key is absent. A gate beside that key judges nothing, and is a mistake that is easily made.
pub(crate) fn read_changes<T: GateTable>(outer: &mut TableReader<'_>) -> Option<GateValues> {
    for gate in T::gates() {
        let is_beside = outer.table().entries().any(|entry| entry.key() == gate.key);
        if is_beside && outer.has(gate.key) {
            let label = format!("expected `gates = {{ {} = … }}`", gate.key);
            outer.reject(gate.key, format_args!("`{}` is a gate of the model", gate.key), label);
        }
    }
    let section: Section = outer.section("gates")?;
    let mut reader = outer.within(&section);
    let values = read_values::<T>(&mut reader);
    reader.finish();
    Some(values)
}

fn read_values<T: GateTable>(reader: &mut TableReader<'_>) -> GateValues {
    T::gates().into_iter().filter_map(|gate| Some((gate.key, reader.number(gate.key, gate.range)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostics, Source};
    use super::*;
    use crate::prediction::gates::EnsembleGates;

    fn read_text(text: &str) -> (Gates, String) {
        let mut diagnostics = Diagnostics::new();
        let section = Section::parse(&Source::new("a.toml", text), &mut diagnostics);
        let mut reader = TableReader::new(&section, &mut diagnostics);
        let gates = read(&mut reader);
        reader.finish();
        (gates, diagnostics.to_string())
    }

    const WHOLE: &str = "[gates.ensemble]\nconfidence = 0.7\nsamples = 10\np = 0.01\nrmsd_margin = 0.2\n\
                         lddt_margin = 0.03\nplddt_margin = 0.005\n";

    #[test]
    fn what_noise_forgives_is_said_or_is_nothing() {
        let slack = |text: &str| {
            let (gates, errors) = read_text(text);
            (gates.slack().to_string(), errors.is_empty())
        };
        assert_eq!(slack("[gates.floor]\nslack = 2\n"), ("2".to_owned(), true));
        assert_eq!(slack(""), ("1".to_owned(), true));
        assert!(!slack("[gates.floor]\nslack = 0.5\n").1, "less than the floor itself");
        assert!(!slack("[gates.floor]\n").1, "a table is whole");
    }

    #[test]
    fn tables_are_read_and_absent_ones_stay_absent() {
        let (gates, errors) = read_text(WHOLE);
        assert_eq!(errors, "");
        assert_eq!((gates.structure, gates.physical), (None, None));
        let expected = EnsembleGates {
            confidence: 0.7,
            samples: 10.0,
            p: 0.01,
            rmsd_margin: 0.2,
            lddt_margin: 0.03,
            plddt_margin: 0.005,
        };
        assert_eq!(gates.ensemble, Some(expected));
    }

    #[test]
    fn missing_mistyped_and_impossible_gates_are_reported() {
        let (gates, errors) = read_text(&WHOLE.replace("p = 0.01\n", ""));
        assert_eq!(gates.ensemble, None);
        insta::assert_snapshot!(errors, @"
        error: missing key `p`
         --> a.toml:1:1
          |
        1 | [gates.ensemble]
          | ^^^^^^^^^^^^^^^^ in this table
        ");
        let (_, errors) = read_text(&WHOLE.replace("rmsd_margin", "rmsd_margn"));
        insta::assert_snapshot!(errors, @"
        error: unknown key `rmsd_margn`
         --> a.toml:5:1
          |
        5 | rmsd_margn = 0.2
          | ^^^^^^^^^^ did you mean `rmsd_margin`?
        ");
        let (_, errors) = read_text(&WHOLE.replace("samples = 10", "samples = 1"));
        insta::assert_snapshot!(errors, @"
        error: `samples` is 1
         --> a.toml:3:11
          |
        3 | samples = 1
          |           ^ expected a number from 2 to 1000
        ");
        let (_, errors) = read_text("[gates.ensembel]");
        insta::assert_snapshot!(errors, @"
        error: unknown key `ensembel`
         --> a.toml:1:8
          |
        1 | [gates.ensembel]
          |        ^^^^^^^^ did you mean `ensemble`?
        ");
    }
}
