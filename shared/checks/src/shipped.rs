//! The checks that come with Befund. Their thresholds are data, from vendors' documents where one says
//! so and sensible defaults otherwise.

use crate::check::Check;
use crate::file;

/// The files: name and text.
pub const SHIPPED: &[(&str, &str)] = &[
    ("accounts.toml", include_str!("../checks/accounts.toml")),
    ("devices.toml", include_str!("../checks/devices.toml")),
    ("hardware.toml", include_str!("../checks/hardware.toml")),
    ("network.toml", include_str!("../checks/network.toml")),
    ("security.toml", include_str!("../checks/security.toml")),
    ("software.toml", include_str!("../checks/software.toml")),
    ("storage.toml", include_str!("../checks/storage.toml")),
    ("system.toml", include_str!("../checks/system.toml")),
];

/// All of them, in their files' order.
///
/// # Panics
/// Never: a test reads them.
#[must_use]
pub fn shipped() -> Vec<Check> {
    let read = |(name, text): &(&str, &str)| {
        file::read(text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"))
    };
    SHIPPED.iter().flat_map(read).collect()
}
