//! Hardware: the machine and what is plugged in, with its health.

pub(crate) mod batteries;
pub(crate) mod cpu;
pub(crate) mod devices;
pub(crate) mod disks;
pub(crate) mod displays;
pub(crate) mod dmi;
pub(crate) mod encryption;
pub(crate) mod filesystems;
pub(crate) mod health;
pub(crate) mod load;
pub(crate) mod media;
pub(crate) mod memory;
pub(crate) mod printers;
mod running;
pub(crate) mod sensors;
pub(crate) mod system;

use befund_model::section as kind;

use super::ms;
use crate::collector::run;
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::SYSTEM,            deadline: ms(2_000), run: |cx| run(cx, system::system) },
    Entry { section: &kind::FIRMWARE,          deadline: ms(2_000), run: |cx| run(cx, system::firmware) },
    Entry { section: &kind::CPU,               deadline: ms(2_000), run: |cx| run(cx, cpu::cpu) },
    Entry { section: &kind::MEMORY,            deadline: ms(2_000), run: |cx| run(cx, memory::memory) },
    Entry { section: &kind::MEMORY_USAGE,      deadline: ms(1_000), run: |cx| run(cx, memory::usage) },
    Entry { section: &kind::DISKS,             deadline: ms(2_000), run: |cx| run(cx, disks::disks) },
    Entry { section: &kind::FILESYSTEMS,       deadline: ms(1_000), run: |cx| run(cx, filesystems::filesystems) },
    Entry { section: &kind::FILESYSTEMS_USAGE, deadline: ms(4_000), run: |cx| run(cx, filesystems::usage) },
    Entry { section: &kind::BATTERIES,         deadline: ms(2_000), run: |cx| run(cx, batteries::batteries) },
    Entry { section: &kind::BATTERIES_STATE,   deadline: ms(2_000), run: |cx| run(cx, batteries::state) },
    Entry { section: &kind::DEVICES,           deadline: ms(3_000), run: |cx| run(cx, devices::devices) },
    Entry { section: &kind::DISPLAYS,          deadline: ms(2_000), run: |cx| run(cx, displays::displays) },
    Entry { section: &kind::MEDIA,             deadline: ms(2_000), run: |cx| run(cx, media::media) },
    Entry { section: &kind::MEDIA_STATE,       deadline: ms(3_000), run: |cx| run(cx, media::state) },
    Entry { section: &kind::DISKS_HEALTH,      deadline: ms(5_000), run: |cx| run(cx, health::health) },
    Entry { section: &kind::ENCRYPTION,        deadline: ms(3_000), run: |cx| run(cx, encryption::encryption) },
    Entry { section: &kind::SENSORS,           deadline: ms(2_000), run: |cx| run(cx, sensors::sensors) },
    Entry { section: &kind::PRINTERS,          deadline: ms(3_000), run: |cx| run(cx, printers::printers) },
    Entry { section: &kind::PRINTERS_STATE,    deadline: ms(4_000), run: |cx| run(cx, printers::state) },
    Entry { section: &kind::LOAD,              deadline: ms(3_000), run: |cx| run(cx, load::load) },
];
