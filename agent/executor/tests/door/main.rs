//! Stories at the executor's door: a real socket, a real executor, real children.

mod activation;
mod common;
mod guard;
mod jobs;
mod kill;
mod machine;
mod network;
#[path = "../shared/organisation.rs"]
mod organisation;
mod path;
mod remote;
mod rights;
mod spare;
