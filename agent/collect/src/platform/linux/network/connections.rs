//! Connections and their processes: netlink, `/proc`.

use befund_model::section::reach::Connections;

use crate::collector::{Context, Gap};

/// Section `network.connections`.
pub(crate) fn connections(_cx: &Context) -> Result<Connections, Gap> {
    Err(Gap::unsupported("not read yet"))
}
