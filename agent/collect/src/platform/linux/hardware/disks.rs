//! Disks and software RAID: `/sys/block` and `/proc/mdstat`.

use befund_model::section::storage::{Array, Disk, Disks, Member, Partition};

use crate::collector::{Context, Gap};

use super::dmi::said;

/// Section `disks`.
pub(crate) fn disks(cx: &Context) -> Result<Disks, Gap> {
    let names = cx.root.list("/sys/block")?;
    let disks = names.into_iter().filter(|name| is_disk(name)).map(|name| disk(cx, name)).collect();
    let mut arrays =
        cx.note(cx.root.text("/proc/mdstat")).map(|text| arrays(&text)).unwrap_or_default();
    arrays.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Disks { disks, arrays })
}

/// Whether the block device of this name is a disk.
pub(super) fn is_disk(name: &str) -> bool {
    // Memory, files, mapped devices and arrays are no disks.
    const VIRTUAL: &[&str] = &["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "drbd"];
    // The second path to a device that an NVMe controller shares.
    let path = name.starts_with("nvme") && name.contains('c');
    !path && !VIRTUAL.iter().any(|kind| name.starts_with(kind))
}

fn disk(cx: &Context, name: String) -> Disk {
    let line =
        |file: &str| cx.line(&format!("/sys/block/{name}/{file}")).and_then(|value| said(&value));
    let flag = |file: &str| {
        cx.root.number(&format!("/sys/block/{name}/{file}")).ok().flatten().map(|flag| flag == 1)
    };
    let removable = flag("removable");
    let transport = transport(cx, &name);
    let media = flag("queue/rotational").map(|rotates| if rotates { "hdd" } else { "ssd" });
    // What a hypervisor gives has no media to speak of, and USB bridges claim to rotate.
    let media = media.filter(|_| !matches!(transport, Some("virtio" | "xen" | "usb")));
    Disk {
        size_bytes: sectors(cx, &format!("/sys/block/{name}/size")),
        vendor: line("device/vendor").filter(|vendor| vendor != "ATA" && !vendor.starts_with("0x")),
        model: line("device/model").or_else(|| line("device/name")),
        serial: line("serial")
            .or_else(|| line("device/serial"))
            .or_else(|| vital_serial(cx, &name)),
        firmware: line("device/firmware_rev").or_else(|| line("device/rev")),
        media: media.map(str::to_owned),
        transport: transport.map(str::to_owned),
        removable,
        read_only: flag("ro"),
        partitions: partitions(cx, &name),
        name,
    }
}

fn partitions(cx: &Context, disk: &str) -> Vec<Partition> {
    let folder = format!("/sys/block/{disk}");
    let names = cx.note(cx.root.list(&folder)).unwrap_or_default();
    let mut partitions: Vec<(u64, Partition)> = names
        .into_iter()
        .filter(|name| name.starts_with(disk))
        .filter_map(|name| {
            let number = cx.root.number(&format!("{folder}/{name}/partition")).ok()??;
            Some((
                number,
                Partition { size_bytes: sectors(cx, &format!("{folder}/{name}/size")), name },
            ))
        })
        .collect();
    partitions.sort_by_key(|(number, _)| *number);
    partitions.into_iter().map(|(_, partition)| partition).collect()
}

/// The kernel counts in sectors of 512 bytes, whatever the disk does.
fn sectors(cx: &Context, path: &str) -> Option<u64> {
    cx.note(cx.root.number(path)).flatten()?.checked_mul(512)
}

/// By the disk's place among the devices.
pub(super) fn transport(cx: &Context, name: &str) -> Option<&'static str> {
    if name.starts_with("nvme") {
        return Some("nvme");
    }
    if name.starts_with("mmcblk") {
        return Some("mmc");
    }
    if name.starts_with("xvd") {
        return Some("xen");
    }
    let link = cx.root.link(&format!("/sys/block/{name}")).ok()?;
    let place = link.to_str()?;
    if place.contains("/usb") {
        Some("usb")
    } else if place.contains("/ata") {
        Some("sata")
    } else if place.contains("/virtio") {
        Some("virtio")
    } else if place.contains("/target") {
        Some("scsi")
    } else {
        None
    }
}

/// The serial number in the vital product data (SPC-4, page 80h): behind four bytes of header.
fn vital_serial(cx: &Context, name: &str) -> Option<String> {
    let page = cx.root.read(&format!("/sys/block/{name}/device/vpd_pg80")).ok()?;
    let length = usize::from(u16::from_be_bytes([*page.get(2)?, *page.get(3)?]));
    said(&String::from_utf8_lossy(page.get(4..4 + length)?))
}

/// Reads `/proc/mdstat`:
///
/// ```text
/// md0 : active raid1 sdb1[1] sda1[0](F)
///       976630464 blocks super 1.2 [2/1] [_U]
///       [==>..........]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec
/// ```
pub(crate) fn arrays(text: &str) -> Vec<Array> {
    let mut arrays: Vec<Array> = Vec::new();
    for line in text.lines() {
        if let Some((name, rest)) = line.split_once(" : ")
            && !line.starts_with([' ', '\t', 'P'])
        {
            arrays.push(array(name.trim(), rest));
            continue;
        }
        let Some(array) = arrays.last_mut() else { continue };
        for word in line.split_ascii_whitespace() {
            let counts =
                word.strip_prefix('[').and_then(|word| word.strip_suffix(']')?.split_once('/'));
            if let Some((wanted, working)) = counts {
                array.wanted = wanted.parse().ok().or(array.wanted);
                array.working = working.parse().ok().or(array.working);
            }
            if matches!(
                word.trim_end_matches('='),
                "recovery" | "resync" | "reshape" | "check" | "repair"
            ) {
                array.activity = Some(word.trim_end_matches('=').to_owned());
            }
            for waiting in ["PENDING", "DELAYED"] {
                if let Some(activity) =
                    word.strip_suffix(waiting).and_then(|word| word.strip_suffix('='))
                {
                    array.activity = Some(format!("{activity} {}", waiting.to_lowercase()));
                }
            }
        }
    }
    arrays
}

fn array(name: &str, rest: &str) -> Array {
    let mut array = Array { name: name.to_owned(), ..Array::default() };
    for word in rest.split_ascii_whitespace() {
        if let Some((device, role)) = word.split_once('[') {
            let role = match role.split_once(']').map(|(_, role)| role) {
                Some("(F)") => "failed",
                Some("(S)") => "spare",
                _ => "in sync",
            };
            array.members.push(Member { name: device.to_owned(), role: role.to_owned() });
        } else if matches!(word, "active" | "inactive") {
            word.clone_into(&mut array.state);
        } else if matches!(word, "(read-only)" | "(auto-read-only)") {
            "read-only".clone_into(&mut array.state);
        } else if array.level.is_none()
            && (word.starts_with("raid") || matches!(word, "linear" | "multipath" | "faulty"))
        {
            array.level = Some(word.to_owned());
        }
    }
    array.members.sort_by(|a, b| a.name.cmp(&b.name));
    array
}
