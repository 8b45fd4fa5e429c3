//! Services: systemd's unit files and what is linked to start, and its control groups for what runs.

use std::collections::{BTreeMap, BTreeSet};

use befund_model::section::software::{Service, ServiceState, Services, ServicesState};

use crate::collector::{Context, Gap};

pub(crate) mod scripts;

/// Where units lie; the earlier one wins (systemd.unit(5)).
pub(crate) const FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Section `services`.
pub(crate) fn services(cx: &Context) -> Result<Services, Gap> {
    let mut units: BTreeMap<String, String> = BTreeMap::new();
    let mut wanted = BTreeSet::new();
    let mut overridden = BTreeSet::new();
    let mut found = false;
    for folder in FOLDERS {
        let names = match cx.root.list(folder) {
            Ok(names) => names,
            Err(unread) => {
                cx.note::<(), _>(Err(unread));
                continue;
            }
        };
        found = true;
        for name in names {
            if let Some(unit) = name.strip_suffix(".service") {
                units.entry(unit.to_owned()).or_insert_with(|| format!("{folder}/{name}"));
                // Another name that the owner has linked enables what it leads to.
                if !folder.contains("/lib/")
                    && let Ok(link) = cx.root.link(&format!("{folder}/{name}"))
                    && let Some(target) = link.file_name().and_then(|name| name.to_str())
                    && let Some(other) = target.strip_suffix(".service")
                    && other != unit
                {
                    wanted.insert(other.to_owned());
                }
            } else if let Some(unit) = name.strip_suffix(".service.d") {
                overridden.insert(unit.to_owned());
            } else if name.ends_with(".wants") || name.ends_with(".requires") {
                // What the vendor links is `static`; what the owner links is `enabled`.
                if !folder.contains("/lib/") {
                    let links =
                        cx.note(cx.root.list(&format!("{folder}/{name}"))).unwrap_or_default();
                    wanted.extend(
                        links
                            .iter()
                            .filter_map(|link| link.strip_suffix(".service").map(str::to_owned)),
                    );
                }
            }
        }
    }
    if !found {
        let scripts = scripts::services(cx);
        if scripts.is_empty() {
            return Err(Gap::unsupported(
                "there are neither units of systemd nor scripts of OpenRC or sysvinit",
            ));
        }
        return Ok(Services { services: scripts });
    }
    let mut services: Vec<Service> = Vec::with_capacity(units.len());
    for (unit, path) in &units {
        services.push(service(cx, unit, path, &wanted, overridden.contains(unit)));
    }
    for instance in wanted.iter().filter(|unit| !units.contains_key(*unit)) {
        if let Some((template, _)) = instance.split_once('@')
            && let Some(path) = units.get(&format!("{template}@"))
        {
            services.push(service(
                cx,
                instance,
                path,
                &wanted,
                overridden.contains(&format!("{template}@")),
            ));
        }
    }
    services.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Services { services })
}

/// What starts by itself: units that are linked to start, with their suffix; scripts of sysvinit and of
/// OpenRC as `name.service`.
pub(crate) fn started(cx: &Context) -> BTreeSet<String> {
    let mut started = BTreeSet::new();
    for folder in FOLDERS {
        for name in cx.root.list(folder).unwrap_or_default() {
            if name.ends_with(".wants") || name.ends_with(".requires") {
                started.extend(cx.root.list(&format!("{folder}/{name}")).unwrap_or_default());
            }
        }
    }
    for level in ["2", "3", "5"] {
        // S01name
        let names = cx.root.list(&format!("/etc/rc{level}.d")).unwrap_or_default();
        let script = |name: &String| {
            let rest =
                name.strip_prefix('S')?.trim_start_matches(|letter: char| letter.is_ascii_digit());
            Some(format!("{rest}.service"))
        };
        started.extend(names.iter().filter_map(script));
    }
    for level in cx.root.list("/etc/runlevels").unwrap_or_default() {
        let names = cx.root.list(&format!("/etc/runlevels/{level}")).unwrap_or_default();
        started.extend(names.into_iter().map(|name| format!("{name}.service")));
    }
    started
}

fn service(
    cx: &Context,
    name: &str,
    path: &str,
    wanted: &BTreeSet<String>,
    overridden: bool,
) -> Service {
    let mut service = Service {
        name: name.to_owned(),
        overridden,
        file: Some(path.to_owned()),
        ..Service::default()
    };
    if let Ok(link) = cx.root.link(path) {
        let target = link.to_str().unwrap_or_default();
        let target_unit = target.rsplit('/').next().and_then(|unit| unit.strip_suffix(".service"));
        if target == "/dev/null" {
            "masked".clone_into(&mut service.start);
            return service;
        }
        if target_unit.is_some_and(|unit| unit != name) {
            service.description =
                target_unit.map(|unit| cx.redactor.text(&format!("another name of {unit}")));
            "alias".clone_into(&mut service.start);
            return service;
        }
    }
    let Some(text) = cx.note(cx.root.text(path)) else {
        "unknown".clone_into(&mut service.start);
        return service;
    };
    let unit = Unit::parse(&text);
    service.description = unit.description.map(|text| cx.redactor.text(text));
    service.command = unit.command.map(|line| cx.redactor.command_line(line));
    service.user = unit.user.filter(|user| !matches!(*user, "root" | "0")).map(str::to_owned);
    let start = if wanted.contains(name) {
        "enabled"
    } else if text.trim().is_empty() {
        "masked"
    } else if name.ends_with('@') {
        "template"
    } else if unit.installable {
        "disabled"
    } else if unit.indirect {
        "indirect"
    } else {
        "static"
    };
    start.clone_into(&mut service.start);
    service
}

/// What is read of a unit's file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unit<'a> {
    description: Option<&'a str>,
    command: Option<&'a str>,
    user: Option<&'a str>,
    installable: bool,
    /// Enabling it enables others.
    indirect: bool,
}

impl<'a> Unit<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut unit = Self::default();
        let mut section = "";
        for line in text.lines() {
            let line = line.trim();
            if line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name;
                continue;
            }
            let Some((name, value)) = line.split_once('=') else { continue };
            let value = Some(value.trim()).filter(|value| !value.is_empty());
            match (section, name.trim_end()) {
                ("Unit", "Description") => unit.description = value,
                ("Service", "ExecStart") => unit.command = unit.command.or(value),
                ("Service", "User") => unit.user = value,
                ("Install", "Also" | "DefaultInstance") => unit.indirect |= value.is_some(),
                ("Install", _) => unit.installable |= value.is_some(),
                _ => {}
            }
        }
        unit
    }
}

/// Section `services.state`.
pub(crate) fn state(cx: &Context) -> Result<ServicesState, Gap> {
    const GROUPS: &[&str] = &[
        "/sys/fs/cgroup/system.slice",
        "/sys/fs/cgroup/unified/system.slice",
        "/sys/fs/cgroup/systemd/system.slice",
    ];
    if !cx.root.exists("/run/systemd/system") {
        if let Some(services) = scripts::states(cx) {
            return Ok(ServicesState { system: None, services });
        }
        let first = cx.line("/proc/1/comm").unwrap_or_else(|| "unknown".into());
        return Err(Gap::unsupported(format!(
            "neither systemd nor OpenRC manages this system (its first process is {first}), and no daemon has left its number in /run"
        )));
    }
    if cx.root.is_live() {
        match crate::platform::linux::dbus::list_units() {
            Ok(units) => return Ok(units),
            Err(why) => cx.gap(Gap::failed(format!(
                "systemd could not be asked ({why}); control groups tell what runs, not what failed"
            ))),
        }
    } else {
        cx.gap(Gap::unsupported("control groups tell what runs, not what failed"));
    }
    let (group, names) = GROUPS
        .iter()
        .find_map(|group| cx.root.list(group).ok().map(|names| (*group, names)))
        .ok_or_else(|| Gap::unsupported("there is no control group of system services"))?;
    let services = names
        .into_iter()
        .filter_map(|name| {
            let unit = name.strip_suffix(".service")?.to_owned();
            let tasks = cx.root.text(&format!("{group}/{name}/cgroup.procs")).ok()?;
            let processes = u32::try_from(tasks.lines().count()).ok();
            // systemd keeps the group of a unit only as long as it is active.
            let state = "active".to_owned();
            Some(ServiceState { name: unit, state, processes, ..ServiceState::default() })
        })
        .collect();
    Ok(ServicesState { system: None, services })
}
