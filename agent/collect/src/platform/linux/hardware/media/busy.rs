//! Who has sound and cameras open: `/proc/asound/card*/pcm*/sub*/status`, and the links in
//! `/proc/<pid>/fd`, which root alone may read of everybody's processes.

use std::collections::BTreeSet;

use befund_model::section::devices::MediaUse;

use crate::collector::{Context, Gap};
use crate::platform::linux::software::processes;

use super::alsa::Card;

/// Devices with the programs that have them open, sorted.
pub(super) fn uses(cx: &Context, cards: &[Card], cameras: bool) -> Vec<MediaUse> {
    let mut uses = BTreeSet::new();
    for card in cards {
        sound(cx, card, &mut uses);
    }
    if cameras {
        watched(cx, &mut uses);
    }
    uses.into_iter().map(|(device, program)| MediaUse { device, program }).collect()
}

/// Ends of a card that run; `pcm0c` is an input, `pcm0p` an output.
fn sound(cx: &Context, card: &Card, uses: &mut BTreeSet<(String, String)>) {
    let place = format!("/proc/asound/card{}", card.number);
    let files = cx.root.list(&place).unwrap_or_default();
    for end in files.iter().filter(|name| name.starts_with("pcm")) {
        let parts = cx.root.list(&format!("{place}/{end}")).unwrap_or_default();
        for part in parts.iter().filter(|name| name.starts_with("sub")) {
            let Ok(status) = cx.root.text(&format!("{place}/{end}/{part}/status")) else {
                continue;
            };
            if let Some(owner) = owner(&status) {
                let program = name(cx, owner).unwrap_or_else(|| owner.to_string());
                uses.insert((format!("card{} {end}", card.number), program));
            }
        }
    }
}

/// `owner_pid   : 2345`, unless it is closed or only set up.
pub(crate) fn owner(status: &str) -> Option<u32> {
    let value = |key: &str| {
        status.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            (known.trim() == key).then(|| value.trim())
        })
    };
    matches!(value("state")?, "RUNNING" | "DRAINING" | "PAUSED").then_some(())?;
    value("owner_pid")?.parse().ok()
}

fn watched(cx: &Context, uses: &mut BTreeSet<(String, String)>) {
    let mut denied = false;
    for pid in processes::pids(cx).unwrap_or_default() {
        let folder = format!("/proc/{pid}/fd");
        let files = match cx.root.list(&folder) {
            Ok(files) => files,
            Err(unread) => {
                denied |= unread.source.kind() == std::io::ErrorKind::PermissionDenied;
                continue;
            }
        };
        for file in files {
            let Ok(target) = cx.root.link(&format!("{folder}/{file}")) else { continue };
            let device = target.to_str().and_then(|target| target.strip_prefix("/dev/"));
            let Some(device) = device.filter(|device| device.starts_with("video")) else {
                continue;
            };
            let program = name(cx, pid).unwrap_or_else(|| pid.to_string());
            uses.insert((device.to_owned(), program));
        }
    }
    if denied {
        cx.gap(Gap::denied(
            "which camera other people's programs have open may not be seen by this account",
        ));
    }
}

fn name(cx: &Context, pid: u32) -> Option<String> {
    cx.root.line(&format!("/proc/{pid}/comm")).ok().flatten()
}
