//! Encryption of what is mounted or swapped to, and of volumes that are locked: the layers of devices
//! under `/sys/block`, headers where they can be read, file systems that encrypt by themselves.

pub(crate) mod header;
mod layers;
mod zfs;

use std::collections::BTreeMap;

use befund_model::section::security::{Encryption, Volume};

use crate::collector::{Context, Gap};

use super::filesystems;
use header::Header;
use layers::{Layer, Layers};

/// Section `encryption`.
pub(crate) fn encryption(cx: &Context) -> Result<Encryption, Gap> {
    let layers = Layers::read(cx)?;
    let mut volumes: BTreeMap<String, Volume> = BTreeMap::new();
    let mut datasets = Vec::new();
    for mount in filesystems::mounted(cx)? {
        if filesystems::is_kernels_own(&mount) {
            continue;
        }
        if let Some(volume) = stacked(&mount.kind, &mount.source, &mount.options) {
            keep(&mut volumes, Volume { mount_point: Some(mount.mount_point), ..volume });
        } else if mount.kind == "zfs" {
            datasets.push((mount.source, mount.mount_point));
        } else if let Some(device) = layers.device(cx, &mount.source) {
            for volume in of_device(cx, &layers, &device, mount.mount_point == "/") {
                keep(
                    &mut volumes,
                    Volume { mount_point: Some(mount.mount_point.clone()), ..volume },
                );
            }
        }
    }
    if !datasets.is_empty() {
        for volume in zfs::volumes(cx, datasets) {
            keep(&mut volumes, volume);
        }
    }
    let swaps = cx.note(cx.root.text("/proc/swaps")).unwrap_or_default();
    for name in swaps.lines().skip(1).filter_map(|line| line.split_ascii_whitespace().next()) {
        // Files are on file systems, which are told already; compressed memory is no device.
        let device = layers.device(cx, name).filter(|device| !device.starts_with("zram"));
        for volume in device.iter().flat_map(|device| of_device(cx, &layers, device, false)) {
            keep(&mut volumes, volume);
        }
    }
    for (name, kind) in layers.locked(cx, &volumes) {
        let asleep = layers.rotates(&name);
        let cipher = luks_header(cx, &name, &kind, asleep).and_then(|header| header.cipher);
        let state = Some("locked".to_owned());
        keep(
            &mut volumes,
            Volume { name, encrypted: true, kind: Some(kind), cipher, state, mount_point: None },
        );
    }
    if volumes.is_empty() {
        return Err(Gap::unsupported("no local volume is mounted, swapped to or locked"));
    }
    Ok(Encryption { volumes: volumes.into_values().collect() })
}

/// Of several places where a volume is mounted, the first counts, in order of their names, so that
/// `/` goes before `/home`.
fn keep(volumes: &mut BTreeMap<String, Volume>, volume: Volume) {
    let Some(known) = volumes.get_mut(&volume.name) else {
        volumes.insert(volume.name.clone(), volume);
        return;
    };
    known.mount_point = match (known.mount_point.take(), volume.mount_point) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
}

/// The encrypted layers beneath a device, each by the name of what it lies on; and what lies beneath
/// beside them unencrypted. If nothing is encrypted, the device itself. What carries the system (`awake`)
/// does not sleep.
fn of_device(cx: &Context, layers: &Layers, device: &str, awake: bool) -> Vec<Volume> {
    let mut found = Vec::new();
    layers.beneath(device, &mut found);
    if found.iter().all(|layer| matches!(layer, Layer::Bare(_))) {
        let name = layers.name(device);
        return vec![Volume { name, ..Volume::default() }];
    }
    let volume = |layer| match layer {
        Layer::Bare(device) => Volume { name: layers.name(&device), ..Volume::default() },
        Layer::Crypt { device, on, kind, suspended } => {
            let header = on.as_deref().and_then(|on| {
                let asleep = !awake && layers.rotates(on);
                luks_header(cx, on, &kind, asleep)
            });
            let busy = header.as_ref().is_some_and(|header| header.reencrypting);
            let state = match (suspended, busy) {
                (true, _) => "suspended",
                (false, true) => "encrypting",
                (false, false) => "unlocked",
            };
            Volume {
                name: on.map_or_else(|| layers.name(&device), |on| layers.name(&on)),
                mount_point: None,
                encrypted: true,
                kind: Some(kind),
                cipher: header.and_then(|header| header.cipher),
                state: Some(state.to_owned()),
            }
        }
    };
    found.into_iter().map(volume).collect()
}

/// How it is encrypted, by its header, which only root may read. A disk that may be `asleep` is not woken
/// for it.
fn luks_header(cx: &Context, device: &str, kind: &str, asleep: bool) -> Option<Header> {
    if !kind.starts_with("luks") || asleep {
        return None;
    }
    let bytes = cx.note(cx.root.head(&format!("/dev/{device}"), header::MAX_BYTES))?;
    let header = header::parse(&bytes);
    if header.is_none() {
        cx.gap(Gap::failed(format!("the header of {device} could not be understood")));
    }
    header
}

/// File systems that encrypt what lies in a folder of another one.
fn stacked(kind: &str, source: &str, options: &[String]) -> Option<Volume> {
    let name = match kind {
        "ecryptfs" | "fuse.gocryptfs" | "fuse.encfs" | "fuse.cryfs" | "fuse.securefs" => kind,
        _ => return None,
    };
    let option =
        |name: &str| options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
    let cipher = option("ecryptfs_cipher").map(|cipher| match option("ecryptfs_key_bytes") {
        Some(bytes) => {
            let bits = bytes.parse::<u32>().ok().and_then(|bytes| bytes.checked_mul(8));
            bits.map_or_else(|| cipher.to_owned(), |bits| format!("{cipher}-{bits}"))
        }
        None => cipher.to_owned(),
    });
    Some(Volume {
        name: source.to_owned(),
        mount_point: None,
        encrypted: true,
        kind: Some(name.trim_start_matches("fuse.").to_owned()),
        cipher,
        state: Some("unlocked".to_owned()),
    })
}
