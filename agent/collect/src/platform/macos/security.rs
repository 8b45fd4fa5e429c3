//! How the machine is protected.

mod certificates;
mod protection;

use befund_model::section as kind;

use super::ms;
use crate::collector::run;
use crate::registry::Entry;

pub(super) use protection::{Extension, extensions};

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::SECURITY,     deadline: ms(6_000), run: |cx| run(cx, protection::security) },
    Entry { section: &kind::CERTIFICATES, deadline: ms(5_000), run: |cx| run(cx, certificates::certificates) },
];
