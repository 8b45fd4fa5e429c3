//! Names of makers and models by their numbers: the lists `pci.ids` and `usb.ids`, or the sources of
//! udev's database that are made of them. The files are large, so they are read line by line, and no
//! more is kept than was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::collector::Context;

/// A maker's number and a model's.
pub(crate) type Id = (u16, u16);

/// What the database has to say of the numbers that were asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    vendors: BTreeMap<u16, String>,
    models: BTreeMap<Id, String>,
}

impl Names {
    /// The maker's name.
    pub(crate) fn vendor(&self, (vendor, _): Id) -> Option<String> {
        self.vendors.get(&vendor).cloned()
    }

    /// The model's name.
    pub(crate) fn model(&self, id: Id) -> Option<String> {
        self.models.get(&id).cloned()
    }
}

/// The names on `pci` or `usb`; none where no list is installed, which is common on small systems.
pub(crate) fn look_up(cx: &Context, bus: &str, wanted: &BTreeSet<Id>) -> Names {
    if wanted.is_empty() {
        return Names::default();
    }
    // Debian, Fedora and Arch, openSUSE; usbutils of old.
    let lists = ["/usr/share/misc", "/usr/share/hwdata", "/usr/share", "/var/lib/usbutils"];
    for folder in lists {
        let mut list = List::new(wanted);
        if cx.root.scan(&format!("{folder}/{bus}.ids"), |line| list.line(line)).is_ok() {
            return list.names;
        }
    }
    for folder in ["/usr/lib/udev/hwdb.d", "/lib/udev/hwdb.d"] {
        let mut source = Source::new(bus, wanted);
        let path = format!("{folder}/20-{bus}-vendor-model.hwdb");
        if cx.root.scan(&path, |line| source.line(line)).is_ok() {
            return source.names;
        }
    }
    Names::default()
}

/// Reads `pci.ids` and `usb.ids`, in which a maker's models stand behind it:
///
/// ```text
/// 8086  Intel Corporation
/// <tab>a0c8  Tiger Lake-LP Smart Sound Technology Audio Controller
/// <tab><tab>1028 0a38  of whoever built it in
/// C 00  Unclassified device
/// ```
#[derive(Debug)]
pub(crate) struct List<'a> {
    wanted: &'a BTreeSet<Id>,
    vendor: Option<u16>,
    pub(crate) names: Names,
}

impl<'a> List<'a> {
    pub(crate) fn new(wanted: &'a BTreeSet<Id>) -> Self {
        Self { wanted, vendor: None, names: Names::default() }
    }

    /// Takes the next line; breaks off where the makers end.
    pub(crate) fn line(&mut self, line: &[u8]) -> ControlFlow<()> {
        match line {
            [b'#', ..] | [] | [b'\t', b'\t', ..] => {}
            [b'C', b' ', ..] => return ControlFlow::Break(()),
            [b'\t', model @ ..] => {
                if let Some(vendor) = self.vendor
                    && let Some((model, name)) = entry(model)
                    && self.wanted.contains(&(vendor, model))
                {
                    self.names.models.insert((vendor, model), name);
                }
            }
            _ => {
                let Some((vendor, name)) = entry(line) else { return ControlFlow::Continue(()) };
                let known = self.wanted.range((vendor, 0)..=(vendor, u16::MAX)).next().is_some();
                self.vendor = known.then_some(vendor);
                if known {
                    self.names.vendors.insert(vendor, name);
                } else if self.wanted.last().is_some_and(|(last, _)| vendor > *last) {
                    // The makers are in order.
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// `8086  Intel Corporation`.
fn entry(line: &[u8]) -> Option<(u16, String)> {
    let (digits, name) = line.split_at_checked(4)?;
    let number = digits4(digits)?;
    let name = name.strip_prefix(b"  ")?;
    Some((number, String::from_utf8_lossy(name).trim().to_owned()))
}

/// Reads udev's sources, in which each number stands for itself:
///
/// ```text
/// pci:v00008086d0000A0C8*
///  ID_MODEL_FROM_DATABASE=Tiger Lake-LP Smart Sound Technology Audio Controller
/// ```
#[derive(Debug)]
pub(crate) struct Source<'a> {
    wanted: &'a BTreeSet<Id>,
    bus: String,
    at: Option<(u16, Option<u16>)>,
    pub(crate) names: Names,
}

impl<'a> Source<'a> {
    pub(crate) fn new(bus: &str, wanted: &'a BTreeSet<Id>) -> Self {
        Self { wanted, bus: format!("{bus}:v"), at: None, names: Names::default() }
    }

    /// Takes the next line.
    pub(crate) fn line(&mut self, line: &[u8]) -> ControlFlow<()> {
        if let Some(setting) = line.strip_prefix(b" ") {
            if let Some((vendor, model)) = self.at
                && let Ok(setting) = std::str::from_utf8(setting)
                && let Some((key, name)) = setting.split_once('=')
            {
                let name = name.trim().to_owned();
                match (key, model) {
                    ("ID_VENDOR_FROM_DATABASE", None) => {
                        self.names.vendors.insert(vendor, name);
                    }
                    ("ID_MODEL_FROM_DATABASE", Some(model)) => {
                        self.names.models.insert((vendor, model), name);
                    }
                    _ => {}
                }
            }
        } else {
            self.at = self.numbers(line);
        }
        ControlFlow::Continue(())
    }

    fn numbers(&self, line: &[u8]) -> Option<(u16, Option<u16>)> {
        let rest = line.strip_prefix(self.bus.as_bytes())?.strip_suffix(b"*")?;
        // PCI's numbers have eight digits here, USB's four; models of a subsystem are of no use.
        let (width, mark) = if self.bus.starts_with("pci") { (8, b'd') } else { (4, b'p') };
        let (vendor, rest) = rest.split_at_checked(width)?;
        let vendor = digits4(&vendor[width - 4..])?;
        if rest.is_empty() {
            let known = self.wanted.range((vendor, 0)..=(vendor, u16::MAX)).next().is_some();
            return known.then_some((vendor, None));
        }
        let (model, rest) = rest.strip_prefix(&[mark])?.split_at_checked(width)?;
        let model = digits4(&model[width - 4..])?;
        (rest.is_empty() && self.wanted.contains(&(vendor, model))).then_some((vendor, Some(model)))
    }
}

/// Four hexadecimal digits.
fn digits4(digits: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}
