//! The latest starts of the system, and how each time ended, by the system's log.

use befund_model::section::maintenance::Boots;

use super::super::trouble::events::query;
use crate::collector::{Context, Gap};
use crate::platform::decode::boots::boots as decode;

const QUERY: &str = "*[System[(Provider[@Name='Microsoft-Windows-Kernel-General'] and \
    (EventID=12 or EventID=13)) or (Provider[@Name='Microsoft-Windows-Kernel-Power'] and \
    (EventID=41 or EventID=109)) or (Provider[@Name='User32'] and EventID=1074) or \
    (Provider[@Name='EventLog'] and EventID=6008)]]";
/// Each start and end writes some four of them.
const MAX_EVENTS: usize = 250;

/// Section `boots`.
pub(crate) fn boots(cx: &Context) -> Result<Boots, Gap> {
    let mut events = Vec::new();
    query(cx, "System", QUERY, MAX_EVENTS, |event, _| events.push(event))?;
    events.reverse();
    let build =
        super::super::registry::machine(cx, r"SOFTWARE\Microsoft\Windows NT\CurrentVersion")
            .and_then(|key| super::super::registry::text(&key, "CurrentBuildNumber"));
    let mut boots = decode(&events);
    // Of the earlier ones nobody says which it was.
    if let Some(running) = boots.last_mut().filter(|boot| boot.end.is_none()) {
        running.kernel = build.map(|build| format!("10.0.{build}"));
    }
    Ok(Boots { boots })
}
