//! `service.state`: the services that the policy names, by systemd's own files: unit files, the
//! links that switch them on, and their control groups. Needs no bus, and hangs on nothing.

use befund_model::probe::machine::{Service, ServiceFacts};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, Unmeasured};

const UNIT_FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    // sd_booted(3): this folder is there where systemd runs the machine.
    if !context.path("/run/systemd/system").is_dir() {
        return Err(Unmeasured::unsupported("this machine is not run by systemd"));
    }
    let chosen: Vec<&str> = match parameters.name("service") {
        Some(name) => vec![name],
        None => context.targets.services.iter().map(String::as_str).collect(),
    };
    let switched_on = switched_on(context);
    let services: Vec<Service> =
        chosen.into_iter().map(|name| service(context, name, &switched_on)).collect();
    for service in &services {
        context.say(line(service));
    }
    let down: Vec<_> =
        services.iter().filter(|service| service.enabled && !service.running).map(line).collect();
    let running = services.iter().filter(|service| service.running).count();
    let (verdict, summary) = match (services.as_slice(), down.is_empty()) {
        ([one], true) => (Verdict::Pass, line(one)),
        (all, true) => (Verdict::Pass, format!("{running} of {} services run", all.len())),
        // One that runs once and ends is switched on and not running, too.
        (_, false) => (Verdict::Warn, down.join(", ")),
    };
    Measured::new(verdict, summary, &ServiceFacts { manager: "systemd".to_owned(), services })
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

fn line(service: &Service) -> String {
    let state = match (service.installed, service.running, service.enabled) {
        (false, false, _) => "is not installed",
        (_, true, _) => "runs",
        (true, false, true) => "is switched on and does not run",
        (true, false, false) => "is switched off",
    };
    format!("{} {state}", service.name)
}
