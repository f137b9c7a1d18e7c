//! Proves how defects that are known upstream are declared.

use super::super::*;

fn parse(entry: &str) -> Result<Config, Diagnostics> {
    let text = format!(
        "default = 'r'\nbackends.r.kind = 'reference'\n[models.toy]\nname = 'Toy'\nmethod = 'fold'\nlist = 'batch'\n\
         core = 'a.B'\nwrapper = 'a.B'\noutput = 'a.C'\nimage = 'toy'\n[models.toy.fields]\n\
         score = {{ kind = 'scalar', dtype = 'float32' }}\n[[models.toy.known]]\n{entry}"
    );
    Config::parse(&Source::new("backends.toml", text))
}

#[test]
fn an_entry_says_where_it_stands() {
    let config = parse("case = 'batch::*'\nmessage = 'ptm'\nreason = 'r'\nlink = 'l'\nexpires = 2027-06-30\n").unwrap();
    let known = &config.models[0].known[0];
    assert_eq!((known.place.as_str(), known.expires), ("backends.toml:13:1", 20_999));
    assert!(known.is_about("batch", "two@small") && !known.is_about_one());
    assert!(known.concerns(Some("0.9")), "it names no release");
}

#[test]
fn an_entry_may_be_about_one_of_boilerooms_own_backends() {
    let entry = "through = 'modal'\nmodels = ['esm2']\ncase = '*'\nmessage = 'm'\nreason = 'r'\nlink = 'l'\nexpires = 2027-06-30\n";
    let text = format!("default = 'r'\nbackends.r.kind = 'reference'\n[[known]]\n{entry}");
    let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
    let shipped = Config::built_in().unwrap().known;
    assert_eq!(config.known.len(), shipped.len() + 1, "those of boileroom's backends hold in every file");
    let known = &config.known[0];
    assert!(known.concerns_model("esm2") && !known.concerns_model("esmc") && shipped[0].concerns_model("esmc"));
    assert!(
        known.shows_through(Some("modal")) && !known.shows_through(Some("apptainer")) && !known.shows_through(None)
    );
    assert!(shipped.iter().all(|known| known.through.as_deref() == Some("apptainer")));
}

#[test]
fn a_model_that_an_entry_names_must_be_there() {
    let rest = "case = '*'\nmessage = 'm'\nreason = 'r'\nlink = 'l'\nexpires = 2027-06-30\n";
    let text = format!("default = 'r'\nbackends.r.kind = 'reference'\n[[known]]\nmodels = ['esm4']\n{rest}");
    let shown = Config::parse(&Source::new("backends.toml", text)).unwrap_err();
    insta::assert_snapshot!(shown, @"
    error: unknown model `esm4`
     --> backends.toml:4:11
      |
    4 | models = ['esm4']
      |           ^^^^^^ did you mean `esm2`?
    ");
    // In a model's own table there is but one.
    let shown = parse(&format!("models = ['toy']\n{rest}")).unwrap_err().to_string();
    insta::assert_snapshot!(shown, @"
    error: unknown key `models`
      --> backends.toml:14:1
       |
    14 | models = ['toy']
       | ^^^^^^
       |
       = help: known: `case`, `message`, `through`, `boileroom`, `reason`, `link`, `expires`
    ");
}

#[test]
fn mistakes_are_shown() {
    let shown = parse("case = 'batch'\nmessage = ''\nexpires = 'soon'\nboilerom = []\n").unwrap_err();
    insta::assert_snapshot!(shown, @"
    error: missing keys `reason`, `link`
      --> backends.toml:13:1
       |
    13 | [[models.toy.known]]
       | ^^^^^^^^^^^^^^^^^^^^ in this table

    error: `batch` is no case
      --> backends.toml:14:8
       |
    14 | case = 'batch'
       |        ^^^^^^^ expected `suite::case`, `*` for anything

    error: no message is expected
      --> backends.toml:15:11
       |
    15 | message = ''
       |           ^^ expected words that the finding contains

    error: `expires` is a string
      --> backends.toml:16:11
       |
    16 | expires = 'soon'
       |           ^^^^^^ expected a date such as 2027-06-30

    error: unknown key `boilerom`
      --> backends.toml:17:1
       |
    17 | boilerom = []
       | ^^^^^^^^ did you mean `boileroom`?
    ");
}

#[test]
fn the_shipped_entries_name_cases_that_there_are() {
    let config = Config::built_in().unwrap();
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
    let suites = Suites::load(&home, &config).unwrap_or_else(|errors| panic!("{errors}"));
    for contract in &config.models {
        for known in &contract.known {
            let mut cases = suites.suites.iter().flat_map(|suite| {
                let cases = suite.cases_for(contract);
                cases.map(|case| (suite.name.as_str(), case.name.as_str()))
            });
            assert!(cases.any(|(suite, case)| known.is_about(suite, case)), "{}: {}", contract.key, known.case);
            let release = known.boileroom.as_ref().unwrap();
            assert!(known.concerns(None) && known.concerns(Some(&release[0])) && !known.concerns(Some("9.9")));
        }
    }
}

#[test]
fn a_site_lists_whole_names_and_says_why() {
    let read = |text: &str| {
        let mut diagnostics = Diagnostics::new();
        let known = known::read_site(&Source::new("known_failures.toml", text), &mut diagnostics);
        diagnostics.into_result(known).map_err(|wrong| wrong.to_string())
    };
    let rest = "reason = 'r'\nlink = 'l'\nexpires = 2027-06-30\n";
    let known = read(&format!(
        "[[known]]\ncase = 'esm2::*'\nmessage = 'm'\n{rest}[[known]]\ncase = 'esm2::embed::short'\nflaky = true\n{rest}"
    ));
    let known = known.unwrap();
    assert_eq!(known.len(), 2);
    assert!(known[0].is_about_name("esm2::embed::sizes@small") && !known[0].is_about_name("esmc::embed::sizes"));
    assert!(known[1].is_about_one() && known[1].explains("anything") && !known[0].explains("anything"));
    assert_eq!(read("").unwrap(), []);
    let wrong =
        read("[[known]]\ncase = 'embed::short'\nreason = ''\nlink = ' '\nexpires = 2027-06-30\nthrough = 'modal'\n");
    insta::assert_snapshot!(wrong.unwrap_err(), @"
    error: missing key `message`
     --> known_failures.toml:1:1
      |
    1 | [[known]]
      | ^^^^^^^^^ in this table

    error: `embed::short` is no case
     --> known_failures.toml:2:8
      |
    2 | case = 'embed::short'
      |        ^^^^^^^^^^^^^^ expected `model::suite::case`, `*` for anything

    error: `reason` says nothing
     --> known_failures.toml:3:10
      |
    3 | reason = ''
      |          ^^ expected why it fails

    error: `link` says nothing
     --> known_failures.toml:4:8
      |
    4 | link = ' '
      |        ^^^ expected where it is written about, such as an issue

    error: unknown key `through`
     --> known_failures.toml:6:1
      |
    6 | through = 'modal'
      | ^^^^^^^
      |
      = help: known: `case`, `flaky`, `message`, `reason`, `link`, `expires`
    ");
}
