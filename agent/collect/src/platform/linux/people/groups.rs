//! Local groups: `/etc/group`.

use befund_model::section::people::Groups;

use crate::collector::{Context, Gap};

/// Section `groups`.
pub(crate) fn groups(_cx: &Context) -> Result<Groups, Gap> {
    Err(Gap::unsupported("not read yet"))
}
