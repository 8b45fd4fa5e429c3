//! Addresses that DHCP servers gave.

use befund_model::section::reach::Leases;

use crate::collector::{Context, Gap};

/// Section `network.leases`.
pub(crate) fn leases(_cx: &Context) -> Result<Leases, Gap> {
    Err(Gap::unsupported("not read yet"))
}
