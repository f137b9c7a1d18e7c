//! Mutants: backends with one planted fault each, by which the suites are measured. A suite kills a mutant when one of its cases
//! fails on it. Defines the faults and the backend that has one. Does not run or judge cases.

mod alter;
mod backend;
mod behaviour;
mod benign;
mod benign_files;
mod generated;
mod of_atoms;
mod of_factors;
mod of_life_cycle;
mod of_requests;
mod of_responses;
mod of_structures;
mod right_responses;
mod score;
mod structure_parts;

use std::fmt;
use std::sync::Arc;

use crate::backend::BackendError;
use crate::prediction::{Contract, Options, Prediction, Request};

pub(crate) use backend::MutantBackend;
pub(crate) use of_life_cycle::{LifeCycleFault, LifeCycleMutant, StopCount};
pub(crate) use right_responses::RightResponses;
pub(crate) use score::{Fate, Kill, MutantResult, Score, is_within_tolerance, reason};

/// A backend with one planted fault, or with a peculiarity that a right backend may have.
pub(crate) struct Mutant {
    /// Unique among all: `generated/MODEL/FIELD/CLASS/OPERATION`, `fault/NAME` or `benign/NAME`.
    pub name: String,
    /// Description in a few words.
    pub about: String,
    /// Whether the suites have to kill it.
    pub group: Group,
    /// The model it is made for; `None` for all.
    pub model: Option<String>,
    /// The checks by which it may be killed; empty for any.
    pub killers: &'static [&'static str],
    /// How it differs from the right backend.
    pub fault: MutantFault,
}

/// The origin of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Written by hand, after bugs of real ports.
    Fault,
    /// Made by rule: every field, every class of input, every operation.
    Generated,
    /// Not a fault: every case must pass.
    Benign,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fault => "hand-made",
            Self::Generated => "generated",
            Self::Benign => "benign",
        })
    }
}

/// One call as a mutant sees it.
pub(crate) struct MutatedCall<'a> {
    /// The model that is called.
    pub contract: &'a Contract,
    /// The configuration of its instance.
    pub config: &'a Options,
    /// The request of the call.
    pub request: &'a Request,
    /// Earlier requests to this instance with its responses, oldest first.
    pub earlier: &'a [(Request, Prediction)],
    /// How many calls this instance got before, refused calls included.
    pub count: usize,
    /// Right responses to other calls of the same model.
    pub responses: &'a RightResponses,
}

type ConfigFault = dyn Fn(&Contract, &Options) -> Options + Send + Sync;
type RequestFault = dyn Fn(&MutatedCall<'_>) -> Option<Request> + Send + Sync;
type ResponseFault = dyn Fn(&MutatedCall<'_>, &Prediction) -> Option<Prediction> + Send + Sync;
type ResultFault =
    dyn Fn(&MutatedCall<'_>, Result<Prediction, BackendError>) -> Result<Prediction, BackendError> + Send + Sync;

/// The planted fault of a mutant.
#[derive(Clone)]
pub(crate) enum MutantFault {
    /// It starts with another configuration than it was given.
    Config(Arc<ConfigFault>),
    /// It computes another request than it was asked; `None` leaves the request alone.
    Request(Arc<RequestFault>),
    /// It changes a right response, depending on the request alone; `None` leaves the response alone.
    Response(Arc<ResponseFault>),
    /// It replaces a result, depending on earlier calls.
    Result(Arc<ResultFault>),
    /// Of two calls at once, each gets the response to the other.
    Crossed,
    /// It starts or stops wrongly, which the scenarios of the life cycle detect.
    LifeCycle(LifeCycleFault),
}

impl MutantFault {
    fn request(change: impl Fn(&MutatedCall<'_>) -> Option<Request> + Send + Sync + 'static) -> Self {
        Self::Request(Arc::new(change))
    }

    fn response(change: impl Fn(&MutatedCall<'_>, &Prediction) -> Option<Prediction> + Send + Sync + 'static) -> Self {
        Self::Response(Arc::new(change))
    }
}

impl Mutant {
    /// Whether its calls may end with errors of its own. With any other mutant, such an error is an accident of the platform.
    pub(crate) const fn makes_errors(&self) -> bool {
        matches!(self.fault, MutantFault::Result(_) | MutantFault::LifeCycle(_))
    }

    /// Its fault in the life cycle of its instances, if it has one.
    pub(crate) const fn life_cycle(&self) -> Option<LifeCycleFault> {
        match self.fault {
            MutantFault::LifeCycle(fault) => Some(fault),
            _ => None,
        }
    }

    /// Whether it is made for a model.
    #[must_use]
    pub(crate) fn is_for(&self, model: &str) -> bool {
        self.model.as_deref().is_none_or(|own| own == model)
    }

    /// The response that it gives in place of a right one. Returns `None` if it changes nothing or depends on more than the response.
    pub(crate) fn changed(&self, call: &MutatedCall<'_>, right: &Prediction) -> Option<Prediction> {
        let MutantFault::Response(change) = &self.fault else { return None };
        change(call, right).filter(|changed| changed != right)
    }

    /// Whether it can change the result of a call that has this right response. A fault that depends on earlier calls always can.
    #[must_use]
    pub(crate) fn can_change(&self, call: &MutatedCall<'_>, right: Option<&Prediction>) -> bool {
        match &self.fault {
            MutantFault::Config(change) => change(call.contract, call.config) != *call.config,
            MutantFault::Request(change) => change(call).is_some_and(|changed| changed != *call.request),
            MutantFault::Response(_) => right.is_some_and(|right| self.changed(call, right).is_some()),
            MutantFault::Result(_) | MutantFault::Crossed => true,
            MutantFault::LifeCycle(_) => false,
        }
    }
}

/// Every mutant for these models: the hand-made, the generated and the benign ones. An option gets a mutant if `is_set` says that some
/// case sets it for a model.
pub(crate) fn catalogue(models: &[Arc<Contract>], is_set: impl Fn(&Contract, &str) -> bool) -> Vec<Mutant> {
    let mut all = of_requests::mutants();
    all.extend(of_responses::mutants());
    all.extend(of_structures::mutants());
    all.extend(behaviour::mutants());
    all.extend(of_life_cycle::mutants());
    for contract in models {
        all.extend(generated::mutants(contract));
        all.extend(of_requests::ignoring_options(contract, |option| is_set(contract, option)));
        all.extend(of_requests::leaving_out_fields(contract));
    }
    all.extend(benign::mutants());
    all.extend(benign_files::mutants());
    all
}

/// A row of a table of hand-made mutants.
fn hand_made(name: &str, about: &str, killers: &'static [&'static str], fault: MutantFault) -> Mutant {
    Mutant { name: format!("fault/{name}"), about: about.to_owned(), group: Group::Fault, model: None, killers, fault }
}
