//! Stories of programs that do not behave: each ends within its limits, by whatever this machine has to hold
//! them, and nothing of it is left.
#![cfg_attr(not(target_os = "linux"), expect(unused, reason = "they are told on Linux"))]

mod behaves;
mod common;
mod misbehaves;
