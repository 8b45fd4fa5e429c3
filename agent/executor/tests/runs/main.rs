//! Signed runbooks through the executor's door: the real children, a key made here, and a machine that is a folder.

#![cfg(target_os = "linux")]

mod bench;
mod book;
mod approving;
mod person;
mod stopping;
mod undoing;
mod whole;
