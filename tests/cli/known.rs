//! How a site's file of known failures changes the result of a run.

use super::{Project, Ran};

const BACKENDS: &str = "default = 'lab'\n[backends.lab]\nkind = 'reference'\nmodels = ['esm2']\n";
const SUITE: &str = "about = 'a small suite'\nmethod = 'embed'\n\n[[case]]\nname = 'narrow'\nsequences = 'short'\n\
                     checks = [{ check = 'shape', field = 'embeddings', shape = [1, 25, 7] }]\n\n\
                     [[case]]\nname = 'right'\nsequences = 'short'\nchecks = [{ check = 'contract' }]\n";

/// A project with a case that fails, and a file of known failures.
fn project(known: &str) -> Project {
    let project = Project::new();
    project.write("backends.toml", &format!("{BACKENDS}known_failures = 'lab/known.toml'\n"));
    project.write("suites/small.toml", SUITE);
    project.write("lab/known.toml", known);
    project
}

fn entry(case: &str, message: &str, expires: &str) -> String {
    format!(
        "[[known]]\ncase = '{case}'\nmessage = '{message}'\nreason = 'a narrow card'\nlink = 'T-1'\nexpires = {expires}\n"
    )
}

#[test]
fn a_failure_suggests_an_entry_that_makes_it_known() {
    let project = project("");
    let failed = Ran::from(project.command(&[]).output().unwrap()).expect(1);
    let (_, offered) = failed.stdout.split_once("in lab/known.toml:\n").unwrap();
    let (offered, _) = offered.split_once("\n\n").unwrap();
    let (reported, expires) = offered.split_once("expires = ").unwrap();
    assert_eq!(expires.len(), "2027-06-30".len(), "{expires}");
    insta::assert_snapshot!(reported, @r#"
    [[known]]
    case = "esm2::small::narrow"
    message = ["shape [call]: embeddings: expected shape (1, 25, 7), got (1, 25, 1280)"]
    reason = ""
    link = ""
    "#);
    project.write("lab/known.toml", offered);
    let unexplained = project.run(&[]).expect(2);
    insta::assert_snapshot!(unexplained.stderr.replace(expires, "DATE"), @r#"
    error: `reason` says nothing
     --> lab/known.toml:4:10
      |
    4 | reason = ""
      |          ^^ expected why it fails

    error: `link` says nothing
     --> lab/known.toml:5:8
      |
    5 | link = ""
      |        ^^ expected where it is written about, such as an issue

    2 errors in usage or configuration (exit code 2)
    "#);
    let explained = offered.replace("reason = \"\"", "reason = 'a narrow card'").replace("link = \"\"", "link = 'T-1'");
    project.write("lab/known.toml", &explained);
    let known = project.run(&[]).expect(0);
    insta::assert_snapshot!(known.closing(), @"
    test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend lab (kind reference, weights synthetic): 2 cases over 1 model in TIME s
      1 passed, 0 failed, 1 known failures
      core: 1 of 2 passed, 1 known failures
      known failure: esm2::small::narrow: a narrow card, see T-1
    passed with 1 known failure: 1 of 2 cases passed, so that the backend does not conform (exit code 0)
    ");
}

#[test]
fn outdated_entries_fail_the_run_with_the_necessary_edit() {
    let reported = |known: &str| {
        let ran = project(known).run(&[]).expect(1);
        ran.closing().to_owned()
    };
    let narrow = entry("esm2::small::narrow", "shape", "2999-01-01");
    let unmatched = narrow.clone() + &entry("esm2::smal::*", "shape", "2999-01-01");
    insta::assert_snapshot!(reported(&unmatched), @"
    test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend lab (kind reference, weights synthetic): 2 cases over 1 model in TIME s
      1 passed, 0 failed, 1 known failures
      core: 1 of 2 passed, 1 known failures
      known failure: esm2::small::narrow: a narrow card, see T-1
      out of date: `esm2::smal::*` at lab/known.toml:7:1 matches no case: correct its `case`, or remove the entry
    out of date: an `xfail` or an entry of a known failure no longer holds; edit it as reported above (exit code 1)
    ");
    let stale = narrow + &entry("esm2::small::right", "shape", "2999-01-01");
    insta::assert_snapshot!(reported(&stale), @"
    test result: FAILED. 0 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend lab (kind reference, weights synthetic): 2 cases over 1 model in TIME s
      0 passed, 0 failed, 1 passed unexpectedly, 1 known failures
      core: 0 of 2 passed, 1 passed unexpectedly, 1 known failures
      known failure: esm2::small::narrow: a narrow card, see T-1
    out of date: an `xfail` or an entry of a known failure no longer holds; edit it as reported above (exit code 1)
    ");
    insta::assert_snapshot!(reported(&entry("esm2::small::narrow", "shape", "2000-01-01")), @"
    test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend lab (kind reference, weights synthetic): 2 cases over 1 model in TIME s
      1 passed, 1 failed
      core: 1 of 2 passed, 1 failed
      out of date: `esm2::small::narrow` at lab/known.toml:1:1 expired after 2000-01-01: look whether it still fails, and renew `expires` or remove the entry
    does not conform: the backend is wrong (exit code 1)
    ");
}

#[test]
fn show_says_whose_failure_is_listed() {
    let flaky = "[[known]]\ncase = 'esm2::small::*'\nflaky = true\nreason = 'the queue drops calls'\nlink = 'T-2'\n\
                 expires = 2999-01-01\n";
    let project = project(&(entry("esm2::small::narrow", "shape", "2999-01-01") + flaky));
    let shown = project.run(&["show", "esm2::small::narrow"]).expect(0);
    let listed: Vec<&str> = shown.stdout.lines().filter(|line| line.contains(" until ")).collect();
    insta::assert_snapshot!(listed.join("\n"), @"
    known failure until 2999-01-01: a narrow card
    listed as flaky until 2999-01-01: the queue drops calls
    ");
}

#[test]
fn a_missing_file_of_known_failures_is_a_mistake() {
    let project = Project::new();
    project.write("backends.toml", &format!("{BACKENDS}known_failures = 'lab/known.toml'\n"));
    insta::assert_snapshot!(project.run(&[]).expect(2).stderr, @"
    error: there is no file lab/known.toml
     --> backends.toml:5:18
      |
    5 | known_failures = 'lab/known.toml'
      |                  ^^^^^^^^^^^^^^^^
      |
      = help: an empty file lists no known failure

    1 error in usage or configuration (exit code 2)
    ");
}
