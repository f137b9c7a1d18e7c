//! The supervisor: this program in the role that starts another program and kills all of its processes afterwards. Runs
//! before anything else in the harness; talks to it through two pipes and does not know its settings.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::Notify;

use super::exit::{ExitReason, LeakedProcess, NOT_EXECUTABLE, NOT_FOUND, SupervisorReport};
use crate::backend::installation::program_to_start;
use crate::os::{self, Pid, Reaped, Signal, getpid, getppid, kill_process, kill_process_group, setsid};
use crate::wire::Secret;

/// First argument that makes this program the supervisor of the command that follows it.
pub(super) const SUPERVISE: &str = "__supervise";
/// First argument that makes this program execute a command. The supervisor's process number and the command follow it.
const BECOME: &str = "__become";
/// On the control pipe: ask the program to exit. The end of the pipe means: kill it.
pub(super) const TERMINATE: u8 = b't';
/// On the control pipe: the program is about to exit by itself.
pub(super) const EXPECT: u8 = b'e';
/// How long the processes that a program started may take to exit after it.
pub(crate) const SETTLING: Duration = Duration::from_secs(4);

/// The longest pause between two looks for remaining processes.
const LOOK: Duration = Duration::from_millis(200);
/// Pause between two rounds of killing while children remain.
const ROUND: Duration = Duration::from_millis(20);

/// Does the work of a supervisor if the program was started as one, and returns the exit code. Must be called first,
/// with all arguments of the program including its name.
pub(crate) fn run_if_asked(arguments: &[OsString]) -> Option<u8> {
    let (role, command) = arguments.get(1..)?.split_first()?;
    if role == SUPERVISE {
        let supervised = supervise(command).inspect_err(|error| complain(&format!("failed to supervise: {error}")));
        Some(u8::from(supervised.is_err()))
    } else if role == BECOME {
        let (parent, command) = command.split_first()?;
        Some(become_program(parent.to_str()?.parse().ok()?, command))
    } else {
        None
    }
}

/// Whether a process of this machine, by its number, is a supervisor.
pub(crate) fn is_supervisor(process: &str) -> bool {
    let line = process.parse().map(os::command_line).unwrap_or_default();
    line.split(|byte| *byte == 0).nth(1) == Some(SUPERVISE.as_bytes())
}

/// Writes to the program's own output: the supervisor has no other.
fn complain(message: &str) {
    // The log may be gone.
    let _ = writeln!(io::stderr(), "hydrotest: {message}");
}

/// Sets the parent-death signal and the session, which only a process itself can set, and executes the command. Returns
/// an exit code if that fails.
fn become_program(parent: i32, command: &[OsString]) -> u8 {
    if let Err(error) = os::die_with_parent() {
        complain(&format!("failed to ask for a parent-death signal: {error}"));
    }
    // A parent that died before the line above sends no signal.
    let Some((program, arguments)) = command.split_first().filter(|_| getppid() == Pid::from_raw(parent)) else {
        return 1;
    };
    // In its own session it has no terminal, and its process group can be signalled as one.
    if let Err(error) = setsid() {
        complain(&format!("failed to start a session: {error}"));
    }
    let error = Command::new(program).args(arguments).exec();
    complain(&format!("failed to run {}: {error}", program.display()));
    if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE }
}

fn supervise(command: &[OsString]) -> io::Result<()> {
    os::adopt_descendants()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut supervisor = Supervisor::start(command)?;
        supervisor.watch().await;
        supervisor.settle().await;
        supervisor.clear().await;
        Ok(())
    })
}

struct Supervisor {
    program: Pid,
    running: bool,
    /// It was asked to exit, or the harness announced that it will exit by itself.
    expected: bool,
    /// It exited in an orderly way when that was expected.
    orderly: bool,
    control: pipe::Receiver,
    deaths: unix::Signal,
    /// Notified when a signal asks the supervisor to end.
    requested: Arc<Notify>,
}

impl Supervisor {
    /// Starts the program. Must run on the main thread: a parent-death signal is sent when the *thread* that forked
    /// dies.
    fn start(command: &[OsString]) -> io::Result<Self> {
        let deaths = unix::signal(SignalKind::child())?;
        // Without handlers these signals would kill the supervisor and leave the descendants of the program running.
        let requested = Arc::new(Notify::new());
        for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
            let (mut signal, requested) = (unix::signal(kind)?, Arc::clone(&requested));
            tokio::spawn(async move {
                signal.recv().await;
                requested.notify_one();
            });
        }
        let control = pipe::Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;
        let program = Command::new(program_to_start()?)
            .arg0("hydrotest")
            .arg(BECOME)
            .arg(getpid().as_raw_pid().to_string())
            .args(command)
            .stdin(Stdio::null())
            .stdout(io::stderr().as_fd().try_clone_to_owned()?)
            .stderr(Stdio::inherit())
            .spawn()?;
        report(&SupervisorReport::Started);
        let program = Pid::from_child(&program);
        Ok(Self { program, running: true, expected: false, orderly: false, control, deaths, requested })
    }

    /// Waits until the program exits, the harness exits or a signal arrives.
    async fn watch(&mut self) {
        let mut word = [0];
        while self.running {
            tokio::select! {
                read = self.control.read(&mut word) => match read {
                    Ok(1..) => {
                        self.expected |= matches!(word, [TERMINATE | EXPECT]);
                        if word == [TERMINATE] {
                            self.signal(Signal::TERM);
                        }
                    }
                    Ok(0) | Err(_) => return,
                },
                _ = self.deaths.recv() => {
                    self.reap();
                }
                () = self.requested.notified() => return,
            }
        }
    }

    /// After an orderly exit: gives the other processes of the program some time to exit as well, and reports those
    /// that do not. Returns at once if the control pipe ends or a signal arrives.
    async fn settle(&mut self) {
        if !self.orderly {
            return;
        }
        let deadline = Instant::now() + SETTLING;
        let mut pause = Duration::from_millis(2);
        let mut word = [0];
        loop {
            self.reap();
            let left = os::remaining(self.program);
            if left.is_empty() || Instant::now() >= deadline {
                for process in left {
                    let detail = os::describe(process, Secret::scrub_command);
                    report(&SupervisorReport::Left(LeakedProcess { process, detail }));
                }
                return report(&SupervisorReport::Settled);
            }
            tokio::select! {
                read = self.control.read(&mut word) => if !matches!(read, Ok(1..)) {
                    return;
                },
                _ = self.deaths.recv() => {}
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LOOK),
                () = self.requested.notified() => return,
            }
        }
    }

    /// Signals the program's process group, or only the program if it has no group of its own yet. The number cannot be
    /// reused before the program has been waited for.
    fn signal(&self, signal: Signal) {
        if self.running && kill_process_group(self.program, signal).is_err() {
            // It may have exited just now.
            let _ = kill_process(self.program, signal);
        }
    }

    /// Kills children until there are none. The children of a killed child become ours and are killed next.
    async fn clear(&mut self) {
        loop {
            self.signal(Signal::KILL);
            let others = os::kill_remaining(self.program);
            if !self.reap() && !others {
                return;
            }
            // The signal may be for a child that was already waited for; the round repeats in any case.
            let _ = tokio::time::timeout(ROUND, self.deaths.recv()).await;
        }
    }

    /// Waits for every child that has exited. Returns whether there are children left.
    fn reap(&mut self) -> bool {
        loop {
            match os::reap() {
                Reaped::Child(child, status) => {
                    if child == self.program
                        && let Some(reason) = ExitReason::of(status)
                    {
                        self.running = false;
                        self.orderly = self.expected && reason.is_orderly();
                        report(&SupervisorReport::Exited(reason));
                    }
                }
                Reaped::AllRun => return true,
                Reaped::NoChildren => return false,
            }
        }
    }
}

/// Reports to the harness. If the harness is gone, the end of the control pipe says so.
fn report(report: &SupervisorReport) {
    let line = serde_json::to_string(report).unwrap_or_default();
    let mut out = io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
