//! The firewalls: that of applications, and the packet filter.

use befund_model::section::reach::Firewall;

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::ask;
use crate::platform::macos::decode::firewall as decode;

const PROGRAM: &str = "/usr/libexec/ApplicationFirewall/socketfilterfw";

/// Section `network.firewall`.
pub(super) fn firewall(cx: &Context) -> Result<Firewall, Gap> {
    let state = ask(PROGRAM, &["--getglobalstate"]).text(cx)?;
    let block = cx.note(ask(PROGRAM, &["--getblockall"]).text(cx));
    let apps = cx.note(ask(PROGRAM, &["--listapps"]).text(cx));
    // Only for administrators; nobody else is told, and it is rarely used.
    let filter = ask("/sbin/pfctl", &["-s", "info"]).text(cx).ok();
    let told = decode::firewall(Some(&state), block.as_deref(), apps.as_deref(), filter.as_deref());
    if told.active.is_none() {
        cx.gap(Gap::failed("what socketfilterfw told could not be understood"));
    }
    Ok(told)
}
