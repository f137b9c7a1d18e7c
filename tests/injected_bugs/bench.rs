//! Runs the embedded models, judges changed responses with the checks of suites, and counts what the checks detect.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use hydrotest::check::{self, CallResult, CaseResults, Check, Finding, MetricValues, RecordedResults};
use hydrotest::compare::floors;
use hydrotest::config::{Config, Diagnostics, Sequences, Source, Suites};
use hydrotest::diagnosis::{Candidate, Cause, MistakeKind, Relation, StructureFrame, of_arrays, of_structures};
use hydrotest::prediction::{Contract, Input, Options, Prediction, Request, Value};
use hydrotest::protein::fasta;
use hydrotest::snapshot::{Floors, Recording, SnapshotKey, Store};
use hydrotest::synthetic::SyntheticModel;
use hydrotest::tensor::Tensor;

use super::bugs;

/// The shared proteins with these lengths, each paired with another protein.
pub fn proteins(lengths: RangeInclusive<usize>) -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/suites/sequences.fasta");
    let records = fasta::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut sequences: Vec<String> = records.into_iter().map(|record| record.sequence).collect();
    let is_protein = |sequence: &String| sequence.chars().all(|letter| "ACDEFGHIKLMNPQRSTVWY".contains(letter));
    sequences.retain(|sequence| is_protein(sequence) && lengths.contains(&sequence.len()));
    let others = sequences.iter().cycle().skip(1);
    sequences.iter().cloned().zip(others.cloned()).collect()
}

/// Pairs of short proteins.
pub fn complexes() -> Vec<(String, String)> {
    proteins(20..=60).into_iter().filter(|(one, other)| one != other).collect()
}

/// One model and the checks that judge its responses.
pub struct Bench {
    contract: Arc<Contract>,
    model: SyntheticModel,
    options: serde_json::Value,
    /// With the name of each check.
    checks: Vec<(&'static str, Check)>,
}

const CALLS: [&str; 2] = ["first", "call"];

impl Bench {
    /// Checks are written as in a suite. `call` is the response under test, `first` a correct one.
    pub fn new(key: &str, options: serde_json::Value, checks: &[&'static str]) -> Self {
        let config = Config::built_in().unwrap();
        let contract = Arc::clone(config.model(key).unwrap());
        let model = SyntheticModel::load(Arc::clone(&contract), Options::new()).unwrap();
        let fields = options.get("include_fields").cloned().unwrap_or_default();
        let names = checks.iter().map(|check| check.split('\'').nth(1).unwrap());
        let tables: Vec<String> = checks.iter().map(|check| format!("{{ {check} }}")).collect();
        let include =
            if fields.is_null() { String::new() } else { format!("options = {{ include_fields = {fields} }}") };
        let text = format!(
            "about = 'bugs'\n[[case]]\nname = 'case'\nmodels = ['{key}']\nliteral = 'ACD'\n{include}\nchecks = [{}]\n\
             [[case.call]]\nname = 'first'\n[[case.call]]\nname = 'call'\n",
            tables.join(", ")
        );
        let sequences = Sequences::parse(&Source::new("sequences.fasta", ">a\nACD\n")).unwrap();
        let suites = Suites::parse(&[Source::new("suites/bugs.toml", text)], &config, &sequences);
        let suites = suites.unwrap_or_else(|errors| panic!("{errors}"));
        let mut diagnostics = Diagnostics::new();
        let compiled = check::compile_case(&suites.suites[0].cases[0], &[&contract], &mut diagnostics);
        assert!(diagnostics.is_empty(), "{diagnostics}");
        let checks = names.zip(compiled).collect();
        Self { contract, model, options, checks }
    }

    /// The response to a string, or to a batch of strings separated by `|`.
    pub fn predict(&self, input: &str, seed: u64) -> Prediction {
        self.model.predict(&self.request(input, seed)).unwrap()
    }

    fn request(&self, input: &str, seed: u64) -> Request {
        let mut options = self.options.as_object().unwrap().clone();
        if self.contract.options.iter().any(|option| option.name == "seed") {
            options.insert("seed".into(), seed.into());
        }
        let input = match input.split_once('|') {
            None => Input::One(input.to_owned()),
            Some(_) => Input::Many(input.split('|').map(str::to_owned).collect()),
        };
        Request { method: self.contract.method, input, options }
    }

    /// Records responses, the first as the reference of the case and the others as references of other cases, then judges.
    pub fn with_recorded(&self, recorded: &[(&str, u64, &Prediction)], judge: impl FnOnce(&RecordedCase<'_>)) {
        let directory = tempfile::tempdir().unwrap();
        for (index, (input, seed, prediction)) in recorded.iter().enumerate() {
            let case = RecordedCase {
                bench: self,
                root: directory.path(),
                input,
                seed: *seed,
                right: prediction,
                others: &[],
                case: if index == 0 { "case".to_owned() } else { format!("other_{index}") },
                recording: Recording::Missing,
            };
            for (_, check) in self.checks.iter().filter(|(_, check)| check.records("call")) {
                assert_eq!(case.judge_by(check, prediction), [], "recording");
            }
        }
        let [(input, seed, right), others @ ..] = recorded else { panic!("nothing recorded") };
        judge(&RecordedCase {
            bench: self,
            root: directory.path(),
            input,
            seed: *seed,
            right,
            others,
            case: "case".to_owned(),
            recording: Recording::Never,
        });
    }
}

/// One case and its recorded references.
pub struct RecordedCase<'a> {
    bench: &'a Bench,
    root: &'a Path,
    input: &'a str,
    seed: u64,
    right: &'a Prediction,
    others: &'a [(&'a str, u64, &'a Prediction)],
    case: String,
    recording: Recording,
}

impl RecordedCase<'_> {
    fn key(&self, call: &str) -> SnapshotKey {
        SnapshotKey::new("synthetic", &self.bench.contract.key, "bugs", &self.case, Some(call)).unwrap()
    }

    fn judge_by(&self, check: &Check, prediction: &Prediction) -> Vec<Finding> {
        let responses = CALLS.map(|call| CallResult {
            call: call.to_owned(),
            request: self.bench.request(self.input, self.seed),
            config: Options::new(),
            result: Ok(if call == "first" { self.right } else { prediction }.clone()),
        });
        let store = Store::new(self.root, self.recording).unwrap();
        check.judge(&CaseResults {
            contract: &self.bench.contract,
            responses: &responses,
            recorded: Some(&RecordedResults {
                store: &store,
                key: &|call| Ok(self.key(call)),
                notes: &RefCell::default(),
                noise: None,
                backend: "bench",
                kind: "reference",
                source: "suites/bugs.toml",
                at: None,
                command: Some("record"),
                declared: "",
            }),
            measured: &MetricValues::default(),
        })
    }

    /// The findings of one kind of check.
    pub fn findings_of(&self, name: &str, prediction: &Prediction) -> Vec<Finding> {
        let checks = self.bench.checks.iter().filter(|(known, _)| *known == name);
        checks.flat_map(|(_, check)| self.judge_by(check, prediction)).collect()
    }

    /// Stores the differences between repeats as the noise floor of the case.
    pub fn calibrate(&self, repeats: &[Prediction]) {
        let floors = Floors {
            backend: "bench".into(),
            repeats: repeats.len(),
            fields: floors(&self.bench.contract, repeats),
            accepted: Vec::new(),
        };
        let store = Store::new(self.root, Recording::Never).unwrap();
        store.write_floors(&self.key("call"), &floors).unwrap();
    }

    /// Counts which checks detect a wrong response, and whether the first likely cause is the right one.
    pub fn judge(&self, table: &mut Table, bug: &'static str, kind: MistakeKind, wrong: &Prediction) {
        let mut seen: Vec<&'static str> = Vec::new();
        let mut cause = None;
        for (name, check) in &self.bench.checks {
            let findings = self.judge_by(check, wrong);
            if !findings.is_empty() && !seen.contains(name) {
                seen.push(name);
            }
            let hints = findings.into_iter().filter_map(|finding| finding.hint);
            cause = cause.or(hints.into_iter().find(|hint| hint.starts_with("likely cause")));
        }
        let is_right = cause.as_ref().is_some_and(|cause| cause.contains(kind.place()));
        if !is_right {
            eprintln!("{bug} of {}: {cause:?}", self.input);
        }
        table.add(bug, &seen, is_right);
    }

    /// Counts false alarms and false causes for a correct response, which may have the noise of another machine.
    pub fn agrees(&self, table: &mut Table, right: &Prediction) {
        for prediction in [right.clone(), bugs::jittered(right, 0.004, super::noise(self.input.len() as u64))] {
            table.agreeing += 1;
            let findings: Vec<Finding> =
                self.bench.checks.iter().flat_map(|(_, check)| self.judge_by(check, &prediction)).collect();
            if let Some(finding) = findings.first() {
                eprintln!("false alarm for {}: {finding}", self.input);
                table.alarms += 1;
            }
            for (name, value) in &prediction.fields {
                let expected = self.right.field(name).unwrap();
                let others = self.others.iter().filter_map(|(_, _, other)| other.field(name));
                let others: Vec<Candidate<'_>> =
                    others.map(|other| Candidate::new("another", Relation::OtherRequest, other)).collect();
                if let Some(cause) = cause_of(expected, value, &others) {
                    eprintln!("{name} of {}: {cause}", self.input);
                    table.false_causes += 1;
                }
            }
        }
    }
}

/// The likely cause of a difference between two values: that of the first part that has one.
fn cause_of(expected: &Value, actual: &Value, others: &[Candidate<'_>]) -> Option<Cause> {
    match (expected, actual) {
        (Value::Array(expected), Value::Array(actual)) => of_arrays(expected, actual, others),
        (Value::Structure(expected), Value::Structure(actual)) => {
            of_structures(expected, actual, StructureFrame::Free, others)
        }
        (Value::Float(expected), Value::Float(actual)) => {
            of_arrays(&Tensor::scalar(*expected), &Tensor::scalar(*actual), &[])
        }
        (Value::List(expected), Value::List(actual)) => {
            let parts = expected.iter().zip(actual).enumerate();
            parts.into_iter().find_map(|(index, (expected, actual))| {
                let items = others.iter().filter_map(|other| {
                    let Value::List(values) = other.value else { return None };
                    let value = values.get(index)?;
                    Some(Candidate { value, ..*other })
                });
                let others: Vec<Candidate<'_>> = items.collect();
                cause_of(expected, actual, &others)
            })
        }
        _ => None,
    }
}

/// Which checks detect which mistakes.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    /// Correct responses that were judged.
    pub agreeing: usize,
    /// Correct responses with a finding.
    pub alarms: usize,
    /// Likely causes named for correct responses.
    pub false_causes: usize,
}

#[derive(Debug)]
struct Row {
    bug: &'static str,
    planted: usize,
    caught: usize,
    named: usize,
    seen: Vec<(&'static str, usize)>,
}

impl Table {
    fn add(&mut self, bug: &'static str, seen: &[&'static str], is_named: bool) {
        let known = self.rows.iter().position(|row| row.bug == bug);
        let place = known.unwrap_or_else(|| {
            self.rows.push(Row { bug, planted: 0, caught: 0, named: 0, seen: Vec::new() });
            self.rows.len() - 1
        });
        let row = &mut self.rows[place];
        row.planted += 1;
        row.caught += usize::from(!seen.is_empty());
        row.named += usize::from(is_named);
        for &check in seen {
            match row.seen.iter_mut().find(|(name, _)| *name == check) {
                Some((_, count)) => *count += 1,
                None => row.seen.push((check, 1)),
            }
        }
    }

    /// Prints the table. Every mistake must be detected, 95 % must have the right cause, and correct responses must have no
    /// finding.
    pub fn assert(&self) {
        let mut checks: Vec<&str> = self.rows.iter().flat_map(|row| &row.seen).map(|(name, _)| *name).collect();
        checks.sort_unstable();
        checks.dedup();
        let line = |bug: &str, planted: &str, cells: &[String], named: &str| {
            let padded: Vec<String> = cells.iter().map(|cell| format!("{cell:>9}")).collect();
            eprintln!("{bug:<28}{planted:>8} {} {named:>8}", padded.join(" "));
        };
        let heads: Vec<String> = checks.iter().map(ToString::to_string).collect();
        line("bug", "planted", &heads, "named");
        for row in &self.rows {
            let count = |name: &&str| row.seen.iter().find(|(own, _)| own == name).map_or(0, |(_, count)| *count);
            let cells: Vec<String> = checks.iter().map(|name| count(name).to_string()).collect();
            line(row.bug, &row.planted.to_string(), &cells, &row.named.to_string());
        }
        let planted: usize = self.rows.iter().map(|row| row.planted).sum();
        let named: usize = self.rows.iter().map(|row| row.named).sum();
        eprintln!(
            "named correctly: {named} of {planted}; right responses: {}, false alarms {}, causes named {}",
            self.agreeing, self.alarms, self.false_causes
        );
        for row in &self.rows {
            assert_eq!(row.caught, row.planted, "not every response with this mistake is caught: {}", row.bug);
        }
        for row in &self.rows {
            assert!(row.named * 10 >= row.planted * 9, "the cause is named wrongly: {}", row.bug);
        }
        assert!(planted > 10 && named * 100 >= planted * 95, "{named} of {planted}");
        assert_eq!((self.alarms, self.false_causes), (0, 0));
        assert!(self.agreeing > 0);
    }
}
