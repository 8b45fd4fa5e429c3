//! The controller: takes in what agents report, keeps it, shows it to technicians, and hands their
//! orders to machines.

pub mod bus;
pub mod ca;
pub mod config;
pub mod gate;
pub mod password;
pub mod platform;
pub mod serve;
pub mod state;
pub mod store;
