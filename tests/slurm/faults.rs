//! Events that affect a running job, and failures that only jobs have. Other failures of a server are tested in `reported`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hydrotest::backend::{Fault, Stage};

use crate::cluster::{self, in_peace, job_of, label_of, slurm};
use crate::foreign_server;
use crate::harness::{failed_start, instance, request, run, started, stopped};
use crate::runtime::run_within;
use crate::witness::{LONG, Witness};

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn the_secret_is_readable_by_the_jobs_owner_only() {
    let _peace = in_peace();
    run(async {
        let shared = tempfile::tempdir().unwrap();
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", &format!("shared_dir = '{}'", shared.path().display()));
        let guest = started(&instance, witness.meet()).await;
        let directory = shared.path().join(label_of(guest.process)).join("1");
        let file = std::fs::read_to_string(directory.join("environment")).unwrap();
        let secret = file.lines().find_map(|line| line.strip_prefix("export BOILEROOM_TRANSPORT_HMAC_KEY="));
        let secret = secret.unwrap();
        assert_eq!(secret.len(), 64);
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(directory.clone()), mode(directory.join("environment"))), (0o700, 0o600));
        let job = job_of(guest.process);
        let shown = slurm("scontrol", &["show", "job", &job]);
        let script = slurm("scontrol", &["write", "batch_script", &job, "-"]);
        assert!(script.contains("hydrotest_serve") && !script.contains(secret));
        assert!(!shown.contains(secret));
        let state = cluster::setting("StateSaveLocation");
        let kept = std::process::Command::new("grep").args(["-rl", secret, &state]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&kept.stdout), "", "the controller keeps it");
        stopped(&instance).await;
        assert_eq!(shared.path().read_dir().unwrap().count(), 0, "something is left");
    });
}

/// Starts a call, disturbs the job during it, and returns the resulting error.
async fn in_a_call(settings: &str, disturb: impl FnOnce(&str)) -> hydrotest::backend::BackendError {
    let witness = Witness::new().await;
    let instance = instance(&witness, "serve", settings);
    let mut guest = started(&instance, witness.meet()).await;
    let request = request();
    let disturbed = async {
        assert_eq!(guest.receive().await, "called");
        let job = job_of(guest.process);
        tokio::task::block_in_place(|| disturb(&job));
    };
    let (result, ()) = tokio::join!(instance.predict(&request), disturbed);
    stopped(&instance).await;
    guest.gone().await;
    result.unwrap_err()
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_job_that_is_cancelled_from_outside_in_a_call_died() {
    let _peace = in_peace();
    run(async {
        let error = in_a_call("", |job| drop(slurm("scancel", &[job]))).await;
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died), "{error}");
        assert!(error.message.contains("by a scancel from outside (CANCELLED)"), "{error}");
        assert!(error.message.ends_with("in the middle of a call"), "{error}");
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_job_after_which_its_node_cleans_up_is_explained_by_its_last_state() {
    let _peace = in_peace();
    run(async {
        let cancel = |job: &str| {
            let slow = Path::new(&cluster::conf()).with_file_name(format!("slow.{job}"));
            std::fs::write(slow, "").unwrap();
            slurm("scancel", &[job]);
        };
        let error = in_a_call("", cancel).await;
        assert!(error.message.contains("by a scancel from outside (CANCELLED)"), "{error}");
        assert!(!error.is_crash());
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_job_that_is_requeued_died_and_can_be_restarted() {
    let _peace = in_peace();
    run(async {
        let settings = "arguments = ['--requeue']";
        let error = in_a_call(settings, |job| drop(slurm("scontrol", &["requeue", job]))).await;
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died), "{error}");
        assert!(error.message.contains("was put back into the queue"), "{error}");
        let refused = in_a_call("", |job| {
            assert!(!cluster::tried("scontrol", &["requeue", job]).status.success());
            slurm("scancel", &[job]);
        });
        assert_eq!(refused.await.fault, Fault::Died);
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_directory_that_the_node_cannot_write_is_named() {
    let _peace = in_peace();
    run(async {
        // A directory in which Slurm cannot open the job's log stands for one that is missing on the node.
        let logs = tempfile::tempdir().unwrap();
        std::fs::create_dir(logs.path().join("gone")).unwrap();
        let settings =
            format!("log_dir = '{0}/gone'\narguments = ['--hold', '--comment=not-shared']", logs.path().display());
        let witness = Witness::new().await;
        let instance = instance(&witness, "serve", &settings);
        let directory = logs.path().join("gone");
        let taken = cluster::meanwhile(move || {
            cluster::until("the job is held", || cluster::commented("not-shared").is_some());
            std::fs::remove_dir(directory).unwrap();
            slurm("scontrol", &["release", &cluster::commented("not-shared").unwrap()]);
        });
        let (error, ()) = tokio::join!(failed_start(&instance), taken);
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died));
        assert!(error.message.contains("was never started in job"), "{error}");
        assert!(error.message.contains("`shared_dir`"), "{error}");
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_job_that_reaches_its_time_limit_in_a_call_died() {
    let _peace = in_peace();
    // The shortest limit is one minute, and is checked every half minute.
    run_within(8 * LONG, async {
        let error = in_a_call("time = '1'\ncall_timeout = '4m'", |_| {}).await;
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died), "{error}");
        assert!(error.message.contains("by its time limit (TIMEOUT; `time` asks for more)"), "{error}");
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_foreign_server_on_the_port_is_rejected_and_another_port_is_tried() {
    let _peace = in_peace();
    run(async {
        let witness = Witness::new().await;
        let instance = instance(&witness, "wait-then-serve", "");
        // The job itself can check which process listens there.
        foreign_server::is_rejected_on_the_port(&witness, &instance).await;
    });
}
