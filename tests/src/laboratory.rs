//! Machines that are broken on purpose, so that the shipped runbooks are tried on what they are for: each a machine of
//! the test's own, on which the agent is installed and has a signed catalogue.

pub mod network;
pub mod system;
