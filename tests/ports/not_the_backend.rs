//! What a gateway, a wrong secret or a busy server causes in scenarios and calls is not the backend's fault: the exit code is 2 or 3.

use crate::port::{Request, Response, Upstream, calls};
use crate::table::signed;
use crate::{ONE, failures};

const PATHS: &[&str] = &["--exact", "esm2::protocol::paths_and_methods"];

#[test]
fn the_status_of_a_gateway_on_a_raw_request_is_not_the_backends() {
    for (status, name) in
        [(429, "too many requests"), (502, "bad gateway"), (503, "service unavailable"), (504, "gateway timeout")]
    {
        let once = move |request: &Request, upstream: &Upstream| match request.path.as_str() {
            "/no_such_path" => Response::new(status, "gateway"),
            _ => upstream.respond(request),
        };
        let reported = failures(&calls(once, PATHS), 3);
        let cause = format!("call failed: {name} (HTTP {status}): gateway; ");
        assert!(reported.contains(&cause) && reported.contains("expected: status 404"), "{reported}");
    }
}

#[test]
fn a_missing_token_is_a_mistake_of_the_configuration_in_every_scenario() {
    let ran = calls(|_, _| Response::new(401, "who are you"), &["--suite", "protocol"]);
    let reported = failures(&ran, 2);
    assert_eq!(reported.matches("error: inconclusive, the configuration is wrong").count(), 3, "{reported}");
    assert_eq!(reported.matches("headers = { Authorization").count(), 3, "{reported}");
}

#[test]
fn a_server_that_is_always_busy_is_not_too_slow() {
    // It is asked four times, a second apart.
    let ran = calls(|_, _| Response::new(429, "slow down"), &[ONE, &["--timeout", "2s"]].concat());
    let reported = failures(&ran, 3);
    assert!(reported.contains("fault: busy") && reported.contains("too many requests (HTTP 429)"), "{reported}");
}

fn other_secret(request: &Request, upstream: &Upstream) -> Response {
    signed(request, upstream, b"another secret", <[u8]>::to_vec)
}

#[test]
fn another_secret_is_a_mistake_of_the_configuration_in_every_scenario() {
    // The case `replayed` needs a start and is skipped.
    for (arguments, cases) in [(["--exact", "esm2::protocol::health_and_connections"], 1), (["--suite", "faults"], 4)] {
        let reported = failures(&calls(other_secret, &arguments), 2);
        assert_eq!(reported.matches("error: inconclusive, the configuration is wrong").count(), cases, "{reported}");
        let advice = "signs with another secret than the environment variable LAB_SECRET holds";
        assert_eq!(reported.matches(advice).count(), cases, "{reported}");
    }
}

#[test]
fn a_response_that_another_secret_signs_is_not_kept() {
    let ran = calls(other_secret, &[ONE, &["--keep-responses", "kept"]].concat());
    ran.expect(2, &["signs with another secret", "kept 0 responses in kept"]);
}
