//! Stories of programs that do not behave: each ends within its limits, by whatever this machine has to hold
//! them, and nothing of it is left.

mod behaves;
mod common;
mod misbehaves;
