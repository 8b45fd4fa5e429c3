//! Services by systemd's own files: unit files, the links that switch them on, and their control
//! groups. Needs no bus, and hangs on nothing.

use befund_model::probe::machine::Service;

use crate::probe::{Context, Unmeasured};

/// Who is asked.
pub(in crate::probe) const SERVICE_MANAGER: &str = "systemd";

const UNIT_FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// How these services are.
pub(in crate::probe) fn services(
    context: &Context<'_>,
    names: &[&str],
) -> Result<Vec<Service>, Unmeasured> {
    // sd_booted(3): this folder is there where systemd runs the machine.
    if !context.path("/run/systemd/system").is_dir() {
        return Err(Unmeasured::unsupported("this machine is not run by systemd"));
    }
    let switched_on = switched_on(context);
    Ok(names.iter().map(|name| service(context, name, &switched_on)).collect())
}

fn service(context: &Context<'_>, name: &str, switched_on: &[String]) -> Service {
    // A template's instances share its file: `a@b.service` is in `a@.service`.
    let file = match (name.split_once('@'), name.rsplit_once('.')) {
        (Some((before, _)), Some((_, suffix))) => format!("{before}@.{suffix}"),
        _ => name.to_owned(),
    };
    let installed =
        UNIT_FOLDERS.iter().any(|folder| context.path(&format!("{folder}/{file}")).exists());
    let group = format!("/sys/fs/cgroup/system.slice/{name}/cgroup.procs");
    let processes = context.read(&group).map_or(0, |text| text.lines().count());
    Service {
        name: name.to_owned(),
        installed,
        enabled: switched_on.iter().any(|known| known == name),
        running: processes > 0,
        processes: u32::try_from(processes).unwrap_or(u32::MAX),
    }
}

/// The units that a link in some `*.wants` or `*.requires` folder switches on.
fn switched_on(context: &Context<'_>) -> Vec<String> {
    let names = |folder: &std::path::Path| {
        std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for folder in UNIT_FOLDERS {
        let folder = context.path(folder);
        for name in names(&folder) {
            if name.ends_with(".wants") || name.ends_with(".requires") {
                found.extend(names(&folder.join(name)));
            }
        }
    }
    found
}
