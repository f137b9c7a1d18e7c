//! Reads gates: those of a model (`[models.KEY.gates]`), those that a check changes, and the tolerances for unknown models
//! (`[unknown]`). Does not compare anything with them.

use super::{TableReader, field};
use crate::prediction::contract::Tolerance;
use crate::prediction::gates::{GateTable, GateValues, Gates};

/// The tolerances for results of a model that is not declared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unknown {
    pub(crate) tolerance: Tolerance,
    pub(crate) gates: Gates,
}

impl Default for Unknown {
    /// Nothing may differ.
    fn default() -> Self {
        Self { tolerance: field::EXACT, gates: Gates::default() }
    }
}

/// Reads `[unknown]`; `None` if it is absent.
pub(super) fn read_unknown(outer: &mut TableReader<'_>) -> Option<Unknown> {
    outer.nested("unknown", |reader| Unknown {
        tolerance: field::read_tolerance(reader).unwrap_or(field::EXACT),
        gates: read(reader),
    })
}

/// Reads the tables of gates of a model. A table that is present must be complete.
pub(super) fn read(outer: &mut TableReader<'_>) -> Gates {
    let gates = outer.nested("gates", |reader| Gates {
        structure: read_table(reader),
        embedding: read_table(reader),
        ensemble: read_table(reader),
        physical: read_table(reader),
        floor: read_table(reader),
    });
    gates.unwrap_or_default()
}

fn read_table<T: GateTable>(outer: &mut TableReader<'_>) -> Option<T> {
    outer.nested(T::NAME, |reader| {
        for gate in T::gates() {
            reader.require(gate.key);
        }
        T::of(&read_values::<T>(reader))
    })?
}

/// Reads the gates of `T` that the table of a check changes, below its key `gates`. Returns `None` if the key is absent. A gate beside
/// that key would have no effect, so it is reported.
pub(crate) fn read_changes<T: GateTable>(outer: &mut TableReader<'_>) -> Option<GateValues> {
    for gate in T::gates() {
        let is_beside = outer.table().entries().any(|entry| entry.key() == gate.key);
        if is_beside && outer.has(gate.key) {
            let label = format!("expected `gates = {{ {} = … }}`", gate.key);
            outer.reject(gate.key, format_args!("`{}` is a gate of the model", gate.key), label);
        }
    }
    outer.nested("gates", read_values::<T>)
}

fn read_values<T: GateTable>(reader: &mut TableReader<'_>) -> GateValues {
    T::gates().into_iter().filter_map(|gate| Some((gate.key, reader.number(gate.key, gate.range)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostics, Section, Source};
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
