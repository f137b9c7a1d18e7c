//! Tests of the rules for names of images, and of the obstacles of pulls.

use super::*;
use crate::config::Config;

/// The image of a model for a table, `NAME:TAG` or `--docker-user`, and variables.
fn named(
    model: &str,
    table: (Option<&str>, Option<&str>),
    overrides: (Option<&str>, Option<&str>),
    variables: &[(&str, &str)],
) -> Result<String, String> {
    let settings = ImageSettings { repository: table.0.map(str::to_owned), tag: table.1.map(str::to_owned) };
    let overrides = Overrides {
        tag: overrides.0.map(str::to_owned),
        docker_user: overrides.1.map(str::to_owned),
        ..Overrides::default()
    };
    let config = Config::built_in().unwrap();
    let named = settings.name_in(config.model(model).unwrap(), &overrides, |name| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    named.map(|name| name.to_string()).map_err(|error| error.message)
}

fn tagged(tag: &str) -> Result<String, String> {
    let name = named("esm2", (None, None), (Some(tag), None), &[])?;
    Ok(name.rsplit_once(':').unwrap().1.to_owned())
}

const NONE: (Option<&str>, Option<&str>) = (None, None);

#[test]
fn every_model_has_the_image_that_boileroom_publishes() {
    for (model, image) in [
        ("esm2", "boileroom-esm"),
        ("esmfold", "boileroom-esm"),
        ("esmc", "boileroom-esmfold2"),
        ("esm3", "boileroom-esmfold2"),
        ("esmfold2", "boileroom-esmfold2"),
        ("chai1", "boileroom-chai1"),
        ("boltz2", "boileroom-boltz"),
    ] {
        let name = named(model, NONE, NONE, &[]).unwrap();
        assert_eq!(name, format!("docker.io/jakublala/{image}:0.4.1"));
    }
}

#[test]
fn a_tag_of_the_command_line_comes_before_the_environment_and_that_before_the_table() {
    let variables = [("BOILEROOM_IMAGE_TAG", " sha-1234 ")];
    let tag = |table, inline, variables: &[_]| {
        let name = named("esm2", (None, table), (inline, None), variables).unwrap();
        name.rsplit_once(':').unwrap().1.to_owned()
    };
    assert_eq!(tag(Some("0.3.0"), Some("0.3.1-alpha.1"), &variables), "0.3.1-alpha.1");
    assert_eq!(tag(Some("0.3.0"), None, &variables), "sha-1234");
    assert_eq!(tag(Some("0.3.0"), None, &[("BOILEROOM_IMAGE_TAG", " ")]), "0.3.0");
    assert_eq!(tag(None, None, &[]), VERSION);
}

#[test]
fn latest_is_refused_wherever_it_comes_from() {
    let errors = ["latest", " latest ", "cuda12.6-latest"].map(|tag| tagged(tag).unwrap_err());
    insta::assert_snapshot!(errors.join("\n"), @"
    there are no images with the tag `latest`; name a version such as `0.4.1`, which also says what was tested
    there are no images with the tag `latest`; name a version such as `0.4.1`, which also says what was tested
    there are no images with the tag `cuda12.6-latest`; name a version such as `0.4.1`, which also says what was tested
    ");
    let variables = [("BOILEROOM_IMAGE_TAG", "latest")];
    let message = named("esm2", NONE, NONE, &variables).unwrap_err();
    assert!(message.starts_with("BOILEROOM_IMAGE_TAG: "), "{message}");
}

#[test]
fn a_line_of_cuda_is_completed_by_the_declared_version() {
    assert_eq!(tagged("cuda12.6").unwrap(), "cuda12.6-0.4.1");
    assert_eq!(tagged("cuda11.8-0.3.0").unwrap(), "cuda11.8-0.3.0");
    insta::assert_snapshot!(tagged("cuda13.0").unwrap_err(), @"there are no images for CUDA 13.0, only for 11.8 and 12.6");
    for (declared, expected) in [("0.3.0", "0.3.0"), ("cuda12.6-0.2.0", "0.2.0"), ("cuda12.6", "0.4.1")] {
        let name = named("esm2", (None, Some(declared)), (Some("cuda11.8"), None), &[]).unwrap();
        assert!(name.ends_with(&format!(":cuda11.8-{expected}")), "{name}");
    }
    // These only look like one.
    for tag in ["cuda", "cuda12", "cuda12.6-", "cuda-12.6"] {
        assert_eq!(tagged(tag).unwrap(), tag);
    }
}

#[test]
fn what_cannot_be_a_tag_is_refused() {
    let errors = ["a b", "a/b", "-a", ".a", "a:b", "é", &"a".repeat(129)].map(|tag| tagged(tag).unwrap_err());
    insta::assert_snapshot!(errors.join("\n"), @"
    `a b` is not a tag: letters, digits, `_`, `.` and `-`, at most 128
    `a/b` is not a tag: letters, digits, `_`, `.` and `-`, at most 128
    `-a` is not a tag: letters, digits, `_`, `.` and `-`, at most 128
    `.a` is not a tag: letters, digits, `_`, `.` and `-`, at most 128
    `a:b` is not a tag: letters, digits, `_`, `.` and `-`, at most 128
    `é` is not a tag: letters, digits, `_`, `.` and `-`, at most 128
    `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is not a tag: letters, digits, `_`, `.` and `-`, at most 128
    ");
    assert_eq!(tagged(&"a".repeat(128)).unwrap().len(), 128);
    assert_eq!(tagged("").unwrap(), VERSION);
}

#[test]
fn another_account_of_docker_hub_is_taken_from_the_environment_and_from_the_command_line() {
    let image = "boileroom-esm:0.4.1";
    for given in ["lab", "docker.io/lab", " docker.io/lab/ "] {
        let variables = [("BOILEROOM_DOCKER_REPOSITORY", given)];
        let name = named("esm2", (Some("ghcr.io/table"), None), NONE, &variables).unwrap();
        assert_eq!(name, format!("docker.io/lab/{image}"));
        let variables = [("BOILEROOM_DOCKER_REPOSITORY", "other")];
        let name = named("esm2", NONE, (None, Some(given)), &variables).unwrap();
        assert_eq!(name, format!("docker.io/lab/{image}"));
    }
    let deep = [("BOILEROOM_DOCKER_REPOSITORY", "docker.io/lab/deep")];
    let name = named("esm2", NONE, NONE, &deep).unwrap();
    assert_eq!(name, format!("docker.io/lab/deep/{image}"));
    let blank = [("BOILEROOM_DOCKER_REPOSITORY", "  ")];
    let name = named("esm2", NONE, NONE, &blank).unwrap();
    assert_eq!(name, format!("docker.io/jakublala/{image}"));
}

#[test]
fn the_environment_names_no_other_registry() {
    for given in ["docker.io", "ghcr.io/lab", "ghcr.io", "127.0.0.1:5000/lab", "Lab", "lab//deep", "a__b", "/"] {
        let variables = [("BOILEROOM_DOCKER_REPOSITORY", given)];
        let message = named("esm2", NONE, NONE, &variables).unwrap_err();
        assert!(message.starts_with("BOILEROOM_DOCKER_REPOSITORY: `"), "{message}");
        let message = named("esm2", NONE, (None, Some(given)), &[]).unwrap_err();
        assert!(message.starts_with("--docker-user: `"), "{message}");
    }
}

#[test]
fn a_table_names_any_registry() {
    for (given, expected) in [
        ("127.0.0.1:5000/lab", "127.0.0.1:5000/lab/boileroom-esm"),
        ("127.0.0.1:5000", "127.0.0.1:5000/boileroom-esm"),
        ("localhost/lab", "localhost/lab/boileroom-esm"),
        ("ghcr.io/lab/deep/", "ghcr.io/lab/deep/boileroom-esm"),
        ("lab", "docker.io/lab/boileroom-esm"),
    ] {
        let name = named("esm2", (Some(given), None), NONE, &[]).unwrap();
        assert_eq!(name, format!("{expected}:0.4.1"));
    }
    for given in ["docker.io", "", "Lab", "host:port/lab", "ghcr.io//lab", "a b/c"] {
        assert!(parse_repository(given).is_err(), "{given}");
    }
}

#[test]
fn the_parts_of_a_name_can_be_told() {
    let settings = ImageSettings { repository: Some("127.0.0.1:5000/lab".into()), tag: None };
    let config = Config::built_in().unwrap();
    let overrides = Overrides::default();
    let name = settings.name_in(config.model("esm2").unwrap(), &overrides, |_| None);
    let name = name.unwrap();
    assert_eq!(name.registry(), "127.0.0.1:5000");
    assert_eq!(name.path(), "lab/boileroom-esm");
    assert_eq!(name.tag(), "0.4.1");
}

#[test]
fn an_architecture_has_one_name() {
    assert_eq!(architecture("x86_64"), "amd64");
    assert_eq!(architecture("AArch64 "), "arm64");
    assert_eq!(architecture("amd64"), architecture("x86-64"));
    assert_eq!(architecture("riscv64"), "riscv64");
}

#[test]
fn a_full_disk_and_a_limit_are_told_from_a_name_that_is_wrong() {
    use PullObstacle::{FullDisk, RateLimit};
    for (words, obstacle) in [
        ("write /var/lib/docker/tmp/x: no space left on device", Some(FullDisk)),
        ("FATAL: while writing: No space left on device", Some(FullDisk)),
        ("toomanyrequests: You have reached your pull rate limit.", Some(RateLimit)),
        ("unexpected status code 429 Too Many Requests", Some(RateLimit)),
        ("received unexpected HTTP status: 429", Some(RateLimit)),
        ("manifest for x/y:1 not found: manifest unknown", None),
        ("blob sha256:1a429b is missing", None),
    ] {
        assert_eq!(PullObstacle::in_words(words), obstacle, "{words}");
    }
}
