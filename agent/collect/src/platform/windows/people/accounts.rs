//! Local accounts, groups, and how people's accounts and profiles fare.

use befund_model::section::people::{Group, Groups, UserState, UsersState};
use befund_model::section::software::{User, Users};

use super::super::registry;
use super::super::software::uptime::now;
use super::names::Names;
use super::netapi::{self, Account, LocalGroup};
use crate::collector::{Context, Gap};
use crate::platform::decode::time;

/// The group of administrators, whatever it is called in the system's language.
const ADMINISTRATORS: &str = "S-1-5-32-544";
const PROFILES: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
const DISABLED: u32 = 0x2;
const LOCKED: u32 = 0x10;
const PASSWORD_NEVER_ENDS: u32 = 0x1_0000;

/// Whether a SID is of an account that people use: those that Windows makes for itself have the
/// numbers 501 to 504 (guest and its like), 500 is the administrator's.
fn is_person(sid: &str) -> bool {
    let number = sid.rsplit('-').next().and_then(|number| number.parse::<u32>().ok());
    number.is_some_and(|number| number == 500 || number >= 1000)
}

/// Section `users`.
pub(crate) fn users(cx: &Context) -> Result<Users, Gap> {
    let accounts = netapi::accounts()?;
    let groups = cx.note(netapi::groups()).unwrap_or_default();
    let user = |account: Account| {
        let sid = account.sid.unwrap_or_default();
        let of = |group: &&LocalGroup| group.members.contains(&sid);
        let administrator =
            groups.iter().filter(of).any(|group| group.sid.as_deref() == Some(ADMINISTRATORS));
        User {
            full_name: account.full_name,
            home: home(cx, &sid),
            shell: None,
            person: is_person(&sid) && account.flags & DISABLED == 0,
            administrator,
            groups: groups.iter().filter(of).map(|group| group.name.clone()).collect(),
            name: account.name,
            id: sid,
        }
    };
    Ok(Users { users: accounts.into_iter().map(user).collect() })
}

/// Section `groups`.
pub(crate) fn groups(cx: &Context) -> Result<Groups, Gap> {
    let groups = netapi::groups()?;
    if groups.is_empty() {
        return Err(Gap::unsupported("NetLocalGroupEnum lists no group on this system"));
    }
    let mut names = Names::default();
    let mut told = Vec::new();
    for group in groups {
        let mut members: Vec<String> = group.members.iter().map(|sid| names.name(sid)).collect();
        members.sort_unstable();
        if group.sid.is_none() {
            cx.gap(Gap::failed(format!("the SID of group {} could not be looked up", group.name)));
        }
        told.push(Group { name: group.name, id: group.sid.unwrap_or_default(), members });
    }
    Ok(Groups { groups: told })
}

/// The accounts that may become administrator, sorted.
pub(crate) fn administrators() -> Result<Vec<String>, Gap> {
    let groups = netapi::groups()?;
    let group = groups
        .into_iter()
        .find(|group| group.sid.as_deref() == Some(ADMINISTRATORS))
        .ok_or_else(|| {
            Gap::unsupported("NetLocalGroupEnum lists no group of administrators on this system")
        })?;
    let mut names = Names::default();
    let mut members: Vec<String> = group.members.iter().map(|sid| names.name(sid)).collect();
    members.sort_unstable();
    Ok(members)
}

fn home(cx: &Context, sid: &str) -> Option<String> {
    let key = registry::machine(cx, &format!(r"{PROFILES}\{sid}"))?;
    registry::text(&key, "ProfileImagePath")
}

/// Section `users.state`: local accounts, and everybody else who has a profile here.
pub(crate) fn state(cx: &Context) -> Result<UsersState, Gap> {
    let mut users = Vec::new();
    let mut known = Vec::new();
    let max_age = netapi::max_password_age();
    for account in cx.note(netapi::accounts()).unwrap_or_default() {
        let sid = account.sid.clone().unwrap_or_default();
        if !is_person(&sid) {
            continue;
        }
        let mut user = profile(cx, &sid);
        let set = now().and_then(|now| {
            now.checked_sub(jiff::SignedDuration::from_secs(i64::from(account.password_age))).ok()
        });
        user.name.clone_from(&account.name);
        user.last_sign_in = account.last_sign_in.or(user.last_sign_in);
        user.failures = Some(account.failures);
        user.locked = Some(account.flags & LOCKED != 0);
        user.disabled = Some(account.flags & DISABLED != 0);
        user.password_changed = set.filter(|_| account.password_age > 0);
        user.expires = account.expires;
        user.password_expires = if account.flags & PASSWORD_NEVER_ENDS == 0 {
            max_age.and_then(|seconds| {
                let span = jiff::SignedDuration::from_secs(i64::from(seconds));
                user.password_changed?.checked_add(span).ok()
            })
        } else {
            None
        };
        users.push(user);
        known.push(sid);
    }
    let mut names = Names::default();
    for sid in registry::machine(cx, PROFILES).map(|key| registry::names(&key)).unwrap_or_default()
    {
        let person = sid.starts_with("S-1-5-21-") || sid.starts_with("S-1-12-1-");
        if !person || sid.ends_with(".bak") || known.contains(&sid) {
            continue;
        }
        let mut user = profile(cx, &sid);
        user.name = names.name(&sid);
        users.push(user);
    }
    users.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(UsersState { users })
}

/// What the list of profiles says of one.
fn profile(cx: &Context, sid: &str) -> UserState {
    const TEMPORARY: u32 = 0x0800;
    let mut user = UserState::default();
    let path = format!(r"{PROFILES}\{sid}");
    // Windows puts the account's own profile aside under this name when it could not be loaded.
    let aside = registry::machine(cx, &format!("{path}.bak")).is_some();
    let Some(key) = registry::machine(cx, &path) else {
        user.profile_trouble = aside.then(|| "could not be loaded".to_owned());
        return user;
    };
    let temporary = registry::number(&key, "State").is_some_and(|state| state & TEMPORARY != 0);
    let folder = registry::text(&key, "ProfileImagePath").map(|path| registry::expanded(&path));
    user.profile_trouble = if temporary || aside {
        Some("temporary profile".into())
    } else {
        folder.filter(|folder| !cx.root.exists(folder)).map(|_| "missing".into())
    };
    let part = |name: &str| registry::number(&key, name);
    if let (Some(low), Some(high)) =
        (part("LocalProfileLoadTimeLow"), part("LocalProfileLoadTimeHigh"))
    {
        user.last_sign_in = time::filetime(u64::from(high) << 32 | u64::from(low));
    }
    user
}
