//! The controller: takes in what agents report, keeps it, shows it to technicians, and hands their
//! orders to machines.

pub mod api;
pub mod backup;
pub mod bus;
pub mod ca;
pub mod changes;
pub mod config;
pub mod console;
pub mod enrollment;
pub mod findings;
pub mod gate;
pub mod hold;
pub mod jobs;
pub mod machines;
pub mod password;
pub mod platform;
pub mod runbooks;
pub mod serve;
pub mod snapshots;
pub mod state;
pub mod store;
pub mod tickets;
