//! Signed runbooks through the executor's door: the real children, a key made here, and a machine that is a folder.

mod approving;
mod bench;
mod book;
#[path = "../shared/organisation.rs"]
mod organisation;
mod person;
mod stopping;
mod undoing;
mod whole;
