//! What tickets are made of in the database: their rows, their numbers, their events. The changes
//! that people make are in `tickets`; requests and jobs write here as well.

use befund_model::Timestamp;
use befund_model::id::{AgentId, RequestId, TicketNumber};
use befund_model::ticket::{Level, Priority, Ticket, TicketEvent, TicketStatus, TimelineEntry};

use super::agents::folded;
use super::bulk;
use super::open::Store;
use super::repository::{Result, StoreError};
use super::sql::{Row, Session, Value, args, corrupt, to_json};

/// The columns that [`read`] reads, in order.
pub(in crate::store) const COLUMNS: &str = "number, version, subject, requester, machine, status, \
     priority, level, assignee, solution, opened_at, updated_at, request";

/// Takes the next ticket numbers: the first of `count`. None is ever given twice.
pub(in crate::store) async fn numbers(
    store: &Store,
    session: &mut Session,
    count: usize,
) -> Result<i64> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let last = session
        .row(
            "UPDATE meta SET value = value + $1 WHERE key = 'ticket' RETURNING value",
            args![count],
        )
        .await?
        .ok_or_else(|| corrupt("the ticket numbers", "their counter is missing"))?
        .int(0)?;
    store.note(session, |ledger| ledger.ticket(last))?;
    Ok(last - count + 1)
}

/// Writes new tickets.
pub(in crate::store) async fn insert(
    session: &mut Session,
    tickets: &[Ticket],
    by: &str,
) -> Result<()> {
    let rows = tickets
        .iter()
        .map(|ticket| {
            args![
                ticket.number,
                ticket.version,
                by,
                ticket.subject.as_str(),
                folded(&ticket.subject),
                ticket.requester.as_str(),
                ticket.machine,
                ticket.status.as_str(),
                rank(ticket.priority),
                ticket.level.as_str(),
                ticket.assignee.as_deref(),
                ticket.solution.as_deref(),
                ticket.opened_at,
                ticket.updated_at,
                ticket.request
            ]
        })
        .collect();
    bulk::execute(
        session,
        "INSERT INTO tickets (number, version, changed_by, subject, folded, requester, machine, \
         status, priority, level, assignee, solution, opened_at, updated_at, request) VALUES",
        rows,
        "",
    )
    .await?;
    Ok(())
}

/// A ticket and who changed it last, kept from other writers until the end of the transaction.
pub(in crate::store) async fn locked(
    session: &mut Session,
    number: TicketNumber,
) -> Result<(Ticket, String)> {
    let row = session
        .row(
            format!("SELECT {COLUMNS}, changed_by FROM tickets WHERE number = $1 FOR UPDATE"),
            args![number],
        )
        .await?
        .ok_or_else(|| StoreError::NotFound { what: "ticket", id: number.to_string() })?;
    Ok((read(&row)?, row.text(13)?))
}

/// An event's row, for many at once.
pub(in crate::store) fn event_row(
    number: TicketNumber,
    event: &TicketEvent,
    by: &str,
    at: Timestamp,
) -> Result<Vec<Value>> {
    Ok(args![number, at, by, to_json(event, "a ticket's event")?])
}

/// The statement that [`event_row`]'s values are for.
pub(in crate::store) const INSERT_EVENTS: &str =
    "INSERT INTO ticket_events (ticket, at, by_name, event) VALUES";

/// Writes an event; the caller holds the ticket, so that a timeline grows at its end only.
pub(in crate::store) async fn tell(
    session: &mut Session,
    number: TicketNumber,
    event: &TicketEvent,
    by: &str,
    at: Timestamp,
) -> Result<TimelineEntry> {
    let seq = session
        .row(
            "INSERT INTO ticket_events (ticket, at, by_name, event) VALUES ($1, $2, $3, $4) \
             RETURNING seq",
            event_row(number, event, by, at)?,
        )
        .await?
        .ok_or_else(|| corrupt("a new event", "it got no place"))?
        .int(0)?;
    Ok(TimelineEntry { seq, ticket: number, at, by: by.to_owned(), event: event.clone() })
}

/// Reads a ticket.
pub(in crate::store) fn read(row: &Row) -> Result<Ticket> {
    Ok(Ticket {
        number: TicketNumber(row.int(0)?),
        version: row.int(1)?,
        subject: row.text(2)?,
        requester: row.text(3)?,
        machine: row.maybe_id(4, AgentId::from_slice)?,
        status: row.word(5, "a ticket's status", TicketStatus::parse)?,
        priority: of_rank(row.int(6)?)?,
        level: row.word(7, "a ticket's level", Level::parse)?,
        assignee: row.maybe_text(8)?,
        solution: row.maybe_text(9)?,
        opened_at: row.time(10)?,
        updated_at: row.time(11)?,
        request: row.maybe_id(12, RequestId::from_slice)?,
    })
}

/// Reads an event.
pub(in crate::store) fn read_event(row: &Row) -> Result<TimelineEntry> {
    Ok(TimelineEntry {
        seq: row.int(0)?,
        ticket: TicketNumber(row.int(1)?),
        at: row.time(2)?,
        by: row.text(3)?,
        event: row.json(4, "a ticket's event")?,
    })
}

/// A priority as it is sorted by.
pub(in crate::store) fn rank(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
        Priority::Urgent => 3,
    }
}

fn of_rank(rank: i64) -> Result<Priority> {
    match rank {
        0 => Ok(Priority::Low),
        1 => Ok(Priority::Normal),
        2 => Ok(Priority::High),
        3 => Ok(Priority::Urgent),
        other => Err(corrupt("a ticket's priority", format!("{other} is none"))),
    }
}
