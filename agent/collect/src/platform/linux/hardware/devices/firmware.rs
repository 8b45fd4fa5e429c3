//! Whom the kernel could not give its firmware, by the kernel's messages: `/dev/kmsg` on the running
//! system, `/var/log/dmesg` or `/var/log/kern.log` in a recorded tree.
//!
//! A message alone says little, since drivers ask for several files and are content with one; the
//! collectors ask only for devices that do not work.

use std::collections::BTreeSet;

use crate::collector::Context;
use crate::platform::linux::trouble::kernel;

/// How much of a log is looked through, from its end.
const TAIL_BYTES: u64 = 512 << 10;

/// The devices for which firmware was asked and not found, by their addresses.
pub(crate) fn complaints(cx: &Context) -> BTreeSet<String> {
    let mut devices = BTreeSet::new();
    if cx.root.is_live() {
        // Without leave to read them, a device without a driver is told as just that.
        let messages = kernel::messages(cx, |message| complaint(&message.text).is_some());
        devices.extend(messages.unwrap_or_default().iter().filter_map(|one| complaint(&one.text)));
        return devices;
    }
    for path in ["/var/log/dmesg", "/var/log/kern.log"] {
        if let Ok(bytes) = cx.root.tail(path, TAIL_BYTES) {
            devices.extend(String::from_utf8_lossy(&bytes).lines().filter_map(complaint));
        }
    }
    devices
}

/// `iwlwifi 0000:00:14.3: Direct firmware load for iwlwifi-ty-a0-gf-a0-59.ucode failed with error -2`
/// (drivers/base/firmware_loader/main.c), with a log's own words in front or not; Debian's kernels
/// say `firmware: failed to load iwlwifi-ty-a0-gf-a0-59.ucode (-2)`.
pub(crate) fn complaint(line: &str) -> Option<String> {
    const WORDS: &[&str] = &[
        ": Direct firmware load for ",
        ": firmware: failed to load ",
        ": Failed to load firmware",
        ": no suitable firmware found",
    ];
    let end = WORDS.iter().find_map(|words| line.find(words))?;
    let device = line[..end].rsplit(' ').next()?;
    // `0000:00:14.3`, `1-10:1.0`, `1-10`.
    let address = device.starts_with(|first: char| first.is_ascii_hexdigit())
        && device.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.-".contains(&byte))
        && device.contains([':', '-']);
    address.then(|| device.to_owned())
}
