//! Ages of passwords: `/etc/shadow` (shadow(5)). The password itself is looked at for its first letters
//! only, which say whether an administrator has locked it.

use std::collections::BTreeMap;

use befund_model::Timestamp;

use crate::collector::{Context, Gap};

const SECONDS_PER_DAY: i64 = 86_400;
/// From this age on a password need not be changed: `login.defs` as shipped says 99999 days.
const FOR_EVER: i64 = 99_999;

/// What `/etc/shadow` says of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Age {
    pub(crate) disabled: bool,
    pub(crate) changed: Option<Timestamp>,
    pub(crate) password_expires: Option<Timestamp>,
    pub(crate) expires: Option<Timestamp>,
}

/// The ages by account.
pub(crate) fn read(cx: &Context) -> BTreeMap<String, Age> {
    const SHADOW: &str = "/etc/shadow";
    let text = match cx.root.text(SHADOW) {
        Ok(text) => text,
        Err(unread) => {
            let gap = Gap::from(unread);
            let reason = format!("expiry and locks of passwords: {}", gap.reason);
            cx.note::<(), _>(Err(Gap { reason, ..gap }));
            return BTreeMap::new();
        }
    };
    let lines = text.lines().filter(|line| !line.starts_with(['+', '-', '#']));
    cx.lines(SHADOW, lines, line).into_iter().collect()
}

pub(crate) fn line(line: &str) -> Option<(String, Age)> {
    let fields: Vec<&str> = line.split(':').collect();
    let (name, password) = (*fields.first()?, *fields.get(1)?);
    let days =
        |field: usize| fields.get(field)?.trim().parse::<i64>().ok().filter(|days| *days >= 0);
    let at = |days: i64| Timestamp::from_second(days.checked_mul(SECONDS_PER_DAY)?).ok();
    let (changed, longest) = (days(2), days(4));
    // Zero days: it has to be changed at the next sign-in, whatever its age.
    let ends = match (changed, longest) {
        (Some(0), _) => at(0),
        (Some(changed), Some(longest)) if longest < FOR_EVER => at(changed.saturating_add(longest)),
        _ => None,
    };
    Some((
        name.to_owned(),
        Age {
            // `usermod --lock` puts `!` before the password; without one behind it there never was one.
            disabled: password.strip_prefix('!').is_some_and(|rest| rest.starts_with('$')),
            changed: changed.filter(|days| *days > 0).and_then(at),
            password_expires: ends,
            expires: days(7).and_then(at),
        },
    ))
}
