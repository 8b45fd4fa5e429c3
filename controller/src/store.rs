//! The one door to the database. Its rules:
//!
//! 1. No SQL outside this folder. Callers see the domain's types and the traits of
//!    [`repository`], never a pool, a row or a transaction.
//! 2. Every change takes a [`befund_model::audit::By`] and a time, and commits the change, the
//!    event that tells of it and the audit entry in one transaction.
//! 3. A method is one transaction. What must be atomic together is one method.
//! 4. What was acknowledged is durable: SQLite runs with `synchronous = FULL`.
//! 5. The same text of SQL runs on SQLite and PostgreSQL; one contract suite runs every case on both.
//! 6. Nothing waits for ever: pools and statements have deadlines.

mod adopt;
mod agents;
mod audit;
mod bulk;
pub mod dump;
mod effects;
mod enroll;
mod findings;
pub mod holders;
pub mod ingest;
mod intake;
mod jobs;
pub mod ledger;
mod network;
mod open;
mod operators;
mod packed;
mod progress;
pub mod repository;
mod retain;
mod runbooks;
mod snapshots;
mod sql;
mod tickets;
mod timeline;
mod write;

pub use open::{OpenError, Store, StoreOptions};
