//! What the kernel's files tell of a disk: its temperature (hwmon's `nvme` and `drivetemp`), and the
//! registers of eMMC (JEDEC 84-B51, `DEVICE_LIFE_TIME_EST` and `PRE_EOL_INFO`).

use befund_model::section::storage::DiskHealth;

use crate::collector::Context;

/// Adds what is not known yet.
pub(super) fn add(cx: &Context, name: &str, disk: &mut DiskHealth) {
    let place = format!("/sys/block/{name}/device");
    if disk.celsius.is_none() {
        disk.celsius = celsius(cx, &place);
    }
    let line = |file: &str| cx.root.line(&format!("{place}/{file}")).ok().flatten();
    if let Some(life) = line("life_time") {
        disk.wear_percent = disk.wear_percent.or_else(|| worn(&life));
    }
    match line("pre_eol_info").as_deref().and_then(hex) {
        Some(1) => disk.failing = disk.failing.or(Some(false)),
        Some(2) => disk.warnings.push("most of the spare room is used up".to_owned()),
        Some(3) => {
            disk.failing = Some(true);
            disk.warnings.push("the spare room is used up".to_owned());
        }
        _ => {}
    }
}

/// `device/hwmon3/temp1_input`, with older kernels `device/hwmon/hwmon3/temp1_input`.
fn celsius(cx: &Context, place: &str) -> Option<i32> {
    let folders = cx.root.list(place).ok()?;
    let folder = folders.into_iter().find(|name| name.starts_with("hwmon"))?;
    let mut place = format!("{place}/{folder}");
    if folder == "hwmon" {
        let chip = cx.root.list(&place).ok()?.into_iter().next()?;
        place = format!("{place}/{chip}");
    }
    let thousandths: i32 = cx.root.line(&format!("{place}/temp1_input")).ok()??.parse().ok()?;
    Some(thousandths.saturating_add(500).div_euclid(1000))
}

/// `0x01 0x02`: used life of the two kinds of memory in steps of ten percent, of which the upper end
/// of the worse one counts; 0 is not told, 0Bh is past the end.
fn worn(life: &str) -> Option<u32> {
    let steps = life.split_ascii_whitespace().filter_map(hex);
    steps.filter(|step| (1..=0x0b).contains(step)).max().map(|step| step * 10)
}

fn hex(digits: &str) -> Option<u32> {
    u32::from_str_radix(digits.trim_start_matches("0x"), 16).ok()
}
