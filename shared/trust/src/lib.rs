//! Who may have what done on a machine: catalogues of runbooks, the trust root, approvals, and the order in
//! which all of that is checked. Pure: bytes, keys and times arrive as parameters, and nothing is kept here.
//!
//! - [`key`]: public keys of SSH, and whether one of them signed something.
//! - [`signature`]: SSHSIG, as `ssh-keygen -Y sign` makes it.
//! - [`signing`]: signing with a key in memory.
//! - [`allowed`]: `allowed_signers` files.
//! - [`root`]: keys, people, roles and thresholds; how one root follows another.
//! - [`catalogue`]: the manifest of a folder of runbooks and scripts.
//! - [`approval`]: what a technician signs before a machine changes anything.
//! - [`floor`]: what a machine remembers, so that nothing older is taken: versions, times, numbers used.
//!
//! Every check fails closed and in a fixed order: size; signatures, distinct keys, distinct people; what the
//! bytes say; versions; time. What follows after it (agent, inputs, policy, consent) is the executor's.

pub mod allowed;
pub mod approval;
pub mod catalogue;
pub mod digest;
pub mod floor;
pub mod json;
pub mod key;
pub mod root;
pub mod signature;
pub mod signing;

mod plain;
mod verified;
mod wire;
