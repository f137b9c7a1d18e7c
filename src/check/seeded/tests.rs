//! A kept seed passes whatever a card repeats, an ignored one and one that determines nothing do not.

use serde_json::json;

use super::super::case_results::CallResult;
use super::super::fixture::folded::{UBIQUITIN, declared, folded};
use super::super::fixture::{compile_with, judge, summaries};
use crate::check::Check;
use crate::config::{Sequences, Source};
use crate::metric::test_points::noise;
use crate::prediction::Contract;
use crate::prediction::Value;

const CALLS: [&str; 4] = ["first", "again", "other", "third"];

const TABLE: &str = "check = 'seeded'\nfirst = 'first'\nsecond = 'again'\nothers = ['other', 'third']";

fn check(contract: &Contract) -> Check {
    compile_with(contract, TABLE, &CALLS).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Answers under these seeds, in the order of the calls.
fn under(contract: &Contract, input: &str, seeds: [u64; 4]) -> Vec<CallResult> {
    let responses = CALLS.iter().zip(seeds);
    responses.map(|(call, seed)| folded(contract, call, input, json!({ "seed": seed }))).collect()
}

/// Turns and moves a structure as a diffusion model that draws where it lies.
fn placed(response: CallResult, angle: f32, shift: f32) -> CallResult {
    let (sine, cosine) = angle.sin_cos();
    response.with_structure(|structure| {
        for [x, y, z] in &mut structure.coord {
            (*x, *y) = (cosine * *x - sine * *y + shift, sine * *x + cosine * *y);
            *z -= shift;
        }
    })
}

/// Moves every residue as a whole by so much, neighbours by nearly the same: as repeats on one card differ.
fn repeated(response: CallResult, rmsd: f32, seed: u64) -> CallResult {
    let mut next = noise(seed);
    let (waves, most) = ([next(), next(), next()], rmsd * 2.0_f32.sqrt() / 3.0_f32.sqrt());
    response.with_structure(|structure| {
        for (atom, position) in structure.coord.iter_mut().enumerate() {
            for (axis, wave) in position.iter_mut().zip(waves) {
                *axis += most * (atom as f32 / 60.0 + 3.0 * wave).sin();
            }
        }
    })
}

/// The proteins of the suites of a length that the case on seeds could take.
fn proteins() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/suites/sequences.fasta");
    let text = std::fs::read_to_string(path).unwrap();
    let sequences = Sequences::parse(&Source::new("sequences.fasta", &text)).unwrap();
    let all = sequences.records().iter().map(|record| record.sequence.clone());
    all.filter(|sequence| (40..=150).contains(&sequence.len()) && !sequence.contains(['X', ':'])).collect()
}

#[test]
fn a_seed_that_is_kept_passes_and_one_that_is_not_never_does() {
    let contract = declared("boltz2");
    let check = check(&contract);
    let (mut judged, mut unseen) = (0, Vec::new());
    for input in proteins() {
        for start in [1, 5] {
            let kept = under(&contract, &input, [start, start, start + 1, start + 2]);
            assert_eq!(judge(&check, &contract, &kept), [], "{input}");
            let ignored = under(&contract, &input, [start, start + 3, start + 1, start + 2]);
            judged += 1;
            if judge(&check, &contract, &ignored).is_empty() {
                unseen.push(format!("{start} {input}"));
            }
        }
    }
    assert!(judged >= 10, "{judged}");
    assert_eq!(unseen, Vec::<String>::new(), "of {judged}");
}

#[test]
fn a_card_that_repeats_itself_as_badly_as_is_reported_passes() {
    let contract = declared("chai1");
    let check = check(&contract);
    for (index, start) in [(0u8, 1), (1, 5), (2, 9)] {
        // Other seeds draw another place and turn too.
        let angles = [0.0, 0.0, 1.3 + f32::from(index), 2.5 - f32::from(index)];
        let responses = under(&contract, UBIQUITIN, [start, start, start + 1, start + 2]);
        let noisy = |rmsd: f32| -> Vec<CallResult> {
            let responses = responses.iter().cloned().zip(angles).enumerate();
            responses
                .map(|(call, (response, angle))| repeated(placed(response, angle, 0.0), rmsd, start + call as u64))
                .collect()
        };
        assert_eq!(judge(&check, &contract, &noisy(0.65)), [], "{start}");
        // One response under all seeds, as the same card repeats it: nothing but its noise tells them apart.
        let one: Vec<CallResult> = CALLS
            .iter()
            .enumerate()
            .map(|(call, name)| {
                let response = CallResult { call: (*name).to_owned(), ..responses[0].clone() };
                repeated(response, 0.65, 17 * start + 5 * call as u64)
            })
            .collect();
        let found = summaries(&check, &contract, &one);
        assert_eq!(
            found,
            ["atom_array[0]: `first` and `again` have one seed and are no nearer to each other than to other seeds"]
        );
    }
}

#[test]
fn one_response_under_every_seed_is_told_as_that() {
    let contract = declared("boltz2");
    let check = check(&contract);
    let found = judge(&check, &contract, &under(&contract, UBIQUITIN, [7; 4]));
    insta::assert_snapshot!(found[0].summary, @"atom_array[0]: another seed gives the same structure: `other`, `third` against `first` and `again`");
    insta::assert_snapshot!(found[0].hint.as_ref().unwrap(), @"the seed does not reach the model, or does not determine what is drawn");
    insta::assert_snapshot!(found[0].details[0], @"where they lie: CA RMSD 0 Å under one seed, at least 0 Å to other seeds (`other`, `third`)");
}

#[test]
fn responses_of_another_form_are_no_distance() {
    let contract = declared("boltz2");
    let check = check(&contract);
    let right = under(&contract, UBIQUITIN, [1, 1, 2, 3]);
    let change = |index: usize, change: &dyn Fn(CallResult) -> CallResult| {
        let mut responses = right.clone();
        responses[index] = change(responses[index].clone());
        summaries(&check, &contract, &responses)
    };
    let renamed = change(2, &|response| response.with_structure(|structure| structure.res_id[3] += 1));
    insta::assert_snapshot!(renamed.join("\n"), @"atom_array[0]: `first` and `other`: other atoms");
    let lost = change(1, &|response| response.with_structure(|structure| structure.coord.fill([f32::NAN; 3])));
    insta::assert_snapshot!(lost[0], @"atom_array[0]: `first` and `again`: no atoms to compare, or coordinates that are not finite");
    let none = change(3, &|response| response.with("atom_array", Value::List(Vec::new())));
    insta::assert_snapshot!(none.join("\n"), @"atom_array: 1 structures against 0 of `third`");
}

#[test]
fn tables_that_compare_a_call_with_itself_are_refused() {
    let errors = |table: &str| {
        let table = format!("check = 'seeded'\n{table}");
        compile_with(&declared("boltz2"), &table, &CALLS).map_or_else(|errors| errors.to_string(), |_| String::new())
    };
    let twice = errors("first = 'first'\nsecond = 'again'\nothers = ['first']");
    insta::assert_snapshot!(twice, @"
    error: the call `first` is named twice
     --> check.toml:4:10
      |
    4 | others = ['first']
      |          ^^^^^^^^^ expected another call
    ");
    let none = errors("first = 'first'\nsecond = 'again'\nothers = []");
    insta::assert_snapshot!(none, @"
    error: no call is named
     --> check.toml:4:10
      |
    4 | others = []
      |          ^^ expected a call of this case
    ");
    let missing = errors("first = 'first'");
    insta::assert_snapshot!(missing, @"
    error: missing keys `second`, `others`
     --> check.toml:1:1
      |
    1 | check = 'seeded'
      | ^ in this file
    ");
    let unknown = errors("first = 'first'\nsecond = 'again'\nothers = ['othr']");
    insta::assert_snapshot!(unknown, @"
    error: unknown call `othr`
     --> check.toml:4:11
      |
    4 | others = ['othr']
      |           ^^^^^^ did you mean `other`?
    ");
}
