//! What people do with tickets: the rules that need more than the ticket itself (who may be
//! assigned, which machine is meant), then the store's one door, then a hint to whoever watches.

use befund_model::api::{NewTicket, TicketView};
use befund_model::id::TicketNumber;
use befund_model::operator::Permission;
use befund_model::snapshot::MAX_MESSAGE_BYTES;
use befund_model::ticket::{
    Level, MAX_SUBJECT_CHARS, Priority, Ticket, TicketChange, TimelineEntry,
};

use crate::api::caller::Caller;
use crate::api::problem::Failure;
use crate::bus::Hint;
use crate::machines;
use crate::state::AppState;
use crate::store::repository::{Agents as _, OpenTicket, Operators as _, Tickets as _};

/// The most bytes of a comment, a solution or a reason.
pub const MAX_TEXT_BYTES: usize = 64 << 10;
/// How many timeline entries are read at once.
pub const TIMELINE_PAGE: u32 = 500;

/// Opens a ticket.
///
/// # Errors
/// `invalid` for texts that are empty or too long, `not_found` for a machine that is not there.
pub async fn open(app: &AppState, new: NewTicket, caller: &Caller) -> Result<Ticket, Failure> {
    let subject = new.subject.trim();
    if subject.is_empty() || subject.chars().count() > MAX_SUBJECT_CHARS {
        return Err(Failure::invalid(format!(
            "a ticket's subject is one line of 1 to {MAX_SUBJECT_CHARS} characters"
        )));
    }
    if subject.contains(['\n', '\r']) {
        return Err(Failure::invalid("a ticket's subject is one line"));
    }
    if new.message.len() > MAX_MESSAGE_BYTES {
        return Err(Failure::invalid(format!("a message has {MAX_MESSAGE_BYTES} bytes at most")));
    }
    if new.requester.len() > 256 {
        return Err(Failure::invalid("a requester's name has 256 bytes at most"));
    }
    let machine = match new.machine.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(name) => Some(machines::find(app, name).await?.id),
    };
    let requester = match new.requester.trim() {
        "" => caller.operator.name.clone(),
        name => name.to_owned(),
    };
    let open = OpenTicket {
        subject: subject.to_owned(),
        message: new.message,
        requester,
        machine,
        priority: new.priority.unwrap_or(Priority::Normal),
        level: new.level.unwrap_or(Level::L1),
    };
    let ticket = app.store.open(open, &caller.by(), app.clock.now()).await?;
    app.bus.tell(Hint::Ticket(ticket.number));
    Ok(ticket)
}

/// Changes a ticket, if it still has the version that the caller saw.
///
/// # Errors
/// `conflict` if it moved on or the change makes no sense for it, `invalid` for a text that is too
/// long or an assignee who cannot work on tickets.
pub async fn change(
    app: &AppState,
    number: TicketNumber,
    version: Option<i64>,
    change: &TicketChange,
    caller: &Caller,
) -> Result<Ticket, Failure> {
    let text = match change {
        TicketChange::Comment(text) => text,
        TicketChange::Close { solution } => solution,
        TicketChange::Reopen { reason } => reason,
        TicketChange::Assign(Some(name)) => {
            assignable(app, name).await?;
            name
        }
        TicketChange::Assign(None)
        | TicketChange::Priority(_)
        | TicketChange::Level(_)
        | TicketChange::Status(_) => "",
    };
    if text.len() > MAX_TEXT_BYTES {
        return Err(Failure::invalid(format!(
            "a text on a ticket has {MAX_TEXT_BYTES} bytes at most"
        )));
    }
    if version.is_none() && !matches!(change, TicketChange::Comment(_)) {
        return Err(Failure::invalid(
            "this change needs the `version` of the ticket that it is based on; only comments may leave it out",
        ));
    }
    let ticket = app.store.change(number, version, change, &caller.by(), app.clock.now()).await?;
    app.bus.tell(Hint::Ticket(number));
    Ok(ticket)
}

async fn assignable(app: &AppState, name: &str) -> Result<(), Failure> {
    match app.store.operator(name).await? {
        Some((operator, _)) if !operator.disabled && operator.role.may(Permission::WorkTickets) => {
            Ok(())
        }
        _ => Err(Failure::invalid(format!(
            "{name:?} is nobody who can work on tickets: give it to a technician or an administrator"
        ))),
    }
}

/// A ticket that the caller may see; one that they may not is not there.
///
/// # Errors
/// `not_found`.
pub async fn get(app: &AppState, number: TicketNumber, caller: &Caller) -> Result<Ticket, Failure> {
    app.store
        .ticket(number)
        .await?
        .filter(|ticket| caller.may_see(ticket))
        .ok_or_else(|| Failure::not_found("ticket", number))
}

/// A ticket with its machine and its whole timeline.
///
/// # Errors
/// `not_found`.
pub async fn view(
    app: &AppState,
    number: TicketNumber,
    caller: &Caller,
) -> Result<TicketView, Failure> {
    let ticket = get(app, number, caller).await?;
    let machine = match ticket.machine {
        Some(agent) => app.store.machine(agent).await?,
        None => None,
    };
    let timeline = timeline(app, number).await?;
    let connected = machine.as_ref().is_some_and(|machine| app.live.connected(machine.id));
    Ok(TicketView { ticket, machine, connected, timeline })
}

/// All of a ticket's timeline.
async fn timeline(app: &AppState, number: TicketNumber) -> Result<Vec<TimelineEntry>, Failure> {
    let mut all: Vec<TimelineEntry> = Vec::new();
    loop {
        let after = all.last().map_or(0, |entry| entry.seq);
        let page = app.store.timeline(number, after, TIMELINE_PAGE).await?;
        let full = page.len() == TIMELINE_PAGE as usize;
        all.extend(page);
        if !full {
            return Ok(all);
        }
    }
}
