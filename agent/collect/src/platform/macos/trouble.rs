//! What went wrong lately.

mod crashes;
mod errors;

use befund_model::section as kind;

use super::ms;
use crate::collector::run;
use crate::registry::Entry;

pub(super) use crashes::panics;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::ERRORS,  deadline: ms(9_000), run: |cx| run(cx, errors::errors) },
    Entry { section: &kind::CRASHES, deadline: ms(6_000), run: |cx| run(cx, crashes::crashes) },
];
