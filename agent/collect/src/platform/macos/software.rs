//! The system and its programs: what is installed, what runs, what starts when.

mod boots;
mod browsers;
mod drivers;
mod extensions;
mod jobs;
mod os;
mod packages;
mod processes;
mod updates;

use befund_model::section as kind;

use super::ms;
use crate::collector::run;
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::OS,                  deadline: ms(3_000), run: |cx| run(cx, os::os) },
    Entry { section: &kind::UPTIME,              deadline: ms(3_000), run: |cx| run(cx, os::uptime) },
    Entry { section: &kind::CLOCK,               deadline: ms(3_000), run: |cx| run(cx, os::clock) },
    Entry { section: &kind::PACKAGES,            deadline: ms(6_000), run: |cx| run(cx, packages::packages) },
    Entry { section: &kind::PROCESSES,           deadline: ms(4_000), run: |cx| run(cx, processes::processes) },
    Entry { section: &kind::SERVICES,            deadline: ms(4_000), run: |cx| run(cx, jobs::services) },
    Entry { section: &kind::SERVICES_STATE,      deadline: ms(3_000), run: |cx| run(cx, jobs::services_state) },
    Entry { section: &kind::TASKS,               deadline: ms(4_000), run: |cx| run(cx, jobs::tasks) },
    Entry { section: &kind::TASKS_STATE,         deadline: ms(4_000), run: |cx| run(cx, jobs::tasks_state) },
    Entry { section: &kind::AUTOSTART,           deadline: ms(5_000), run: |cx| run(cx, jobs::autostart) },
    Entry { section: &kind::BOOTS,               deadline: ms(4_000), run: |cx| run(cx, boots::boots) },
    Entry { section: &kind::UPDATES,             deadline: ms(3_000), run: |cx| run(cx, updates::updates) },
    Entry { section: &kind::UPDATES_STATE,       deadline: ms(3_000), run: |cx| run(cx, updates::state) },
    Entry { section: &kind::DRIVERS,             deadline: ms(5_000), run: |cx| run(cx, drivers::drivers) },
    Entry { section: &kind::BROWSERS,            deadline: ms(4_000), run: |cx| run(cx, browsers::browsers) },
    Entry { section: &kind::BROWSERS_EXTENSIONS, deadline: ms(5_000), run: |cx| run(cx, extensions::extensions) },
];
