//! What our sections say, as fields.

use std::collections::BTreeMap;

use befund_collect::{Limits, Plan, Root, collect};
use befund_model::snapshot::PrivacyClass;
use serde_json::Value;

use crate::Fields;

/// Of this machine.
pub(crate) fn fields() -> Fields {
    let root = Root::system().expect("the system's root");
    let mut sections = BTreeMap::new();
    collect(
        &root,
        &Plan { limits: Limits::NONE, ..Plan::all(PrivacyClass::OnRequest) },
        |section| {
            let content: Value = serde_json::from_slice(&section.bytes).expect("JSON");
            sections.insert(section.line.kind.to_string(), content);
        },
    );
    let of = |kind: &str| sections.get(kind).cloned().unwrap_or_default();
    let mut fields = Fields::new();
    plain(
        &mut fields,
        "os",
        &of("os"),
        &["hostname", "name", "id", "version", "release", "codename", "architecture", "timezone"],
    );
    plain(&mut fields, "kernel", &of("os")["kernel"], &["name", "release"]);
    plain(
        &mut fields,
        "cpu",
        &of("cpu"),
        &["model", "vendor", "architecture", "sockets", "cores", "threads", "microcode"],
    );
    for cache in list(&of("cpu"), "caches") {
        let kind = cache["kind"].as_str().and_then(|kind| kind.chars().next()).unwrap_or('u');
        let kind = if kind == 'u' { String::new() } else { kind.to_string() };
        let total =
            cache["size_bytes"].as_u64().unwrap_or_default() * cache["count"].as_u64().unwrap_or(1);
        fields.insert(format!("cpu.cache{}{kind}", cache["level"]), total.to_string());
    }
    plain(&mut fields, "memory", &of("memory"), &["total_bytes", "swap_bytes"]);
    plain(
        &mut fields,
        "system",
        &of("system"),
        &["vendor", "model", "serial", "uuid", "virtual_machine"],
    );
    rows(
        &mut fields,
        "disk",
        &of("disks"),
        "disks",
        "name",
        &["size_bytes", "model", "serial", "removable", "read_only", "media"],
    );
    rows(
        &mut fields,
        "filesystem",
        &of("filesystems"),
        "filesystems",
        "mount_point",
        &["source", "kind", "read_only"],
    );
    rows(
        &mut fields,
        "filesystem",
        &of("filesystems.usage"),
        "filesystems",
        "mount_point",
        &["size_bytes"],
    );
    rows(
        &mut fields,
        "interface",
        &of("network.interfaces"),
        "interfaces",
        "name",
        &["mac", "mtu", "state", "driver", "master", "enabled"],
    );
    for address in list(&of("network.addresses"), "addresses") {
        let (interface, address, prefix) =
            (word(&address, "interface"), word(&address, "address"), word(&address, "prefix"));
        fields.insert(format!("address.{interface}.{address}"), prefix);
    }
    for route in list(&of("network.routes"), "routes") {
        let key = format!("route.{}.{}", word(&route, "destination"), word(&route, "interface"));
        fields.insert(key, format!("{} {}", word(&route, "gateway"), word(&route, "metric")));
    }
    for neighbour in list(&of("network.neighbours"), "neighbours") {
        let key =
            format!("neighbour.{}.{}", word(&neighbour, "interface"), word(&neighbour, "address"));
        fields.insert(key, format!("{} {}", word(&neighbour, "mac"), word(&neighbour, "state")));
    }
    for port in list(&of("network.ports"), "ports") {
        let key = format!(
            "port.{}.{}.{}",
            word(&port, "protocol"),
            word(&port, "address"),
            word(&port, "port")
        );
        fields.insert(key, word(&port, "process"));
    }
    for package in list(&of("packages"), "packages") {
        if package["manager"] == "deb" {
            fields.insert(
                format!("package.{}.{}", word(&package, "name"), word(&package, "arch")),
                word(&package, "version"),
            );
        }
    }
    for service in list(&of("services"), "services") {
        fields.insert(format!("service.{}", word(&service, "name")), word(&service, "start"));
    }
    for user in list(&of("users"), "users") {
        let text =
            format!("{} {} {}", word(&user, "id"), word(&user, "home"), word(&user, "shell"));
        fields.insert(format!("user.{}", word(&user, "name")), text);
    }
    for group in list(&of("groups"), "groups") {
        let members: Vec<String> = list(&group, "members").iter().map(text).collect();
        fields.insert(
            format!("group.{}", word(&group, "name")),
            format!("{} {}", word(&group, "id"), members.join(",")),
        );
    }
    for device in list(&of("devices"), "devices") {
        let key = format!("device.{}", word(&device, "address"));
        fields.insert(format!("{key}.driver"), word(&device, "driver"));
        fields.insert(format!("{key}.id"), word(&device, "id"));
        fields.insert(format!("{key}.class"), word(&device, "class"));
    }
    fields.retain(|_, value| !value.is_empty());
    fields
}

fn list(value: &Value, name: &str) -> Vec<Value> {
    value[name].as_array().cloned().unwrap_or_default()
}

pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn word(value: &Value, name: &str) -> String {
    text(&value[name])
}

fn plain(fields: &mut Fields, room: &str, value: &Value, names: &[&str]) {
    for name in names {
        fields.insert(format!("{room}.{name}"), word(value, name));
    }
}

fn rows(fields: &mut Fields, room: &str, value: &Value, of: &str, key: &str, names: &[&str]) {
    for row in list(value, of) {
        plain(fields, &format!("{room}.{}", word(&row, key)), &row, names);
    }
}
