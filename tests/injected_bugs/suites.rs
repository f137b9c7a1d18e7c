//! Unmodified cases of the shared suites, judging the embedded models' responses by gates, like the responses of real models.
//! Plants no mistakes itself.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use hydrotest::check::{self, CallResult, CaseResults, Finding, MetricValues, RecordedResults};
use hydrotest::compare::floors;
use hydrotest::config::{Config, Suites};
use hydrotest::metric_value::CheckedValue;
use hydrotest::plan::{Overriding, PlannedTrial, Selection, expand};
use hydrotest::prediction::{Prediction, Value};
use hydrotest::protein::Structure;
use hydrotest::snapshot::{Floors, Recording, Store};
use hydrotest::synthetic::SyntheticModel;

/// The weights of the embedded models' responses. They are judged by the gates, as if they had the noise of a real model.
const WEIGHTS: &str = "synthetic";

/// One case for one model, with its correct responses recorded.
pub struct Case {
    trial: PlannedTrial,
    responses: Vec<CallResult>,
    directory: tempfile::TempDir,
}

impl Case {
    /// Finds the case by its name, `model::suite::case`. Its correct responses pass.
    pub fn named(name: &str) -> Self {
        let config = Config::built_in().unwrap();
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
        let suites = Suites::load(&home, &config).unwrap_or_else(|errors| panic!("{errors}"));
        let backend = config.backends.iter().find(|table| table.name == config.default);
        let (selection, overriding) = (Selection::default(), Overriding::default());
        let plan = expand(&config, &suites.suites, backend.unwrap(), &selection, overriding);
        let mut trials = plan.unwrap_or_else(|errors| panic!("{errors}")).trials.into_iter();
        let trial = trials.find(|trial| trial.name == name).unwrap();
        let responses = trial.calls.iter().map(|call| {
            let model = SyntheticModel::load(Arc::clone(&trial.contract), call.config.clone()).unwrap();
            CallResult {
                call: call.name.to_string(),
                request: call.request.clone(),
                config: call.config.clone(),
                result: Ok(model.predict(&call.request).unwrap()),
            }
        });
        let case = Self { responses: responses.collect(), directory: tempfile::tempdir().unwrap(), trial };
        let (findings, _) = case.judge(&case.responses, Recording::Missing);
        assert_eq!(findings, [], "{name}");
        assert_eq!(case.findings(case.right()), [], "{name}");
        case
    }

    /// The correct response to the last call.
    pub fn right(&self) -> &Prediction {
        self.responses.last().unwrap().result.as_ref().unwrap()
    }

    /// The findings of the checks if this is the response to the last call.
    pub fn findings(&self, last: &Prediction) -> Vec<Finding> {
        self.judge(&self.with(last), Recording::Never).0
    }

    /// The numbers behind these findings.
    pub fn measurements(&self, last: &Prediction) -> Vec<CheckedValue> {
        self.judge(&self.with(last), Recording::Never).1
    }

    /// Stores the differences between repeats of the last call as its noise floor.
    pub fn calibrate(&self, repeats: &[Prediction]) {
        let floors = Floors {
            backend: "bench".into(),
            repeats: repeats.len(),
            fields: floors(&self.trial.contract, repeats),
            accepted: Vec::new(),
        };
        let call = &self.responses.last().unwrap().call;
        let store = Store::new(self.directory.path(), Recording::Never).unwrap();
        let key = self.trial.snapshot_key(WEIGHTS, call).unwrap();
        store.write_floors(&key, &floors).unwrap();
    }

    fn with(&self, last: &Prediction) -> Vec<CallResult> {
        let mut responses = self.responses.clone();
        responses.last_mut().unwrap().result = Ok(last.clone());
        responses
    }

    fn judge(&self, responses: &[CallResult], recording: Recording) -> (Vec<Finding>, Vec<CheckedValue>) {
        let store = Store::new(self.directory.path(), recording).unwrap();
        let measured = MetricValues::default();
        let findings = check::judge(
            &self.trial.checks,
            &CaseResults {
                contract: &self.trial.contract,
                responses,
                recorded: Some(&RecordedResults {
                    store: &store,
                    key: &|call| self.trial.snapshot_key(WEIGHTS, call),
                    notes: &RefCell::default(),
                    noise: None,
                    backend: "bench",
                    kind: "reference",
                    source: &self.trial.source,
                    at: None,
                    command: Some("record"),
                    declared: "",
                }),
                measured: &measured,
            },
        );
        (findings, measured.into_inner().0)
    }
}

/// Changes every structure of the response.
pub fn every_structure(right: &Prediction, mut change: impl FnMut(&mut Structure)) -> Prediction {
    let mut wrong = right.clone();
    for (_, value) in wrong.fields.iter_mut().filter(|(name, _)| name == "atom_array") {
        let Value::List(items) = value else { panic!("{value:?}") };
        for item in items {
            match item {
                Value::Structure(structure) => change(structure),
                other => panic!("{other:?}"),
            }
        }
    }
    wrong
}

/// Moves every coordinate by up to `most` ångström.
pub fn shaken(structure: &mut Structure, most: f32, next: &mut impl FnMut() -> f32) {
    structure.coord.iter_mut().flatten().for_each(|axis| *axis += most * next());
}

/// Mirrors the part of which the model is not confident.
pub fn mirrored_where_unsure(structure: &mut Structure) {
    let factors = structure.b_factor.clone().unwrap();
    for (position, factor) in structure.coord.iter_mut().zip(factors) {
        if factor < 0.7 {
            position[2] = -position[2];
        }
    }
}
