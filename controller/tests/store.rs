//! The store's contract: every case runs on SQLite and on PostgreSQL.

#[path = "store/bed.rs"]
mod bed;
#[path = "store/enrollment.rs"]
mod enrollment;
#[path = "store/intake.rs"]
mod intake;
#[path = "store/jobs.rs"]
mod jobs;
#[path = "store/tickets.rs"]
mod tickets;
