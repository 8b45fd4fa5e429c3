//! The machine, and what is plugged in.

mod devices;
mod disks;
mod displays;
mod load;
mod media;
mod power;
mod printers;
mod system;

use befund_model::section as kind;

use super::ms;
use crate::collector::run;
use crate::registry::Entry;

pub(super) use system::sysctl;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::SYSTEM,            deadline: ms(8_000), run: |cx| run(cx, system::system) },
    Entry { section: &kind::FIRMWARE,          deadline: ms(8_000), run: |cx| run(cx, system::firmware) },
    Entry { section: &kind::CPU,               deadline: ms(3_000), run: |cx| run(cx, system::cpu) },
    Entry { section: &kind::MEMORY,            deadline: ms(8_000), run: |cx| run(cx, system::memory) },
    Entry { section: &kind::MEMORY_USAGE,      deadline: ms(3_000), run: |cx| run(cx, system::memory_usage) },
    Entry { section: &kind::BATTERIES,         deadline: ms(3_000), run: |cx| run(cx, power::batteries) },
    Entry { section: &kind::BATTERIES_STATE,   deadline: ms(3_000), run: |cx| run(cx, power::state) },
    Entry { section: &kind::SENSORS,           deadline: ms(6_000), run: |cx| run(cx, power::sensors) },
    Entry { section: &kind::DISKS,             deadline: ms(8_000), run: |cx| run(cx, disks::disks) },
    Entry { section: &kind::DISKS_HEALTH,      deadline: ms(8_000), run: |cx| run(cx, disks::health) },
    Entry { section: &kind::FILESYSTEMS,       deadline: ms(3_000), run: |cx| run(cx, disks::filesystems) },
    Entry { section: &kind::FILESYSTEMS_USAGE, deadline: ms(4_000), run: |cx| run(cx, disks::usage) },
    Entry { section: &kind::ENCRYPTION,        deadline: ms(5_000), run: |cx| run(cx, disks::encryption) },
    Entry { section: &kind::DISPLAYS,          deadline: ms(8_000), run: |cx| run(cx, displays::displays) },
    Entry { section: &kind::DEVICES,           deadline: ms(8_000), run: |cx| run(cx, devices::devices) },
    Entry { section: &kind::LOAD,              deadline: ms(7_000), run: |cx| run(cx, load::load) },
    Entry { section: &kind::MEDIA,             deadline: ms(8_000), run: |cx| run(cx, media::media) },
    Entry { section: &kind::MEDIA_STATE,       deadline: ms(8_000), run: |cx| run(cx, media::state) },
    Entry { section: &kind::PRINTERS,          deadline: ms(4_000), run: |cx| run(cx, printers::printers) },
    Entry { section: &kind::PRINTERS_STATE,    deadline: ms(5_000), run: |cx| run(cx, printers::state) },
];
