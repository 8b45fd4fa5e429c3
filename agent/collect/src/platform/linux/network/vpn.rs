//! VPN tunnels.

use befund_model::section::reach::Vpn;

use crate::collector::{Context, Gap};

/// Section `network.vpn`.
pub(crate) fn vpn(_cx: &Context) -> Result<Vpn, Gap> {
    Err(Gap::unsupported("not read yet"))
}
