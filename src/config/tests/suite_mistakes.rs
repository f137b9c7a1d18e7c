//! Shows what a person sees who made mistakes in a suite: all of them, in the order of the file, once each.

use super::suites::read;

const MISTAKES: &str = r#"
abuot = "typos"
needs = ["multimre"]

[[case]]
name = "Two Chains"
sequences = "medum:short"
options = { inclde_fields = ["*"], include_fields = ["pldtt", "pae"] }
models = ["esmfold", "esm5"]
checks = []

[[case]]
name = "sends_nothing"
timeout = "1 fortnight"
checks = [{ chek = "contract" }]

[[case]]
name = "sends_twice"
sequences = "short"
literal = "AC"
xfail = { message = "why" }
checks = [{ check = "contract" }]

[[case]]
name = "never_runs"
method = "fold"
needs = ["masks"]
sequences = "short"
checks = [{ check = "contract" }]

[[case]]
name = "calls"
checks = [{ check = "contract" }]
[[case.call]]
name = "a"
sequences = "short"
[[case.call]]
name = "a"
retires = 1
"#;

fn findings(text: &str) -> String {
    read(text).expect_err("the text has mistakes").to_string()
}

#[test]
fn every_mistake_of_a_suite_is_shown_at_once() {
    let shown = findings(MISTAKES);
    insta::assert_snapshot!(shown, @r#"
    error: unknown key `abuot`
     --> suites/toy.toml:2:1
      |
    2 | abuot = "typos"
      | ^^^^^ did you mean `about`?

    error: unknown feature, option, field, size or gates `multimre`
     --> suites/toy.toml:3:10
      |
    3 | needs = ["multimre"]
      |          ^^^^^^^^^^ did you mean `multimer`?

    error: `Two Chains` is not a name
     --> suites/toy.toml:6:8
      |
    6 | name = "Two Chains"
      |        ^^^^^^^^^^^^ expected lowercase letters, digits and `_`, a letter first

    error: unknown sequence `medum`
     --> suites/toy.toml:7:13
      |
    7 | sequences = "medum:short"
      |             ^^^^^^^^^^^^^ did you mean `medium`?

    error: unknown option `inclde_fields`
     --> suites/toy.toml:8:13
      |
    8 | options = { inclde_fields = ["*"], include_fields = ["pldtt", "pae"] }
      |             ^^^^^^^^^^^^^ did you mean `include_fields`?

    error: unknown field `pldtt`
     --> suites/toy.toml:8:54
      |
    8 | options = { inclde_fields = ["*"], include_fields = ["pldtt", "pae"] }
      |                                                      ^^^^^^^ did you mean `plddt`?

    error: unknown model `esm5`
     --> suites/toy.toml:9:22
      |
    9 | models = ["esmfold", "esm5"]
      |                      ^^^^^^ did you mean `esm2`?

    error: a case without checks proves nothing
      --> suites/toy.toml:10:10
       |
    10 | checks = []
       |          ^^ expected at least one

    error: this case sends nothing
      --> suites/toy.toml:12:1
       |
    12 | [[case]]
       | ^^^^^^^^
       |
       = help: say what to send with `sequences`, `literal` or `structured`, in the case or in every `[[case.call]]`

    error: `timeout` is not a time span
      --> suites/toy.toml:14:11
       |
    14 | timeout = "1 fortnight"
       |           ^^^^^^^^^^^^^ expected a number of seconds above 0 or text such as "90s", "20m" or "1h30m"

    error: unknown key `chek`
      --> suites/toy.toml:15:13
       |
    15 | checks = [{ chek = "contract" }]
       |             ^^^^ did you mean `check`?

    error: both `sequences` and `literal` say what to send
      --> suites/toy.toml:20:11
       |
    20 | literal = "AC"
       |           ^^^^ expected only one of them

    error: missing key `reason`
      --> suites/toy.toml:21:9
       |
    21 | xfail = { message = "why" }
       |         ^^^^^^^^^^^^^^^^^^^ in this table

    error: no model fits case `never_runs`
      --> suites/toy.toml:25:8
       |
    25 | name = "never_runs"
       |        ^^^^^^^^^^^^ it would never run
       |
       = help: see `method`, `needs`, `lacks`, `models` and `variants` of the case and its suite

    error: this call sends nothing
      --> suites/toy.toml:37:1
       |
    37 | [[case.call]]
       | ^^^^^^^^^^^^^
       |
       = help: say what to send with `sequences`, `literal` or `structured`, in the case or in every `[[case.call]]`

    error: call `a` is there already
      --> suites/toy.toml:38:8
       |
    35 | name = "a"
       |        --- first here
    ...
    38 | name = "a"
       |        ^^^

    error: unknown key `retires`
      --> suites/toy.toml:39:1
       |
    39 | retires = 1
       | ^^^^^^^
       |
       = help: known: `name`, `options`, `unchecked_options`, `config`, `unchecked_config`, `unchecked_method`, `sequences`, `literal`, `structured`
    "#);
}

#[test]
fn a_suite_without_cases_and_one_that_is_no_toml_are_both_reported() {
    insta::assert_snapshot!(findings("about = 'nothing'\n"), @r#"
    error: missing key `case`
     --> suites/toy.toml:1:1
      |
    1 | about = 'nothing'
      | ^ in this file
    "#);
    insta::assert_snapshot!(findings("about = \n[[case]\n"), @r#"
    error: unexpected character found: `\n`
     --> suites/toy.toml:1:9
      |
    1 | about = 
      |         ^

    error: expected a right bracket, found a newline
     --> suites/toy.toml:2:8
      |
    2 | [[case]
      |        ^
    "#);
}

#[test]
fn what_cannot_fail_is_refused() {
    let case = |more: &str| {
        findings(&format!(
            "about = 'x'\n[[case]]\nname = 'x'\nliteral = 'AC'\nchecks = [{{ check = 'contract' }}]\n{more}\n"
        ))
    };
    insta::assert_snapshot!(case("order = 'at_once'"), @"
    error: one call is at once with none
     --> suites/toy.toml:6:9
      |
    6 | order = 'at_once'
      |         ^^^^^^^^^ expected several of `[[case.call]]`
    ");
    insta::assert_snapshot!(case("xfail = { reason = 'why', message = '' }"), @"
    error: every failure contains nothing
     --> suites/toy.toml:6:37
      |
    6 | xfail = { reason = 'why', message = '' }
      |                                     ^^ expected words that it must contain
    ");
    insta::assert_snapshot!(case("seed = 7"), @"
    error: nothing is drawn
     --> suites/toy.toml:6:8
      |
    6 | seed = 7
      |        ^ expected `{random}` among the unchecked options
    ");
    insta::assert_snapshot!(case("unchecked_options = { '{random}' = 1 }"), @"
    error: missing key `seed`
     --> suites/toy.toml:2:1
      |
    2 | [[case]]
      | ^^^^^^^^ in this table
    ");
}
