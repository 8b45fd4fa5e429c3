//! Starts of the system and how each time ended, out of the events that Windows writes around them.

use befund_model::Timestamp;
use befund_model::section::maintenance::Boot;

use super::crash::code_text;
use super::event::Event;

/// The most starts that are told.
const MAX_BOOTS: usize = 50;

/// The starts, newest last, of events in the order in which they were written:
///
/// - Kernel-General 12: the system started; its data has the time.
/// - Kernel-General 13: it is shutting down.
/// - Kernel-Power 109: the kernel has begun to; which kind, as a `POWER_ACTION`.
/// - User32 1074: who wanted it, and why.
/// - Kernel-Power 41: the time before ended without any of this; with the bug check, if it was one.
/// - EventLog 6008: the time before ended unexpectedly.
pub(crate) fn boots(events: &[Event]) -> Vec<Boot> {
    let mut boots: Vec<Boot> = Vec::new();
    let mut ended: Option<Timestamp> = None;
    let mut how: Option<&'static str> = None;
    let mut reason: Option<String> = None;
    for event in events {
        match (event.from(), event.id) {
            ("Kernel-General", 12) => {
                if let Some(last) = boots.last_mut()
                    && last.end.is_none()
                {
                    last.ended_at = ended;
                    last.end = how.map(str::to_owned).or_else(|| ended.map(|_| "shut down".into()));
                    last.reason = reason.take();
                }
                (ended, how, reason) = (None, None, None);
                let told = event.named("StartTime").and_then(|time| time.parse().ok());
                boots.push(Boot { started_at: told.or(event.at), ..Boot::default() });
            }
            ("Kernel-General", 13) => {
                let told = event.named("StopTime").and_then(|time| time.parse().ok());
                ended = told.or(event.at);
            }
            ("Kernel-Power", 109) => {
                how = match event.named("ShutdownActionType").or(event.value(0)) {
                    Some("5") => Some("restarted"),
                    Some("4" | "6") => Some("shut down"),
                    _ => how,
                };
                ended = ended.or(event.at);
            }
            ("User32", 1074) => {
                // Who, and what they gave as a reason.
                let parts = [event.value(0), event.value(2), event.value(5)];
                reason = Some(parts.into_iter().flatten().collect::<Vec<_>>().join(": "));
            }
            // Both are written after the start that followed.
            ("Kernel-Power", 41) => {
                let code = event.named("BugcheckCode").or(event.value(0));
                let code = code.and_then(|code| code.parse::<u64>().ok()).filter(|code| *code != 0);
                if let Some(before) = before(&mut boots) {
                    let end = if code.is_some() { "crashed" } else { "power lost or reset" };
                    before.end = Some(end.to_owned());
                    before.reason =
                        code.map(|code| format!("bug check {}", code_text(&format!("{code:x}"))));
                }
            }
            ("EventLog", 6008) => {
                if let Some(before) = before(&mut boots)
                    && before.end.is_none()
                {
                    before.end = Some("power lost or reset".into());
                }
            }
            _ => {}
        }
    }
    let cut = boots.len().saturating_sub(MAX_BOOTS);
    boots.drain(..cut);
    boots
}

/// The time before the one that runs.
fn before(boots: &mut [Boot]) -> Option<&mut Boot> {
    let index = boots.len().checked_sub(2)?;
    boots.get_mut(index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(provider: &str, id: u32, minute: u32, data: &[(&str, &str)]) -> Event {
        Event {
            provider: format!("Microsoft-Windows-{provider}"),
            id,
            level: 4,
            at: format!("2024-05-01T09:{minute:02}:00Z").parse().ok(),
            data: data.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        }
    }

    #[test]
    fn a_restart_a_blue_screen_and_a_pulled_plug_are_told_apart() {
        let mut user = event("x", 1074, 4, &[("", "explorer.exe"), ("", "PC"), ("", "planned")]);
        user.provider = "User32".into();
        let events = [
            event("Kernel-General", 12, 0, &[("StartTime", "2024-05-01T08:59:59.5Z")]),
            user,
            event("Kernel-Power", 109, 5, &[("ShutdownActionType", "5")]),
            event("Kernel-General", 13, 6, &[]),
            event("Kernel-General", 12, 10, &[]),
            event("Kernel-General", 12, 20, &[]),
            event("Kernel-Power", 41, 21, &[("BugcheckCode", "159")]),
            event("Kernel-General", 12, 30, &[]),
            event("Kernel-Power", 41, 31, &[("BugcheckCode", "0")]),
        ];
        let boots = boots(&events);
        let ends: Vec<_> = boots.iter().map(|boot| boot.end.as_deref()).collect();
        assert_eq!(ends, [Some("restarted"), Some("crashed"), Some("power lost or reset"), None]);
        assert_eq!(boots[0].reason.as_deref(), Some("explorer.exe: planned"));
        assert_eq!(boots[1].reason.as_deref(), Some("bug check 0x9f"));
        assert_eq!(
            boots[0].started_at.map(|at| at.to_string()).as_deref(),
            Some("2024-05-01T08:59:59.5Z")
        );
    }

    proptest! {
        #[test]
        fn no_order_panics(kinds in proptest::collection::vec(0_usize..6, 0..200)) {
            let all = [("Kernel-General", 12), ("Kernel-General", 13), ("Kernel-Power", 109),
                ("Kernel-Power", 41), ("EventLog", 6008), ("Other", 1)];
            let events: Vec<Event> =
                kinds.iter().map(|kind| event(all[*kind].0, all[*kind].1, 0, &[])).collect();
            prop_assert!(boots(&events).len() <= MAX_BOOTS);
        }
    }
}
