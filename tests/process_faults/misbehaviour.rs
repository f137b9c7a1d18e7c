//! What this test program does when it is started as a model server: everything that a server must not do.

use std::io::Write;
use std::process::{Command, exit};
use std::sync::Arc;

use hydrotest::prediction::{Prediction, Request, Value};
use hydrotest::wire::Secret;
use hydrotest::wire::server::{ModelServer, ServedModel};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::witness::Presence;

/// First argument of a server.
pub const MISBEHAVE: &str = "misbehave";

/// Behaves as the arguments after [`MISBEHAVE`] say.
pub fn misbehave(arguments: &[String]) {
    let port = || arguments[1].parse().unwrap();
    match arguments[0].as_str() {
        "exit-at-start" => {
            println!("looking for weights");
            eprintln!("there are none");
            exit(3);
        }
        "tell-environment" => {
            for name in ["MODEL_CLASS", "MODEL_CONFIG", "DEVICE", Secret::VARIABLE] {
                println!("{name}={}", std::env::var(name).unwrap_or_else(|_| "unset".into()));
            }
            println!("arguments={}", std::env::args().collect::<Vec<_>>().join(" "));
            exit(4);
        }
        "load" => {
            println!("loading");
            obey(&Presence::announce("loading"));
        }
        "serve" => serve(port(), Presence::announce("server")),
        "wait-then-serve" => {
            let presence = Presence::announce(&arguments[1]);
            obey(&presence);
            serve(port(), presence);
        }
        "ignore-sigterm" => {
            let presence = Presence::announce("deaf");
            runtime().block_on(async {
                let mut terminate = signal(SignalKind::terminate()).unwrap();
                tokio::spawn(async move { while terminate.recv().await.is_some() {} });
                listen(port(), presence).await;
            });
        }
        "flood" => {
            std::thread::spawn(|| {
                let line = format!("{}\n", "flood ".repeat(200));
                let mut out = std::io::stdout().lock();
                while out.write_all(line.as_bytes()).is_ok() {}
            });
            serve(port(), Presence::announce("server"));
        }
        "breed" => {
            // A child that leaves the process group, and one whose parent is gone before anyone looks.
            descend("sleep", "stray");
            descend("descend", "orphan");
            serve(port(), Presence::announce("server"));
        }
        "descend" => descend("sleep", &arguments[1]),
        "sleep" => {
            rustix::process::setsid().unwrap();
            Presence::announce(&arguments[1]).obey();
        }
        other => panic!("unknown misbehaviour {other}"),
    }
}

#[expect(
    clippy::zombie_processes,
    reason = "children without a parent who cares are what is tested"
)]
fn descend(behaviour: &str, name: &str) {
    let program = std::env::current_exe().unwrap();
    Command::new(program)
        .args([MISBEHAVE, behaviour, name])
        .spawn()
        .unwrap();
}

/// Carries out one order.
fn obey(presence: &Presence) {
    match presence.obey().as_str() {
        "exit" => exit(5),
        "in-use" => {
            eprintln!(
                "ERROR: [Errno 98] error while attempting to bind on address ('127.0.0.1', 1): address already in use"
            );
            exit(1);
        }
        "abort" => std::process::abort(),
        "proceed" => {}
        // The test has ended.
        _ => exit(0),
    }
}

/// A model that asks the witness what to do with every call.
struct Ordered {
    presence: Arc<Presence>,
}

impl ServedModel for Ordered {
    fn predict(&self, _: &Request) -> Result<Prediction, String> {
        self.presence.say("called");
        obey(&self.presence);
        Ok(Prediction {
            class: "test.Output".into(),
            fields: vec![("process".into(), Value::Integer(std::process::id().into()))],
        })
    }
}

fn serve(port: u16, presence: Presence) {
    runtime().block_on(listen(port, presence));
}

async fn listen(port: u16, presence: Presence) {
    let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await else {
        eprintln!("address already in use");
        exit(1);
    };
    let secret = Secret::new(std::env::var(Secret::VARIABLE).unwrap());
    let presence = Arc::new(presence);
    ModelServer::new(Ordered { presence }, secret)
        .serve(listener, std::future::pending())
        .await;
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
