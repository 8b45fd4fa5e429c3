//! Who is signed in, and who was.

use befund_model::section::software::Sessions;

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, now};
use crate::platform::macos::decode::logins::{self, Entry};
use crate::platform::unix::local_time;

fn no_time() -> Gap {
    Gap::unsupported("the recording does not tell when it was made")
}

/// The record of sign-ins, starts and ends, newest first.
pub(in crate::platform::macos) fn record(cx: &Context) -> Result<Vec<Entry>, Gap> {
    let told = ask("/usr/bin/last", &[]).text(cx)?;
    Ok(logins::last(&told, now(cx).ok_or_else(no_time)?, &local_time::zone(cx)?))
}

/// Section `sessions`.
pub(super) fn sessions(cx: &Context) -> Result<Sessions, Gap> {
    let told = ask("/usr/bin/who", &[]).text(cx)?;
    let mut sessions = logins::who(&told, now(cx).ok_or_else(no_time)?, &local_time::zone(cx)?);
    sessions.sort_by(|a, b| (a.since, &a.terminal).cmp(&(b.since, &b.terminal)));
    Ok(Sessions { sessions })
}
