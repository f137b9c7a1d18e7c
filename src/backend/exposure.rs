//! Checks the running processes of an instance for secrets on command lines and for ports that are open to every network. Both are
//! only remarks and no failures, because boileroom's own `ApptainerBackend` has both.

use std::collections::BTreeSet;

use super::remark::Remark;
use super::resources::processes_of;
use crate::os::{self, Unavailable};
use crate::wire::Secret;

/// The variable that gives a server its secret.
const SECRET: &str = Secret::VARIABLE;
/// Shorter values may be anything.
const SHORTEST: usize = 8;

/// Remarks on the processes of the instance of this name.
///
/// # Errors
/// If the system cannot list the processes.
pub(super) fn remarks(name: &str) -> Result<Vec<Remark>, Unavailable> {
    let processes = processes_of(name)?;
    let mut secrets = BTreeSet::new();
    let mut ports = BTreeSet::new();
    for process in &processes {
        secrets.extend(secrets_in(&os::environment(*process)?));
        ports.extend(os::open_ports(*process)?);
    }
    let mut remarks = Vec::new();
    let shows_secret = |process: &i32| {
        let line = os::command_line(*process);
        let holds = |secret: &Vec<u8>| memchr::memmem::find(&line, secret).is_some();
        !secrets_in(&line).is_empty() || secrets.iter().any(holds)
    };
    if let Some(process) = processes.into_iter().filter(shows_secret).min() {
        let text = format!(
            "the secret ({SECRET}) is on the command line of process {process}, where every user of this machine can read it \
             (boileroom's own ApptainerBackend does so too); give it by the environment or a file"
        );
        remarks.push(Remark::warning("secret on a command line", text));
    }
    if let Some(port) = ports.first() {
        let text = format!(
            "its server listens on all network interfaces, at port {port}: every machine that reaches this one can call it \
             (boileroom's own ApptainerBackend does so too); 127.0.0.1 is enough"
        );
        remarks.push(Remark::note("open port", text));
    }
    Ok(remarks)
}

/// The values of the variable in a block of NUL-terminated texts, the format of command lines and environments.
fn secrets_in(block: &[u8]) -> Vec<Vec<u8>> {
    let pattern = format!("{SECRET}=");
    let value_at = |start: usize| {
        // A reference that a shell expands is not a value.
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(byte);
        block[start + pattern.len()..].iter().copied().take_while(is_plain).collect()
    };
    let values = memchr::memmem::find_iter(block, &pattern).map(value_at);
    values.filter(|value: &Vec<u8>| value.len() >= SHORTEST).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::resources::VARIABLE;
    use super::*;

    #[test]
    fn a_value_is_a_secret_and_what_a_shell_fills_in_is_none() {
        let found = |text: &str| secrets_in(text.as_bytes()).len();
        assert_eq!(found("run\0--env\0BOILEROOM_TRANSPORT_HMAC_KEY=0123456789abcdef\0"), 1);
        assert_eq!(found("sh\0-c\0BOILEROOM_TRANSPORT_HMAC_KEY=$KEY serve\0"), 0);
        assert_eq!(found("sh\0-c\0BOILEROOM_TRANSPORT_HMAC_KEY= serve\0"), 0);
        assert_eq!(found("serve\0"), 0);
    }

    #[test]
    fn a_secret_on_a_command_line_is_found_by_its_value_and_one_in_the_environment_is_none() {
        let secret = "5ecret-0f-a-test";
        for (line, number) in [(secret, 1), ("something else", 0)] {
            let name = format!("hydrotest-test0exposure{number}-1");
            // It becomes another program with the same argument, which waits for its input to end.
            let mut process = Command::new("sh")
                .args(["-c", "echo x; read x", line])
                .env(VARIABLE, &name)
                .env(SECRET, secret)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let mut output = [0];
            std::io::Read::read_exact(process.stdout.as_mut().unwrap(), &mut output).unwrap();
            let number = os::reads_environments().map(|()| number);
            assert_eq!(remarks(&name).map(|found| found.len()), number, "{line}");
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}
