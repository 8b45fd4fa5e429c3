//! The store's contract: every case runs on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it must be")]

#[path = "store/backup.rs"]
mod backup;
#[path = "store/bed.rs"]
mod bed;
#[path = "store/enrollment.rs"]
mod enrollment;
#[path = "store/findings.rs"]
mod findings;
#[path = "store/intake.rs"]
mod intake;
#[path = "store/jobs.rs"]
mod jobs;
#[path = "store/opening.rs"]
mod opening;
#[path = "store/own_jobs.rs"]
mod own_jobs;
#[path = "store/runbooks.rs"]
mod runbooks;
#[path = "store/tickets.rs"]
mod tickets;
