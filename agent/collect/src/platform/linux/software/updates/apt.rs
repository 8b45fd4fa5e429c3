//! What waits on Debian's family: what is installed against what the sources have, by apt's rules for which
//! version it would take.

use std::collections::HashMap;

use befund_model::Timestamp;
use befund_model::section::maintenance::PendingUpdate;
use befund_model::section::software::Package;

use crate::collector::{Context, Gap};
use crate::platform::linux::files;

use super::indexes::{Index, Packing, field};
use super::pins::Pins;
use super::{asked, version};

/// The priority of a version that is installed (apt_preferences(5)).
const INSTALLED: i32 = 100;
/// From this priority on apt would go back to an older version.
const DOWNGRADE: i32 = 1_000;

/// When the sources were last asked with success, or at least asked.
pub(crate) fn checked_at(cx: &Context) -> Option<Timestamp> {
    // The first is written after a success only, where update-notifier-common is installed; the second is
    // written into by every attempt. The lists themselves carry the times of the server.
    files::modified(cx, "/var/lib/apt/periodic/update-success-stamp")
        .or_else(|| files::modified(cx, "/var/lib/apt/lists/partial"))
}

/// A version of a package that a list has.
struct Offer {
    version: String,
    priority: i32,
    security: bool,
}

/// What waits, unsorted.
pub(crate) fn pending(
    cx: &Context,
    installed: &[Package],
    indexes: &[Index],
) -> Vec<PendingUpdate> {
    if indexes.iter().any(|index| index.packing == Packing::Other) {
        return if cx.root.is_live() {
            asked::apt(cx)
        } else {
            cx.gap(Gap::unsupported(
                "the lists of packages are compressed, and only apt can read those",
            ));
            Vec::new()
        };
    }
    let pins = Pins::read(cx);
    let offers = offers(cx, installed, indexes, &pins);
    let mut pending = Vec::new();
    for (package, offers) in installed.iter().zip(offers) {
        if let Some(update) = candidate(package, &offers, &pins) {
            pending.push(update);
        }
    }
    pending
}

/// What the lists have of each installed package.
fn offers(cx: &Context, installed: &[Package], indexes: &[Index], pins: &Pins) -> Vec<Vec<Offer>> {
    let native = installed
        .iter()
        .find(|package| package.name == "dpkg")
        .and_then(|package| package.arch.as_deref())
        .unwrap_or_default();
    // A package for all architectures may become one for this machine's, and the other way round.
    let plain = |arch: &str| arch == native || arch == "all";
    let mut by_name: HashMap<&[u8], Vec<usize>> = HashMap::with_capacity(installed.len());
    for (at, package) in installed.iter().enumerate() {
        by_name.entry(package.name.as_bytes()).or_default().push(at);
    }
    let mut offers: Vec<Vec<Offer>> = installed.iter().map(|_| Vec::new()).collect();
    for index in indexes {
        let general = pins.of_index(index);
        let security = index.release.is_security();
        let read = index.each(
            cx,
            |name| by_name.contains_key(name),
            |paragraph| {
                let text = |name: &[u8]| {
                    field(paragraph, name).and_then(|value| std::str::from_utf8(value).ok())
                };
                let (Some(name), Some(version), Some(arch)) =
                    (text(b"Package"), text(b"Version"), text(b"Architecture"))
                else {
                    return;
                };
                for at in by_name.get(name.as_bytes()).into_iter().flatten() {
                    let have = installed[*at].arch.as_deref().unwrap_or_default();
                    if have != arch && !(plain(have) && plain(arch)) {
                        continue;
                    }
                    let own = if pins.has_own() {
                        pins.of_version(name, version, Some(index))
                    } else {
                        None
                    };
                    offers[*at].push(Offer {
                        version: version.to_owned(),
                        priority: own.unwrap_or(general),
                        security,
                    });
                }
            },
        );
        cx.note(read);
    }
    offers
}

/// The version that apt would install instead of this one, if any.
fn candidate(package: &Package, offers: &[Offer], pins: &Pins) -> Option<PendingUpdate> {
    let newer = |offer: &&Offer| version::compare(&offer.version, &package.version).is_gt();
    if !offers.iter().any(|offer| newer(&offer)) {
        return None;
    }
    // The installed version has the best priority of those lists that have it as well.
    let same = offers.iter().filter(|offer| offer.version == package.version);
    let own = pins.of_version(&package.name, &package.version, None);
    let installed = own.unwrap_or_else(|| {
        same.map(|offer| offer.priority).max().unwrap_or(INSTALLED).max(INSTALLED)
    });
    let best = offers
        .iter()
        .filter(|offer| offer.priority > 0 && (newer(offer) || offer.priority >= DOWNGRADE))
        .max_by(|a, b| {
            a.priority.cmp(&b.priority).then_with(|| version::compare(&a.version, &b.version))
        })?;
    if !newer(&best) || best.priority < installed {
        return None;
    }
    Some(PendingUpdate {
        name: package.name.clone(),
        version: Some(best.version.clone()),
        installed: Some(package.version.clone()),
        security: offers.iter().any(|offer| {
            let taken = version::compare(&offer.version, &best.version).is_le();
            offer.security && newer(&offer) && taken
        }),
    })
}

#[cfg(test)]
#[path = "apt/tests.rs"]
mod tests;
