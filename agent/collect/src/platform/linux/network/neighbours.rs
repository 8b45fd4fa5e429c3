//! Neighbours in the network: netlink.

use befund_model::section::reach::Neighbours;

use crate::collector::{Context, Gap};

/// Section `network.neighbours`.
pub(crate) fn neighbours(_cx: &Context) -> Result<Neighbours, Gap> {
    Err(Gap::unsupported("not read yet"))
}
