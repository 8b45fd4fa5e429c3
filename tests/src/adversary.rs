//! A controller in an attacker's hands: its CA, its database and everything that goes over the wire are theirs, and where
//! an attack says so the link of the machine as well. The technicians' SSH keys are not. The machines are real: a link of
//! an account of its own, and an executor that is root's. Not the attacks, which are `tests/hostile_controller`.

pub mod attack;
pub mod books;
pub mod ca;
pub mod door;
pub mod gate;
pub mod lanes;
pub mod machine;
pub mod organisation;
pub mod parts;
pub mod run;
pub mod scene;

pub use attack::{Attack, Report};
pub use gate::HostileController;
pub use machine::{Clock, Machine};
pub use scene::Scene;
