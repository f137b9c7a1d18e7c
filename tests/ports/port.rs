//! A server in front of `hydrotest serve`: forwards requests, and changes the responses as a test needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64_simd::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::project::{Project, Ran};

pub const SECRET: &str = "open sesame";
pub const CASE: &str = "esm2::embed::minimal";

/// The address of a server of one model.
pub struct Upstream(String);

/// Stops the port's server at the end of its test, independent of the port's own thread.
pub struct Port {
    address: String,
    server: Option<Child>,
}

impl Upstream {
    pub fn start((class, config): (&str, &str)) -> (Child, Self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.env("HYDROTEST_FORMAT", "pretty");
        command
            .args(["serve", "--port", "0"])
            .env("MODEL_CLASS", class)
            .env("MODEL_CONFIG", config)
            .env("BOILEROOM_TRANSPORT_HMAC_KEY", SECRET)
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().split_once(" on http://").unwrap().1.to_owned();
        (child, Self(address))
    }

    /// Its response to a request.
    pub fn respond(&self, request: &Request) -> Response {
        let mut stream = TcpStream::connect(&self.0).unwrap();
        let (path, body) = (&request.path, &request.body);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: up\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        let end = response.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        let status = String::from_utf8_lossy(&response[9..12]).parse().unwrap();
        Response::new(status, response[end..].to_vec())
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// A request to the port.
pub struct Request {
    pub path: String,
    pub head: String,
    pub body: Vec<u8>,
    /// Number of earlier calls.
    pub before: usize,
}

impl Request {
    /// The same request with another body.
    pub fn with_body(&self, body: String) -> Self {
        Self { path: self.path.clone(), head: String::new(), body: body.into_bytes(), before: 0 }
    }
}

/// A response of the port.
pub struct Response {
    pub status: u16,
    pub body: Vec<u8>,
    /// Closes the connection during the call, and the whole port with it.
    pub ends: bool,
    /// Closes the connection during the call, and nothing else.
    pub drops: bool,
}

impl Response {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { status, body, ends: false, drops: false }
    }

    /// The payload of a correct response.
    pub fn payload(&self) -> Vec<u8> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        STANDARD.decode_to_vec(body["pickled"].as_str().unwrap()).unwrap()
    }
}

/// Formats lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

/// An envelope that is signed with a key and a message.
pub fn sealed(payload: &[u8], key: &[u8], message: &[u8]) -> Response {
    let mut signer = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    signer.update(message);
    let digits = hex(&signer.finalize().into_bytes());
    let body = serde_json::json!({ "pickled": STANDARD.encode_to_string(payload), "hmac": digits });
    Response::new(200, body.to_string())
}

pub type Wrong = dyn Fn(&Request, &Upstream) -> Response + Send + Sync;

/// Serves on a free port what `wrong` returns for each request to ESM-2.
pub fn port(wrong: impl Fn(&Request, &Upstream) -> Response + Send + Sync + 'static) -> Port {
    port_of(("boileroom.models.esm.core.ESM2Core", "{}"), Box::new(wrong))
}

/// The same, in front of a model with this class and configuration.
pub fn port_of(model: (&str, &str), wrong: Box<Wrong>) -> Port {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let wrong: Arc<Wrong> = wrong.into();
    let (server, upstream) = Upstream::start(model);
    std::thread::spawn(move || {
        let calls = AtomicUsize::new(0);
        while let Ok((stream, _)) = listener.accept() {
            let Some(request) = read(&stream, &calls) else { continue };
            let response = wrong(&request, &upstream);
            if response.ends {
                // The port closes first, as with a process: a client that sees the connection close must find that nothing
                // listens.
                drop(listener);
                return;
            }
            if !response.drops {
                send(stream, &response);
            }
        }
    });
    Port { address: format!("http://{address}"), server: Some(server) }
}

/// A port on which nothing listens, and that no other test can be given in the meantime.
pub fn closed() -> Port {
    Port { address: "http://127.0.0.1:1".to_owned(), server: None }
}

pub fn read(stream: &TcpStream, calls: &AtomicUsize) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let is_call = head.starts_with("post");
    let before = if is_call { calls.fetch_add(1, Ordering::SeqCst) } else { 0 };
    Some(Request { path, head, body, before })
}

pub fn send(mut stream: TcpStream, response: &Response) {
    let head = format!(
        "HTTP/1.1 {} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        response.status,
        response.body.len()
    );
    // The client may have disconnected before the end.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&response.body);
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

pub fn is_health(request: &Request) -> bool {
    request.path == "/health"
}

pub fn ready() -> Response {
    Response::new(200, r#"{"status":"ready"}"#)
}

/// Runs cases through a port that is healthy and responds to calls with `wrong`.
pub fn calls(wrong: impl Fn(&Request, &Upstream) -> Response + Send + Sync + 'static, arguments: &[&str]) -> Ran {
    let response = move |request: &Request, upstream: &Upstream| {
        if is_health(request) { ready() } else { wrong(request, upstream) }
    };
    run(&port(response), "models = ['esm2']\n", arguments)
}

pub fn run(port: &Port, more: &str, arguments: &[&str]) -> Ran {
    let project = project(port, more);
    ran(project.command(&["--color", "never"]), arguments)
}

/// The exit code of a run, and its output for people, which writes nothing for review.
pub fn on_screen(port: &Port, more: &str, arguments: &[&str]) -> (Option<i32>, String) {
    seen(&project(port, more), arguments)
}

/// The same for a backend with the given table.
pub fn screen_of_table(table: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let project = Project::new(&format!("default = 'lab'\n[backends.lab]\nweights = 'synthetic'\n{table}"));
    seen(&project, arguments)
}

fn seen(project: &Project, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = project.command(&["--color", "never"]);
    command.env_remove("HYDROTEST_FORMAT").env("CI", "1");
    let ran = ran(command, arguments);
    (ran.code, ran.reported)
}

/// A command other than `run`, in the same project.
pub fn run_alone(port: &Port, more: &str, arguments: &[&str]) -> Ran {
    let project = project(port, more);
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
    command.env("HYDROTEST_FORMAT", "pretty");
    let state = project.state();
    command.current_dir(state.parent().unwrap()).env("HYDROTEST_STATE_DIR", &state);
    ran(command, arguments)
}

fn project(port: &Port, more: &str) -> Project {
    let address = &port.address;
    let or = |key: &str, line: &str| {
        if more.contains(key) { String::new() } else { format!("{line}\n") }
    };
    let secret = or("secret_env", "secret_env = 'LAB_SECRET'");
    let weights = or("weights", "weights = 'synthetic'");
    let table = format!("default = 'lab'\n[backends.lab]\nkind = 'http'\nurl = '{address}'\n{secret}{weights}{more}");
    Project::new(&table)
}

fn ran(mut command: Command, arguments: &[&str]) -> Ran {
    command.args(arguments).env("LAB_SECRET", SECRET).env("LAB_TOKEN", "t0ken-of-the-lab");
    Ran::from(command.output().unwrap())
}
