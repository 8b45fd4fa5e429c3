//! Accounts and groups, sessions, and the directory that they come from.

use befund_model::section as kind;

use super::{ms, run};
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::USERS, deadline: ms(1_000), run: |cx| run(cx, super::none) },
    Entry { section: &kind::SESSIONS, deadline: ms(1_000), run: |cx| run(cx, super::none) },
    Entry { section: &kind::GROUPS, deadline: ms(1_000), run: |cx| run(cx, super::none) },
    Entry { section: &kind::USERS_STATE, deadline: ms(4_000), run: |cx| run(cx, super::none) },
    Entry { section: &kind::DIRECTORY, deadline: ms(2_000), run: |cx| run(cx, super::none) },
    Entry { section: &kind::DIRECTORY_STATE, deadline: ms(4_000), run: |cx| run(cx, super::none) },
];
