//! Tools, registries and images that are missing or wrong.

use std::fs;

use hydrotest::backend::requirement::RequirementStatus;
use hydrotest::backend::{Fault, Stage};
use hydrotest::config::Config;

use crate::foreign;
use crate::harness::{Bench, failed_start, registry, run, started};
use crate::project::Project;

const EMBED: [&str; 4] = ["--model", "esm2", "--suite", "embed"];

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn an_image_that_is_in_no_registry_is_reported_with_apptainers_message() {
    let bench = Bench::empty();
    let project = Project::new(&bench.table(""));
    let ran = project.run(&["--backend", "cluster:9.9.9", "--model", "esm2", "--suite", "embed"]);
    ran.expect(
        3,
        &[
            "boileroom-esm:9.9.9 could not be pulled",
            "manifest unknown",
            "is there a tag `9.9.9` of hydrotest/boileroom-esm",
        ],
    );
    let ran = project.run(&["--backend", "cluster:latest", "--model", "esm2", "--suite", "embed"]);
    ran.expect(2, &["there are no images with the tag `latest`"]);
    bench.nothing_left();
    assert!(!bench.sif().exists());
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn a_registry_without_tls_has_to_be_declared() {
    let bench = Bench::empty();
    let table = bench.table("").replace("https = false", "https = true");
    Project::new(&table).run(&EMBED).expect(3, &["server gave HTTP response to HTTPS client", "`https = false`"]);
    bench.nothing_left();
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn an_image_for_another_architecture_is_pulled_but_not_cached() {
    let bench = Bench::empty();
    run(async {
        let error = failed_start(&bench, &format!("repository = '{}'\n", foreign::pushed())).await;
        assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Misconfigured));
        let expected = format!("are for {}, and this machine is", foreign::ARCHITECTURE);
        assert!(error.message.contains(&expected), "{error}");
        assert_eq!(bench.sifs(), Vec::<String>::new());
    });
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn a_cached_image_for_another_architecture_is_refused() {
    let bench = Bench::stocked();
    let mut sif = fs::read(bench.sif()).unwrap();
    let code = if foreign::ARCHITECTURE == "arm64" { b"04" } else { b"02" };
    sif[45..47].copy_from_slice(code);
    fs::write(bench.sif(), sif).unwrap();
    let ran = Project::new(&bench.table("")).run(&EMBED);
    let path = bench.sif();
    let expected = format!("are for {}, and this machine is", foreign::ARCHITECTURE);
    ran.expect(3, &[&expected, &format!("remove {}", path.display())]);
    bench.nothing_left();
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn the_doctor_finds_the_tool_the_images_and_what_is_missing() {
    run(async {
        let bench = Bench::empty();
        let built_in = Config::built_in().unwrap();
        let models = ["esm2", "esmfold", "chai1"].map(|key| built_in.model(key).unwrap().clone());
        let images = async |settings: &str| {
            let requirements = bench.platform(settings).examine(&models).await;
            let tool = requirements.iter().find(|requirement| requirement.subject == "apptainer").unwrap();
            assert_eq!(tool.status, RequirementStatus::Met, "{tool:?}");
            assert!(tool.found.contains("version"), "{tool:?}");
            let images = requirements.into_iter().filter(|requirement| requirement.subject.starts_with("image "));
            images.collect::<Vec<_>>()
        };
        let lacking = images("").await;
        assert_eq!(lacking.len(), 2, "{lacking:?}");
        assert!(lacking.iter().all(|image| image.status == RequirementStatus::Doubtful), "{lacking:?}");

        let instance = started(&bench, "").await;
        assert_eq!(instance.stop().await, None);
        let states: Vec<RequirementStatus> = images("").await.into_iter().map(|image| image.status).collect();
        assert_eq!(states, [RequirementStatus::Met, RequirementStatus::Doubtful]);

        let unreachable = images("repository = '127.0.0.1:1'\n").await;
        assert!(unreachable.iter().all(|image| image.status == RequirementStatus::Unmet), "{unreachable:?}");
        let requirements = bench.platform("tool = 'no-such-apptainer'\n").examine(&models).await;
        assert_eq!(requirements[0].status, RequirementStatus::Unmet);
        assert!(registry().starts_with("127.0.0.1:"));
    });
}
