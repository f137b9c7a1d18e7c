//! Mutants that compute something else than they were asked: options, configuration or parts of the input are lost or changed on
//! the way to the model.

use std::sync::Arc;

use super::generated::replaced;
use super::{Group, Mutant, MutantFault, MutatedCall, hand_made};
use crate::prediction::contract::{OptionRole, Presence};
use crate::prediction::{Contract, Input, Options, Prediction, Request};

/// Bytes of an input whose arrays of pairs take gigabytes, and a minute.
const LONG: usize = 700;

/// A change of every sequence of a request.
type TextChange = fn(&str) -> Option<String>;

/// All of them.
pub(super) fn mutants() -> Vec<Mutant> {
    let of_texts = TEXTS.iter().map(|&(name, about, change)| on_texts(name, about, change));
    let all = of_options().into_iter().chain(of_batches()).chain(of_texts);
    all.chain(of_configurations()).collect()
}

/// Options are lost.
fn of_options() -> Vec<Mutant> {
    vec![
        on_requests("options-ignored", "all options but include_fields are ignored", |call| {
            with_options(call, |_, options| options.retain(|name, _| name == "include_fields"))
        }),
        on_requests("seed-ignored", "the seed is ignored", |call| {
            with_options(call, |contract, options| {
                if let Some(seed) = contract.seed_option() {
                    options.shift_remove(seed);
                }
            })
        }),
        on_requests("seed-constant", "every seed is 7", |call| {
            with_options(call, |contract, options| {
                let seed = contract.seed_option().and_then(|seed| options.get_mut(seed));
                if let Some(seed) = seed {
                    *seed = 7.into();
                }
            })
        }),
        on_requests("samples-ignored", "one sample is drawn, whatever is asked", |call| {
            with_options(call, |contract, options| {
                for name in contract.options_of(OptionRole::Samples) {
                    options.insert(name.to_owned(), 1.into());
                }
            })
        }),
        on_requests("fields-ignored", "include_fields is ignored", |call| {
            with_options(call, |_, options| {
                options.shift_remove("include_fields");
            })
        }),
        on_requests("fields-everything", "every field is sent, whatever is asked", |call| {
            if call.request.input.to_json().to_string().len() > LONG {
                return None;
            }
            with_options(call, |_, options| {
                options.insert("include_fields".to_owned(), vec!["*"].into());
            })
        }),
        on_requests("star-ignored", "`*` in include_fields is not understood", |call| {
            let wanted = call.request.options.get("include_fields")?.as_array()?;
            let is_star = wanted.iter().any(|field| field == "*");
            with_options(call, |_, options| {
                if is_star {
                    options.shift_remove("include_fields");
                }
            })
        }),
    ]
}

/// The samples of a batch are mixed up.
fn of_batches() -> Vec<Mutant> {
    vec![
        on_requests("first-of-a-batch", "only the first sequence of a batch is computed", |call| {
            let Input::Many(texts) = &call.request.input else {
                return None;
            };
            (texts.len() > 1).then(|| with_input(call.request, Input::Many(texts[..1].to_vec())))
        }),
        on_requests("batch-reversed", "a batch is answered in reverse order", |call| {
            let Input::Many(texts) = &call.request.input else {
                return None;
            };
            let reversed: Vec<String> = texts.iter().rev().cloned().collect();
            (reversed != *texts).then(|| with_input(call.request, Input::Many(reversed)))
        }),
        on_requests("batch-sorted", "a batch is answered in the order of its lengths", |call| {
            let Input::Many(texts) = &call.request.input else {
                return None;
            };
            let mut sorted = texts.clone();
            sorted.sort_by_key(|text| std::cmp::Reverse(text.len()));
            (sorted != *texts).then(|| with_input(call.request, Input::Many(sorted)))
        }),
        on_requests("samples-deduplicated", "equal sequences of a batch are computed once", |call| {
            let Input::Many(texts) = &call.request.input else {
                return None;
            };
            let mut once = texts.clone();
            once.dedup();
            (once.len() < texts.len()).then(|| with_input(call.request, Input::Many(once)))
        }),
    ]
}

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
        (input != call.request.input).then(|| with_input(call.request, input))
    })
}

fn changed(before: &str, after: String) -> Option<String> {
    (after != before && !after.is_empty()).then_some(after)
}

/// The text up to so many residues; masks count as their letters do, which no case of the suites is long enough to notice.
fn cut(text: &str, residues: usize) -> Option<String> {
    let mut left = residues;
    let kept = text.chars().take_while(|letter| {
        let is_residue = letter.is_ascii_uppercase();
        let goes_on = left > 0;
        left = left.saturating_sub(usize::from(is_residue));
        goes_on
    });
    changed(text, kept.collect())
}

fn with_input(request: &Request, input: Input) -> Request {
    Request { input, ..request.clone() }
}

fn with_options(call: &MutatedCall<'_>, change: impl FnOnce(&Contract, &mut Options)) -> Option<Request> {
    let mut request = call.request.clone();
    change(call.contract, &mut request.options);
    (request.options != call.request.options).then_some(request)
}

/// Mutants of the configuration of an instance.
fn of_configurations() -> Vec<Mutant> {
    let of = |name: &str, about: &str, change: fn(&Contract, &Options) -> Options| {
        hand_made(name, about, &[], MutantFault::Config(Arc::new(change)))
    };
    vec![
        of("configuration-ignored", "an instance starts with its defaults", |_, _| Options::new()),
        of("variant-ignored", "the size of the model is always the default", |contract, config| {
            let mut config = config.clone();
            if let Some(option) = contract.variant_option() {
                config.shift_remove(option);
            }
            config
        }),
        of("another-variant", "another size of the model answers", |contract, config| {
            let mut config = config.clone();
            let last = contract.variants.last().filter(|_| contract.variants.len() > 1);
            if let (Some(option), Some(last)) = (contract.variant_option(), last) {
                config.insert(option.to_owned(), last.name.clone().into());
            }
            config
        }),
    ]
}

/// For every option that some case sets for a model, the mutant that ignores it, in calls and in configurations.
pub(crate) fn ignoring_options(contract: &Arc<Contract>, is_set: impl Fn(&str) -> bool) -> Vec<Mutant> {
    let decisive = contract.options.iter().filter(|option| {
        // What asks a server for alignments makes no difference without a network.
        let is_placement = option.role == Some(OptionRole::Placement) || option.name == "use_msa_server";
        option.name != "include_fields" && !is_placement && is_set(&option.name)
    });
    let mutant = |name: &str, way: &str, fault: MutantFault| Mutant {
        name: format!("generated/{}/{name}/{way}/ignored", contract.key),
        about: format!("option {name} is ignored"),
        group: Group::Generated,
        model: Some(contract.key.clone()),
        killers: &[],
        fault,
    };
    let mut all = Vec::new();
    for option in decisive {
        let name = option.name.clone();
        if option.fixed {
            let change = move |_: &Contract, config: &Options| {
                let mut config = config.clone();
                config.shift_remove(&name);
                config
            };
            all.push(mutant(&option.name, "configuration", MutantFault::Config(Arc::new(change))));
        } else {
            let change = move |call: &MutatedCall<'_>| {
                with_options(call, |_, options| {
                    options.shift_remove(&name);
                })
            };
            all.push(mutant(&option.name, "call", MutantFault::request(change)));
        }
    }
    all
}

/// For every field, the mutant that never sends it although it was asked for.
pub(crate) fn leaving_out_fields(contract: &Arc<Contract>) -> Vec<Mutant> {
    let fields = contract.fields.iter().filter(|field| field.presence != Presence::Never);
    fields
        .map(|field| {
            let name = field.name.clone();
            Mutant {
                name: format!("generated/{}/{name}/any/attribute-missing", contract.key),
                about: format!("{name}: the response has no such attribute"),
                group: Group::Generated,
                model: Some(contract.key.clone()),
                killers: &[],
                fault: MutantFault::response(move |_, right: &Prediction| {
                    replaced(right, &name, |value| Some(value.clone()))?;
                    let mut wrong = right.clone();
                    wrong.fields.retain(|(field, _)| *field != name);
                    Some(wrong)
                }),
            }
        })
        .collect()
}
