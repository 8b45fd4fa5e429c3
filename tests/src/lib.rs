//! What the stories are told with: real processes with folders and ports of their own, that end with
//! the test.

pub mod adversary;
pub mod agent;
pub mod browsing;
pub mod catalogue;
pub mod controller;
pub mod laboratory;
pub mod noting;
pub mod operator;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod small_disk;
pub mod systemd;
pub mod tamper;
pub mod windows;

pub use agent::TestAgent;
pub use befund_browser as browser;
pub use catalogue::{Books, TestSigners};
pub use controller::TestController;
pub use noting::NotingMachine;
pub use operator::TestOperator;
pub use small_disk::SmallDisk;
