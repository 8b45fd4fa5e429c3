//! How accounts fare: last sign-ins, locks, expiry, folders.

use befund_model::Timestamp;
use befund_model::section::people::{UserState, UsersState};

use crate::collector::{Context, Gap};

use super::{accounts, homes};
use crate::platform::linux::hardware::cpu::architecture;
use crate::platform::linux::software::uptime;

pub(crate) mod faillock;
mod folder;
pub(crate) mod logins;
pub(crate) mod shadow;

/// Section `users.state`.
pub(crate) fn state(cx: &Context) -> Result<UsersState, Gap> {
    let users = accounts::users(cx)?.users;
    let now = uptime::now(cx);
    let ages = shadow::read(cx);
    let logins = logins::Logins::read(cx);
    let rules = faillock::Rules::read(cx);
    let remote = homes::remote_mounts(cx);
    let wide = architecture(cx).is_some_and(|name| name.contains("aarch64"));
    let mut budget = folder::Budget::new();
    let mut states = Vec::new();
    for user in users.into_iter().filter(|user| user.person) {
        let mut state = UserState { name: user.name.clone(), ..UserState::default() };
        if let Some(age) = ages.get(&user.name) {
            state.disabled = Some(age.disabled);
            state.password_changed = age.changed;
            state.password_expires = age.password_expires;
            state.expires = age.expires;
        }
        let number = user.id.parse::<u32>().ok();
        let last = number.and_then(|number| logins::last(cx, number, wide));
        let last = last.into_iter().chain(logins.last(&user.name)).max_by_key(|last| last.at);
        state.last_sign_in = last.as_ref().map(|last| last.at);
        state.from = last.and_then(|last| last.from);
        failures(cx, &mut state, &logins, &rules, now);
        if let Some(home) = homes::home(user) {
            folder::look(cx, &home, &remote, &mut budget, &mut state);
        }
        states.push(state);
    }
    states.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(UsersState { users: states })
}

/// Failed sign-ins: as pam_faillock counts them where it does, else as btmp has them.
fn failures(
    cx: &Context,
    state: &mut UserState,
    logins: &logins::Logins,
    rules: &faillock::Rules,
    now: Option<Timestamp>,
) {
    let told = cx.note(rules.look(cx, &state.name)).flatten();
    if let Some(tally) = &told {
        state.failures = Some(tally.failures());
        state.last_failure = tally.latest();
        state.locked = now.map(|now| rules.locks(tally, now));
    }
    if let Some((count, latest)) = logins.failed_since(&state.name, state.last_sign_in) {
        state.failures = Some(state.failures.unwrap_or_default().max(count));
        state.last_failure = state.last_failure.max(latest);
    }
}
