//! The table of checks, and how the tables of a suite become checks. To add a check, write its file and a row here.

use std::sync::Arc;

use super::case_results::Calls;
use super::parser::{CaseContext, CheckParser};
use super::{Check, CheckRule};
use super::{
    absent, agree, b_factor, components, contract, differ, ensemble, equals, error, finite, physical, positions,
    present, range, seeded, sequence, shape, snapshot, structure_text, text, zeros,
};
use crate::config::{Case, CheckTable, Diagnostic, Diagnostics};
use crate::prediction::Contract;

/// A kind of check.
#[derive(Debug)]
pub struct CheckKind {
    /// Its name in suites.
    pub name: &'static str,
    /// Its keys, the required ones first. `call` names the calls that it looks at, by default all.
    pub keys: &'static [&'static str],
    read: fn(&mut CheckParser<'_>) -> Option<Box<dyn CheckRule>>,
}

/// Every check there is.
pub static KINDS: [CheckKind; 21] = [
    CheckKind { name: contract::NAME, keys: &["call"], read: contract::compile },
    CheckKind { name: present::NAME, keys: &["fields", "call"], read: present::compile },
    CheckKind { name: absent::NAME, keys: &["fields", "call"], read: absent::compile },
    CheckKind { name: shape::NAME, keys: &["field", "shape", "dtype", "items", "call"], read: shape::compile },
    CheckKind { name: range::NAME, keys: &["field", "min", "max", "above", "below", "call"], read: range::compile },
    CheckKind { name: finite::NAME, keys: &["fields", "call"], read: finite::compile },
    CheckKind { name: equals::NAME, keys: &["field", "value", "atol", "call"], read: equals::compile },
    CheckKind {
        name: text::NAME,
        keys: &["field", "starts_with", "contains", "not_contains", "call"],
        read: text::compile,
    },
    CheckKind { name: error::NAME, keys: &["message", "exception", "fault", "call"], read: error::compile },
    CheckKind { name: sequence::NAME, keys: &["field", "call"], read: sequence::compile },
    CheckKind { name: structure_text::NAME, keys: &["field", "atol", "call"], read: structure_text::compile },
    CheckKind { name: b_factor::NAME, keys: &["field", "atol", "call"], read: b_factor::compile },
    CheckKind { name: physical::NAME, keys: &["field", "gates", "confident", "call"], read: physical::compile },
    CheckKind { name: components::NAME, keys: &["field", "gates", "call"], read: components::compile },
    CheckKind { name: positions::NAME, keys: &["rmsd", "b_factor", "call"], read: positions::compile },
    CheckKind {
        name: agree::NAME,
        keys: &["fields", "first", "second", "items", "atol", "rtol", "cosine", "gates"],
        read: agree::compile,
    },
    CheckKind { name: differ::NAME, keys: &["fields", "first", "second", "items", "more_than"], read: differ::compile },
    CheckKind { name: seeded::NAME, keys: &["first", "second", "others", "field", "ratio"], read: seeded::compile },
    CheckKind { name: zeros::NAME, keys: &["field", "at_most", "padding", "call"], read: zeros::compile },
    CheckKind { name: ensemble::NAME, keys: &["gates", "call"], read: ensemble::compile },
    CheckKind { name: snapshot::NAME, keys: &["fields", "atol", "rtol", "gates", "call"], read: snapshot::compile },
];

/// The check that a table describes. Everything wrong with the table goes to `diagnostics`.
pub(crate) fn compile(table: &CheckTable, context: &CaseContext<'_>, diagnostics: &mut Diagnostics) -> Option<Check> {
    let name = table.kind.value.as_str();
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        let names = KINDS.iter().map(|kind| kind.name);
        diagnostics.push(Diagnostic::unknown(table.kind.location.clone(), "check", name, names));
        return None;
    };
    let before = diagnostics.len();
    let mut parser = CheckParser::new(&table.section, context, diagnostics);
    if kind.keys.contains(&"call") {
        parser.calls = parser.named_calls("call").map_or(Calls::All, Calls::Named);
    }
    let rule = (kind.read)(&mut parser);
    let CheckParser { reader, calls, .. } = parser;
    reader.finish();
    Some(Check { name: kind.name, calls, rule: Arc::from(rule?) }).filter(|_| diagnostics.len() == before)
}

/// All checks of a case for the models it applies to. Each table is checked by itself, and the demands on a call must be
/// compatible: the response to a call that must fail can never be judged.
#[must_use]
pub fn compile_case(case: &Case, contracts: &[&Contract], diagnostics: &mut Diagnostics) -> Vec<Check> {
    let calls: Vec<String> = case.calls.iter().map(|call| call.name.clone()).collect();
    let context = CaseContext { calls: &calls, requests: &case.calls, contracts };
    let compiled: Vec<Option<Check>> = case.checks.iter().map(|table| compile(table, &context, diagnostics)).collect();
    let fails = |call: &&String| compiled.iter().flatten().any(|check| check.expects_error(call));
    for (check, table) in compiled.iter().zip(&case.checks) {
        let Some(check) = check.as_ref().filter(|check| check.name != error::NAME) else { continue };
        let looks_at = || calls.iter().filter(|call| check.calls.includes(call));
        if check.calls == Calls::All && !looks_at().all(|call| fails(&call)) {
            continue;
        }
        if let Some(call) = looks_at().find(fails) {
            let message = format!("nothing to judge: the call `{call}` must fail");
            let diagnostic = Diagnostic::at(table.kind.location.clone(), message);
            diagnostics.push(diagnostic.with_label("this looks at its response"));
        }
    }
    compiled.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{compile_errors, embedder};
    use super::*;
    use crate::config::{Config, Sequences, Source, Suites};

    #[test]
    fn unknown_checks_keys_fields_and_calls_are_named_with_what_was_meant() {
        let reported = [
            "check = 'contrct'",
            "check = 'contract'\ncal = 'call'",
            "check = 'contract'\ncall = 'cal'",
            "check = 'present'\nfields = ['embedings']",
            "check = 'present'\nfields = ['metadata.model_nam']",
            "check = 'present'\nfields = ['embeddings[']",
            "check = 'present'\nfields = []",
            "check = 'present'",
        ]
        .map(|table| compile_errors(&embedder(), table));
        insta::assert_snapshot!(reported.join("\n\n"), @"
        error: unknown check `contrct`
         --> check.toml:1:9
          |
        1 | check = 'contrct'
          |         ^^^^^^^^^ did you mean `contract`?

        error: unknown key `cal`
         --> check.toml:2:1
          |
        2 | cal = 'call'
          | ^^^ did you mean `call`?

        error: unknown call `cal`
         --> check.toml:2:8
          |
        2 | call = 'cal'
          |        ^^^^^ did you mean `call`?

        error: unknown field `embedings`
         --> check.toml:2:11
          |
        2 | fields = ['embedings']
          |           ^^^^^^^^^^^ did you mean `embeddings`?

        error: unknown attribute of metadata `model_nam`
         --> check.toml:2:11
          |
        2 | fields = ['metadata.model_nam']
          |           ^^^^^^^^^^^^^^^^^^^^ did you mean `model_name`?

        error: `embeddings[` is not a field
         --> check.toml:2:11
          |
        2 | fields = ['embeddings[']
          |           ^^^^^^^^^^^^^ expected a name such as `plddt`, `plddt[0]` or `metadata.sequence_lengths`

        error: no field is named
         --> check.toml:2:10
          |
        2 | fields = []
          |          ^^ expected at least one

        error: missing key `fields`
         --> check.toml:1:1
          |
        1 | check = 'present'
          | ^ in this file
        ");
    }

    /// The checks of the only case of a suite, compiled for ESM-2.
    fn case_errors(text: &str) -> String {
        let config = Config::built_in().unwrap();
        let sequences = Sequences::parse(&Source::new("sequences.fasta", ">short\nMLKNV\n")).unwrap();
        let suites = Suites::parse(&[Source::new("suites/toy.toml", text)], &config, &sequences);
        let suites = suites.unwrap_or_else(|errors| panic!("{errors}"));
        let contract = config.model("esm2").unwrap();
        let mut diagnostics = Diagnostics::new();
        let _ = compile_case(&suites.suites[0].cases[0], &[contract], &mut diagnostics);
        diagnostics.to_string()
    }

    #[test]
    fn a_response_of_a_call_that_must_fail_cannot_be_judged() {
        let case = |checks: &str| {
            case_errors(&format!(
                "about = 'x'\n[[case]]\nname = 'x'\nsequences = 'short'\nchecks = [{checks}]\n[[case.call]]\nname = 'bad'\n\
                 [[case.call]]\nname = 'good'\n"
            ))
        };
        assert_eq!(case("{ check = 'error', call = 'bad' }, { check = 'contract' }"), "");
        assert_eq!(case("{ check = 'error', call = 'bad' }, { check = 'contract', call = 'good' }"), "");
        let named = case("{ check = 'error', call = 'bad' }, { check = 'contract', call = 'bad' }");
        insta::assert_snapshot!(named, @"
        error: nothing to judge: the call `bad` must fail
         --> suites/toy.toml:5:56
          |
        5 | checks = [{ check = 'error', call = 'bad' }, { check = 'contract', call = 'bad' }]
          |                                                        ^^^^^^^^^^ this looks at its response
        ");
        let all = case("{ check = 'error' }, { check = 'contract' }");
        insta::assert_snapshot!(all, @"
        error: nothing to judge: the call `bad` must fail
         --> suites/toy.toml:5:42
          |
        5 | checks = [{ check = 'error' }, { check = 'contract' }]
          |                                          ^^^^^^^^^^ this looks at its response
        ");
        let pair = case("{ check = 'error', call = 'bad' }, { check = 'agree', fields = ['embeddings'] }");
        insta::assert_snapshot!(pair, @"
        error: nothing to judge: the call `bad` must fail
         --> suites/toy.toml:5:56
          |
        5 | checks = [{ check = 'error', call = 'bad' }, { check = 'agree', fields = ['embeddings'] }]
          |                                                        ^^^^^^^ this looks at its response
        ");
    }

    #[test]
    fn what_no_response_can_break_is_no_check() {
        let case = |settings: &str, checks: &str| {
            case_errors(&format!(
                "about = 'x'\n[[case]]\nname = 'x'\nsequences = 'short'\n{settings}\nchecks = [{checks}]\n"
            ))
        };
        let unasked = case("", "{ check = 'snapshot', fields = ['lm_logits'] }");
        insta::assert_snapshot!(unasked, @"
        error: no call asks esm2 for `lm_logits`
         --> suites/toy.toml:6:43
          |
        6 | checks = [{ check = 'snapshot', fields = ['lm_logits'] }]
          |                                           ^^^^^^^^^^^ expected a field of `include_fields`, or one that is always there
        ");
        for asked in ["options = { include_fields = ['lm_logits'] }", "config = { include_fields = '*' }"] {
            assert_eq!(case(asked, "{ check = 'snapshot', fields = ['lm_logits'] }"), "");
        }
        assert_eq!(case("", "{ check = 'absent', fields = ['lm_logits'] }"), "");
        let unlimited = case("", "{ check = 'range', field = 'embeddings', above = -inf, below = inf }");
        insta::assert_snapshot!(unlimited, @"
        error: no number could be judged: any number
         --> suites/toy.toml:6:11
          |
        6 | checks = [{ check = 'range', field = 'embeddings', above = -inf, below = inf }]
          |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected limits by `min` or `above`, `max` or `below`
        ");
        let open = "{ check = 'ensemble', gates = { p = 0 } }";
        let errors = compile_errors(
            &crate::check::fixture::folded::declared("boltz2"),
            &open[2..open.len() - 2].replace(", ", "\n"),
        );
        insta::assert_snapshot!(errors, @"
        error: no response can break these gates
         --> check.toml:2:9
          |
        2 | gates = { p = 0 }
          |         ^^^^^^^^^ expected at least one gate that a response can break
        ");
    }

    #[test]
    fn names_of_checks_are_unique_and_their_keys_are_those_they_read() {
        for (index, kind) in KINDS.iter().enumerate() {
            assert!(KINDS[..index].iter().all(|other| other.name != kind.name));
            // A key that no check has makes the reader list those it knows or suggest one.
            for key in kind.keys {
                let errors = compile_errors(&embedder(), &format!("check = '{}'\n{key}x = 1", kind.name));
                assert!(errors.contains(&format!("`{key}`")), "{} {key}: {errors}", kind.name);
            }
        }
    }
}
