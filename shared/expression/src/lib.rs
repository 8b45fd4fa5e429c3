//! Expressions in CEL, with the guards that CEL lacks: what may be named is said by whoever reads one, depth
//! is capped, and what would take too long is refused before it runs. Checks and runbooks share it.
//!
//! - [`Expression`]: a text, read once. [`Names`] says what it may name.
//! - [`Scope`]: the facts that it is evaluated over.
//! - [`evaluate()`]: several texts over facts in JSON, as a runbook needs it.
//! - [`Shape`]: what facts can look like, so that a wrong member is found before anything runs.
//!
//! Deliberately without any I/O or clock, and without a limit of time: an evaluation in the same process
//! cannot be stopped, so that whoever evaluates what others wrote does it in a child that can be killed.
//!
//! # `||` and `&&`
//!
//! CEL lets either side of `||` and `&&` absorb the other's error, so that `web.result != 'open' || true` is
//! true although nothing is known of `web`. That is sound as logic and wrong as diagnosis: a mistyped or
//! missing fact would pass as an answer. [`evaluate()`] is stricter. An expression is unknown if anything that
//! it names is missing, whatever the rest says; and both operators go from left to right, where an
//! error on the left is the result: `has(a.b) && a.b > 3` may ask for `a.b`, `a.b > 3 || true` may not. In
//! `exists` and `all`, one element that decides is enough, in whatever order they come.

mod evaluate;
mod expression;
mod functions;
mod names;
mod scope;
mod shape;

pub use evaluate::evaluate;
pub use expression::{Expression, ExpressionError};
pub use functions::Patterns;
pub use names::{NOW, Names, near};
pub use scope::Scope;
pub use shape::{Member, NoShape, Shape};
