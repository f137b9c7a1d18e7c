//! `--shrink` on a server that is wrong by a rule: what is printed, and that the command line it prints makes the call that fails.

use serde_json::Value;

use crate::port::{Answer, Asked, Upstream, is_health, port, ready, run};
use crate::project::Ran;

/// Answers to chains without their residues after the thirtieth.
fn cut(asked: &Asked, upstream: &Upstream) -> Answer {
    if is_health(asked) {
        return ready();
    }
    let mut body: Value = serde_json::from_slice(&asked.body).unwrap();
    for sequences in body.as_object_mut().unwrap().values_mut() {
        let items = match sequences {
            Value::Array(items) => items.iter_mut().collect(),
            Value::String(_) => vec![sequences],
            _ => continue,
        };
        for item in items {
            *item = item.as_str().unwrap().chars().take(30).collect::<String>().into();
        }
    }
    upstream.answer(&Asked {
        path: asked.path.clone(),
        head: String::new(),
        body: body.to_string().into_bytes(),
        before: 0,
    })
}

/// What is told of the search, before the closing lines of the run.
fn told(ran: &Ran) -> String {
    let start = ran
        .told
        .find("esm2::batch::two_lengths ")
        .or_else(|| ran.told.find("not shrunk"));
    let text = &ran.told[start.unwrap_or_else(|| panic!("{}", ran.told))..];
    let text = text.split("\nbackend ").next().unwrap();
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    text.replace(suites, "").trim_end().to_owned()
}

#[test]
fn the_shortest_batch_that_is_cut_is_printed_with_a_command_that_shows_it() {
    let lab = port(cut);
    let table = "models = ['esm2']\n";
    let ran = run(&lab, table, &["--shrink", "--exact", "esm2::batch::two_lengths"]);
    ran.expect(1, &["shrinking esm2::batch::two_lengths: 100 calls at most"]);
    insta::assert_snapshot!(told(&ran), @"");
    let words = ["try", "--model", "esm2", "--as-list"];
    let tried = |letters: usize| [&words[..], &[&"A".repeat(letters)]].concat().join(" ");
    let tried = |letters: usize| {
        let line = tried(letters);
        crate::port::run_alone(&lab, table, &line.split(' ').collect::<Vec<_>>())
    };
    tried(31).expect(1, &["esm2::try::call", "contract [call]: "]);
    let right = tried(30);
    right.expect(0, &["1 passed"]);
    assert!(!right.told.contains("reproduce"), "{}", right.told);
}
