//! Damaged files in the cache, and pulls that are disturbed.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Bench, failed_start, names_in, run, started, wait_for};
use crate::project::{Project, Ran};
use crate::traces;

const EMBED: [&str; 4] = ["--model", "esm2", "--suite", "embed"];

/// A directory for logs and the setting that names it.
fn logs() -> (tempfile::TempDir, String) {
    let logs = tempfile::tempdir().unwrap();
    let setting = format!("log_dir = '{}'\n", logs.path().display());
    (logs, setting)
}

fn pulls(logs: &Path) -> usize {
    let names = names_in(logs);
    names.iter().filter(|name| name.starts_with("esm2-pull-")).count()
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn a_file_that_boileroom_pulled_is_used_unchanged() {
    run(async {
        let bench = Bench::stocked();
        let (logs, setting) = logs();
        let instance = started(&bench, &setting).await;
        assert_eq!(instance.stop().await, None);
        assert_eq!(pulls(logs.path()), 0);
        assert_eq!(bench.images(), [crate::harness::SIF]);
    });
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn a_truncated_file_without_a_record_is_pulled_again() {
    run(async {
        let bench = Bench::stocked();
        let whole = fs::metadata(bench.sif()).unwrap().len();
        for length in [0, 100, whole / 2, whole - 4096] {
            File::options().write(true).open(bench.sif()).unwrap().set_len(length).unwrap();
            let _ = fs::remove_file(bench.cache.join("images").join(format!("{}.record.json", crate::harness::SIF)));
            let (logs, setting) = logs();
            let instance = started(&bench, &setting).await;
            assert_eq!(instance.stop().await, None);
            assert_eq!(pulls(logs.path()), 1, "cut to {length}");
            assert_eq!(fs::metadata(bench.sif()).unwrap().len(), whole);
        }
        bench.nothing_left();
    });
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn a_changed_file_with_a_record_is_pulled_again() {
    run(async {
        let bench = Bench::empty();
        for (change, expected) in [(false, 1), (false, 0), (true, 1), (false, 0)] {
            if change {
                // Not the pulled file, but of the same length.
                let mut sif = fs::read(bench.sif()).unwrap();
                let middle = sif.len() / 2;
                sif[middle] ^= 1;
                fs::write(bench.sif(), sif).unwrap();
            }
            let (logs, setting) = logs();
            let instance = started(&bench, &setting).await;
            assert_eq!(instance.stop().await, None);
            assert_eq!(pulls(logs.path()), expected);
        }
        bench.nothing_left();
    });
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn a_bad_file_is_not_used_if_it_cannot_be_pulled_again() {
    run(async {
        let bench = Bench::empty();
        let images = bench.cache.join("images");
        fs::create_dir_all(&images).unwrap();
        let bad = images.join("lab-boileroom-esm_0.4.1.sif");
        fs::write(&bad, "half a file").unwrap();
        let error = failed_start(&bench, "repository = '127.0.0.1:1/lab'\n").await;
        let expected = format!("{} is truncated", bad.display());
        assert!(error.message.contains(&expected), "{error}");
        assert!(error.message.contains("it was to be pulled anew; the image"), "{error}");
        assert!(!error.log_tail.is_empty());
    });
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn two_concurrent_runs_share_one_pull() {
    let bench = Bench::empty();
    let (logs, setting) = logs();
    let projects = [(); 2].map(|()| Project::new(&bench.table(&setting)));
    let runs = projects.each_ref().map(|project| {
        let mut command = project.command(&EMBED);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for run in runs {
        Ran::from(run.wait_with_output().unwrap()).expect(0, &["0 failed"]);
    }
    assert_eq!(pulls(logs.path()), 1);
    bench.nothing_left();
}

fn incomplete_pulls(bench: &Bench) -> usize {
    bench.images().iter().filter(|name| name.starts_with(".pull-")).count()
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn a_killed_pull_is_cleaned_up_by_the_next_run() {
    let bench = Bench::empty();
    let project = Project::new(&bench.table(""));
    let mut child = project.command(&EMBED).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("a pull", || {
        let begun = incomplete_pulls(&bench) == 1 && traces::of(&bench.token).len() > 1;
        begun.then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    // Its processes end by themselves. The incomplete file stays and must not be used as an image.
    traces::none_of(&bench.token);
    assert_eq!(incomplete_pulls(&bench), 1);
    assert!(!bench.sif().exists());
    project.run(&EMBED).expect(0, &["0 failed"]);
    bench.nothing_left();
    assert_eq!(names_in(&project.state().join("runs")), Vec::<String>::new());
}

/// A small disk, mounted until it is dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Self {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(at).status();
        assert!(mounted.unwrap().success());
        Self(at)
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY, and mounts a disk, for which it has to be root"]
fn a_full_disk_is_reported_and_leaves_nothing() {
    let bench = Bench::empty();
    let _disk = SmallDisk::mount(&bench.cache);
    let ran = Project::new(&bench.table("")).run(&EMBED);
    let place = format!("MiB are free in {}/images", bench.cache.display());
    ran.expect(3, &["could not be pulled", "no space left on device", &place, "set `cache`"]);
    bench.nothing_left();
    assert!(!bench.sif().exists());
}
