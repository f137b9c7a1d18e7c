//! What a container is made of, in the engine's terms. Turns a recipe and a job into a request; sends nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use bollard::models::{ContainerCreateBody, DeviceRequest, HostConfig, HostConfigLogConfig, PortBinding};

use super::recipe::Recipe;
use super::settings::{DockerSettings, Gpus};
use crate::backend::launcher::Job;
use crate::os;
use crate::wire::Secret;

/// The label that names the instance; what carries it is ours to remove.
pub(super) const INSTANCE: &str = "hydrotest.instance";
/// The label that names the run.
const RUN: &str = "hydrotest.run";
/// The label that names the model.
const MODEL: &str = "hydrotest.model";
/// The label that says who started it, and where.
const OWNER: &str = "hydrotest.owner";

/// What the engine keeps of a container's output; all of it is read as it comes.
const LOG: [(&str, &str); 2] = [("max-size", "16m"), ("max-file", "2")];

/// The address on which the port is published where the table does not say.
pub(super) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The server's port as the engine names it, such as `8000/tcp`.
pub(super) fn exposed(port: u16) -> String {
    format!("{port}/tcp")
}

/// The container of a job.
pub(super) fn body(settings: &DockerSettings, recipe: &Recipe, job: &Job, secret: &Secret) -> ContainerCreateBody {
    let port = exposed(settings.port);
    // Port 0: the engine takes one that is free and keeps it for as long as the container runs.
    let binding = PortBinding {
        host_ip: Some(settings.address.unwrap_or(LOOPBACK).to_string()),
        host_port: Some("0".to_owned()),
    };
    ContainerCreateBody {
        image: Some(recipe.image.clone()),
        cmd: Some(recipe.command.clone()),
        env: Some(environment(recipe, job, secret)),
        labels: Some(labels(job)),
        user: settings.user.clone(),
        exposed_ports: Some(vec![port.clone()]),
        host_config: Some(HostConfig {
            port_bindings: Some(HashMap::from([(port, Some(vec![binding]))])),
            mounts: Some(recipe.binds.iter().map(super::mount::Bind::mount).collect()),
            network_mode: settings.network.clone(),
            memory: settings.memory,
            // Without swap, so that the limit is one.
            memory_swap: settings.memory,
            shm_size: settings.shm,
            device_requests: devices(&recipe.gpus),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(
                    LOG.iter()
                        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                        .collect(),
                ),
            }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// The variables: the table's, then the job's, which nothing overrides. A variable that the job takes away cannot come from
/// here.
fn environment(recipe: &Recipe, job: &Job, secret: &Secret) -> Vec<String> {
    let own = job.variables(secret);
    let is_own = |name: &str| own.iter().any(|(own, _)| *own == name);
    let given = recipe.environment.iter().filter(|(name, _)| !is_own(name));
    let given = given.map(|(name, value)| format!("{name}={value}"));
    let own = own
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
    given.chain(own).collect()
}

fn labels(job: &Job) -> HashMap<String, String> {
    let labels = [
        (INSTANCE, job.instance.label()),
        (RUN, job.instance.run_label().to_owned()),
        (MODEL, job.contract.key.clone()),
        (OWNER, owner()),
    ];
    labels.map(|(name, value)| (name.to_owned(), value)).into()
}

/// User and machine, such as `ada@node3`, for whoever meets the container on a shared engine.
fn owner() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let user = user.unwrap_or_else(|_| format!("user {}", os::user()));
    format!("{user}@{}", os::host_name())
}

fn devices(gpus: &Gpus) -> Option<Vec<DeviceRequest>> {
    let request = DeviceRequest {
        driver: Some(String::new()),
        capabilities: Some(vec![vec!["gpu".to_owned()]]),
        ..DeviceRequest::default()
    };
    let request = match gpus {
        Gpus::None => return None,
        Gpus::All => DeviceRequest {
            count: Some(-1),
            ..request
        },
        Gpus::Count(count) => DeviceRequest {
            count: Some(*count),
            ..request
        },
        Gpus::These(ids) => DeviceRequest {
            device_ids: Some(ids.clone()),
            ..request
        },
    };
    Some(vec![request])
}
