//! The domain of Befund: what a machine, a snapshot, a job and a ticket *are*.
//!
//! Pure values and pure functions. Deliberately without tokio, protobuf, SQL or any I/O: time and
//! randomness arrive as parameters, so that every rule here can be tested by itself.

pub mod action;
pub mod api;
pub mod audit;
pub mod diff;
pub mod finding;
pub mod id;
pub mod job;
pub mod language;
pub mod machine;
pub mod operator;
pub mod probe;
pub mod redaction;
pub mod runbook;
pub mod said;
pub mod section;
pub mod snapshot;
pub mod ticket;
pub mod token;

pub use jiff::Timestamp;
