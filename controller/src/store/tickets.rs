//! Tickets: the one door through which people change them, and how they are listed.

use befund_model::Timestamp;
use befund_model::api::{Page, TicketQuery};
use befund_model::audit::By;
use befund_model::id::{AgentId, RequestId, TicketNumber};
use befund_model::ticket::{Ticket, TicketChange, TicketEvent, TicketStatus, TimelineEntry};
use serde_json::json;

use super::agents::{contains, folded, page};
use super::open::Store;
use super::repository::{OpenTicket, Result, StoreError, Tickets};
use super::sql::{Value, args};
use super::timeline::{COLUMNS, insert, locked, numbers, rank, read, read_event, tell};
use super::write::write;
use super::{audit, effects};

impl Tickets for Store {
    async fn open(&self, ticket: OpenTicket, by: &By, at: Timestamp) -> Result<Ticket> {
        write!(self, "open a ticket", |session| {
            let opened = Ticket {
                number: TicketNumber(numbers(self, session, 1).await?),
                version: 1,
                subject: ticket.subject.clone(),
                requester: ticket.requester.clone(),
                machine: ticket.machine,
                status: TicketStatus::New,
                priority: ticket.priority,
                level: ticket.level,
                assignee: None,
                solution: None,
                opened_at: at,
                updated_at: at,
                request: None,
            };
            insert(session, std::slice::from_ref(&opened), by.actor.name()).await?;
            let event = TicketEvent::Opened { message: ticket.message.clone() };
            tell(session, opened.number, &event, by.actor.name(), at).await?;
            let detail = json!({
                "requester": opened.requester, "machine": opened.machine,
                "priority": opened.priority, "level": opened.level,
            });
            let object = format!("ticket:{}", opened.number);
            audit::entry(session, "ticket.open", &object, &detail, by, at).await?;
            opened
        })
    }

    async fn change(
        &self,
        number: TicketNumber,
        version: Option<i64>,
        change: &TicketChange,
        by: &By,
        at: Timestamp,
    ) -> Result<Ticket> {
        write!(self, "change a ticket", |session| {
            let (ticket, changed_by) = locked(session, number).await?;
            if version.is_some_and(|version| version != ticket.version) {
                return Err(StoreError::Conflict { number, by: changed_by });
            }
            let (mut next, event) = ticket.apply(change)?;
            next.version += 1;
            next.updated_at = at;
            session
                .execute(
                    "UPDATE tickets SET version = $2, changed_by = $3, status = $4, priority = $5, \
                     level = $6, assignee = $7, solution = $8, updated_at = $9 WHERE number = $1",
                    args![
                        number,
                        next.version,
                        by.actor.name(),
                        next.status.as_str(),
                        rank(next.priority),
                        next.level.as_str(),
                        next.assignee.as_deref(),
                        next.solution.as_deref(),
                        at
                    ],
                )
                .await?;
            tell(session, number, &event, by.actor.name(), at).await?;
            if matches!(event, TicketEvent::Reopened { .. }) {
                effects::came_back(session, number).await?;
            }
            let object = format!("ticket:{number}");
            audit::entry(session, change.action(), &object, &detail_of(change), by, at).await?;
            next
        })
    }

    async fn tell(
        &self,
        number: TicketNumber,
        event: &TicketEvent,
        by: &By,
        at: Timestamp,
    ) -> Result<TimelineEntry> {
        write!(self, "write onto a ticket's timeline", |session| {
            locked(session, number).await?;
            let entry = tell(session, number, event, by.actor.name(), at).await?;
            let detail = json!({ "place": entry.seq });
            let object = format!("ticket:{number}");
            audit::entry(session, "ticket.tell", &object, &detail, by, at).await?;
            entry
        })
    }

    async fn ticket(&self, number: TicketNumber) -> Result<Option<Ticket>> {
        self.read("look up a ticket")
            .await?
            .row(format!("SELECT {COLUMNS} FROM tickets WHERE number = $1"), args![number])
            .await?
            .map(|row| read(&row))
            .transpose()
    }

    async fn ticket_of_request(
        &self,
        agent: AgentId,
        request: RequestId,
    ) -> Result<Option<TicketNumber>> {
        self.read("look up a request's ticket")
            .await?
            .row(
                "SELECT number FROM tickets WHERE machine = $1 AND request = $2",
                args![agent, request],
            )
            .await?
            .map(|row| row.int(0).map(TicketNumber))
            .transpose()
    }

    async fn tickets(&self, query: &TicketQuery) -> Result<Page<Ticket>> {
        let limit = query.limit.unwrap_or(50).clamp(1, 500);
        let mut filter = Filter::default();
        if let Some(status) = query.status {
            filter.and("status = $", status.as_str());
        } else if !query.all {
            filter.and("status <> $", TicketStatus::Closed.as_str());
        }
        if let Some(priority) = query.priority {
            filter.and("priority = $", rank(priority));
        }
        if let Some(level) = query.level {
            filter.and("level = $", level.as_str());
        }
        if let Some(assignee) = &query.assignee {
            filter.and("assignee = $", assignee);
        }
        if let Some(priority) = query.priority {
            filter.and("priority = $", rank(priority));
        }
        if let Some(level) = query.level {
            filter.and("level = $", level.as_str());
        }
        if let Some(machine) = query.machine {
            filter.and("machine = $", machine);
        }
        if let Some(requester) = &query.requester {
            filter.and("requester = $", requester);
        }
        if let Some(q) = &query.q {
            filter.and("folded LIKE $ ESCAPE '!'", contains(&folded(q)));
        }
        let after = query.after.as_deref().and_then(|after| after.split_once('-'));
        if let Some((Ok(priority), Ok(number))) =
            after.map(|(priority, number)| (priority.parse::<i64>(), number.parse::<i64>()))
        {
            // Row by row in the order below: less urgent, or as urgent and younger.
            filter.after(priority, number);
        }
        let (text, mut values) = (filter.text, filter.values);
        values.push(Value::from(limit + 1));
        let rows = self
            .read("list tickets")
            .await?
            .rows(
                format!(
                    "SELECT {COLUMNS} FROM tickets WHERE 1 = 1{text} \
                     ORDER BY priority DESC, number LIMIT ${}",
                    values.len()
                ),
                values,
            )
            .await?;
        page(rows, limit, read, |row| Ok(format!("{}-{}", row.int(6)?, row.int(0)?)))
    }

    async fn timeline(
        &self,
        number: TicketNumber,
        after: i64,
        limit: u32,
    ) -> Result<Vec<TimelineEntry>> {
        self.read("read a ticket's timeline")
            .await?
            .rows(
                "SELECT seq, ticket, at, by_name, event FROM ticket_events \
                 WHERE ticket = $1 AND seq > $2 ORDER BY seq LIMIT $3",
                args![number, after, limit],
            )
            .await?
            .iter()
            .map(read_event)
            .collect()
    }
}

/// The conditions of a list, as they come together.
#[derive(Default)]
struct Filter {
    text: String,
    values: Vec<Value>,
}

impl Filter {
    /// Adds a condition; each `$` in it stands for this one value.
    fn and(&mut self, condition: &'static str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.text.push_str(" AND ");
        self.text.push_str(&condition.replace('$', &format!("${}", self.values.len())));
    }

    /// Goes on behind this row.
    fn after(&mut self, priority: i64, number: i64) {
        self.and("priority <= $", priority);
        let place = self.values.len();
        self.values.push(Value::from(number));
        self.text
            .push_str(&format!(" AND (priority < ${place} OR number > ${})", self.values.len()));
    }
}

/// A change as the audit record keeps it: the arguments, but of free texts only their length, since
/// those stand on the timeline and may have to be erased there.
fn detail_of(change: &TicketChange) -> serde_json::Value {
    match change {
        TicketChange::Comment(text) => json!({ "characters": text.chars().count() }),
        TicketChange::Close { solution } => json!({ "characters": solution.chars().count() }),
        TicketChange::Reopen { reason } => json!({ "characters": reason.chars().count() }),
        TicketChange::Assign(to) => json!({ "to": to }),
        TicketChange::Priority(to) => json!({ "to": to }),
        TicketChange::Level(to) => json!({ "to": to }),
        TicketChange::Status(to) => json!({ "to": to }),
    }
}
