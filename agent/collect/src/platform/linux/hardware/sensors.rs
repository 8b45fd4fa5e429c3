//! Temperatures and fans: `/sys/class/hwmon` (Documentation/hwmon/sysfs-interface.rst of the kernel),
//! and the thermal zones that are not among them.

use std::collections::BTreeMap;

use befund_model::section::devices::{Fan, Sensors, Temperature};

use crate::collector::{Context, Gap};

const HWMON: &str = "/sys/class/hwmon";
const ZONES: &str = "/sys/class/thermal";
/// What a sensor in a PC can mean, in thousandths of a degree. Chips that have nothing connected
/// say -128, -55, 127 or 255 degrees, among others; limits that are not set are 0 or far away.
const PLAUSIBLE: std::ops::RangeInclusive<i64> = -40_000..=126_000;

/// Section `sensors`.
pub(crate) fn sensors(cx: &Context) -> Result<Sensors, Gap> {
    let chips = chips(cx);
    let zones: Vec<String> = (cx.note(cx.root.list(ZONES)).unwrap_or_default().into_iter())
        .filter(|name| name.starts_with("thermal_zone"))
        .collect();
    let mut sensors = Sensors::default();
    for chip in &chips {
        read(cx, chip, &mut sensors);
    }
    for zone in zones {
        sensors.temperatures.extend(read_zone(cx, &zone, &chips));
    }
    sensors.temperatures.sort_by(|a, b| (&a.chip, &a.name).cmp(&(&b.chip, &b.name)));
    sensors.fans.sort_by(|a, b| (&a.chip, &a.name).cmp(&(&b.chip, &b.name)));
    if sensors == Sensors::default() {
        return Err(Gap::unsupported(
            "there is no temperature and no fan in /sys/class/hwmon or /sys/class/thermal",
        ));
    }
    Ok(sensors)
}

/// A chip that measures.
struct Chip {
    /// Where its files are.
    place: String,
    /// What its driver calls it.
    kind: String,
    /// The same, and behind it which device it is of if there are several.
    name: String,
}

fn chips(cx: &Context) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut of_kind: BTreeMap<String, u32> = BTreeMap::new();
    for folder in cx.note(cx.root.list(HWMON)).unwrap_or_default() {
        let mut place = format!("{HWMON}/{folder}");
        let mut kind = cx.root.line(&format!("{place}/name")).ok().flatten();
        if kind.is_none() {
            // Drivers of old kernels keep their files with the device.
            place += "/device";
            kind = cx.root.line(&format!("{place}/name")).ok().flatten();
        }
        let Some(kind) = kind else { continue };
        // Some drivers wake what they ask: a graphics card that sleeps is left asleep.
        let power = cx.root.line(&format!("{HWMON}/{folder}/device/power/runtime_status"));
        if power.ok().flatten().as_deref() == Some("suspended") {
            continue;
        }
        *of_kind.entry(kind.clone()).or_default() += 1;
        let device = cx.root.link(&format!("{HWMON}/{folder}/device")).ok();
        let device = device.as_deref().and_then(|link| link.file_name()?.to_str());
        let name = format!("{kind} {}", device.unwrap_or(&folder));
        chips.push(Chip { place, kind, name });
    }
    for chip in &mut chips {
        if of_kind.get(&chip.kind) == Some(&1) {
            chip.name.clone_from(&chip.kind);
        }
    }
    chips
}

fn read(cx: &Context, chip: &Chip, sensors: &mut Sensors) {
    let files = cx.note(cx.root.list(&chip.place)).unwrap_or_default();
    // A sensor that sleeps, or whose device is off, answers with an error.
    let number = |file: String| -> Option<i64> {
        cx.root.line(&format!("{}/{file}", chip.place)).ok()??.parse().ok()
    };
    let has = |file: &String| files.binary_search(file).is_ok();
    for file in &files {
        let Some(sensor) = file.strip_suffix("_input") else { continue };
        let label = |fallback: String| {
            let file = format!("{sensor}_label");
            let label =
                has(&file).then(|| cx.root.line(&format!("{}/{file}", chip.place)).ok().flatten());
            label.flatten().unwrap_or(fallback)
        };
        let fault = format!("{sensor}_fault");
        if has(&fault) && number(fault) == Some(1) {
            continue;
        }
        if sensor.starts_with("temp") {
            let Some(celsius) = number(file.clone()).and_then(celsius) else { continue };
            let limit = |what: &str| {
                let file = format!("{sensor}_{what}");
                has(&file).then(|| number(file).and_then(limit)).flatten()
            };
            sensors.temperatures.push(Temperature {
                chip: chip.name.clone(),
                name: label(sensor.to_owned()),
                celsius,
                high: limit("max"),
                critical: limit("crit").or_else(|| limit("emergency")),
            });
        } else if sensor.starts_with("fan") {
            let rpm = number(file.clone()).and_then(|rpm| u32::try_from(rpm).ok());
            // What a controller of a laptop says that does not answer.
            let Some(rpm) = rpm.filter(|rpm| *rpm < 0xffff) else { continue };
            let name = label(sensor.to_owned());
            sensors.fans.push(Fan { chip: chip.name.clone(), name, rpm });
        }
    }
}

/// A zone of the machine, unless a chip of the same name passes it on.
fn read_zone(cx: &Context, zone: &str, chips: &[Chip]) -> Option<Temperature> {
    let place = format!("{ZONES}/{zone}");
    let kind = cx.root.line(&format!("{place}/type")).ok()??;
    let is_chip = |kind: &str| chips.iter().any(|chip| chip.kind == kind);
    // The kernel makes a chip of a zone; dashes are not allowed in the names of chips. The zone of
    // the processor's package is coretemp's sensor, that of Intel's policy always says 20 degrees
    // (drivers/thermal/intel/int340x_thermal/int3400_thermal.c).
    if is_chip(&kind) || is_chip(&kind.replace('-', "_")) || kind == "INT3400 Thermal" {
        return None;
    }
    if kind == "x86_pkg_temp" && is_chip("coretemp") {
        return None;
    }
    let number = |file: &str| -> Option<i64> {
        cx.root.line(&format!("{place}/{file}")).ok()??.parse().ok()
    };
    let celsius = celsius(number("temp")?)?;
    let trip = |wanted: &str| {
        let point = (0..12).find(|point| {
            let kind = cx.root.line(&format!("{place}/trip_point_{point}_type"));
            kind.ok().flatten().as_deref() == Some(wanted)
        })?;
        number(&format!("trip_point_{point}_temp")).and_then(limit)
    };
    Some(Temperature {
        chip: kind,
        name: zone.to_owned(),
        celsius,
        high: trip("hot").or_else(|| trip("passive")),
        critical: trip("critical"),
    })
}

fn celsius(thousandths: i64) -> Option<f64> {
    let thousandths = i32::try_from(thousandths).ok()?;
    // Zero is what a driver says that does not know.
    let known = PLAUSIBLE.contains(&i64::from(thousandths)) && thousandths != 0;
    known.then(|| f64::from(thousandths) / 1000.0)
}

fn limit(thousandths: i64) -> Option<f64> {
    celsius(thousandths).filter(|celsius| *celsius >= 1.0)
}
