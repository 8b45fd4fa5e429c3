//! Stories at the executor's door: a real socket, a real executor, real children.

mod activation;
mod common;
mod guard;
mod jobs;
mod kill;
mod machine;
mod network;
mod path;
mod remote;
mod rights;
mod spare;
