//! A contributor's own server that is wrong in one way, met by the program through the kind `http`: who is responsible, the exit
//! code, and what the screen says. Each stands in front of `hydrotest serve`, which answers as boileroom's server does.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod port;
#[path = "../support/project.rs"]
#[expect(dead_code, reason = "every run here has an environment of its own")]
mod project;

use base64_simd::STANDARD;
use sha2::{Digest, Sha256};

use port::{Answer, Asked, CASE, SECRET, Upstream, calls, is_health, port, ready, run, sealed};

const ONE: &[&str] = &["--exact", CASE];

#[test]
fn what_does_not_answer_health_as_a_model_server_is_told_at_once() {
    for (status, body, came) in [
        (404, r#"{"detail":"Not Found"}"#, "status 404: Not Found"),
        (200, r#"{"status":"ok"}"#, r#"status 200: {"status":"ok"}"#),
        (200, "<html>log in</html>", "status 200: <html>log in</html>"),
    ] {
        let address = port(move |_, _| Answer::new(status, body));
        let ran = run(&address, "models = ['esm2']\nstart_timeout = '10m'\n", ONE);
        ran.expect(
            1,
            &[
                r#"must answer status 200 with {"status": "ready"}"#,
                came,
                "does not conform",
            ],
        );
    }
}

#[test]
fn a_server_that_is_never_ready_is_the_platforms() {
    let address = port(|_, _| Answer::new(503, r#"{"status":"loading"}"#));
    let ran = run(&address, "models = ['esm2']\nstart_timeout = '2s'\n", ONE);
    ran.expect(3, &["still 503 (service unavailable) after 2 s", "the platform failed"]);
}

#[test]
fn each_status_has_its_owner_and_advice() {
    for (status, body, code, words) in [
        (
            500,
            "Internal Server Error",
            1,
            &["status 500: Internal Server Error"][..],
        ),
        (
            401,
            r#"{"detail":"missing bearer token"}"#,
            2,
            &["unauthorized (HTTP 401): missing bearer token", "headers = {"],
        ),
        (407, "", 2, &["proxy authentication required (HTTP 407)", "NO_PROXY"]),
        (413, "", 2, &["content too large (HTTP 413)", "client_max_body_size"]),
        (
            502,
            "<h1>502</h1>nginx",
            3,
            &["bad gateway (HTTP 502): <h1>502</h1>nginx", "the platform failed"],
        ),
        (504, "", 3, &["gateway timeout (HTTP 504)"]),
        (
            500,
            r#"{"detail":"Embedding failed: CUDA out of memory. Tried"}"#,
            3,
            &["bigger GPU"],
        ),
        (
            500,
            r#"{"detail":"Embedding failed: CUDA error: device-side assert triggered"}"#,
            1,
            &["restarted"],
        ),
    ] {
        calls(move |_, _| Answer::new(status, body), ONE).expect(code, words);
    }
}

#[test]
fn a_busy_server_is_asked_again_and_its_token_is_sent_and_never_shown() {
    let address = port(|asked, upstream| match asked {
        asked if !asked.head.contains("authorization: bearer t0ken-of-the-lab") => Answer::new(401, "who are you"),
        asked if is_health(asked) => ready(),
        asked if asked.before == 0 => Answer::new(429, "slow down"),
        asked => upstream.answer(asked),
    });
    let table = "models = ['esm2']\nheaders = { Authorization = 'Bearer ${LAB_TOKEN}' }\n";
    run(&address, table, ONE).expect(0, &["1 passed", "passed: 1 of "]);
    let told = port(|asked, _| {
        if is_health(asked) {
            ready()
        } else {
            Answer::new(500, "echo: Bearer t0ken-of-the-lab")
        }
    });
    let ran = run(&told, table, ONE);
    ran.expect(1, &["echo: Bearer [secret]"]);
    assert!(!ran.told.contains("t0ken"), "{}", ran.told);
}

#[test]
fn a_server_that_ends_in_a_call_is_wrong_and_later_cases_are_not_asked() {
    let ends = |_: &Asked, _: &Upstream| Answer {
        ends: true,
        ..Answer::new(200, "")
    };
    let ran = calls(ends, &["--suite", "embed"]);
    ran.expect(
        1,
        &["ended in the middle of a call, and nothing listens at", "not asked: "],
    );
    assert_eq!(ran.told.matches("fault: crashed").count(), 1, "{}", ran.told);
}

#[test]
fn a_failure_that_does_not_repeat_is_no_pass_unless_that_is_accepted() {
    let once = |asked: &Asked, upstream: &Upstream| match asked.before {
        0 => Answer::new(500, "hiccup"),
        _ => upstream.answer(asked),
    };
    calls(once, ONE).expect(1, &["status 500: hiccup"]);
    let retried = [ONE, &["--retries", "1"]].concat();
    calls(once, &retried).expect(
        1,
        &[
            "status 500: hiccup",
            "attempt 2 of the same calls passed",
            "`--allow-flaky`",
        ],
    );
    calls(once, &[&retried[..], &["--allow-flaky"]].concat()).expect(0, &["1 flaky"]);
}

#[test]
fn a_call_beyond_the_cases_limit_names_the_limit() {
    let slow = |asked: &Asked, upstream: &Upstream| {
        std::thread::sleep(std::time::Duration::from_secs(2));
        upstream.answer(asked)
    };
    let ran = calls(slow, &[ONE, &["--timeout", "500ms"]].concat());
    ran.expect(1, &["within the case's 0.5 s", "`--timeout`", "`case_timeout`"]);
}

#[test]
fn each_mistake_of_a_signature_is_named() {
    let payload = |asked: &Asked, upstream: &Upstream| upstream.answer(asked).payload();
    let of_text = move |asked: &Asked, upstream: &Upstream| {
        let payload = payload(asked, upstream);
        sealed(
            &payload,
            SECRET.as_bytes(),
            STANDARD.encode_to_string(&payload).as_bytes(),
        )
    };
    calls(of_text, ONE).expect(1, &["the signature is of the base64 text"]);
    let hashed = move |asked: &Asked, upstream: &Upstream| {
        let payload = payload(asked, upstream);
        sealed(&payload, &Sha256::digest(SECRET), &payload)
    };
    calls(hashed, ONE).expect(1, &["made with a hash of the secret"]);
    let unsigned = move |asked: &Asked, upstream: &Upstream| {
        let text = STANDARD.encode_to_string(payload(asked, upstream));
        Answer::new(200, serde_json::json!({ "pickled": text }).to_string())
    };
    calls(unsigned, ONE).expect(1, &["the body has no key \"hmac\""]);
    let url_safe = move |asked: &Asked, upstream: &Upstream| {
        let text = base64_simd::URL_SAFE_NO_PAD.encode_to_string(payload(asked, upstream));
        Answer::new(
            200,
            serde_json::json!({ "pickled": text, "hmac": "0".repeat(64) }).to_string(),
        )
    };
    calls(url_safe, ONE).expect(1, &["URL-safe base64"]);
    calls(|_, _| Answer::new(200, r#"{"embeddings": [[0.1, 0.2]]}"#), ONE)
        .expect(1, &["the body has no key \"pickled\""]);
    let another = move |asked: &Asked, upstream: &Upstream| {
        let payload = payload(asked, upstream);
        sealed(&payload, b"another secret", &payload)
    };
    let ran = calls(another, &["--suite", "embed"]);
    ran.expect(
        2,
        &[
            "another secret than the environment variable LAB_SECRET holds",
            "the configuration is wrong",
        ],
    );
    assert_eq!(ran.told.matches("fault: misconfigured").count(), 1, "{}", ran.told);
}

#[test]
fn options_that_reach_no_model_are_told() {
    let ignoring = |asked: &Asked, upstream: &Upstream| {
        let mut body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
        body["options"] = serde_json::Value::Null;
        upstream.answer(&Asked {
            path: asked.path.clone(),
            head: String::new(),
            body: body.to_string().into_bytes(),
            before: 0,
        })
    };
    calls(ignoring, &["--exact", "esm2::bad_input::device"]).expect(1, &["options seem to be ignored", "`device`"]);
}

#[test]
fn a_server_of_one_model_under_a_table_of_all_is_told_once_what_to_write() {
    let address = port(|asked, upstream| {
        if is_health(asked) {
            ready()
        } else {
            upstream.answer(asked)
        }
    });
    let ran = run(&address, "", &[]);
    ran.expect(
        2,
        &["a server has one model", "say `models = [\"esm2\"]`", "backends.toml:"],
    );
    assert_eq!(ran.told.matches("models = [\"esm2\"]").count(), 1, "{}", ran.told);
    assert!(!ran.told.contains("running "), "{}", ran.told);
}

#[test]
fn the_life_cycle_of_a_server_that_is_not_ours_is_skipped() {
    let ran = calls(|asked, upstream| upstream.answer(asked), &["--suite", "life_cycle"]);
    ran.expect(4, &["starts nothing"]);
}
