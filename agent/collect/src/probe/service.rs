//! `service.state`: the services that the policy names.

use befund_model::probe::machine::{Service, ServiceFacts};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, platform};

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let chosen: Vec<&str> = match parameters.name("service") {
        Some(name) => vec![name],
        None => context.targets.services.iter().map(String::as_str).collect(),
    };
    let services = platform::services(context, &chosen)?;
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
    Measured::new(
        verdict,
        summary,
        &ServiceFacts { manager: platform::SERVICE_MANAGER.to_owned(), services },
    )
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
