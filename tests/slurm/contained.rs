//! A server in an Apptainer container in a job: it predicts the same, its secret is hidden, and nothing is left.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use hydrotest::backend::{Fault, Stage};
use hydrotest::config::Config;
use hydrotest::prediction::Options;

use crate::alike::predicts_as_reference;
use crate::cluster::in_peace;
use crate::harness::{declared, failed_start, open, run, table};
use crate::project::Project;
use crate::whole::{HELD_BY_THE_HARNESS, every_suite_passes};

/// The Apptainer executable.
fn apptainer() -> String {
    crate::engine::engine("HYDROTEST_APPTAINER")
}

/// An image with this program and its libraries, built once.
fn image() -> &'static Path {
    static IMAGE: OnceLock<PathBuf> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        // Jobs of another test program may have the previous image open.
        let image = home.path().with_file_name("slurm.sif");
        std::fs::rename(built(home.path()), &image).unwrap();
        image
    })
}

fn built(home: &Path) -> PathBuf {
    let root = home.join("root");
    for directory in ["bin", "dev", "etc", "proc", "root", "sys", "tmp", "usr/local/bin", "var/tmp"] {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    for (file, text) in
        [("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"), ("etc/group", "root:x:0:\n"), ("etc/hosts", "")]
    {
        std::fs::write(root.join(file), text).unwrap();
    }
    let program = env!("CARGO_BIN_EXE_hydrotest");
    let inside = root.join("usr/local/bin/hydrotest");
    assert!(Command::new("strip").arg("-o").arg(inside).arg(program).status().unwrap().success());
    let linked = Command::new("ldd").arg(program).output().unwrap().stdout;
    let linked = String::from_utf8(linked).unwrap();
    for library in linked.split_whitespace().filter(|word| word.starts_with('/')) {
        let copy = root.join(library.trim_start_matches('/'));
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(library, copy).unwrap();
    }
    let sif = home.join("hydrotest.sif");
    let built = Command::new(apptainer()).arg("build").args([&sif, &root]).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    sif
}

fn settings(sif: &Path) -> String {
    let (tool, sif) = (apptainer(), sif.display());
    format!(
        "command = ['/usr/local/bin/hydrotest', 'serve', '--host', '{{host}}', '--port', '{{port}}']\n\
         apptainer = {{ tool = '{tool}', image = '{sif}' }}\nenv = {{ TOKEN = 'sesame' }}"
    )
}

#[test]
#[ignore = "needs HYDROTEST_SLURM and HYDROTEST_APPTAINER"]
fn a_job_in_a_container_predicts_what_reference_predicts() {
    let _peace = in_peace();
    run(async {
        let lab = declared(&settings(image()));
        let config = Config::built_in().unwrap();
        let contract = config.model("esm2").unwrap();
        let shown = lab.dry_run(contract, &Options::new()).unwrap().unwrap();
        assert!(shown.contains(" exec --cleanenv "), "{shown}");
        assert!(!shown.contains("sesame") && !shown.contains("TRANSPORT_HMAC"), "{shown}");
        predicts_as_reference(&lab).await;
    });
}

#[test]
#[ignore = "needs HYDROTEST_SLURM and HYDROTEST_APPTAINER"]
fn every_suite_passes_in_containers_in_jobs() {
    let _peace = in_peace();
    let project = Project::new(&table(&format!("{}\nmax_instances = 2", settings(image()))));
    every_suite_passes(&project, &["--model", "esm2,boltz2"], HELD_BY_THE_HARNESS);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM and HYDROTEST_APPTAINER"]
fn an_image_that_is_missing_on_the_node_is_reported_with_apptainers_message() {
    let _peace = in_peace();
    run(async {
        let error = failed_start(&open(&declared(&settings(Path::new("/no/such.sif"))))).await;
        assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Died), "{error}");
        assert!(error.message.contains("exited with status 255"), "{error}");
        assert!(error.log_tail.join("\n").contains("/no/such.sif"), "{error:?}");
    });
}
