//! Machines: the list, and one of them.

use std::fmt::Write as _;

use befund_model::api::MachineView;
use befund_model::machine::Machine;

use crate::render::table::{Tone, cell, table, toned};
use crate::render::{table as tables, text};
use crate::screen::Look;

/// The list.
pub(crate) fn list(look: &Look, machines: &[MachineView]) -> String {
    if machines.is_empty() {
        return "No machines. `befund enroll token new` makes a token for one.".to_owned();
    }
    let mut rows = table(look, &["name", "state", "system", "agent", "last seen", "id"]);
    for view in machines {
        let machine = &view.machine;
        let state = match state(view) {
            State::Revoked => toned("revoked", Tone::Bad),
            State::Connected => toned("connected", Tone::Good),
            State::Away => toned("away", Tone::Faint),
        };
        rows.add_row(vec![
            cell(&machine.name),
            state,
            cell(&machine.os),
            cell(&machine.agent_version),
            cell(seen(look, view)),
            cell(machine.id.to_string()),
        ]);
    }
    tables::text(&rows, 0)
}

enum State {
    Revoked,
    Connected,
    Away,
}

fn state(view: &MachineView) -> State {
    match (view.machine.revoked_at, view.connected) {
        (Some(_), _) => State::Revoked,
        (None, true) => State::Connected,
        (None, false) => State::Away,
    }
}

/// When it was last seen. The controller writes that down from time to time only, so a machine that
/// has just connected for the first time may have no time yet.
fn seen(look: &Look, view: &MachineView) -> String {
    match (view.machine.last_seen, view.connected) {
        (Some(at), _) => look.time(at),
        (None, true) => "just now".to_owned(),
        (None, false) => "never".to_owned(),
    }
}

/// One machine.
pub(crate) fn one(look: &Look, view: &MachineView) -> String {
    let machine = &view.machine;
    let mut out = format!("{}\n", look.strong(&text::line(&machine.name)));
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "  {name:<14} {value}");
    };
    row(
        "state",
        match state(view) {
            State::Revoked => look.bad("revoked"),
            State::Connected => look.good("connected"),
            State::Away => "away".to_owned(),
        },
    );
    row("id", machine.id.to_string());
    row("system", text::line(&machine.os));
    row("agent", text::line(&machine.agent_version));
    if !machine.group.is_empty() {
        row("group", text::line(&machine.group));
    }
    row("enrolled", look.time(machine.enrolled_at));
    row("last seen", seen(look, view));
    if let Some(at) = machine.revoked_at {
        row("revoked", look.time(at));
    }
    if let Some(snapshot) = machine.last_snapshot {
        row("snapshot", snapshot.to_string());
    }
    if let Some(offset) = machine.clock_offset_ms.filter(|offset| offset.abs() >= 1_000) {
        row("clock", look.bad(&clock(offset)));
    }
    out
}

fn clock(offset_ms: i64) -> String {
    let seconds = offset_ms.unsigned_abs() / 1_000;
    let side = if offset_ms > 0 { "fast" } else { "slow" };
    format!("{} {side}", text::count(usize::try_from(seconds).unwrap_or(usize::MAX), "second"))
}

/// A machine on one line, for a ticket's header.
pub(crate) fn brief(look: &Look, machine: &Machine, connected: bool) -> String {
    let mut line = look.strong(&text::line(&machine.name));
    if !machine.os.is_empty() {
        let _ = write!(line, ", {}", text::line(&machine.os));
    }
    match (machine.revoked_at, connected, machine.last_seen) {
        (Some(_), _, _) => line.push_str(", identity revoked"),
        (None, true, _) => {
            let _ = write!(line, ", {}", look.good("connected"));
        }
        (None, false, Some(at)) => {
            let _ = write!(line, ", not connected, last seen {}", look.time(at));
        }
        (None, false, None) => line.push_str(", not connected, never seen"),
    }
    line
}
