//! What went wrong lately.

use befund_model::section as kind;

use super::{ms, run};
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::ERRORS, deadline: ms(6_000), run: |cx| run(cx, super::none) },
    Entry { section: &kind::CRASHES, deadline: ms(5_000), run: |cx| run(cx, super::none) },
];
