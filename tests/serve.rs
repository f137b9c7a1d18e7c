//! `hydrotest serve` starts, fails and exits like boileroom's model server.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, Command, Stdio};

use hydrotest::prediction::{Input, Method, Options, Request};
use hydrotest::wire::Secret;
use hydrotest::wire::client::{ClientError, ClientTimeouts, ModelClient};
use rustix::process::{Pid, Signal, kill_process};

const CLASS: &str = "boileroom.models.esm.core.ESM2Core";

fn serve(class: Option<&str>, config: &str, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
    command.args(["serve", "--port", &port.to_string()]);
    command.env_remove("MODEL_CLASS").env("MODEL_CONFIG", config).env_remove(Secret::VARIABLE);
    if let Some(class) = class {
        command.env("MODEL_CLASS", class);
    }
    command.stderr(Stdio::piped());
    command
}

/// A server that is stopped when its test fails.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // Most have already exited.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server, and the address that it reports.
fn started(mut command: Command) -> (Server, String, BufReader<ChildStderr>) {
    let mut server = Server(command.spawn().unwrap());
    let mut stderr = BufReader::new(server.0.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("serving esm2 on ").unwrap().to_owned();
    (server, address, stderr)
}

fn end(mut server: Server, signal: Signal) -> Option<i32> {
    kill_process(Pid::from_child(&server.0), signal).unwrap();
    server.0.wait().unwrap().code()
}

fn request() -> Request {
    Request { method: Method::Embed, input: Input::One("MALW".into()), options: Options::new() }
}

#[test]
fn a_model_that_cannot_be_loaded_exits_3_before_it_listens() {
    let mut errors = String::new();
    for (class, config) in
        [(None, "{}"), (Some("no.such.Class"), "{}"), (Some(CLASS), "{"), (Some(CLASS), r#"{"model_name":"esm9"}"#)]
    {
        let output = serve(class, config, 0).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{error}");
        errors += &error;
    }
    insta::assert_snapshot!(errors, @r"
    error: MODEL_CLASS environment variable must be set
    error: Failed to import no.such.Class: known classes are boileroom.models.esm.core.ESMFoldCore, boileroom.models.esm.core.ESM2Core, boileroom.models.esmfold2.core.ESMFold2Core, boileroom.models.esm3.core.ESMCCore, boileroom.models.esm3.core.ESM3Core, boileroom.models.chai.core.Chai1Core, boileroom.models.boltz.core.Boltz2Core
    error: Invalid MODEL_CONFIG JSON: EOF while parsing an object at line 1 column 1
    error: AssertionError: Model esm9 not supported
    ");
}

#[test]
fn a_taken_port_exits_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = serve(Some(CLASS), "{}", taken.local_addr().unwrap().port()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn signals_end_it_with_the_usual_exit_codes() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let (server, _, _) = started(serve(Some(CLASS), "{}", 0));
        assert_eq!(end(server, signal), Some(code));
    }
}

#[tokio::test]
async fn without_a_secret_it_is_ready_and_fails_every_call() {
    let (server, address, mut stderr) = started(serve(Some(CLASS), "{}", 0));
    let client = ModelClient::new(&address, Secret::new("s").unwrap(), ClientTimeouts::default()).unwrap();
    client.health().await.unwrap();
    let message = "BOILEROOM_TRANSPORT_HMAC_KEY environment variable must be set";
    assert_eq!(client.predict(&request()).await.unwrap_err(), ClientError::Refused(message.into()));
    assert_eq!(end(server, Signal::TERM), Some(143));
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[tokio::test]
async fn it_signs_with_the_secret_of_its_environment() {
    let mut command = serve(Some(CLASS), r#"{"device":"cpu"}"#, 0);
    command.env(Secret::VARIABLE, "open sesame");
    let (server, address, _) = started(command);
    let client = |secret| ModelClient::new(&address, Secret::new(secret).unwrap(), ClientTimeouts::default()).unwrap();
    let prediction = client("open sesame").predict(&request()).await.unwrap();
    assert_eq!(prediction.class, "boileroom.models.esm.types.ESM2Output");
    assert_eq!(prediction.sequence_lengths(), Some(vec![4]));
    let error = client("open barley").predict(&request()).await.unwrap_err();
    assert!(matches!(error, ClientError::Envelope(_)), "{error:?}");
    assert_eq!(end(server, Signal::TERM), Some(143));
}

#[test]
fn the_kind_http_tests_a_server_that_already_runs() {
    let mut command = serve(Some(CLASS), "{}", 0);
    command.env(Secret::VARIABLE, "open sesame");
    let (server, address, _) = started(command);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backends.toml");
    let table = format!("kind = 'http'\nurl = '{address}'\nsecret_env = 'LAB'\nweights = 'synthetic'\n");
    std::fs::write(&file, format!("default = 'lab'\n[backends.lab]\n{table}")).unwrap();
    let run = |filter: &str, secret: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.args([filter, "--model", "esm2", "--suite", "bad_input", "--config"]).arg(&file);
        command.args(["--suites", concat!(env!("CARGO_MANIFEST_DIR"), "/suites")]).env_remove("LAB");
        command.envs(secret.map(|secret| ("LAB", secret)));
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, output) = run("invalid_tokens", Some("open sesame"));
    assert!(code == Some(0) && output.contains("1 passed"), "{code:?} {output}");
    let (code, output) = run("invalid_tokens", None);
    assert!(code == Some(2) && output.contains("environment variable LAB"), "{code:?} {output}");
    // It cannot be restarted with another configuration, which is not the backend's fault: the case is skipped, and so nothing
    // ran.
    let (code, output) = run("unknown_esm2", Some("open sesame"));
    assert!(
        code == Some(4) && output.contains("1 skipped") && output.contains("`model_name` \"nope\" is wanted"),
        "{code:?} {output}"
    );
    assert_eq!(end(server, Signal::TERM), Some(143));
}
