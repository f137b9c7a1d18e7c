//! What the program reports for mistakes in files and on the command line, and when nothing is selected.

use super::{Project, SUITE};

#[test]
fn every_configuration_mistake_is_shown_at_its_place() {
    let project = Project::new();
    project
        .write("backends.toml", "default = \"reference\"\n\n[backends.reference]\nkind = \"refrence\"\nwieghts = 1\n");
    insta::assert_snapshot!(project.run(&[]).expect(2).stderr, @r#"
    error: unknown kind `refrence`
     --> backends.toml:4:8
      |
    4 | kind = "refrence"
      |        ^^^^^^^^^^ did you mean `reference`?

    1 error in usage or configuration (exit code 2)
    "#);
    // Mistakes in keys of all kinds and in keys of one kind are reported together.
    let project = Project::new();
    project.write(
        "backends.toml",
        "default = \"lib\"\n[backends.lab]\nkind = \"http\"\nulr = \"http://a\"\nmodels = [\"esm-2\"]\nstart_timeout = \"soon\"\n\
         max_instances = \"two\"\nweigths = \"published\"\n",
    );
    insta::assert_snapshot!(project.run(&["backends"]).expect(2).stderr, @r#"
    error: unknown backend `lib`
     --> backends.toml:1:11
      |
    1 | default = "lib"
      |           ^^^^^ did you mean `lab`?

    error: unknown key `ulr`
     --> backends.toml:4:1
      |
    4 | ulr = "http://a"
      | ^^^ did you mean `url`?

    error: unknown model `esm-2`
     --> backends.toml:5:11
      |
    5 | models = ["esm-2"]
      |           ^^^^^^^ did you mean `esm2`?

    error: `start_timeout` is not a time span
     --> backends.toml:6:17
      |
    6 | start_timeout = "soon"
      |                 ^^^^^^ expected a number of seconds above 0 or text such as "90s", "20m" or "1h30m"

    error: `max_instances` is a string
     --> backends.toml:7:17
      |
    7 | max_instances = "two"
      |                 ^^^^^ expected an integer

    error: unknown key `weigths`
     --> backends.toml:8:1
      |
    8 | weigths = "published"
      | ^^^^^^^ did you mean `weights`?

    6 errors in usage or configuration (exit code 2)
    "#);
    let project = Project::new();
    project.write(
        "suites/small.toml",
        &SUITE.replace("sequences = \"short\"", "sequences = \"shrt\"").replace("contract", "contrat"),
    );
    insta::assert_snapshot!(project.run(&[]).expect(2).stderr, @r#"
    error: unknown sequence `shrt`
     --> suites/small.toml:5:13
      |
    5 | sequences = "shrt"
      |             ^^^^^^ did you mean `short`?

    1 error in usage or configuration (exit code 2)
    "#);
}

#[test]
fn unknown_names_on_the_command_line_list_the_known_ones() {
    let project = Project::new();
    let reported = [
        &["--backend", "your_backend"][..],
        &["--model", "esm3fold"],
        &["--suite", "smal"],
        &["--gpu", "T4"],
        &["--backend", "reference:1.2"],
        &["--no-such-flag"],
        &["--config", "nowhere.toml"],
    ]
    .map(|arguments| project.run(arguments).expect(2).stderr);
    insta::assert_snapshot!(reported.join("\n"), @"
    error: backend your_backend is not declared. Supported backends: reference
     |
     = help: declare it as [backends.your_backend] in the configuration

    1 error in usage or configuration (exit code 2)

    error: model esm3fold is not declared
     |
     = help: did you mean `esmfold`?

    1 error in usage or configuration (exit code 2)

    error: suite smal is not declared
     |
     = help: did you mean `small`?

    1 error in usage or configuration (exit code 2)

    error: --gpu does not apply to backend `reference` of kind `reference`
     |
     = help: it applies to kind python

    1 error in usage or configuration (exit code 2)

    error: an image tag does not apply to backend `reference` of kind `reference`
     |
     = help: it applies to kinds docker, apptainer, python

    1 error in usage or configuration (exit code 2)

    error: unexpected argument '--no-such-flag' found

      tip: to pass '--no-such-flag' as a value, use '-- --no-such-flag'

    Usage: hydrotest [OPTIONS] [FILTER]...
           hydrotest <COMMAND>

    For more information, try '--help'.

    error: failed to read nowhere.toml: No such file or directory (os error 2)

    1 error in usage or configuration (exit code 2)
    ");
}

#[test]
fn a_run_without_cases_has_its_own_exit_code() {
    let project = Project::new();
    let ran = [&["--model", "boltz2"][..], &["no_such_case"], &["--skip", "esm", "--skip", "x"]]
        .map(|arguments| project.run(arguments).expect(4));
    insta::assert_snapshot!(ran.each_ref().map(|ran| ran.stderr.as_str()).join("\n"), @"
    suite small has no cases: none applies to boltz2
    inconclusive: nothing ran (exit code 4)

    none of 2 planned cases is selected by the filter `no_such_case`; `--list` shows them
    inconclusive: nothing ran (exit code 4)

    none of 2 planned cases is selected by --skip `esm` and --skip `x`; `--list` shows them
    inconclusive: nothing ran (exit code 4)
    ");
    insta::assert_snapshot!(ran.each_ref().map(|ran| ran.stdout.as_str()).join("\n"), @"");
    insta::assert_snapshot!(project.run(&["--dry-run"]).expect(2).stderr, @"
    error: --dry-run does not apply to kind `reference`
     |
     = help: it applies to kind slurm

    1 error in usage or configuration (exit code 2)
    ");
}
