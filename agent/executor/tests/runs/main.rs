//! Signed runbooks through the executor's door: the real children, a key made here, and a machine that is a folder.

mod approving;
mod bench;
mod book;
mod person;
mod stopping;
mod undoing;
mod whole;
