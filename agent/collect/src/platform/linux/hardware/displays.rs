//! Graphics adapters and monitors: `/sys/class/drm`, and the display controllers on PCI that it does
//! not know.

use std::collections::BTreeSet;

use befund_model::section::devices::{Displays, GraphicsAdapter, Monitor};

use crate::collector::{Context, Gap};
use crate::platform::edid;

use super::devices::{driver, pci};

const DRM: &str = "/sys/class/drm";
/// The most bytes of a description: 255 blocks beside the first.
const MAX_EDID_BYTES: u64 = 256 * 128;

/// Section `displays`.
pub(crate) fn displays(cx: &Context) -> Result<Displays, Gap> {
    let names = cx.note(cx.root.list(DRM)).unwrap_or_default();
    let (cards, connectors): (Vec<_>, Vec<_>) =
        names.into_iter().filter(|name| name.starts_with("card")).partition(|name| is_card(name));
    let mut found = pci::find(cx).unwrap_or_default();
    found.retain(|device| device.class.is_some_and(|class| class >> 16 == 0x03));
    if cards.is_empty() && found.is_empty() {
        return Err(Gap::unsupported(
            "there is no graphics adapter in /sys/class/drm and none on PCI",
        ));
    }
    let words = pci::named(cx, &found);
    let mut adapters = Vec::new();
    let mut seen = BTreeSet::new();
    let places = cards.iter().map(|card| {
        let address = address(cx, card);
        let place = match &address {
            Some(address) => format!("{}/{address}", pci::DEVICES),
            None => format!("{DRM}/{card}/device"),
        };
        (card.clone(), place, address)
    });
    let unknown = found.iter().map(|device| {
        let address = device.address.clone();
        (address.clone(), format!("{}/{address}", pci::DEVICES), Some(address))
    });
    for (name, place, address) in places.chain(unknown) {
        // A card's PCI device comes again among those on PCI.
        if address.as_ref().is_some_and(|address| !seen.insert(address.clone())) {
            continue;
        }
        let device = address.and_then(|at| found.iter().find(|device| device.address == at));
        let id = device.and_then(|device| device.id);
        let driver = driver(cx, &place);
        let module = driver.as_deref().map(|name| name.replace('-', "_"));
        adapters.push(GraphicsAdapter {
            vendor: id.and_then(|id| words.vendor(id)),
            model: id.and_then(|id| words.model(id)),
            id: id.map(|(vendor, model)| format!("{vendor:04x}:{model:04x}")),
            driver_version: module
                .and_then(|name| cx.root.line(&format!("/sys/module/{name}/version")).ok()?),
            // Told by amdgpu alone.
            memory_bytes: cx
                .root
                .number(&format!("{place}/mem_info_vram_total"))
                .ok()
                .flatten()
                .filter(|bytes| *bytes > 0),
            driver,
            name,
        });
    }
    adapters.sort_by(|a, b| a.name.cmp(&b.name));
    let monitors = connectors.into_iter().filter_map(|name| monitor(cx, name)).collect();
    Ok(Displays { adapters, monitors })
}

/// `card0`, not `card0-HDMI-A-1`.
fn is_card(name: &str) -> bool {
    let number = name.strip_prefix("card").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The card's address on PCI, if it is there.
fn address(cx: &Context, card: &str) -> Option<String> {
    let link = cx.root.link(&format!("{DRM}/{card}/device")).ok()?;
    let name = link.file_name()?.to_str()?;
    cx.root.exists(&format!("{}/{name}", pci::DEVICES)).then(|| name.to_owned())
}

/// What is plugged in at this connector, if anything is.
fn monitor(cx: &Context, name: String) -> Option<Monitor> {
    let place = format!("{DRM}/{name}");
    let status = cx.root.line(&format!("{place}/status")).ok()??;
    let (card, kind) = name.split_once('-')?;
    if !is_card(card) || kind.is_empty() {
        return None;
    }
    if status != "connected" || kind.starts_with("Writeback") {
        return None;
    }
    let mut monitor = Monitor::default();
    match cx.note(cx.root.head(&format!("{place}/edid"), MAX_EDID_BYTES)) {
        Some(bytes) if !bytes.is_empty() => match edid::parse(&bytes) {
            Some(told) => monitor = told,
            None => {
                cx.gap(Gap::failed(format!("what the monitor at {name} says of itself is damaged")))
            }
        },
        // Virtual machines and old cables have none.
        _ => {}
    }
    // What the kernel prefers stands first: it also reads the blocks that are not read here.
    let modes = cx.root.text(&format!("{place}/modes")).unwrap_or_default();
    if let Some((width, height)) = modes.lines().next().and_then(size) {
        (monitor.width_px, monitor.height_px) = (Some(width), Some(height));
    }
    monitor.internal = ["eDP", "LVDS", "DSI"].iter().any(|inside| kind.starts_with(inside));
    monitor.name = name;
    Some(monitor)
}

/// `1920x1080`, or `1920x1080i` for half pictures.
pub(crate) fn size(mode: &str) -> Option<(u32, u32)> {
    let (width, height) = mode.trim().trim_end_matches('i').split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}
