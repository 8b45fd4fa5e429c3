//! Accounts, and who uses them.

mod accounts;
mod directory;
mod sessions;

use befund_model::section as kind;

use super::ms;
use crate::collector::run;
use crate::registry::Entry;

pub(super) use accounts::{Home, administrators, homes};
pub(super) use sessions::record;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::USERS,           deadline: ms(5_000), run: |cx| run(cx, accounts::users) },
    Entry { section: &kind::USERS_STATE,     deadline: ms(5_000), run: |cx| run(cx, accounts::state) },
    Entry { section: &kind::GROUPS,          deadline: ms(5_000), run: |cx| run(cx, accounts::groups) },
    Entry { section: &kind::SESSIONS,        deadline: ms(3_000), run: |cx| run(cx, sessions::sessions) },
    Entry { section: &kind::DIRECTORY,       deadline: ms(5_000), run: |cx| run(cx, directory::directory) },
    Entry { section: &kind::DIRECTORY_STATE, deadline: ms(5_000), run: |cx| run(cx, directory::state) },
];
