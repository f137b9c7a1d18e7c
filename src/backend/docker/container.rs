//! What a container is made of, in the engine's terms. Turns a container spec and a launch spec into a request; sends nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use bollard::models::{ContainerCreateBody, DeviceRequest, HostConfig, HostConfigLogConfig, PortBinding};

use super::settings::{DockerSettings, Gpus};
use super::spec::ContainerSpec;
use crate::backend::kind::LaunchSpec;
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

/// The container of a launch.
pub(super) fn body(
    settings: &DockerSettings,
    spec: &ContainerSpec,
    launch: &LaunchSpec,
    secret: &Secret,
) -> ContainerCreateBody {
    let port = exposed(settings.port);
    // Port 0: the engine takes one that is free and keeps it for as long as the container runs.
    let binding = PortBinding {
        host_ip: Some(settings.address.unwrap_or(LOOPBACK).to_string()),
        host_port: Some("0".to_owned()),
    };
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        cmd: Some(spec.command.clone()),
        env: Some(environment(spec, launch, secret)),
        labels: Some(labels(launch)),
        user: settings.user.clone(),
        exposed_ports: Some(vec![port.clone()]),
        host_config: Some(HostConfig {
            port_bindings: Some(HashMap::from([(port, Some(vec![binding]))])),
            mounts: Some(spec.binds.iter().map(super::mount::Bind::mount).collect()),
            network_mode: settings.network.clone(),
            memory: settings.memory,
            // Without swap, so that the limit is one.
            memory_swap: settings.memory,
            shm_size: settings.shm,
            device_requests: devices(&spec.gpus),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(LOG.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()),
            }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// The variables: the table's, then the launch's, which nothing overrides. A variable that the launch takes away cannot come from
/// here.
fn environment(spec: &ContainerSpec, launch: &LaunchSpec, secret: &Secret) -> Vec<String> {
    let own = launch.variables(secret);
    let is_own = |name: &str| own.iter().any(|(own, _)| *own == name);
    let given = spec.environment.iter().filter(|(name, _)| !is_own(name));
    let given = given.map(|(name, value)| format!("{name}={value}"));
    let own = own.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
    given.chain(own).collect()
}

fn labels(launch: &LaunchSpec) -> HashMap<String, String> {
    let labels = [
        (INSTANCE, launch.instance.label()),
        (RUN, launch.instance.run_label().to_owned()),
        (MODEL, launch.contract.key.clone()),
        (OWNER, owner()),
    ];
    labels.map(|(name, value)| (name.to_owned(), value)).into()
}

/// User and machine, such as `ada@node3`, for other users of a shared engine.
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
        Gpus::All => DeviceRequest { count: Some(-1), ..request },
        Gpus::Count(count) => DeviceRequest { count: Some(*count), ..request },
        Gpus::These(ids) => DeviceRequest { device_ids: Some(ids.clone()), ..request },
    };
    Some(vec![request])
}
