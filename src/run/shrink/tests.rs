//! Searches on backends that are wrong by a rule: what is found, in how many calls and starts, and what is left out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::backend::{Backend, BackendError, Fault, Stage, Work};
use crate::config::{Config, Sequences, Source, Suites};
use crate::outcome::Verdict;
use crate::plan::{Overriding, Plan, Selection, expand};
use crate::prediction::{Input, Prediction, Request};
use crate::run::{Flaky, Interrupt, Judging, Open, PredictionOrigin, RunSettings, Trials, run_silently};
use crate::snapshot::{Recording, Store};

/// What is wrong with the response to a request, after so many calls on its instance.
type Rule = fn(&Request, usize) -> Wrong;

enum Wrong {
    Nothing,
    Class,
    /// The response to another input of the same length.
    Answer,
    Refused,
}

/// Answers as the embedded model does, but for what a rule says.
struct RuledBackend {
    inner: Box<dyn Backend>,
    rule: Rule,
    own: AtomicUsize,
    counts: Arc<CallCounts>,
}

#[derive(Default)]
struct CallCounts {
    calls: AtomicUsize,
    starts: AtomicUsize,
    running: AtomicUsize,
}

impl Backend for RuledBackend {
    fn startup(&mut self) -> Work<'_, ()> {
        self.counts.starts.fetch_add(1, Ordering::SeqCst);
        self.counts.running.fetch_add(1, Ordering::SeqCst);
        self.inner.startup()
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        self.counts.running.fetch_sub(1, Ordering::SeqCst);
        self.inner.shutdown()
    }

    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(async move {
            self.counts.calls.fetch_add(1, Ordering::SeqCst);
            let before = self.own.fetch_add(1, Ordering::SeqCst);
            match (self.rule)(request, before) {
                Wrong::Nothing => self.inner.predict(request).await,
                Wrong::Refused => Err(BackendError::new(Stage::Call, Fault::Refused, "no")),
                Wrong::Answer => {
                    let input = request.input.strings()[0].chars().map(|_| 'W').collect();
                    let other = Request { input: Input::One(input), ..request.clone() };
                    self.inner.predict(&other).await
                }
                Wrong::Class => {
                    let mut response = self.inner.predict(request).await?;
                    response.class = "Other".into();
                    Ok(response)
                }
            }
        })
    }
}

fn residues(request: &Request) -> usize {
    let letters = request.input.strings().iter().flat_map(|text| text.chars());
    letters.filter(char::is_ascii_alphabetic).count()
}

fn class_if(is_wrong: bool) -> Wrong {
    if is_wrong { Wrong::Class } else { Wrong::Nothing }
}

struct Searched {
    shrinking: Shrinking,
    calls: usize,
    starts: usize,
}

impl Searched {
    #[track_caller]
    fn shrunk(&self) -> &ShrunkCase {
        match &self.shrinking {
            Shrinking::Shrunk(shrunk) => shrunk,
            Shrinking::LeftOut(reason) => panic!("{reason}"),
        }
    }

    #[track_caller]
    fn reason(&self) -> &str {
        match &self.shrinking {
            Shrinking::Shrunk(shrunk) => panic!("{shrunk:?}"),
            Shrinking::LeftOut(reason) => reason,
        }
    }
}

/// Runs the only case of a suite for a model, which must fail, and searches with so many calls.
async fn searched(model: &str, case: &str, calls: usize, rule: Rule) -> Searched {
    let config = Config::built_in().unwrap();
    let text = format!("about = 'x'\nmodels = ['{model}']\n[[case]]\nname = 'x'\n{case}\n");
    let suites = Suites::parse(&[Source::new("toy.toml", text)], &config, &Sequences::default());
    let suites = suites.unwrap_or_else(|wrong| panic!("{wrong}")).suites;
    let platform = Platform::select(&config, "reference", Overrides::default()).unwrap();
    let expanded = expand(&config, &suites, &platform.table, &Selection::default(), Overriding::default());
    let plan: Arc<Plan> = Arc::new(expanded.unwrap_or_else(|wrong| panic!("{wrong}")));
    let counts: Arc<CallCounts> = Arc::default();
    let platform = Arc::new(platform);
    let opened_by = |rule: Rule| -> Arc<Open> {
        let (plan, counts, platform) = (Arc::clone(&plan), Arc::clone(&counts), Arc::clone(&platform));
        Arc::new(move |index| {
            let planned = &plan.instances[index];
            let counts = Arc::clone(&counts);
            platform.open_wrapped(&planned.contract, &planned.config, |inner| {
                Box::new(RuledBackend { inner, rule, own: AtomicUsize::new(0), counts })
            })
        })
    };
    let open = opened_by(rule);
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path(), Recording::Never).unwrap();
    let judging_by = |store: Store| {
        Arc::new(Judging::Checks {
            origin: PredictionOrigin {
                backend: "ruled".into(),
                kind: "ruled",
                weights: "synthetic".into(),
                declared: String::new(),
                noise: None,
                reproduce: String::new(),
            },
            store,
            plots: None,
        })
    };
    let settings = RunSettings {
        trials: Trials::default(),
        instances: 1,
        calls_per_instance: 1,
        flaky: Flaky::Fails,
        ..RunSettings::default()
    };
    let interrupt = Interrupt::listen(&tokio::runtime::Handle::current()).unwrap();
    // What a sound backend answers is the reference of cases that compare with one.
    let sound = opened_by(|_, _| Wrong::Nothing);
    let recording = judging_by(store.with(Recording::Missing));
    run_silently(&plan, &[0], &settings, sound, recording, &interrupt).await;
    let judging = judging_by(store);
    let ran = run_silently(&plan, &[0], &settings, Arc::clone(&open), Arc::clone(&judging), &interrupt).await;
    assert_eq!(ran.outcomes[0].verdict, Verdict::Fail, "{:?}", ran.outcomes[0].findings);
    let counted = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    let before = (counted(&counts.calls), counted(&counts.starts));
    let shrinking = shrink(&ShrinkRequest {
        trial: &plan.trials[0],
        outcome: &ran.outcomes[0],
        open,
        judging: &judging,
        instances: 1,
        calls,
        interrupt: &interrupt,
    })
    .await;
    assert_eq!(counted(&counts.running), 0, "everything that was started is stopped");
    let searched =
        Searched { shrinking, calls: counted(&counts.calls) - before.0, starts: counted(&counts.starts) - before.1 };
    assert!(searched.calls <= calls, "{} calls", searched.calls);
    if let Shrinking::Shrunk(shrunk) = &searched.shrinking {
        assert_eq!(shrunk.calls, searched.calls);
    }
    searched
}

const LONG: &str = "MLKNVHVLVLGAGDVGSVVVRLLEKMLKNVHVLVLGAGDVGSVVVRLLEKMLKNVHVLVLGAGDVGSVVVRLLEK";

fn contract_of(input: &str) -> String {
    format!("literal = {input}\nchecks = [{{ check = 'contract' }}]")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_wrong_beyond_a_length_gets_the_shortest_that_is() {
    let case = contract_of(&format!("'{LONG}'"));
    let searched = searched("esm2", &case, 200, |request, _| class_if(residues(request) > 30)).await;
    let shrunk = searched.shrunk();
    assert_eq!(shrunk.request.input, Input::One(LONG[..31].into()));
    assert_eq!((shrunk.is_repeated, shrunk.cut_short.is_some(), searched.starts), (Some(true), false, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn few_calls_suffice_for_the_length_and_the_proof_is_cut_short() {
    let case = contract_of(&format!("'{LONG}'"));
    let searched = searched("esm2", &case, 20, |request, _| class_if(residues(request) > 30)).await;
    let shrunk = searched.shrunk();
    assert_eq!(shrunk.request.input, Input::One(LONG[..31].into()));
    assert_eq!((shrunk.is_repeated, shrunk.cut_short.is_some(), searched.calls), (Some(true), true, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_residue_of_one_chain_of_one_sample_is_found() {
    let case = contract_of(&format!("['ACD', '{LONG}:GHIWKL:MNP', 'EFG']"));
    let has_w = |request: &Request, _| class_if(request.input.strings().iter().any(|text| text.contains('W')));
    let searched = searched("esm2", &case, 40, has_w).await;
    assert_eq!(searched.shrunk().request.input, Input::Many(vec!["W".into()]));
    assert!(searched.calls <= 15, "{}", searched.calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_batches_show_keeps_two_samples_of_a_residue() {
    let case = contract_of("['ACD', 'EFGH', 'IKL', 'MNP']");
    let in_batches = |request: &Request, _| class_if(request.input.strings().len() > 1);
    let searched = searched("esm2", &case, 40, in_batches).await;
    assert_eq!(searched.shrunk().request.input, Input::Many(vec!["A".into(), "E".into()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_are_not_needed_go_and_the_others_stay() {
    let case = format!("options = {{ include_fields = ['lm_logits'], glycine_linker = '' }}\n{}", contract_of("'ACD'"));
    let with_fields = |request: &Request, _| class_if(request.options.contains_key("include_fields"));
    let searched = searched("esm2", &case, 40, with_fields).await;
    let shrunk = searched.shrunk();
    assert_eq!(shrunk.removed_options(), ["glycine_linker"]);
    assert_eq!(shrunk.request.input, Input::One("A".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn options_go_also_where_no_call_is_left_for_residues() {
    let case = format!(
        "options = {{ include_fields = ['lm_logits'], glycine_linker = '' }}\n{}",
        contract_of(&format!("'{LONG}'"))
    );
    let searched = searched("esm2", &case, 30, |request, _| class_if(residues(request) > 30)).await;
    let shrunk = searched.shrunk();
    assert_eq!(shrunk.request.input, Input::One(LONG[..31].into()));
    assert_eq!(shrunk.removed_options(), ["include_fields", "glycine_linker"]);
    assert!(shrunk.cut_short.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_place_of_a_response_is_another_failure() {
    let case = contract_of("'ACDEFGHIKL'");
    let short_is_refused = |request: &Request, _| {
        if residues(request) < 4 { Wrong::Refused } else { Wrong::Class }
    };
    let searched = searched("esm2", &case, 60, short_is_refused).await;
    assert_eq!(searched.shrunk().request.input, Input::One("ACDE".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_of_several_is_enough_where_the_others_do_not_matter() {
    let case = "literal = 'ACDE'\nchecks = [{ check = 'contract' }]\n[[case.call]]\nname = 'one'\n[[case.call]]\nname = 'two'\n\
                literal = 'GHIWKL'";
    let has_w = |request: &Request, _| class_if(request.input.strings()[0].contains('W'));
    let searched = searched("esm2", case, 40, has_w).await;
    let shrunk = searched.shrunk();
    assert_eq!((shrunk.request.input.clone(), shrunk.others.len()), (Input::One("W".into()), 0));
    assert_eq!(shrunk.finding.call.as_deref(), Some("two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_the_calls_before_it_keeps_them_or_says_so() {
    let case = "literal = 'ACDE'\nchecks = [{ check = 'contract', call = 'two' }]\n[[case.call]]\nname = 'one'\n[[case.call]]\n\
                name = 'two'";
    // The first call of an instance is right, and no later one.
    let searched = searched("esm2", case, 40, |_, before| class_if(before > 0)).await;
    let shrunk = searched.shrunk();
    assert_eq!(shrunk.is_repeated, Some(false), "{shrunk:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_compared_are_shrunk_together() {
    let case = "literal = 'ACDEFGHIKL'\nchecks = [{ check = 'agree', fields = ['embeddings'], atol = 1e-4 }]\n[[case.call]]\n\
                name = 'one'\n[[case.call]]\nname = 'two'";
    let differing = |config: &str| format!("{case}\noptions = {config}");
    let left_out = searched("esm2", &differing("{ include_fields = ['lm_logits'] }"), 40, wrong_of_two).await;
    assert_eq!(left_out.reason(), "`agree` compares calls that do not ask the same");
    let searched = searched("esm2", case, 40, wrong_of_two).await;
    let shrunk = searched.shrunk();
    assert_eq!(shrunk.request.input, Input::One("A".into()));
    assert_eq!(shrunk.others, ["one"]);
}

/// Every second response is that to another input.
fn wrong_of_two(_: &Request, before: usize) -> Wrong {
    if before % 2 == 1 { Wrong::Answer } else { Wrong::Nothing }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_this_input_can_be_judged_by_is_left_out_without_a_call() {
    let stated = "literal = 'ACDE'\nchecks = [{ check = 'equals', field = 'metadata.sequence_lengths', value = [7] }]";
    let searched = searched("esm2", stated, 40, |_, _| Wrong::Nothing).await;
    assert_eq!(searched.reason(), "`equals` demands what holds for its calls as they are");
    assert_eq!((searched.calls, searched.starts), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_only_from_a_recorded_result_is_left_out_without_a_call() {
    let recorded = "literal = 'ACDE'\nchecks = [{ check = 'contract' }, { check = 'snapshot' }]";
    let searched = searched("esm2", recorded, 40, |_, _| Wrong::Answer).await;
    assert_eq!(searched.reason(), "`snapshot` compares with a result that is recorded for its input");
    assert_eq!((searched.calls, searched.starts), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_gave_an_error_is_left_out_without_a_call() {
    let searched = searched("esm2", &contract_of("'ACDE'"), 40, |_, _| Wrong::Refused).await;
    assert_eq!(searched.reason(), "a call gave an error, not a wrong response");
    assert_eq!(searched.calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_calls_are_said() {
    let searched = searched("esm2", &contract_of("'ACDE'"), 1, |_, _| Wrong::Class).await;
    assert_eq!(searched.reason(), "too few calls are allowed: see `--shrink-calls`");
}
