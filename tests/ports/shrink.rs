//! `--shrink` on a server that fails by a rule: what is printed, and that the printed command line makes the failing call.

use serde_json::Value;

use crate::port::{Request, Response, Upstream, is_health, port, ready, run, run_alone};
use crate::project::Ran;

/// Responses for chains, without the residues after the thirtieth.
fn cut(request: &Request, upstream: &Upstream) -> Response {
    if is_health(request) {
        return ready();
    }
    let mut body: Value = serde_json::from_slice(&request.body).unwrap();
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
    upstream.respond(&Request {
        path: request.path.clone(),
        head: String::new(),
        body: body.to_string().into_bytes(),
        before: 0,
    })
}

/// The report of the search, before the closing lines of the run.
fn reported(ran: &Ran) -> String {
    let text = ran.reported.split("\nbackend lab ").next().unwrap();
    let text = text.rsplit("filtered out; ").next().unwrap();
    let (_, text) = text.split_once("\n\n").unwrap_or_else(|| panic!("{}", ran.reported));
    text.trim_end().to_owned()
}

#[test]
fn the_shortest_failing_batch_is_printed_with_its_command() {
    let lab = port(cut);
    let table = "models = ['esm2']\n";
    let ran = run(&lab, table, &["--shrink", "--exact", "esm2::batch::two_lengths"]);
    ran.expect(1, &["shrinking esm2::batch::two_lengths: 100 calls at most"]);
    let reported = reported(&ran);
    insta::assert_snapshot!(reported, @"
    esm2::batch::two_lengths shrunk from 2 sequences of 79 residues to 1 sequence of 31 residues without `seed`, `num_loops`, `num_sampling_steps` in 74 calls: contract [call]: metadata.sequence_lengths: expected [31], got [30]
      reproduce: cargo run -- try --backend lab --model esm2 --as-list MALWMRLLPLLALLALWGPDPAAAFVNQHLC
    ");
    // Runs the command as it is printed.
    let printed = reported.split("reproduce: cargo run -- ").nth(1).unwrap();
    let printed: Vec<&str> = printed.split(' ').collect();
    let again = run_alone(&lab, table, &printed);
    again.expect(1, &["esm2::try::call", "metadata.sequence_lengths: expected [31], got [30]"]);
    let shorter = [&printed[..printed.len() - 1], &["ACD", "EF"]].concat();
    let right = run_alone(&lab, table, &shorter);
    right.expect(0, &["1 passed"]);
    assert!(!again.reported.contains("reproduce"), "{}", again.reported);
}

#[test]
fn a_case_whose_check_needs_its_own_input_is_not_shrunk() {
    let lab = port(|request, upstream| {
        if is_health(request) {
            return ready();
        }
        let mut body: Value = serde_json::from_slice(&request.body).unwrap();
        body["options"] = Value::Null;
        upstream.respond(&Request {
            path: request.path.clone(),
            head: String::new(),
            body: body.to_string().into_bytes(),
            before: 0,
        })
    });
    let ran = run(&lab, "models = ['esm2']\n", &["--shrink", "--exact", "esm2::bad_input::device"]);
    ran.expect(1, &[]);
    insta::assert_snapshot!(reported(&ran), @"esm2::bad_input::device not shrunk: `error` demands what holds for its calls as they are");
}

#[test]
fn mistakes_in_a_call_are_reported() {
    let lab = port(|request, upstream| if is_health(request) { ready() } else { upstream.respond(request) });
    let table = "models = ['esm2']\n";
    let tried = |arguments: &[&str]| run_alone(&lab, table, &[&["try"], arguments].concat());
    tried(&["--model", "esm3000", "ACD"]).expect(2, &["model esm3000 is not declared"]);
    tried(&["--model", "esm2", "--options", "[]", "ACD"]).expect(2, &["not a JSON object"]);
    tried(&["--model", "esm2", "--options", r#"{"seed":null}"#, "ACD"]).expect(2, &["cannot be null"]);
    tried(&["--model", "esm2", "--check", "finit", "ACD"]).expect(2, &["unknown check `finit`"]);
    let finite = "{ check = 'finite', fields = ['embeddings'] }";
    let options = r#"{"include_fields":["lm_logits"]}"#;
    tried(&["--model", "esm2", "--check", finite, "--options", options, "AC:D"]).expect(0, &["1 passed"]);
}
