//! The system and its programs: what is installed, what runs, what starts when.

pub(crate) mod autostart;
pub(crate) mod boots;
pub(crate) mod browsers;
pub(crate) mod clock;
pub(crate) mod drivers;
pub(crate) mod os;
pub(crate) mod packages;
pub(crate) mod processes;
pub(crate) mod services;
pub(crate) mod tasks;
pub(crate) mod updates;
pub(crate) mod uptime;

use befund_model::section as kind;

use super::ms;
use crate::collector::run;
pub(crate) use crate::platform::unix::local_time;
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::OS,                  deadline: ms(1_000), run: |cx| run(cx, os::os) },
    Entry { section: &kind::UPTIME,              deadline: ms(1_000), run: |cx| run(cx, uptime::uptime) },
    Entry { section: &kind::CLOCK,               deadline: ms(1_000), run: |cx| run(cx, clock::clock) },
    Entry { section: &kind::PACKAGES,            deadline: ms(9_000), run: |cx| run(cx, packages::packages) },
    Entry { section: &kind::PROCESSES,           deadline: ms(6_000), run: |cx| run(cx, processes::processes) },
    Entry { section: &kind::SERVICES,            deadline: ms(3_000), run: |cx| run(cx, services::services) },
    Entry { section: &kind::SERVICES_STATE,      deadline: ms(4_000), run: |cx| run(cx, services::state) },
    Entry { section: &kind::BOOTS,               deadline: ms(4_000), run: |cx| run(cx, boots::boots) },
    Entry { section: &kind::UPDATES,             deadline: ms(2_000), run: |cx| run(cx, updates::updates) },
    Entry { section: &kind::UPDATES_STATE,       deadline: ms(6_000), run: |cx| run(cx, updates::state) },
    Entry { section: &kind::DRIVERS,             deadline: ms(2_000), run: |cx| run(cx, drivers::drivers) },
    Entry { section: &kind::TASKS,               deadline: ms(2_000), run: |cx| run(cx, tasks::tasks) },
    Entry { section: &kind::TASKS_STATE,         deadline: ms(3_000), run: |cx| run(cx, tasks::state) },
    Entry { section: &kind::AUTOSTART,           deadline: ms(2_000), run: |cx| run(cx, autostart::autostart) },
    Entry { section: &kind::BROWSERS,            deadline: ms(4_000), run: |cx| run(cx, browsers::browsers) },
    Entry { section: &kind::BROWSERS_EXTENSIONS, deadline: ms(4_000), run: |cx| run(cx, browsers::extensions) },
];
