//! What went wrong lately.

pub(crate) mod crashes;
pub(crate) mod errors;
pub(crate) mod journal;
pub(crate) mod kernel;
pub(crate) mod topics;

use befund_model::section as kind;

use super::ms;
use crate::collector::run;
pub(crate) use crate::platform::unix::shapes;
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::ERRORS,  deadline: ms(6_000), run: |cx| run(cx, errors::errors) },
    Entry { section: &kind::CRASHES, deadline: ms(6_000), run: |cx| run(cx, crashes::crashes) },
];
