//! If Modal cannot be used, there is one clear error at once with its remedy, and no app is left.

use std::net::{TcpListener, TcpStream};
use std::process::Command;

use crate::cloud::Cloud;
use crate::project::Project;

const CHECKS: &str = "{ check = 'contract' }";

/// Runs one case, which must be an error with this fault and all of these texts.
#[track_caller]
fn breaks(project: &Project, change: impl FnOnce(&mut Command) -> &mut Command, fault: &str, texts: &[&str]) {
    let mut command = project.command(&["--exact", "esm2::small::one"]);
    change(&mut command);
    let shown = Project::expect(&mut command, 3);
    for text in texts.iter().copied().chain([format!("fault: {fault}").as_str()]) {
        assert!(shown.contains(text), "{text:?} is missing in\n{shown}");
    }
    for secret in ["as-stand-in", "as-wrong"] {
        assert!(!shown.contains(secret), "a secret is shown:\n{shown}");
    }
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn a_missing_token_is_reported_with_how_to_get_one() {
    let cloud = Cloud::start();
    let project = Project::new(&cloud.address, CHECKS);
    let texts = ["AuthError: Token missing", "modal token new"];
    for half in ["MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"] {
        breaks(&project, |command| command.env_remove(half), "misconfigured", &texts);
    }
    assert_eq!(cloud.end().count("app_created"), 0);
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn a_bad_token_is_reported_with_its_origin() {
    let cloud = Cloud::start();
    let project = Project::new(&cloud.address, CHECKS);
    let texts = ["AuthError: Token ID not found", "the token comes from MODAL_TOKEN_ID"];
    for (half, wrong) in [("MODAL_TOKEN_ID", "ak-wrong"), ("MODAL_TOKEN_SECRET", "as-wrong")] {
        breaks(&project, |command| command.env(half, wrong), "misconfigured", &texts);
    }
    let events = cloud.end();
    assert_eq!(events.count("app_created"), 0);
    assert_eq!(events.all("refused", "status"), ["UNAUTHENTICATED"; 2]);
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn an_unknown_gpu_is_refused_before_the_first_call() {
    let cloud = Cloud::start();
    let project = Project::new(&cloud.address, CHECKS);
    let texts = ["Z9000 is not a valid GPU type", "lists the classes of GPU"];
    breaks(&project, |command| command.args(["--gpu", "Z9000"]), "misconfigured", &texts);
    // The client itself detects this one.
    let texts = ["Invalid GPU count: many"];
    breaks(&project, |command| command.args(["--gpu", "T4:many"]), "misconfigured", &texts);
    let events = cloud.end();
    assert_eq!(events.apps(), 2);
    assert_eq!(events.count("called") + events.count("container_started"), 0);
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn the_doctor_checks_the_token_with_the_service() {
    let cloud = Cloud::start();
    let project = Project::new(&cloud.address, CHECKS);
    let mut command = project.command(&["doctor"]);
    let shown = Project::expect(&mut command, 0);
    assert!(shown.contains("its service answers and takes the token"), "{shown}");
    for (change, text) in [
        (
            (|command| command.env_remove("MODAL_TOKEN_ID")) as fn(&mut Command) -> &mut Command,
            "AuthError: Token missing",
        ),
        (|command| command.env("MODAL_TOKEN_SECRET", "as-wrong"), "the token comes from MODAL_TOKEN_ID"),
        (|command| command.env("MODAL_SERVER_URL", "http://127.0.0.1:1"), "Modal's service cannot be reached"),
    ] {
        let mut command = project.command(&["doctor"]);
        let shown = Project::expect(change(&mut command), 3);
        assert!(shown.contains("modal (kind python): cannot run like this"), "{shown}");
        assert!(shown.contains(text), "{text} is not in\n{shown}");
        assert!(!shown.contains("as-wrong"), "a secret is shown:\n{shown}");
    }
    assert_eq!(cloud.end().count("app_created"), 0);
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn an_unreachable_service_is_reported_with_the_reason() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{port}");
    let project = Project::new(&address, CHECKS);
    let refused = format!("Modal's service cannot be reached: {address} (Connection refused)");
    breaks(&project, |command| command, "unreachable", &[&refused, "is MODAL_SERVER_URL right?"]);
}

/// A listener that calls a function for each connection until the tests end.
fn listener(with: fn(TcpStream) -> Option<TcpStream>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let _open: Vec<TcpStream> = listener.incoming().map_while(Result::ok).filter_map(with).collect();
    });
    address
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn a_silent_service_times_out() {
    let address = listener(Some);
    let text = format!("Modal's service at {address} did not answer within 10 s");
    breaks(&Project::new(&address, CHECKS), |command| command, "timeout", &[&text]);
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn a_service_other_than_modals_is_reported() {
    let address = listener(|_| None);
    let text = format!("Modal's service at {address} does not answer as one");
    breaks(&Project::new(&address, CHECKS), |command| command, "unreachable", &[&text]);
}
