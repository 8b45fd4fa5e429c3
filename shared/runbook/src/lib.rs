//! Runbooks: what their authors write, and what running one means.
//!
//! - [`document`]: a runbook as it is once it was read: types that cannot say what may not be done.
//! - [`inputs`]: what the signed schema admits of what is told a run from afar.
//! - [`reader`]: their text, read into that, and everything that is wrong with it at once.
//! - [`lint()`]: whether what was read makes sense. [`load`] does both.
//! - [`machine`]: a run as a state machine. It is told what happened and says what to do next; it measures,
//!   asks and changes nothing itself, and evaluates no expression itself, so that whoever drives it decides
//!   where that is done (the executor: in a child that can be killed).
//! - [`rehearsal`]: a runbook tried on recorded facts, so that its authors see what it would do before it is signed.
//!
//! Deliberately without any I/O, clock or signature: those are the executor's and [`befund_trust`]'s.
//!
//! [`befund_trust`]: ../befund_trust/index.html

mod diagnostic;
pub mod document;
pub mod facts;
pub mod inputs;
mod language;
mod lint;
pub mod machine;
pub mod reader;
pub mod rehearsal;
#[cfg(test)]
mod sample;
mod schema;
mod yaml;

pub use diagnostic::{Diagnostic, Severity, render};
pub use lint::{lint, load};
pub use reader::{Reading, read};
pub use schema::schema;
