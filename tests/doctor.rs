//! `hydrotest doctor` on a server that already runs: what is wrong there, and which line of the configuration contradicts it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The doctor's output for a configuration.
fn doctor(config: &str, secret: &str) -> (String, Option<i32>) {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("backends.toml"), config).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
        .args(["doctor", "--backend", "lab"])
        .current_dir(home.path())
        .env("HYDROTEST_STATE_DIR", home.path().join("state"))
        .env("LAB_SECRET", secret)
        .output()
        .unwrap();
    let reported = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (reported.concat(), output.status.code())
}

/// A server with ESM-2 that signs with the given secret.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(secret: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
            .args(["serve", "--port", "0"])
            .env("MODEL_CLASS", "boileroom.models.esm.core.ESM2Core")
            .env("MODEL_CONFIG", "{}")
            .env("BOILEROOM_TRANSPORT_HMAC_KEY", secret)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("serving esm2 on ").unwrap().to_owned();
        Self { process, address }
    }

    /// The doctor's output for a backend that uses this server.
    fn examined(&self, secret: &str, models: &str) -> (String, Option<i32>) {
        let config = format!(
            "[backends.lab]\nkind = 'http'\nurl = '{}'\nsecret_env = 'LAB_SECRET'\nweights = 'synthetic'\n{models}",
            self.address
        );
        let (reported, code) = doctor(&config, secret);
        let reported = reported.replace(&self.address, "ADDRESS");
        let lines = reported.lines().skip_while(|line| !line.starts_with("lab"));
        let lines = lines.filter(|line| !line.contains("results are recorded") && !line.contains("-> record"));
        (lines.collect::<Vec<_>>().join("\n"), code)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const SECRET: &str = "a secret of more than thirty-two letters";

#[test]
fn a_correct_server_a_wrong_secret_and_another_model_are_distinguished() {
    let server = Server::start(SECRET);
    let (reported, code) = server.examined(SECRET, "models = ['esm2']\n");
    assert_eq!(code, Some(0), "{reported}");
    insta::assert_snapshot!(reported, @"
    lab (kind http): can run
      ok      secret           LAB_SECRET is set
      ok      server           ADDRESS is ready
      ok      model            answers as esm2, and signs with the secret
    ");
    let (reported, code) = server.examined("another secret of more than thirty-two letters", "models = ['esm2']\n");
    assert_eq!(code, Some(3), "{reported}");
    insta::assert_snapshot!(reported, @"
    lab (kind http): cannot run like this
      ok      secret           LAB_SECRET is set
      ok      server           ADDRESS is ready
      broken  secret           the signature does not match: another key, or a payload changed on the way
                               -> give LAB_SECRET the value that the server has in BOILEROOM_TRANSPORT_HMAC_KEY (`secret_env`, backends.toml:4:14)
    ");
    let (reported, code) = server.examined(SECRET, "models = ['esmc']\n");
    assert_eq!(code, Some(3), "{reported}");
    insta::assert_snapshot!(reported, @"
    lab (kind http): cannot run like this
      ok      secret           LAB_SECRET is set
      ok      server           ADDRESS is ready
      broken  model            the server answers with boileroom.models.esm.types.ESM2Output, and is to be esmc
                               -> name the one model of the server in `models`, backends.toml:6:10
    ");
    let (reported, code) = server.examined(SECRET, "");
    assert_eq!(code, Some(3), "{reported}");
    insta::assert_snapshot!(reported, @"
    lab (kind http): cannot run like this
      ok      secret           LAB_SECRET is set
      ok      server           ADDRESS is ready
      broken  model            the server answers with boileroom.models.esm.types.ESM2Output, and is to be esmfold, esm2, esmfold2, esmc, esm3, chai1, boltz2
                               -> name the one model of the server in `models`, backends.toml:1:1
    ");
}

#[test]
fn a_malformed_address_is_reported_with_its_line() {
    for url in ["localhost:8000", "http//lab:80", "ftp://lab", "http://user:word@lab", "http://lab/?x=1"] {
        let config = format!("[backends.lab]\nkind = 'http'\nurl = '{url}'\nmodels = ['esm2']\n");
        let (reported, code) = doctor(&config, SECRET);
        assert_eq!(code, Some(2), "{reported}");
        assert!(reported.contains("--> backends.toml:3:7"), "{reported}");
    }
}
