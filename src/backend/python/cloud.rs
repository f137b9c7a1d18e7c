//! What `hydrotest doctor` finds out about Modal for code that is hosted with this selector: whether the service takes the
//! token, and whether the device can be one of its GPUs. Enters no app.

use serde::Deserialize;

use super::hosting::{Host, Hosting};
use super::question::ask;
use crate::backend::requirement::Requirement;

/// Asks the service what the bridge asks it before a start.
const QUESTION: &str = concat!(
    include_str!("bridge/hydrotest_bridge/modal_service.py"),
    "
import json
try:
    check()
    failure = None
except BaseException as error:
    failure = '{}: {}'.format(type(error).__name__, error)
print(); print(json.dumps({'failure': failure}))
"
);
/// The classes of GPU that Modal is known to have. It gets new ones, so that another one may do as well.
const CLASSES: [&str; 12] =
    ["T4", "L4", "A10", "A10G", "A100", "A100-40GB", "A100-80GB", "L40S", "H100", "H200", "B200", "RTX-PRO-6000"];

#[derive(Deserialize)]
struct ServiceReply {
    failure: Option<String>,
}

/// Whether something is hosted with the selector of Modal.
pub(super) fn is_selected(hosting: &Hosting) -> bool {
    match &hosting.host {
        Host::Wrapper { selector, .. } => selector.split(':').next().is_some_and(|name| name.trim() == "modal"),
        Host::Backend { .. } | Host::Core { .. } => false,
    }
}

/// Whether the service answers and takes the token.
pub(super) async fn service(hosting: &Hosting) -> Requirement {
    const SUBJECT: &str = "Modal";
    let failure = match ask::<ServiceReply>(hosting, QUESTION, &[]).await {
        Ok(ServiceReply { failure: None }) => {
            return Requirement::met(SUBJECT, "its service answers and takes the token");
        }
        Ok(ServiceReply { failure: Some(failure) }) => failure,
        Err(words) => words,
    };
    Requirement::unmet(SUBJECT, failure, "`modal token new` gets a token; docs/modal.md says what else may be wrong")
}

/// Whether the device can be a class of GPU of Modal's.
pub(super) fn device(device: Option<&str>) -> Option<Requirement> {
    const SUBJECT: &str = "GPU";
    const LIST: &str = "modal.com/docs/guide/gpu lists the classes of GPU, such as `device = \"A100-40GB\"`";
    let device = device?;
    let class = device.split(':').next().unwrap_or(device).trim_end_matches('!');
    if CLASSES.iter().any(|known| known.eq_ignore_ascii_case(class)) {
        return Some(Requirement::met(SUBJECT, format!("`{device}`, which Modal has")));
    }
    Some(if class.eq_ignore_ascii_case("cuda") || class.eq_ignore_ascii_case("cpu") {
        Requirement::unmet(SUBJECT, format!("to Modal the device `{device}` is no GPU"), LIST)
    } else {
        let found = format!("`{device}` is none of the classes of GPU that Modal is known to have; a start will tell");
        Requirement::doubtful(SUBJECT, found, LIST)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::requirement::RequirementStatus;

    #[test]
    fn a_device_is_a_class_of_gpu_or_not() {
        let state = |name: &str| device(Some(name)).unwrap().status;
        assert_eq!(device(None), None);
        for known in ["A100-40GB", "t4", "H100:4", "H100!"] {
            assert_eq!(state(known), RequirementStatus::Met, "{known}");
        }
        assert_eq!(state("cuda:0"), RequirementStatus::Unmet);
        assert_eq!(state("Z9000"), RequirementStatus::Doubtful);
    }
}
