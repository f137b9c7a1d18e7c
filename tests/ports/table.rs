//! Ports that are wrong in one way, as a new user sees them: the first screen must show the cause and the remedy, and the exit
//! code must show who is responsible. `-- --nocapture` prints the table with the matching lines.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::payload::{changed, doubled, renamed};
use crate::port::{
    Request, Response, SECRET, Upstream, Wrong, closed, is_health, on_screen, port_of, ready, screen_of_table, sealed,
};

/// Lines of a screen.
const SCREEN: usize = 25;
const ESM2: &str = "boileroom.models.esm.core.ESM2Core";
const ESMFOLD: &str = "boileroom.models.esm.core.ESMFoldCore";
const MODELS: &str = "models = ['esm2']\n";
/// The configuration of the smallest size, for its server and for the table.
const SMALL_CONFIG: &str = r#"{"model_name": "esm2_t6_8M_UR50D"}"#;
const SMALL: &str = "models = ['esm2']\nconfig.esm2 = { model_name = 'esm2_t6_8M_UR50D' }\n";
const MINIMAL: &[&str] = &["--exact", "esm2::embed::minimal"];
const EMBED: &[&str] = &["--suite", "embed"];
const ALL: &[&str] = &[];

/// What is wrong with a port.
enum Fault {
    /// Nothing listens there.
    Closed,
    /// Its response to `/health`.
    Health(u16, &'static str),
    /// Its response to every call.
    Call(u16, &'static str),
    /// Its responses to calls are what this function returns.
    Calls(fn(&Request, &Upstream) -> Response),
    /// It has another model.
    Model(&'static str),
    /// It has another size of the model, and its responses to calls are what this function returns.
    Small(fn(&Request, &Upstream) -> Response),
    /// The port is correct, the table is wrong.
    Nothing,
    /// A command starts it, with this obstacle.
    Command(&'static str),
}

/// A port, and what the screen must show.
struct WrongPort {
    name: &'static str,
    fault: Fault,
    table: &'static str,
    arguments: &'static [&'static str],
    exit: i32,
    cause: &'static str,
    remedy: &'static str,
    /// Number of lines within which both must appear.
    within: usize,
}

const fn row(name: &'static str, fault: Fault, exit: i32, cause: &'static str, remedy: &'static str) -> WrongPort {
    WrongPort { name, fault, table: MODELS, arguments: EMBED, exit, cause, remedy, within: SCREEN }
}

impl WrongPort {
    const fn with(self, table: &'static str) -> Self {
        Self { table, ..self }
    }

    const fn running(self, arguments: &'static [&'static str]) -> Self {
        Self { arguments, ..self }
    }
}

/// The model's response with another payload.
fn spoiled(request: &Request, upstream: &Upstream, spoil: impl FnOnce(&[u8]) -> Vec<u8>) -> Response {
    let response = upstream.respond(request);
    if response.status != 200 {
        return response;
    }
    let payload = spoil(&response.payload());
    sealed(&payload, SECRET.as_bytes(), &payload)
}

/// The response to the same call with another body.
fn reworded(request: &Request, upstream: &Upstream, change: impl FnOnce(&mut Value)) -> Response {
    // Input that is not a call is refused by the server, even if it is JSON.
    let Ok(mut body @ Value::Object(_)) = serde_json::from_slice(&request.body) else {
        return upstream.respond(request);
    };
    change(&mut body);
    upstream.respond(&request.with_body(body.to_string()))
}

/// The envelope of the correct payload with another signature.
pub fn signed(request: &Request, upstream: &Upstream, key: &[u8], message: impl FnOnce(&[u8]) -> Vec<u8>) -> Response {
    let response = upstream.respond(request);
    if response.status != 200 {
        return response;
    }
    let payload = response.payload();
    sealed(&payload, key, &message(&payload))
}

fn sequences(body: &mut Value) -> Vec<&mut Value> {
    match &mut body["sequences"] {
        Value::Array(items) => items.iter_mut().collect(),
        one => vec![one],
    }
}

/// A number that differs between calls.
fn drawn() -> f32 {
    static STATE: AtomicU32 = AtomicU32::new(1);
    let next = |state: u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let state = STATE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap();
    (state >> 8) as f32 / (1 << 23) as f32 - 1.0
}

#[rustfmt::skip] // A table is read by its rows.
#[expect(clippy::too_many_lines, reason = "one row for each port")]
fn ports() -> Vec<WrongPort> {
    use Fault::{Call, Calls, Closed, Command, Health, Model, Nothing, Small};
    let starting = "models = ['esm2']\nstart_timeout = '2s'\n";
    vec![
        row("closed", Closed, 3, "no connection to http://127.0.0.1:", "start it before the run, or correct `url`").running(ALL),
        row("health_404", Health(404, r#"{"detail":"Not Found"}"#), 1, "it answered status 404", "GET /health must answer status 200"),
        row("health_ok", Health(200, r#"{"status":"ok"}"#), 1, "it answered status 200: {\"status\":\"ok\"}", "GET /health must answer status 200"),
        row("health_page", Health(200, "<html>log in</html>"), 1, "it answered status 200: <html>", "GET /health must answer status 200"),
        row("health_500", Health(500, "Internal Server Error"), 3, "status 500: Internal Server Error", "`start_timeout` of the backend allows more").with(starting),
        row("health_401", Health(401, "who are you"), 2, "unauthorized (HTTP 401)", "headers = { Authorization"),
        row("loads_for_ever", Health(503, r#"{"status":"loading"}"#),
            3, "still 503 (service unavailable) after 2 s", "`start_timeout` of the backend allows more").with(starting),
        row("call_500", Call(500, "Internal Server Error"), 1, "status 500: Internal Server Error", "the server's own log says what was raised"),
        row("call_404", Call(404, r#"{"detail":"Not Found"}"#), 1, "status 404: Not Found", "answers `POST /embed` or `POST /fold`"),
        row("call_405", Call(405, r#"{"detail":"Method Not Allowed"}"#), 1, "status 405: Method Not Allowed", "answers `POST /embed` or `POST /fold`"),
        row("call_422", Call(422, r#"{"detail":[{"type":"missing","loc":["body","prompt"],"msg":"Field required"}]}"#),
            1, "body.prompt: Field required", "the body of a request is {\"sequences\""),
        row("call_401", Call(401, r#"{"detail":"missing bearer token"}"#), 2, "unauthorized (HTTP 401)", "headers = { Authorization"),
        row("call_403", Call(403, ""), 2, "forbidden (HTTP 403)", "headers = { Authorization"),
        row("call_407", Call(407, ""), 2, "proxy authentication required", "name the host in `NO_PROXY`"),
        row("call_413", Call(413, ""), 2, "content too large (HTTP 413)", "raise the limit of request bodies"),
        row("call_429", Call(429, "slow down"), 3, "too many requests (HTTP 429)", "lower `max_instances`").running(MINIMAL),
        row("call_502", Call(502, "<h1>502 Bad Gateway</h1>nginx"), 3, "bad gateway (HTTP 502)", "look at the server's own log"),
        row("call_504", Call(504, ""), 3, "gateway timeout (HTTP 504)", "raise the time that the proxy waits"),
        row("call_524", Call(524, "error code: 524"), 3, "a timeout occurred (HTTP 524)", "raise the time that Cloudflare waits"),
        row("memory", Call(500, r#"{"detail":"Embedding failed: CUDA out of memory. Tried to allocate 2 GiB"}"#), 3, "CUDA out of memory", "use a bigger GPU or machine, a smaller model"),
        row("memory_of_the_machine", Call(500, r#"{"detail":"Embedding failed: Unable to allocate 12.0 GiB for an array with shape (3221225472,)"}"#),
            3, "Unable to allocate 12.0 GiB", "use a bigger GPU or machine, a smaller model"),
        row("broken_gpu", Call(500, r#"{"detail":"Embedding failed: CUDA error: uncorrectable ECC error encountered"}"#), 3, "uncorrectable ECC error", "look at `nvidia-smi`"),
        row("assertion", Call(500, r#"{"detail":"Embedding failed: CUDA error: device-side assert triggered"}"#),
            1, "device-side assert triggered", "the same call did so again on a fresh instance"),
        row("not_loaded", Call(500, r#"{"detail":"Embedding failed: 'NoneType' object has no attribute 'forward'"}"#),
            1, "'NoneType' object has no attribute", "reproduce: ").running(MINIMAL),
        row("page", Call(200, "<html>please log in</html>"), 1, "expected a JSON object", "a response is {\"pickled\""),
        row("bare_json", Call(200, r#"{"embeddings": [[0.1, 0.2]]}"#), 1, "the body has no key \"pickled\"", "a response is {\"pickled\""),
        row("empty", Call(200, ""), 1, "the body ends after 0 bytes", "a response is {\"pickled\""),
        row("fails_once", Calls(|request, upstream| match request.before { 1 => Response::new(500, "hiccup"), _ => upstream.respond(request), }),
            1, "status 500: hiccup", "the server's own log says what was raised"),
        row("ends_in_a_call", Calls(|_, _| Response { ends: true, ..Response::new(200, "") }),
            1, "the server ended in the middle of a call", "the server's own log says what ended it"),
        row("ends_in_the_third", Calls(|request, upstream| match request.before { 2 => Response { ends: true, ..Response::new(200, "") }, _ => upstream.respond(request), }),
            1, "the server ended in the middle of a call", "the server's own log says what ended it"),
        row("drops_calls", Calls(|_, _| Response { drops: true, ..Response::new(200, "") }),
            3, "the connection ended before the response was complete", "raise the time that a proxy, load balancer or tunnel"),
        row("slow", Calls(|request, upstream| { std::thread::sleep(std::time::Duration::from_secs(1)); upstream.respond(request) }),
            1, "no response to call `call` within", "`case_timeout` of the backend allow more").running(&["--exact", "esm2::embed::minimal", "--timeout", "300ms"]),
        row("signs_the_text", Calls(|request, upstream| { signed(request, upstream, SECRET.as_bytes(), |payload| { STANDARD.encode_to_string(payload).into_bytes() }) }),
            1, "the signature is of the base64 text", "it must be of the bytes"),
        row("hashes_the_key", Calls(|request, upstream| signed(request, upstream, &Sha256::digest(SECRET), <[u8]>::to_vec)),
            1, "made with a hash of the secret", "must be the secret's text itself"),
        row("other_secret", Calls(|request, upstream| signed(request, upstream, b"another secret", <[u8]>::to_vec)), 2, "signs with another secret", "set it to the server's own"),
        row("unsigned", Calls(|request, upstream| {
            let text = STANDARD.encode_to_string(upstream.respond(request).payload()); Response::new(200, json!({ "pickled": text }).to_string())
        }),
            1, "the body has no key \"hmac\"", "a response is {\"pickled\"").running(MINIMAL),
        row("url_safe", Calls(|request, upstream| {
            let text = URL_SAFE_NO_PAD.encode_to_string(upstream.respond(request).payload()); Response::new(200, json!({ "pickled": text, "hmac": "0".repeat(64) }).to_string())
        }),
            1, "URL-safe base64", "it must be standard base64 with padding").running(MINIMAL),
        row("no_pickle", Calls(|request, upstream| spoiled(request, upstream, |_| b"hello there".to_vec())),
            1, "not a pickle of protocol 2 to 5", "the payload is the pickle of an object"),
        row("runs_a_program", Calls(|request, upstream| spoiled(request, upstream, |_| b"\x80\x04cos\nsystem\n\x8c\x02id\x85R.".to_vec())),
            1, "refused to call os.system", "the payload is the pickle of an object"),
        row("a_dictionary", Calls(|request, upstream| spoiled(request, upstream, |_| b"\x80\x04}\x8c\x0aembeddingsK\x01s.".to_vec())),
            1, "the result is a dict of 1, not a prediction", "the payload is the pickle of an object"),
        row("own_class", Calls(|request, upstream| spoiled(request, upstream, |payload| renamed(payload, "ESM2Output", "ESM2Result"))),
            1, "got boileroom.models.esm.types.ESM2Result", "class: expected boileroom.models.esm.types.ESM2Output"),
        row("misses_a_field", Calls(|request, upstream| { spoiled(request, upstream, |payload| { renamed(payload, "chain_index", "chain_indes") }) }),
            1, "the response has no `chain_index`", "it has `embeddings`, `metadata`, `chain_indes`"),
        row("double_precision", Calls(|request, upstream| spoiled(request, upstream, doubled)), 1, "got float64", "expected dtype float32"),
        row("nan", Calls(|request, upstream| { spoiled(request, upstream, |payload| { changed(payload, |index, number| if index == 0 { f32::NAN } else { number }) }) }),
            1, "1 of 32000 elements is not finite", "reproduce: ").running(MINIMAL),
        row("negated", Calls(|request, upstream| spoiled(request, upstream, |payload| changed(payload, |_, number| -number))),
            1, "likely cause: the sign of every value changed", "look at the last step before the output").running(ALL),
        row("first_of_a_batch", Calls(|request, upstream| {
            reworded(request, upstream, |body| { if let Value::Array(items) = &mut body["sequences"] { items.truncate(1); } })
        }),
            1, "got [25]", "metadata.sequence_lengths: expected [25, 54]").running(&["--suite", "batch"]),
        row("cut_to_50", Calls(|request, upstream| {
            reworded(request, upstream, |body| { for sequence in sequences(body) { *sequence = sequence .as_str().unwrap_or_default().chars().take(50).collect::<String>().into(); } })
        }),
            1, "got [50]", "metadata.sequence_lengths: expected [129]"),
        row("upper_case", Calls(|request, upstream| {
            reworded(request, upstream, |body| { for sequence in sequences(body) { *sequence = sequence.as_str().unwrap_or_default().to_ascii_uppercase().into(); } })
        }),
            1, "got a boileroom.models.esm.types.ESM2Output", "expected ValueError with").running(&["--suite", "bad_input"]),
        row("ignores_options", Calls(|request, upstream| reworded(request, upstream, |body| body["options"] = Value::Null)),
            1, "options of calls seem to be ignored by esm2", "hand the `options` of each request on").running(ALL),
        row("noise", Calls(|request, upstream| {
            spoiled(request, upstream, |payload| { changed(payload, |_, number| { if number == 0.0 { number } else { drawn().mul_add(0.02, number) } }) })
        }),
            1, "responses of esm2 are not repeatable", "evaluate without dropout, fix the seeds").running(ALL),
        row("other_weights", Small(|request, upstream| {
            spoiled(request, upstream, |payload| { changed(payload, |_, number| (7.0 * number).sin()) })
        }), 1, "the weights of esm2 may not be `synthetic`", "or correct `weights`").with(SMALL).running(&["--suite", "recorded"]),
        row("another_size", Small(|request, upstream| upstream.respond(request)), 1, "this server runs another size of esm2, esm2_t6_8M_UR50D", "say it in `variants.esm2` or `config.esm2`"),
        row("folds_instead", Model(ESMFOLD),
            1, "this server runs another model, esmfold and not esm2", "say `models = [\"esmfold\"]`").running(ALL),
        row("another_model", Model(ESMFOLD),
            1, "this server runs another model, esmfold and not esmfold2", "say `models = [\"esmfold\"]`").with("models = ['esmfold2']\n").running(ALL),
        row("ignores_the_configuration", Command("MODEL_CONFIG={{}}"),
            1, "the configuration seems to be ignored by esm2", "`MODEL_CONFIG`").running(&["--suite", "options", "--suite", "bad_input"]),
        row("does_not_start", Command("echo no weights in /models >&2; exit 3;"), 3, "exited with status 3 before it was ready", "log: no weights in /models"),
        row("table_of_all", Nothing, 2, "a server has one model", "say `models = [\"esm2\"]`").with("").running(ALL),
        row("mislabelled", Nothing, 2, "the response says that it is synthetic", "write `weights = \"synthetic\"`").with("models = ['esm2']\nweights = 'published'\n"),
        row("no_secret", Nothing, 2, "NO_SUCH_VARIABLE, which is not set", "export it, or name another in `secret_env`").with("models = ['esm2']\nsecret_env = 'NO_SUCH_VARIABLE'\n"),
    ]
}

/// The screen of a run through a port, and the exit code.
fn screen(wrong: &WrongPort) -> (Option<i32>, String) {
    let (class, config) = match wrong.fault {
        Fault::Model(class) => (class, "{}"),
        Fault::Small(_) => (ESM2, SMALL_CONFIG),
        _ => (ESM2, "{}"),
    };
    if let Fault::Command(before) = wrong.fault {
        let command = format!("{before} exec \"$0\" serve --port {{port}}");
        let more = wrong.table;
        let table = format!("kind = 'process'\ncommand = ['sh', '-c', '{command}', '{{hydrotest}}']\n{more}");
        return screen_of_table(&table, wrong.arguments);
    }
    let response: Box<Wrong> = match wrong.fault {
        Fault::Health(status, body) => Box::new(move |_, _| Response::new(status, body)),
        Fault::Call(status, body) => {
            Box::new(move |request, _| if is_health(request) { ready() } else { Response::new(status, body) })
        }
        Fault::Calls(calls) | Fault::Small(calls) => {
            Box::new(move |request, upstream| if is_health(request) { ready() } else { calls(request, upstream) })
        }
        Fault::Closed => return on_screen(&closed(), wrong.table, wrong.arguments),
        _ => Box::new(|request, upstream| if is_health(request) { ready() } else { upstream.respond(request) }),
    };
    on_screen(&port_of((class, config), response), wrong.table, wrong.arguments)
}

/// The number of the first line that contains a phrase, from 1.
fn line_of(screen: &str, phrase: &str) -> Option<usize> {
    screen.lines().position(|line| line.contains(phrase)).map(|index| index + 1)
}

#[test]
fn the_first_screen_shows_what_is_wrong_and_what_to_do() {
    let open = Mutex::new(ports().into_iter().enumerate().collect::<Vec<_>>());
    let rows = Mutex::new(Vec::new());
    let failures = Mutex::new(Vec::new());
    let work = || {
        while let Some((index, wrong)) = { open.lock().unwrap().pop() } {
            let (code, screen) = screen(&wrong);
            let [cause, remedy] = [wrong.cause, wrong.remedy].map(|phrase| line_of(&screen, phrase));
            let is_in_time = |line: Option<usize>| line.is_some_and(|line| line <= wrong.within);
            let shown = |line: Option<usize>| line.map_or("-".to_owned(), |line| line.to_string());
            let row = format!(
                "| {} | {} | {} | {} | {} |",
                wrong.name,
                code.unwrap_or(-1),
                shown(cause),
                shown(remedy),
                screen.lines().count()
            );
            rows.lock().unwrap().push((index, row));
            // The whole run prints the cause, or nothing.
            let misleads = |line: &str| line.contains("so far: ") && !line.contains(wrong.cause);
            let is_misled = screen.lines().any(misleads);
            if code != Some(wrong.exit) || !is_in_time(cause) || !is_in_time(remedy) || is_misled {
                let first: Vec<&str> = screen.lines().take(SCREEN * 2).collect();
                failures.lock().unwrap().push(format!(
                    "{}: exit code {code:?} of {}, cause in line {cause:?}, remedy in line {remedy:?}, misled: {is_misled}\n{}",
                    wrong.name,
                    wrong.exit,
                    first.join("\n")
                ));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(work);
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort();
    println!("| port | exit code | line of the cause | of the remedy | lines |\n|---|--:|--:|--:|--:|");
    for (_, row) in &rows {
        println!("{row}");
    }
    assert!(rows.len() >= 40, "{} ports", rows.len());
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
