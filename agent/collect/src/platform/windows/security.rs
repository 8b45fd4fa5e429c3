//! How the machine is protected.

pub(crate) mod certificates;
pub(crate) mod protection;

use befund_model::section as kind;

use super::{ms, run};
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::SECURITY, deadline: ms(8_000), run: |cx| run(cx, protection::protection) },
    Entry { section: &kind::CERTIFICATES, deadline: ms(3_000), run: |cx| run(cx, certificates::certificates) },
];
