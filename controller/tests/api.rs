//! The API and the console over a real bound port, on a store of their own.

#[path = "api/bed.rs"]
mod bed;
#[path = "api/changes.rs"]
mod changes;
#[path = "api/hostile.rs"]
mod hostile;
#[path = "api/machines.rs"]
mod machines;
#[path = "api/matrix.rs"]
mod matrix;
#[path = "api/runs.rs"]
mod runs;
#[path = "api/session.rs"]
mod session;
#[path = "api/stage.rs"]
mod stage;
#[path = "api/tickets.rs"]
mod tickets;
