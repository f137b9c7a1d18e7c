//! Mutants that compute something else than they were asked: options, configuration or parts of the input are lost or changed on
//! the way to the model. Does not change responses.

use std::sync::Arc;

use super::generated::generated;
use super::{Mutant, MutantFault, MutatedCall, hand_made};
use crate::prediction::contract::{OptionRole, Presence};
use crate::prediction::{Contract, Input, Options, Request};

/// Length in bytes of an input whose arrays of pairs take gigabytes and a minute.
const LONG: usize = 700;

type OptionsChange = fn(&MutatedCall<'_>, &mut Options);
type BatchChange = fn(&[String]) -> Vec<String>;
/// A change of every sequence of a request.
type TextChange = fn(&str) -> Option<String>;

/// The mutants that are not of a single model.
pub(super) fn mutants() -> Vec<Mutant> {
    let options = OPTIONS.iter().map(|&(name, about, change)| {
        on_requests(name, about, move |call| with_options(call, |options| change(call, options)))
    });
    let batches = BATCHES.iter().map(|&(name, about, change)| {
        on_requests(name, about, move |call| {
            let Input::Many(texts) = &call.request.input else { return None };
            with_input(call.request, Input::Many(change(texts)))
        })
    });
    let texts = TEXTS.iter().map(|&(name, about, change)| on_texts(name, about, change));
    options.chain(batches).chain(texts).chain(of_configurations()).collect()
}

/// Options are lost.
const OPTIONS: &[(&str, &str, OptionsChange)] = &[
    ("options-ignored", "all options but include_fields are ignored", |_, options| {
        options.retain(|name, _| name == "include_fields");
    }),
    ("seed-ignored", "the seed is ignored", |call, options| {
        if let Some(seed) = call.contract.seed_option() {
            options.shift_remove(seed);
        }
    }),
    ("seed-constant", "every seed is 7", |call, options| {
        if let Some(seed) = call.contract.seed_option().and_then(|seed| options.get_mut(seed)) {
            *seed = 7.into();
        }
    }),
    ("samples-ignored", "one sample is drawn, whatever is asked", |call, options| {
        options.extend(call.contract.options_of(OptionRole::Samples).map(|name| (name.to_owned(), 1.into())));
    }),
    ("fields-ignored", "include_fields is ignored", |_, options| {
        options.shift_remove("include_fields");
    }),
    ("fields-everything", "every field is sent, whatever is asked", |call, options| {
        if call.request.input.to_json().to_string().len() <= LONG {
            options.insert("include_fields".to_owned(), vec!["*"].into());
        }
    }),
    ("star-ignored", "`*` in include_fields is not understood", |_, options| {
        let wanted = options.get("include_fields").and_then(|wanted| wanted.as_array());
        if wanted.is_some_and(|wanted| wanted.iter().any(|field| field == "*")) {
            options.shift_remove("include_fields");
        }
    }),
];

/// The samples of a batch are mixed up.
const BATCHES: &[(&str, &str, BatchChange)] = &[
    ("first-of-a-batch", "only the first sequence of a batch is computed", |texts| {
        texts.iter().take(1).cloned().collect()
    }),
    ("batch-reversed", "a batch is answered in reverse order", |texts| texts.iter().rev().cloned().collect()),
    ("batch-sorted", "a batch is answered in the order of its lengths", |texts| {
        let mut sorted = texts.to_vec();
        sorted.sort_by_key(|text| std::cmp::Reverse(text.len()));
        sorted
    }),
    ("samples-deduplicated", "equal sequences of a batch are computed once", |texts| {
        let mut once = texts.to_vec();
        once.dedup();
        once
    }),
];

/// Sequences are read wrongly.
const TEXTS: &[(&str, &str, TextChange)] = &[
    ("mask-ignored", "a mask is taken for alanine", |text| changed(text, text.replace("<mask>", "A"))),
    ("mask-dropped", "a mask is left out", |text| changed(text, text.replace("<mask>", ""))),
    ("linker-left-in", "chains are joined by 25 glycines that stay", |text| {
        changed(text, text.replace(':', &"G".repeat(25)))
    }),
    ("chains-joined", "chains are joined without anything between", |text| changed(text, text.replace(':', ""))),
    ("first-chain-only", "all chains but the first are dropped", |text| {
        text.split_once([':', '|']).map(|(first, _)| first.to_owned())
    }),
    ("chains-reversed", "chains are computed in reverse order", |text| {
        let chains: Vec<&str> = text.split(':').rev().collect();
        changed(text, chains.join(":"))
    }),
    ("chains-deduplicated", "of equal chains one is computed", |text| {
        let mut chains: Vec<&str> = text.split(':').collect();
        chains.dedup();
        changed(text, chains.join(":"))
    }),
    ("chains-grouped", "equal chains are put side by side: ABAB becomes AABB", |text| {
        let mut chains: Vec<&str> = text.split(':').collect();
        let all = chains.clone();
        chains.sort_by_key(|chain| all.iter().position(|other| other == chain));
        changed(text, chains.join(":"))
    }),
    ("sequence-reversed", "the sequence is read backwards", |text| {
        let is_plain = !text.contains(['<', ':', '|']);
        is_plain.then(|| changed(text, text.chars().rev().collect()))?
    }),
    ("leucine-for-isoleucine", "isoleucine is read as leucine", |text| changed(text, text.replace('I', "L"))),
    ("unknown-for-cysteine", "cysteine is unknown to the alphabet", |text| changed(text, text.replace('C', "A"))),
    ("first-residue-lost", "the first residue is taken for a special token", |text| {
        let is_long = text.len() > 1 && text.starts_with(|letter: char| letter.is_ascii_uppercase());
        is_long.then(|| text[1..].to_owned())
    }),
    ("last-residue-lost", "the last residue is taken for a special token", |text| {
        let is_long = text.len() > 1 && text.ends_with(|letter: char| letter.is_ascii_uppercase());
        is_long.then(|| text[..text.len() - 1].to_owned())
    }),
    ("cut-at-1022", "sequences are cut at 1,022 residues", |text| cut(text, 1022)),
    ("cut-at-512", "sequences are cut at 512 residues", |text| cut(text, 512)),
    ("cut-at-1024", "sequences are cut at 1,024 residues", |text| cut(text, 1024)),
    ("lower-case-accepted", "lower case is read as upper case", |text| {
        changed(text, text.to_ascii_uppercase()).filter(|_| !text.contains('<'))
    }),
    ("bad-residues-dropped", "what is no residue is dropped", |text| {
        changed(text, text.chars().filter(|letter| !letter.is_ascii_digit()).collect())
    }),
    ("empty-chain-accepted", "an empty chain is dropped", |text| {
        changed(text, text.replace("::", ":").trim_end_matches(':').to_owned())
    }),
    ("nothing-accepted", "an empty sequence is one residue", |text| text.is_empty().then(|| "A".to_owned())),
];

fn on_requests(
    name: &str,
    about: &str,
    change: impl Fn(&MutatedCall<'_>) -> Option<Request> + Send + Sync + 'static,
) -> Mutant {
    hand_made(name, about, &[], MutantFault::request(change))
}

/// Every sequence of a request changed.
fn on_texts(name: &str, about: &str, change: TextChange) -> Mutant {
    on_requests(name, about, move |call| {
        let each = |text: &String| change(text).unwrap_or_else(|| text.clone());
        let input = match &call.request.input {
            Input::One(text) => Input::One(each(text)),
            Input::Many(texts) => Input::Many(texts.iter().map(each).collect()),
            Input::Structured(_) => return None,
        };
        with_input(call.request, input)
    })
}

fn changed(before: &str, after: String) -> Option<String> {
    (after != before && !after.is_empty()).then_some(after)
}

/// The first residues of a text. Masks count as their letters do: no case of the suites is long enough to notice.
fn cut(text: &str, residues: usize) -> Option<String> {
    let mut left = residues;
    let kept = text.chars().take_while(|letter| {
        let goes_on = left > 0;
        left = left.saturating_sub(usize::from(letter.is_ascii_uppercase()));
        goes_on
    });
    changed(text, kept.collect())
}

fn with_input(request: &Request, input: Input) -> Option<Request> {
    (input != request.input).then(|| Request { input, ..request.clone() })
}

fn with_options(call: &MutatedCall<'_>, change: impl FnOnce(&mut Options)) -> Option<Request> {
    let mut request = call.request.clone();
    change(&mut request.options);
    (request.options != call.request.options).then_some(request)
}

/// Mutants of the configuration of an instance.
fn of_configurations() -> [Mutant; 3] {
    let of = |name: &str, about: &str, change: fn(&Contract, &mut Options)| {
        let change =
            move |contract: &Contract, config: &Options| with_config(config, |config| change(contract, config));
        hand_made(name, about, &[], MutantFault::Config(Arc::new(change)))
    };
    [
        of("configuration-ignored", "an instance starts with its defaults", |_, config| config.clear()),
        of("variant-ignored", "the size of the model is always the default", |contract, config| {
            if let Some(option) = contract.variant_option() {
                config.shift_remove(option);
            }
        }),
        of("another-variant", "another size of the model answers", |contract, config| {
            let last = contract.variants.last().filter(|_| contract.variants.len() > 1);
            if let (Some(option), Some(last)) = (contract.variant_option(), last) {
                config.insert(option.to_owned(), last.name.clone().into());
            }
        }),
    ]
}

fn with_config(config: &Options, change: impl FnOnce(&mut Options)) -> Options {
    let mut config = config.clone();
    change(&mut config);
    config
}

/// For every option that some case sets for a model, the mutant that ignores it, in calls and in configurations.
pub(crate) fn ignoring_options(contract: &Contract, is_set: impl Fn(&str) -> bool) -> Vec<Mutant> {
    let decisive = contract.options.iter().filter(|option| {
        // Without a network, it makes no difference whether a server is asked for alignments.
        let is_placement = option.role == Some(OptionRole::Placement) || option.name == "use_msa_server";
        option.name != "include_fields" && !is_placement && is_set(&option.name)
    });
    let mutants = decisive.map(|option| {
        let name = option.name.clone();
        let ignore = move |options: &mut Options| {
            options.shift_remove(&name);
        };
        let (way, fault) = if option.fixed {
            let change = move |_: &Contract, config: &Options| with_config(config, &ignore);
            ("configuration", MutantFault::Config(Arc::new(change)))
        } else {
            ("call", MutantFault::request(move |call| with_options(call, &ignore)))
        };
        generated(
            contract,
            &format!("{}/{way}/ignored", option.name),
            format!("option {} is ignored", option.name),
            fault,
        )
    });
    mutants.collect()
}

/// For every field, the mutant that never sends it although it was asked for.
pub(crate) fn leaving_out_fields(contract: &Contract) -> impl Iterator<Item = Mutant> {
    contract.fields.iter().filter(|field| field.presence != Presence::Never).map(|field| {
        let name = field.name.clone();
        let path = format!("{name}/any/attribute-missing");
        let about = format!("{name}: the response has no such attribute");
        let fault = MutantFault::response(move |_, right| {
            right.field(&name)?;
            let mut wrong = right.clone();
            wrong.fields.retain(|(field, _)| *field != name);
            Some(wrong)
        });
        generated(contract, &path, about, fault)
    })
}
