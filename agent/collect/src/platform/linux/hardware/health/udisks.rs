//! What UDisks knows of a disk: it asks the disks itself now and then, and tells everybody over D-Bus
//! (`org.freedesktop.UDisks2.Drive.Ata`, and `…NVMe.Controller` since 2.10). It is not started for it.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use befund_model::section::storage::DiskHealth;

use crate::collector::Context;
use crate::platform::linux::dbus::{Call, call, sign_in};

const PATIENCE: Duration = Duration::from_millis(500);
const BUS: &str = "/run/dbus/system_bus_socket";
const UDISKS: &str = "org.freedesktop.UDisks2";

/// What it knows of this disk; nothing where it does not run.
pub(super) fn ask(cx: &Context, name: &str) -> Option<DiskHealth> {
    if !cx.root.exists(BUS) {
        return None;
    }
    cx.root.trail().at("UDisks");
    let mut stream = connect().ok()?;
    let block = format!("/org/freedesktop/UDisks2/block_devices/{name}");
    let block = properties(&mut stream, &block, "org.freedesktop.UDisks2.Block")?;
    let Some(Value::Text(drive)) = block.get("Drive") else { return None };
    let mut health = DiskHealth::default();
    for interface in ["Drive.Ata", "NVMe.Controller"] {
        let interface = format!("{UDISKS}.{interface}");
        if let Some(told) = properties(&mut stream, drive, &interface) {
            add(&told, &mut health);
        }
    }
    (health != DiskHealth::default()).then_some(health)
}

fn connect() -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(BUS)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    sign_in(&mut stream)?;
    let hello = Call {
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
        member: "Hello",
        to: "org.freedesktop.DBus",
    };
    call(&mut stream, &hello, &[])?;
    Ok(stream)
}

fn properties(stream: &mut UnixStream, path: &str, of: &str) -> Option<BTreeMap<String, Value>> {
    let interface = "org.freedesktop.DBus.Properties";
    let all = Call { path, interface, member: "GetAll", to: UDISKS };
    Some(parse(&call(stream, &all, &[of]).ok()?))
}

/// A property's value, as far as any of those is read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// A text or a path.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// A number without a fraction, yes as 1.
    Number(i128),
    /// A number with a fraction.
    Fraction(f64),
}

/// Adds what the properties say (udisks' `org.freedesktop.UDisks2.xml`). What was never asked is 0
/// there, which its time tells.
pub(crate) fn add(told: &BTreeMap<String, Value>, health: &mut DiskHealth) {
    let number = |name: &str| match told.get(name) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    if number("SmartUpdated").is_none_or(|at| at <= 0) {
        return;
    }
    let positive = |name| number(name).and_then(|number| u64::try_from(number).ok());
    health.failing = number("SmartFailing").map(|failing| failing != 0).or(health.failing);
    health.hours = positive("SmartPowerOnHours")
        .or_else(|| positive("SmartPowerOnSeconds").filter(|s| *s > 0).map(|s| s / 3600))
        .or(health.hours);
    // Reallocated, pending and uncorrectable ones together, -1 if not known.
    if let Some(bad) = number("SmartNumBadSectors").filter(|bad| *bad > 0) {
        health.warnings.push(format!("{bad} bad sectors"));
    }
    if let Some(Value::Texts(warnings)) = told.get("SmartCriticalWarning") {
        // `spare`, `temperature`, `degraded`, `readonly`, `volatile_mem`, `pmr_readonly`.
        health.failing = Some(warnings.iter().any(|warning| warning != "temperature"));
        health.warnings.extend(warnings.iter().map(|warning| warning.replace('_', " ")));
    }
    let kelvin = match told.get("SmartTemperature") {
        Some(Value::Fraction(kelvin)) => Some(*kelvin),
        Some(Value::Number(kelvin)) => u16::try_from(*kelvin).ok().map(f64::from),
        _ => None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "checked to be a few hundred")]
    let celsius = kelvin
        .filter(|kelvin| (200.0..500.0).contains(kelvin))
        .map(|kelvin| (kelvin - 273.15).round() as i32);
    health.celsius = celsius.or(health.celsius);
}

/// Reads `a{sv}` as far as its values are of kinds that are known; what is behind another is lost.
pub(crate) fn parse(body: &[u8]) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    let mut reader = Reader { bytes: body, at: 0 };
    let end = reader.number().and_then(|length| {
        reader.align(8);
        reader.at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= body.len())
    });
    while end.is_some_and(|end| reader.at < end) {
        reader.align(8);
        let Some((name, value)) = reader.entry() else { break };
        values.extend(value.map(|value| (name, value)));
    }
    values
}

/// What is left of a message, little endian.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.align(N);
        let bytes = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(*bytes)
    }

    fn number(&mut self) -> Option<u32> {
        self.fixed().map(u32::from_le_bytes)
    }

    fn text(&mut self, length: usize) -> Option<String> {
        let bytes = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        // A zero ends it.
        self.at += length + 1;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    fn string(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        self.text(length)
    }

    /// A name and a value, which is left out if nobody asks for its kind; `None` if it cannot be
    /// passed over.
    fn entry(&mut self) -> Option<(String, Option<Value>)> {
        let name = self.string()?;
        let [length] = self.fixed::<1>()?;
        let signature = self.text(usize::from(length))?;
        let value = match signature.as_str() {
            "s" | "o" => Value::Text(self.string()?),
            "b" | "u" => Value::Number(self.number()?.into()),
            "i" => Value::Number(i32::from_le_bytes(self.fixed()?).into()),
            "q" => Value::Number(u16::from_le_bytes(self.fixed()?).into()),
            "n" => Value::Number(i16::from_le_bytes(self.fixed()?).into()),
            "y" => Value::Number(u8::from_le_bytes(self.fixed()?).into()),
            "t" => Value::Number(u64::from_le_bytes(self.fixed()?).into()),
            "x" => Value::Number(i64::from_le_bytes(self.fixed()?).into()),
            "d" => Value::Fraction(f64::from_le_bytes(self.fixed()?)),
            "as" => {
                let end = self.list(4)?;
                let mut texts = Vec::new();
                while self.at < end {
                    texts.push(self.string()?);
                }
                Value::Texts(texts)
            }
            // Lists of lists, of bytes, and of pairs: passed over whole.
            "ay" => return self.skip(1).map(|()| (name, None)),
            "aay" | "ao" => return self.skip(4).map(|()| (name, None)),
            "a{sv}" | "a(sa{sv})" => return self.skip(8).map(|()| (name, None)),
            _ => return None,
        };
        Some((name, Some(value)))
    }

    /// Where a list of things that are aligned so ends.
    fn list(&mut self, align: usize) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        self.align(align);
        self.at.checked_add(length).filter(|end| *end <= self.bytes.len())
    }

    fn skip(&mut self, align: usize) -> Option<()> {
        self.at = self.list(align)?;
        Some(())
    }
}
