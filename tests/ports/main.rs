//! The kind `http` against a contributor's own server that is wrong in one way: who is responsible, the exit code, and what the
//! screen shows. Each server is in front of `hydrotest serve`, which responds like boileroom's server.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod not_the_backend;
mod payload;
#[path = "../support/plain.rs"]
mod plain;
mod port;
#[path = "../support/project.rs"]
#[expect(dead_code, reason = "each test sets its own environment")]
mod project;
mod shrink;
mod table;

use base64_simd::STANDARD;
use sha2::{Digest, Sha256};

use port::{CASE, Request, Response, SECRET, Upstream, calls, is_health, port, ready, run, sealed};

const ONE: &[&str] = &["--exact", CASE];

/// The failures that a run prints, after a check of its exit code.
#[track_caller]
fn failures(ran: &project::Ran, code: i32) -> String {
    ran.expect(code, &[]);
    let repository = env!("CARGO_MANIFEST_DIR");
    plain::failures(&ran.reported, &[(repository, "REPOSITORY")])
}

#[test]
fn a_wrong_health_response_is_reported_at_once() {
    let reported = [(404, r#"{"detail":"Not Found"}"#), (200, r#"{"status":"ok"}"#), (200, "<html>log in</html>")].map(
        |(status, body)| {
            let address = port(move |_, _| Response::new(status, body));
            failures(&run(&address, "models = ['esm2']\nstart_timeout = '10m'\n", ONE), 1)
        },
    );
    insta::assert_snapshot!(reported.join("\n\n"), @r#"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: ready failed: the server at http://127.0.0.1:PORT: GET /health must answer status 200 with {"status": "ready"}; it answered status 404: Not Found
      fault: protocol

    does not conform: the backend is wrong (exit code 1)

    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: ready failed: the server at http://127.0.0.1:PORT: GET /health must answer status 200 with {"status": "ready"}; it answered status 200: {"status":"ok"}
      fault: protocol

    does not conform: the backend is wrong (exit code 1)

    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: ready failed: the server at http://127.0.0.1:PORT: GET /health must answer status 200 with {"status": "ready"}; it answered status 200: <html>log in</html>
      fault: protocol

    does not conform: the backend is wrong (exit code 1)
    "#);
}

#[test]
fn a_server_that_is_never_ready_is_a_platform_failure() {
    let address = port(|_, _| Response::new(503, r#"{"status":"loading"}"#));
    let ran = run(&address, "models = ['esm2']\nstart_timeout = '8s'\n", ONE);
    insta::assert_snapshot!(failures(&ran, 3), @r#"
    ---- esm2::embed::minimal ----
    error: inconclusive, the platform failed

    response [call]: ready failed: the server at http://127.0.0.1:PORT was not ready: still 503 (service unavailable) after 8 s: {"status":"loading"}
      fault: timeout
      `start_timeout` of the backend allows more; the server's log says what it waits for

    inconclusive: the backend could not be tested, the platform failed (exit code 3)
    "#);
}

#[test]
fn each_status_has_a_responsible_party_and_advice() {
    let reported = [
        (500, "Internal Server Error", 1),
        (401, r#"{"detail":"missing bearer token"}"#, 2),
        (407, "", 2),
        (413, "", 2),
        (502, "<h1>502</h1>nginx", 3),
        (504, "", 3),
        (500, r#"{"detail":"Embedding failed: CUDA out of memory. Tried"}"#, 3),
        (500, r#"{"detail":"Embedding failed: CUDA error: device-side assert triggered"}"#, 1),
    ]
    .map(|(status, body, code)| failures(&calls(move |_, _| Response::new(status, body), ONE), code));
    insta::assert_snapshot!(reported.join("\n\n"), @r#"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: call failed: the server answered with status 500: Internal Server Error
      fault: protocol
      an exception of the model is answered as {"detail": MESSAGE}; the server's own log says what was raised here

    does not conform: the backend is wrong (exit code 1)

    ---- esm2::embed::minimal ----
    error: inconclusive, the configuration is wrong

    response [call]: call failed: unauthorized (HTTP 401): missing bearer token; kind `http` sends them with `headers = { Authorization = "Bearer ${TOKEN}" }`
      fault: denied

    inconclusive: the backend could not be tested, the configuration is wrong (exit code 2)

    ---- esm2::embed::minimal ----
    error: inconclusive, the configuration is wrong

    response [call]: call failed: proxy authentication required (HTTP 407): an empty body; name the host in `NO_PROXY`, or a proxy that accepts you in `HTTPS_PROXY`
      fault: denied

    inconclusive: the backend could not be tested, the configuration is wrong (exit code 2)

    ---- esm2::embed::minimal ----
    error: inconclusive, the configuration is wrong

    response [call]: call failed: content too large (HTTP 413): an empty body; raise the limit of request bodies at the server or its proxy (nginx: `client_max_body_size`)
      fault: too_large

    inconclusive: the backend could not be tested, the configuration is wrong (exit code 2)

    ---- esm2::embed::minimal ----
    error: inconclusive, the platform failed

    response [call]: call failed: bad gateway (HTTP 502): <h1>502</h1>nginx; a proxy answers in place of the model server: look at the server's own log
      fault: unreachable

    inconclusive: the backend could not be tested, the platform failed (exit code 3)

    ---- esm2::embed::minimal ----
    error: inconclusive, the platform failed

    response [call]: call failed: gateway timeout (HTTP 504): an empty body; raise the time that the proxy waits for a response (nginx: `proxy_read_timeout`)
      fault: unreachable

    inconclusive: the backend could not be tested, the platform failed (exit code 3)

    ---- esm2::embed::minimal ----
    error: inconclusive, the platform failed

    response [call]: call failed: CUDA out of memory. Tried
      fault: out_of_memory
      the memory of the device or the machine is too small: use a bigger GPU or machine, a smaller model (`model_name`), or fewer instances on one

    inconclusive: the backend could not be tested, the platform failed (exit code 3)

    ---- esm2::embed::minimal ----
    fail: the backend is wrong, in each of 2 attempts

    response [call]: call failed: CUDA error: device-side assert triggered
      fault: poisoned
      an error of the GPU makes every later call of the process fail: the instance is restarted before the next call; the same call did so again on a fresh instance

    does not conform: the backend is wrong (exit code 1)
    "#);
}

#[test]
fn a_busy_server_is_retried_and_the_token_is_sent_but_never_shown() {
    let address = port(|request, upstream| match request {
        request if !request.head.contains("authorization: bearer t0ken-of-the-lab") => {
            Response::new(401, "who are you")
        }
        request if is_health(request) => ready(),
        request if request.before == 0 => Response::new(429, "slow down"),
        request => upstream.respond(request),
    });
    let table = "models = ['esm2']\nheaders = { Authorization = 'Bearer ${LAB_TOKEN}' }\n";
    run(&address, table, ONE).expect(0, &["1 passed", "passed: 1 of "]);
    let reported = port(
        |request, _| if is_health(request) { ready() } else { Response::new(500, "echo: Bearer t0ken-of-the-lab") },
    );
    let ran = run(&reported, table, ONE);
    insta::assert_snapshot!(failures(&ran, 1), @r#"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: call failed: the server answered with status 500: echo: Bearer [secret]
      fault: protocol
      an exception of the model is answered as {"detail": MESSAGE}; the server's own log says what was raised here

    does not conform: the backend is wrong (exit code 1)
    "#);
    assert!(!ran.reported.contains("t0ken"), "{}", ran.reported);
}

#[test]
fn after_a_server_ends_in_a_call_later_cases_are_not_run() {
    let ends = |_: &Request, _: &Upstream| Response { ends: true, ..Response::new(200, "") };
    let ran = calls(ends, &["--suite", "embed"]);
    let reported = failures(&ran, 1);
    // The others are like the second.
    let first: Vec<&str> = reported.split("\n---- ").take(2).collect();
    insta::assert_snapshot!(first.join("\n---- ").trim_end(), @"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: call failed: the server ended in the middle of a call, and nothing listens at http://127.0.0.1:PORT/ any more: the connection ended before the response was complete: connection closed before message completed
      fault: crashed
      the server's own log says what ended it


    ---- esm2::embed::everything ----
    fail: the backend is wrong

    response [call]: not asked: the server ended in the middle of a call, and nothing listens at http://127.0.0.1:PORT/ any more: the connection ended before the response was complete: connection closed before message completed
    ");
    assert_eq!(ran.reported.matches("fault: crashed").count(), 1, "{}", ran.reported);
}

#[test]
fn a_flaky_failure_is_not_a_pass_unless_that_is_accepted() {
    let once = |request: &Request, upstream: &Upstream| match request.before {
        0 => Response::new(500, "hiccup"),
        _ => upstream.respond(request),
    };
    calls(once, ONE).expect(1, &["status 500: hiccup"]);
    let retried = [ONE, &["--retries", "1"]].concat();
    insta::assert_snapshot!(failures(&calls(once, &retried), 1), @r#"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong, in 1 of 2 attempts

    response [call]: call failed: the server answered with status 500: hiccup
      fault: protocol
      an exception of the model is answered as {"detail": MESSAGE}; the server's own log says what was raised here
      not repeatable: attempt 2 of the same calls passed; `--allow-flaky` accepts that

    does not conform: the backend is wrong (exit code 1)
    "#);
    calls(once, &[&retried[..], &["--allow-flaky"]].concat()).expect(0, &["1 flaky"]);
}

#[test]
fn a_broken_proxy_after_a_wrong_response_takes_back_nothing() {
    let twice = |request: &Request, upstream: &Upstream| match request.before {
        0 => Response::new(500, "hiccup"),
        1 => Response::new(502, ""),
        _ => upstream.respond(request),
    };
    let retried = |retries: &'static str| [ONE, &["--retries", retries]].concat();
    let ended = failures(&calls(twice, &retried("1")), 1);
    assert!(ended.contains("the backend is wrong, in 1 of 2 attempts"), "{ended}");
    insta::assert_snapshot!(failures(&calls(twice, &retried("2")), 1), @r#"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong, in 1 of 3 attempts

    response [call]: call failed: the server answered with status 500: hiccup
      fault: protocol
      an exception of the model is answered as {"detail": MESSAGE}; the server's own log says what was raised here
      asked again, attempt 2 ended in an error of the platform
      not repeatable: attempt 3 of the same calls passed; `--allow-flaky` accepts that

    does not conform: the backend is wrong (exit code 1)
    "#);
}

#[test]
fn a_call_that_exceeds_the_cases_limit_names_the_limit() {
    let slow = |request: &Request, upstream: &Upstream| {
        std::thread::sleep(std::time::Duration::from_secs(2));
        upstream.respond(request)
    };
    let ran = calls(slow, &[ONE, &["--timeout", "500ms"]].concat());
    insta::assert_snapshot!(failures(&ran, 1), @"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: call failed: no response to call `call` within the case's 0.5 s
      fault: too_slow
      `--timeout`, `timeout` of the case or suite, or `case_timeout` of the backend allow more

    does not conform: the backend is wrong (exit code 1)
    ");
}

#[test]
fn each_mistake_of_a_signature_is_named() {
    let payload = |request: &Request, upstream: &Upstream| upstream.respond(request).payload();
    let of_text = move |request: &Request, upstream: &Upstream| {
        let payload = payload(request, upstream);
        sealed(&payload, SECRET.as_bytes(), STANDARD.encode_to_string(&payload).as_bytes())
    };
    insta::assert_snapshot!(failures(&calls(of_text, ONE), 1), @"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: decode failed: the signature is of the base64 text; it must be of the bytes that the text stands for
      fault: signature

    does not conform: the backend is wrong (exit code 1)
    ");
    let hashed = move |request: &Request, upstream: &Upstream| {
        let payload = payload(request, upstream);
        sealed(&payload, &Sha256::digest(SECRET), &payload)
    };
    insta::assert_snapshot!(failures(&calls(hashed, ONE), 1), @"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: decode failed: the signature is made with a hash of the secret; the key must be the secret's text itself
      fault: signature

    does not conform: the backend is wrong (exit code 1)
    ");
    let unsigned = move |request: &Request, upstream: &Upstream| {
        let text = STANDARD.encode_to_string(payload(request, upstream));
        Response::new(200, serde_json::json!({ "pickled": text }).to_string())
    };
    insta::assert_snapshot!(failures(&calls(unsigned, ONE), 1), @r#"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: decode failed: the body has no key "hmac"
      fault: signature
      a response is {"pickled": BASE64, "hmac": HEX}, the HMAC-SHA256 of the pickle's bytes by the secret

    does not conform: the backend is wrong (exit code 1)
    "#);
    let url_safe = move |request: &Request, upstream: &Upstream| {
        let text = base64_simd::URL_SAFE_NO_PAD.encode_to_string(payload(request, upstream));
        Response::new(200, serde_json::json!({ "pickled": text, "hmac": "0".repeat(64) }).to_string())
    };
    // The position of the first letter from that alphabet depends on the payload, which contains times.
    let reported = failures(&calls(url_safe, ONE), 1);
    let (before, after) = reported.split_once("byte ").unwrap();
    let after = after.trim_start_matches(|letter: char| letter.is_ascii_digit());
    insta::assert_snapshot!(format!("{before}byte N{after}"), @r#"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: decode failed: byte N of the body: the payload is URL-safe base64; it must be standard base64 with padding
      fault: protocol
      a response is {"pickled": BASE64, "hmac": HEX}, the HMAC-SHA256 of the pickle's bytes by the secret

    does not conform: the backend is wrong (exit code 1)
    "#);
    let bare = calls(|_, _| Response::new(200, r#"{"embeddings": [[0.1, 0.2]]}"#), ONE);
    insta::assert_snapshot!(failures(&bare, 1), @r#"
    ---- esm2::embed::minimal ----
    fail: the backend is wrong

    response [call]: decode failed: the body has no key "pickled"
      fault: protocol
      a response is {"pickled": BASE64, "hmac": HEX}, the HMAC-SHA256 of the pickle's bytes by the secret

    does not conform: the backend is wrong (exit code 1)
    "#);
    let another = move |request: &Request, upstream: &Upstream| {
        let payload = payload(request, upstream);
        sealed(&payload, b"another secret", &payload)
    };
    let ran = calls(another, &["--suite", "embed"]);
    ran.expect(2, &["another secret than the environment variable LAB_SECRET holds", "the configuration is wrong"]);
    assert_eq!(ran.reported.matches("fault: misconfigured").count(), 1, "{}", ran.reported);
}

#[test]
fn ignored_options_are_reported() {
    let ignoring = |request: &Request, upstream: &Upstream| {
        let mut body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        body["options"] = serde_json::Value::Null;
        upstream.respond(&Request {
            path: request.path.clone(),
            head: String::new(),
            body: body.to_string().into_bytes(),
            before: 0,
        })
    };
    let ran = calls(ignoring, &["--exact", "esm2::bad_input::device"]);
    insta::assert_snapshot!(failures(&ran, 1), @r#"
    ---- esm2::bad_input::device ----
    fail: the backend is wrong

    error [call]: expected ValueError with "can only be set at initialization" and "['device']", got a boileroom.models.esm.types.ESM2Output
      hint: options seem to be ignored: the call has `device`, which the model must refuse

    does not conform: the backend is wrong (exit code 1)
    "#);
}

#[test]
fn a_server_of_one_model_in_a_table_of_all_is_reported_once_with_the_fix() {
    let address = port(|request, upstream| if is_health(request) { ready() } else { upstream.respond(request) });
    let ran = run(&address, "", &[]);
    ran.expect(2, &["a server has one model", "say `models = [\"esm2\"]`", "backends.toml:"]);
    assert_eq!(ran.reported.matches("models = [\"esm2\"]").count(), 1, "{}", ran.reported);
    assert!(!ran.reported.contains("running "), "{}", ran.reported);
}

#[test]
fn the_life_cycle_of_a_foreign_server_is_skipped() {
    let ran = calls(|request, upstream| upstream.respond(request), &["--suite", "life_cycle"]);
    ran.expect(4, &["starts nothing"]);
}

#[test]
fn raw_requests_and_calls_after_a_fault_are_judged() {
    let case = |case: &'static str, wrong: fn(&Request) -> Option<Response>| {
        let address = port(move |request, upstream| match wrong(request) {
            Some(response) => response,
            None if is_health(request) => ready(),
            None => upstream.respond(request),
        });
        let ran = run(&address, "models = ['esm2']\n", &["--exact", case]);
        failures(&ran, 1)
    };
    let reported = [
        case("esm2::protocol::paths_and_methods", |request| {
            request.path.contains("no_such").then(|| Response::new(200, "{}"))
        }),
        case("esm2::protocol::bad_bodies", |request| {
            (request.body == b"{}").then(|| Response::new(500, "Internal Server Error"))
        }),
        case("esm2::protocol::bad_bodies", |request| {
            (request.body == b"[1]").then(|| Response { ends: true, ..Response::new(200, "") })
        }),
        // It has had a client that disconnected, and does not recover.
        case("esm2::faults::cut", |request| {
            (request.before == 1).then(|| Response { ends: true, ..Response::new(200, "") })
        }),
        // There is no response in which a fault could be planted.
        case("esm2::faults::altered", |request| {
            (!is_health(request) && request.before == 0)
                .then(|| Response::new(500, r#"{"detail":"Embedding failed: no"}"#))
        }),
    ];
    insta::assert_snapshot!(reported.join("\n\n"), @r#"
    ---- esm2::protocol::paths_and_methods ----
    fail: the backend is wrong

    scenario [step 2: GET /no_such_path]: expected status 404; came status 200

    does not conform: the backend is wrong (exit code 1)

    ---- esm2::protocol::bad_bodies ----
    fail: the backend is wrong

    scenario [step 4: POST /{method} with "{}"]: expected status 400 or 422; came status 500

    does not conform: the backend is wrong (exit code 1)

    ---- esm2::protocol::bad_bodies ----
    fail: the backend is wrong

    scenario [step 5: POST /{method} with "[1]"]: expected status 400 or 422; came the connection ended before the response was complete: connection closed before message completed

    does not conform: the backend is wrong (exit code 1)

    ---- esm2::faults::cut ----
    fail: the backend is wrong

    scenario [step 3: call]: call failed: the server ended in the middle of a call, and nothing listens at http://127.0.0.1:PORT/ any more: the connection ended before the response was complete: connection closed before message completed
      fault: crashed
      the server's own log says what ended it
      expected: a response

    does not conform: the backend is wrong (exit code 1)

    ---- esm2::faults::altered ----
    fail: the backend is wrong

    scenario [step 2: fault corrupt at 0]: call failed: no
      fault: refused
      expected: a response to plant the fault in

    does not conform: the backend is wrong (exit code 1)
    "#);
}
