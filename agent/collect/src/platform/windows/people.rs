//! Accounts and groups, sessions, and the directory that they come from.

pub(crate) mod accounts;
pub(crate) mod directory;
pub(crate) mod names;
pub(crate) mod netapi;
pub(crate) mod sessions;

use befund_model::section as kind;

use super::{ms, run};
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::USERS, deadline: ms(3_000), run: |cx| run(cx, accounts::users) },
    Entry { section: &kind::SESSIONS, deadline: ms(1_000), run: |cx| run(cx, sessions::sessions) },
    Entry { section: &kind::GROUPS, deadline: ms(3_000), run: |cx| run(cx, accounts::groups) },
    Entry { section: &kind::USERS_STATE, deadline: ms(4_000), run: |cx| run(cx, accounts::state) },
    Entry { section: &kind::DIRECTORY, deadline: ms(2_000), run: |cx| run(cx, directory::directory) },
    Entry { section: &kind::DIRECTORY_STATE, deadline: ms(4_000), run: |cx| run(cx, directory::state) },
];
