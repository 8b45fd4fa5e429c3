//! How accounts fare: last sign-ins, locks, expiry, folders.

use befund_model::section::people::UsersState;

use crate::collector::{Context, Gap};

/// Section `users.state`.
pub(crate) fn state(_cx: &Context) -> Result<UsersState, Gap> {
    Err(Gap::unsupported("not read yet"))
}
