//! Routes, and who is next to the machine.

use befund_model::section::network::Routes;
use befund_model::section::reach::Neighbours;

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::ask;
use crate::platform::macos::decode::routes as decode;

/// Section `network.routes`.
pub(super) fn routes(cx: &Context) -> Result<Routes, Gap> {
    let told = ask("/usr/sbin/netstat", &["-rn"]).text(cx)?;
    Ok(Routes { routes: decode::both(&told) })
}

/// Section `network.neighbours`.
pub(super) fn neighbours(cx: &Context) -> Result<Neighbours, Gap> {
    let four = ask("/usr/sbin/arp", &["-an"]).text(cx)?;
    let six = cx.note(ask("/usr/sbin/ndp", &["-an"]).text(cx)).unwrap_or_default();
    let mut neighbours: Vec<_> = four.lines().filter_map(decode::arp).collect();
    neighbours.extend(six.lines().filter_map(decode::ndp));
    neighbours.sort_by(|a, b| (&a.interface, &a.address).cmp(&(&b.interface, &b.address)));
    Ok(Neighbours { neighbours })
}
