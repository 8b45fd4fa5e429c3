//! Checks: rules over the facts of a snapshot, kept as data (`checks/*.toml`, and a site's own).
//!
//! A file is read by [`read()`] into [`Check`]s, or into problems that point at line and column. Their
//! conditions are [`Expression`]s (CEL) over the sections, which [`Facts`] holds as the expressions see
//! them. [`judge()`] puts the two together: pass, warn, fail, or unknown with its reason. Pure: no I/O,
//! no clock; the snapshot's own time is *now*.
//!
//! A section's name in an expression has underscores for dots: `filesystems_usage.filesystems`.

mod check;
mod facts;
mod file;
mod judge;
mod shipped;

pub use befund_expression::{Expression, ExpressionError, Patterns};
pub use check::{Check, Shown};
pub use facts::{Facts, name_of};
pub use file::{Problem, read};
pub use judge::judge;
pub use shipped::{SHIPPED, shipped};
