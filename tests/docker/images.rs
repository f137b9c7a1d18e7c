//! Engines and images that are missing or wrong, and registries that need credentials.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::query_parameters::{PushImageOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder};
use futures_util::StreamExt;
use hydrotest::backend::requirement::RequirementStatus;
use hydrotest::backend::{Fault, Stage};
use hydrotest::config::Config;

use crate::containers::engine;
use crate::executable::executable;
use crate::harness::{LONG, Platform, SERVE, alone, declared, esm_image, open, registry as hub, run, select, table};
use crate::image::pushed;
use crate::project::{Project, Ran};
use crate::until::until;

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn permission_denied_by_an_engine_names_the_group_to_join() {
    let (on, _alone) = alone(Platform::Docker);
    // A user other than root, a socket of root, and a copy of the program that every user may run.
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let socket = place.path().join("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600)).unwrap();
    let program = place.path().join("hydrotest");
    executable(&program, &std::fs::read(env!("CARGO_BIN_EXE_hydrotest")).unwrap());
    let home = place.path().join("home");
    std::fs::create_dir_all(home.join("suites")).unwrap();
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o777)).unwrap();
    let text = table(on, SERVE).replace(&on.host(), &format!("unix://{}", socket.display()));
    std::fs::write(home.join("backends.toml"), text).unwrap();
    let suite = "about = 'one'\n[[case]]\nname = 'short'\nsequences = 'short'\nchecks = [{ check = 'contract' }]\n";
    std::fs::write(home.join("suites/one.toml"), suite).unwrap();
    std::fs::write(home.join("suites/sequences.fasta"), ">short\nMLKNV\n").unwrap();
    let mut command = Command::new(&program);
    command.current_dir(&home).args(["--model", "esm2"]).env("HYDROTEST_STATE_DIR", home.join("state"));
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    } else {
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o000)).unwrap();
    }
    let ran = Ran::from(command.output().unwrap());
    ran.expect(3, &["permission denied", "usermod -aG docker"]);
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn the_tag_of_the_command_line_takes_precedence() {
    let (on, _alone) = alone(Platform::Docker);
    let project = Project::new(&table(on, &format!("{SERVE}tag = '9.9.9'\n")));
    let ran = project.run(&["--backend", "engine:9.9.8", "--model", "esm2", "--suite", "embed"]);
    ran.expect(3, &["boileroom-esm:9.9.8 cannot be pulled"]);
    let ran = project.run(&["--backend", "engine:latest", "--model", "esm2", "--suite", "embed"]);
    ran.expect(2, &["there are no images with the tag `latest`"]);
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn a_start_that_times_out_in_a_pull_reports_the_pull() {
    let (on, _alone) = alone(Platform::Docker);
    run(async {
        // The system accepts connections for this registry, and nothing ever responds.
        let registry = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let image = format!("{}/lab/esm:1", registry.local_addr().unwrap());
        let own = format!("repository = '{}'", pushed(&hub()));
        let text = table(on, SERVE).replace(&own, &format!("image = '{image}'"));
        let instance = open(&select(&text));
        let error = instance.start_within(Duration::from_secs(4)).await.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Timeout), "{error}");
        let message = format!("was not ready within 4 s; at last: pulling {image}");
        assert!(error.message.contains(&message), "{error}");
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    });
}

fn examined(on: Platform) {
    let (on, _alone) = alone(on);
    run(async {
        let built_in = Config::built_in().unwrap();
        let models = ["esm2", "esmfold"].map(|key| built_in.model(key).unwrap().clone());
        let requirements = declared(on, SERVE).examine(&models).await;
        assert!(
            requirements
                .iter()
                .any(|requirement| requirement.subject == "docker engine"
                    && requirement.status == RequirementStatus::Met)
        );
        let images: Vec<_> =
            requirements.iter().filter(|requirement| requirement.subject.starts_with("image ")).collect();
        assert_eq!(images.len(), 1, "the two models share an image: {requirements:?}");
        assert_ne!(images[0].status, RequirementStatus::Unmet, "{requirements:?}");
        let missing = declared(on, &format!("{SERVE}tag = '9.9.9'\n")).examine(&models).await;
        let broken: Vec<_> =
            missing.iter().filter(|requirement| requirement.status == RequirementStatus::Unmet).collect();
        assert_eq!(broken.len(), 1, "{missing:?}");
        assert!(broken[0].subject.ends_with("boileroom-esm:9.9.9"), "{broken:?}");
        let text = table(on, SERVE).replace(&on.host(), "unix:///no/such/docker.sock");
        let down = select(&text).examine(&models).await;
        assert_eq!(down.len(), 1);
        assert_eq!(down[0].status, RequirementStatus::Unmet);
    });
}

/// A registry on loopback that accepts only the user `ada` with the password `lovelace`.
struct Guarded {
    server: Child,
    address: String,
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Guarded {
    fn start(place: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        // `htpasswd -nbB -C 4 ada lovelace`
        std::fs::write(place.join("users"), USERS).unwrap();
        let config = format!(
            "version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {0}/data}}}}\nhttp: {{addr: \
             \"{address}\"}}\nauth: {{htpasswd: {{realm: test, path: {0}/users}}}}\n",
            place.display()
        );
        std::fs::write(place.join("registry.yml"), config).unwrap();
        let mut command = Command::new("docker-registry");
        let server = command.arg("serve").arg(place.join("registry.yml")).stdout(Stdio::null()).stderr(Stdio::null());
        let server = server.spawn().unwrap();
        let guarded = Self { server, address };
        until("the registry listens", LONG, || std::net::TcpStream::connect(&guarded.address).ok());
        guarded
    }
}

const USERS: &str = "ada:$2y$04$BPylol.etqq0wDFmy6D0GuWJlnjcgkLPh1I3gmW4y9BZlNGH0Ya3i\n";

/// Pushes the test image to the guarded registry and removes it from the engine.
async fn put(docker: &Docker, image: &str, repository: &str) {
    let mut pull = Box::pin(docker.create_image(
        Some(bollard::query_parameters::CreateImageOptionsBuilder::default().from_image(image).build()),
        None,
        None,
    ));
    while let Some(progress) = pull.next().await {
        progress.unwrap();
    }
    let tag = TagImageOptionsBuilder::default().repo(repository).tag("1").build();
    docker.tag_image(image, Some(tag)).await.unwrap();
    let credentials = DockerCredentials {
        username: Some("ada".into()),
        password: Some("lovelace".into()),
        ..DockerCredentials::default()
    };
    let options = PushImageOptionsBuilder::default().tag("1").build();
    let mut push = Box::pin(docker.push_image(repository, Some(options), Some(credentials)));
    while let Some(progress) = push.next().await {
        progress.unwrap();
    }
    forget(docker, repository).await;
}

async fn forget(docker: &Docker, repository: &str) {
    let options = RemoveImageOptionsBuilder::default().build();
    // The pulled image is the only one.
    let _ = docker.remove_image(&format!("{repository}:1"), Some(options), None).await;
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn a_registry_that_needs_credentials_gets_those_of_the_docker_command() {
    let (on, _alone) = alone(Platform::Docker);
    let place = tempfile::tempdir().unwrap();
    let guarded = Guarded::start(place.path());
    let repository = format!("{}/lab/boileroom-esm", guarded.address);
    let image = esm_image();
    run(async { put(&engine(on).await, &image, &repository).await });
    let text = table(on, &format!("{SERVE}image = '{}/lab/{{model.image}}:1'\n", guarded.address));
    let text = text.lines().filter(|line| !line.starts_with("repository"));
    let project = Project::new(&text.collect::<Vec<_>>().join("\n"));
    let configuration = place.path().join("configuration");
    std::fs::create_dir_all(&configuration).unwrap();
    let attempt = |config: &str, code: i32, parts: &[&str]| {
        std::fs::write(configuration.join("config.json"), config).unwrap();
        let path = format!("{}:{}", configuration.display(), std::env::var("PATH").unwrap());
        let mut command = project.command(&["--model", "esm2", "--suite", "embed"]);
        command.env("DOCKER_CONFIG", &configuration).env("PATH", path);
        let ran = Ran::from(command.output().unwrap());
        ran.expect(code, parts);
        assert!(!ran.reported.contains("lovelace"), "{}", ran.reported);
        run(async { forget(&engine(on).await, &repository).await });
    };
    let login = format!("docker login {}", guarded.address);
    attempt("{}", 3, &["cannot be pulled (without credentials", &login]);
    // ada:byron
    let wrong = format!(r#"{{"auths": {{"{}": {{"auth": "YWRhOmJ5cm9u"}}}}}}"#, guarded.address);
    attempt(&wrong, 3, &["cannot be pulled (with the credentials of ada", "unauthorized"]);
    // ada:lovelace
    let right = format!(r#"{{"auths": {{"{}": {{"auth": "YWRhOmxvdmVsYWNl"}}}}}}"#, guarded.address);
    attempt(&right, 0, &["0 failed"]);
    let helper = configuration.join("docker-credential-test");
    let script = "#!/bin/sh\nread registry\necho \"{\\\"ServerURL\\\": \\\"$registry\\\", \\\"Username\\\": \\\"ada\\\", \\\"Secret\\\": \\\"lovelace\\\"}\"\n";
    executable(&helper, script.as_bytes());
    let by_program = format!(r#"{{"credHelpers": {{"{}": "test"}}}}"#, guarded.address);
    attempt(&by_program, 0, &["0 failed"]);
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn the_doctor_finds_the_engine_the_image_and_what_is_missing() {
    examined(Platform::Docker);
}

#[test]
#[ignore = "needs HYDROTEST_PODMAN and HYDROTEST_REGISTRY"]
fn on_podman_the_doctor_finds_the_engine_the_image_and_what_is_missing() {
    examined(Platform::Podman);
}
