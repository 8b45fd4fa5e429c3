//! What the firewall lets through.

use befund_model::section::reach::Firewall;

use crate::collector::{Context, Gap};

/// Section `network.firewall`.
pub(crate) fn firewall(_cx: &Context) -> Result<Firewall, Gap> {
    Err(Gap::unsupported("not read yet"))
}
