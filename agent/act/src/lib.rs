//! What Befund can change on a machine: actions and scripts, each with its prediction, its undoing and its
//! post-condition. Run in a short-lived child of the executor (`befund-agent act`), which decides whether
//! anything is run at all; nothing here does.
//!
//! An [`ActOrder`] goes in; lines of output come out live, then one answer ([`Told`]). [`child::run`] is that
//! over a pair of pipes, [`act`] within a process.
//!
//! `platform/linux`, `platform/windows`, `platform/macos`: how each action is done there. What a system
//! cannot do is `unsupported` with its reason.

pub mod child;
mod context;
mod engine;
mod hosts;
mod order;
mod parameters;
mod platform;
mod script;
mod sntp;
mod surroundings;
mod told;
mod trouble;

pub use engine::act;
pub use order::{ActOrder, Interpreter, Machine, Purpose, Script, SessionUser, Work};
pub use platform::Root;
pub use surroundings::{Programs, Surroundings, SystemClock, WallClock};
pub use told::Told;
