//! Who may have what done on a machine: catalogues of runbooks, the trust root, approvals, and the order in
//! which all of that is checked. Pure: bytes, keys and times arrive as parameters, and nothing is kept here.
//!
//! - `signature`: SSHSIG, as `ssh-keygen -Y sign` makes it.
//! - `root`: keys, people, roles and thresholds; how one root follows another.
//! - `catalogue`: the manifest of a folder of runbooks and scripts.
//! - `approval`: what a technician signs before a machine changes anything.
//! - `floor`: what a machine remembers, so that nothing older is taken: versions, times, numbers used.
