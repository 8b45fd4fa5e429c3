//! Stories at the people's door: a real socket, programs of several accounts, and runs that are scripted.

mod accounts;
mod bounds;
mod common;
mod fixing;
