//! The clock: how the time service is set up, and what it last did.

use befund_model::section::software::Clock;

use super::super::registry;
use super::super::trouble::events::query;
use super::services::listed;
use crate::collector::{Context, Gap};
use crate::platform::decode::clock as decode;

const SERVICE: &str = r"SYSTEM\CurrentControlSet\Services\W32Time";
const POLICY: &str = r"SOFTWARE\Policies\Microsoft\W32Time\Parameters";
/// The latest words of the service on whether it is in step: 35 and 37 that it hears from a server, 36
/// that it has not for long, 47 and 129 to 134 that it cannot.
const QUERY: &str = "*[System[Provider[@Name='Microsoft-Windows-Time-Service'] and \
    (EventID=35 or EventID=36 or EventID=37 or EventID=47 or EventID=129 or EventID=134)]]";
const RUNNING: u32 = 4;

/// Section `clock`.
pub(crate) fn clock(cx: &Context) -> Result<Clock, Gap> {
    let text = |path: &str, name: &str| {
        registry::machine(cx, path).and_then(|key| registry::text(&key, name))
    };
    let kind = text(POLICY, "Type").or_else(|| text(&format!(r"{SERVICE}\Parameters"), "Type"));
    let list =
        text(POLICY, "NtpServer").or_else(|| text(&format!(r"{SERVICE}\Parameters"), "NtpServer"));
    let service = cx.note(listed()).and_then(|services| {
        services.into_iter().find(|service| service.name.eq_ignore_ascii_case("W32Time"))
    });
    let runs = service.as_ref().map(|service| service.state == RUNNING);
    let mut last = None;
    let asked = query(cx, "System", QUERY, 1, |event, _| last = Some(event));
    let said = cx.note(asked).is_some();
    Ok(Clock {
        synchronised: if said { decode::in_step(last.as_ref()) } else { None },
        service: runs.filter(|runs| *runs).map(|_| "w32time".to_owned()),
        servers: decode::servers(kind.as_deref(), list.as_deref()),
        last_sync: last
            .as_ref()
            .filter(|event| matches!(event.id, 35 | 37))
            .and_then(|event| event.at),
        ..Clock::default()
    })
}
