//! The request that creates a container, made from a container spec and a launch spec. It does not send the request.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use bollard::models::{ContainerCreateBody, DeviceRequest, HostConfig, HostConfigLogConfig, PortBinding};

use super::settings::{DockerSettings, Gpus};
use super::spec::ContainerSpec;
use crate::backend::kind::LaunchSpec;
use crate::os;
use crate::wire::Secret;

/// The label with the instance. Hydrotest may remove any container that has it.
pub(super) const INSTANCE: &str = "hydrotest.instance";

/// How much of a container's output the engine keeps. The harness reads all of it as it comes.
const LOG: [(&str, &str); 2] = [("max-size", "16m"), ("max-file", "2")];

/// The address on which the port is published if the table does not say.
pub(super) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The engine's name of the server's port, such as `8000/tcp`.
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
    // Port 0: the engine chooses a free port and keeps it for as long as the container runs.
    let binding = PortBinding {
        host_ip: Some(settings.address.unwrap_or(LOOPBACK).to_string()),
        host_port: Some("0".to_owned()),
    };
    let labels = [
        (INSTANCE, launch.instance.label()),
        ("hydrotest.run", launch.instance.run_label().to_owned()),
        ("hydrotest.model", launch.contract.key.clone()),
        ("hydrotest.owner", owner()),
    ];
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        cmd: Some(spec.command.clone()),
        env: Some(environment(spec, launch, secret)),
        labels: Some(labels.map(|(name, value)| (name.to_owned(), value)).into()),
        user: settings.user.clone(),
        exposed_ports: Some(vec![port.clone()]),
        host_config: Some(HostConfig {
            port_bindings: Some(HashMap::from([(port, Some(vec![binding]))])),
            mounts: Some(spec.binds.clone()),
            network_mode: settings.network.clone(),
            memory: settings.memory,
            // Equal to the memory, which leaves no swap; otherwise the limit would not be one.
            memory_swap: settings.memory,
            shm_size: settings.shm,
            device_requests: devices(&spec.gpus),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(LOG.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
            }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// The variables of the table, then those of the launch, which take precedence. A variable that the launch removes cannot come from the
/// harness into a container.
fn environment(spec: &ContainerSpec, launch: &LaunchSpec, secret: &Secret) -> Vec<String> {
    let own = launch.variables(secret);
    let given = spec.environment.iter().filter(|(name, _)| !own.iter().any(|(own, _)| own == name));
    let given = given.map(|(name, value)| format!("{name}={value}"));
    given.chain(own.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)))).collect()
}

/// User and machine, such as `ada@node3`, for other users of a shared engine.
fn owner() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let user = user.unwrap_or_else(|_| format!("user {}", os::user()));
    format!("{user}@{}", os::host_name())
}

fn devices(gpus: &Gpus) -> Option<Vec<DeviceRequest>> {
    let (count, device_ids) = match gpus {
        Gpus::None => return None,
        Gpus::All => (Some(-1), None),
        Gpus::Count(count) => (Some(*count), None),
        Gpus::These(ids) => (None, Some(ids.clone())),
    };
    Some(vec![DeviceRequest {
        driver: Some(String::new()),
        capabilities: Some(vec![vec!["gpu".to_owned()]]),
        count,
        device_ids,
        ..DeviceRequest::default()
    }])
}
