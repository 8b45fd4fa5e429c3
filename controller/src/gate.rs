//! The gate: what agents talk to.

mod dispatch;
mod live;
mod mailbox;

pub use live::Live;
