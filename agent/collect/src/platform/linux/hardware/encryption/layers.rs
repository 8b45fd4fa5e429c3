//! Devices that lie on others: `/sys/block/*/slaves`, and what device-mapper says of its own
//! (Documentation/ABI/testing/sysfs-block-dm of the kernel).

use std::collections::BTreeMap;

use befund_model::section::security::Volume;
use befund_model::snapshot::Status;

use crate::collector::{Context, Gap};

use super::header;

/// How deep devices are followed; more than anybody stacks.
const MAX_DEPTH: usize = 16;

/// The block devices, partitions among them.
pub(super) struct Layers(BTreeMap<String, Device>);

#[derive(Default)]
struct Device {
    /// Its name and its kind, if device-mapper made it.
    mapped: Option<Mapped>,
    /// What it lies on.
    on: Vec<String>,
    /// Whether something lies on it.
    used: bool,
    /// Its numbers (`8:1`).
    numbers: Option<String>,
    /// Whether it is, or is on, a disk that rotates, and so may sleep.
    rotates: bool,
}

struct Mapped {
    name: String,
    uuid: String,
    suspended: bool,
}

/// What is found beneath a device.
pub(super) enum Layer {
    /// A device that nothing lies beneath.
    Bare(String),
    /// An encrypted one.
    Crypt {
        /// Itself.
        device: String,
        /// What it lies on.
        on: Option<String>,
        /// By what (`luks2`).
        kind: String,
        /// Whether it is held up, and its key wiped.
        suspended: bool,
    },
}

impl Layers {
    pub(super) fn read(cx: &Context) -> Result<Self, Gap> {
        let mut devices: BTreeMap<String, Device> = BTreeMap::new();
        for name in cx.root.list("/sys/block")? {
            if name.starts_with("ram") {
                continue;
            }
            let place = format!("/sys/block/{name}");
            let line = |file: &str| cx.root.line(&format!("{place}/{file}")).ok().flatten();
            let mapped = line("dm/name").map(|name| Mapped {
                name,
                uuid: line("dm/uuid").unwrap_or_default(),
                suspended: line("dm/suspended").as_deref() == Some("1"),
            });
            let on = cx.root.list(&format!("{place}/slaves")).unwrap_or_default();
            let rotates = line("queue/rotational").as_deref() == Some("1");
            devices.insert(
                name.clone(),
                Device { mapped, on, used: false, numbers: line("dev"), rotates },
            );
            let parts = cx.root.list(&place).unwrap_or_default();
            for part in parts.into_iter().filter(|part| part.starts_with(&name)) {
                let numbers = cx.root.line(&format!("{place}/{part}/dev")).ok().flatten();
                devices.insert(part, Device { numbers, rotates, ..Device::default() });
            }
        }
        let beneath: Vec<String> =
            devices.values().flat_map(|device| device.on.iter().cloned()).collect();
        for name in beneath {
            devices.entry(name).or_default().used = true;
        }
        Ok(Self(devices))
    }

    /// The kernel's name of a device that is called `/dev/sda1` or `/dev/mapper/name`.
    pub(super) fn device(&self, cx: &Context, source: &str) -> Option<String> {
        let name = source.strip_prefix("/dev/")?;
        if let Some(mapped) = name.strip_prefix("mapper/") {
            let of_name =
                |device: &&Device| device.mapped.as_ref().is_some_and(|known| known.name == mapped);
            let found = self.0.iter().find(|(_, device)| of_name(device));
            return found.map(|(name, _)| name.clone());
        }
        // `/dev/disk/by-uuid/…`, `/dev/vg/lv`: links to the device.
        let link = cx.root.link(source).ok();
        let linked = link.as_deref().and_then(|link| link.file_name()?.to_str());
        // The kernel's own device files have `!` where there is a folder.
        let name = linked.map_or_else(|| name.replace('/', "!"), str::to_owned);
        self.0.contains_key(&name).then_some(name)
    }

    /// Whether reading it may start a motor.
    pub(super) fn rotates(&self, device: &str) -> bool {
        self.0.get(device).is_some_and(|device| device.rotates)
    }

    /// What people know a device by: the name that it was given, or the kernel's.
    pub(super) fn name(&self, device: &str) -> String {
        let mapped = self.0.get(device).and_then(|device| device.mapped.as_ref());
        mapped.map_or_else(|| device.to_owned(), |mapped| mapped.name.clone())
    }

    /// What lies beneath a device, itself among it, down to the first encrypted layer.
    pub(super) fn beneath(&self, device: &str, found: &mut Vec<Layer>) {
        self.down(device, found, MAX_DEPTH);
    }

    fn down(&self, name: &str, found: &mut Vec<Layer>, depth: usize) {
        let Some(device) = self.0.get(name).filter(|_| depth > 0) else {
            found.push(Layer::Bare(name.to_owned()));
            return;
        };
        if let Some(mapped) = &device.mapped
            && let Some(kind) = crypt(&mapped.uuid)
        {
            found.push(Layer::Crypt {
                device: name.to_owned(),
                on: self.data(&device.on),
                kind,
                suspended: mapped.suspended,
            });
            return;
        }
        if device.on.is_empty() {
            found.push(Layer::Bare(name.to_owned()));
        }
        for lower in &device.on {
            self.down(lower, found, depth - 1);
        }
    }

    /// Of what an encrypted device lies on, where its data and its header are: through the layer that
    /// adds checksums, if there is one.
    fn data(&self, on: &[String]) -> Option<String> {
        let lower = on.first()?;
        let device = self.0.get(lower)?;
        let checksums =
            device.mapped.as_ref().is_some_and(|mapped| mapped.uuid.starts_with("CRYPT-"));
        if checksums { device.on.first().or(Some(lower)).cloned() } else { Some(lower.clone()) }
    }

    /// Encrypted volumes that nothing lies on, with their kinds: by what udev has found out, or by the
    /// volume's head if udev was not there.
    /// Those that are in use (`known`) are not.
    pub(super) fn locked(
        &self,
        cx: &Context,
        known: &BTreeMap<String, Volume>,
    ) -> Vec<(String, String)> {
        let udev = cx.root.exists("/run/udev/data");
        let mut locked = Vec::new();
        for (name, device) in &self.0 {
            if known.contains_key(&self.name(name)) {
                continue;
            }
            if device.used || device.mapped.as_ref().is_some_and(|of| crypt(&of.uuid).is_some()) {
                continue;
            }
            let kind = if udev {
                device.numbers.as_ref().and_then(|numbers| by_udev(cx, numbers))
            } else {
                by_head(cx, name)
            };
            locked.extend(kind.map(|kind| (name.clone(), kind)));
        }
        locked
    }
}

/// By the number that device-mapper's user gave, of which the first words are its kind
/// (`CRYPT-LUKS2-…`). Checksums and verified images are made by the same program and hide nothing.
fn crypt(uuid: &str) -> Option<String> {
    let kind = uuid.strip_prefix("CRYPT-")?.split('-').next()?;
    Some(match kind {
        "VERITY" | "INTEGRITY" | "SUBDEV" => return None,
        "BITLK" => "bitlocker".to_owned(),
        "FVAULT2" => "filevault".to_owned(),
        "TCRYPT" => "veracrypt".to_owned(),
        "PLAIN" => "plain".to_owned(),
        other => other.to_ascii_lowercase(),
    })
}

/// `E:ID_FS_TYPE=crypto_LUKS` and `E:ID_FS_VERSION=2` in udev's database.
fn by_udev(cx: &Context, numbers: &str) -> Option<String> {
    let text = cx.root.text(&format!("/run/udev/data/b{numbers}")).ok()?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    match value("E:ID_FS_TYPE=")? {
        "crypto_LUKS" => Some(match value("E:ID_FS_VERSION=") {
            Some("1") => "luks1".to_owned(),
            _ => "luks2".to_owned(),
        }),
        "BitLocker" => Some("bitlocker".to_owned()),
        _ => None,
    }
}

fn by_head(cx: &Context, name: &str) -> Option<String> {
    // Opening a floppy disk or a CD drive waits for its motor.
    let waits = ["fd", "sr"].iter().any(|kind| name.starts_with(kind));
    if waits || !cx.root.is_live() && !cx.root.exists(&format!("/dev/{name}")) {
        return None;
    }
    let bytes = match cx.root.head(&format!("/dev/{name}"), 512) {
        Ok(bytes) => bytes,
        Err(unread) if unread.status() == Status::Denied => {
            cx.gap(unread);
            return None;
        }
        // Drives without a disk in them and the like.
        Err(_) => return None,
    };
    header::parse(&bytes).map(|header| header.kind.to_owned())
}
