//! Local accounts and groups: the node `.` of the directory service, as dscl(1) tells of it.

use std::collections::BTreeMap;

use befund_model::Timestamp;
use befund_model::section::people::{Group, Groups, UserState, UsersState};
use befund_model::section::software::{User, Users};

use super::sessions;
use crate::collector::{Context, Gap};
use crate::platform::macos::asked::ask;
use crate::platform::macos::decode::plist::Value;
use crate::platform::macos::ms;

const DSCL: &str = "/usr/bin/dscl";
/// Accounts below this number are the system's own.
const FIRST_PERSON: i64 = 500;

fn records(cx: &Context, path: &str, attributes: &[&str]) -> Result<Vec<Value>, Gap> {
    let arguments: Vec<&str> =
        ["-plist", ".", "-readall", path].iter().chain(attributes).copied().collect();
    match ask(DSCL, &arguments).within(ms(4_000)).plist(cx)? {
        Value::List(records) => Ok(records),
        one => Ok(vec![one]),
    }
}

/// The values of an attribute, which the service puts a prefix in front of.
fn values<'a>(record: &'a Value, name: &str) -> impl Iterator<Item = &'a str> {
    ["dsAttrTypeStandard:", "dsAttrTypeNative:"]
        .iter()
        .find_map(|prefix| record.get(&format!("{prefix}{name}")))
        .map_or(&[][..], Value::items)
        .iter()
        .filter_map(Value::as_text)
}

fn first<'a>(record: &'a Value, name: &str) -> Option<&'a str> {
    values(record, name).next()
}

/// Section `groups`.
pub(super) fn groups(cx: &Context) -> Result<Groups, Gap> {
    let records = records(cx, "/Groups", &["RecordName", "PrimaryGroupID", "GroupMembership"])?;
    let mut groups: Vec<_> = records.iter().filter_map(group).collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Groups { groups })
}

fn group(record: &Value) -> Option<Group> {
    let mut members: Vec<_> = values(record, "GroupMembership").map(str::to_owned).collect();
    members.sort_unstable();
    members.dedup();
    Some(Group {
        name: first(record, "RecordName")?.to_owned(),
        id: first(record, "PrimaryGroupID")?.to_owned(),
        members,
    })
}

/// The accounts that may become administrator, sorted.
pub(in crate::platform::macos) fn administrators(cx: &Context) -> Result<Vec<String>, Gap> {
    let groups = groups(cx)?.groups;
    Ok(groups.into_iter().find(|group| group.name == "admin").map_or(Vec::new(), |one| one.members))
}

/// Section `users`.
pub(super) fn users(cx: &Context) -> Result<Users, Gap> {
    const ATTRIBUTES: &[&str] =
        &["RecordName", "UniqueID", "RealName", "NFSHomeDirectory", "UserShell"];
    let records = records(cx, "/Users", ATTRIBUTES)?;
    let mut memberships: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for group in cx.note(groups(cx)).map(|told| told.groups).unwrap_or_default() {
        for member in group.members {
            memberships.entry(member).or_default().push(group.name.clone());
        }
    }
    let mut users: Vec<_> =
        records.iter().filter_map(|record| user(record, &mut memberships)).collect();
    users.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Users { users })
}

fn user(record: &Value, memberships: &mut BTreeMap<String, Vec<String>>) -> Option<User> {
    let name = first(record, "RecordName")?.to_owned();
    let id = first(record, "UniqueID")?;
    let shell = first(record, "UserShell").map(str::to_owned);
    let shut = shell.as_deref().is_none_or(|shell| shell.ends_with("/false"));
    let groups = memberships.remove(&name).unwrap_or_default();
    let number: i64 = id.parse().ok()?;
    Some(User {
        id: id.to_owned(),
        full_name: first(record, "RealName").map(str::to_owned),
        home: first(record, "NFSHomeDirectory").map(str::to_owned),
        person: number >= FIRST_PERSON && !name.starts_with('_') && !shut,
        administrator: number == 0 || groups.iter().any(|group| group == "admin"),
        shell,
        groups,
        name,
    })
}

/// A person and their folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::platform::macos) struct Home {
    /// The account's name.
    pub(in crate::platform::macos) user: String,
    /// Its folder, without a slash at the end.
    pub(in crate::platform::macos) path: String,
}

/// The people's folders. Those that other machines hold are mounted under `/Network` or `/home`, and are
/// left alone.
pub(in crate::platform::macos) fn homes(cx: &Context) -> Vec<Home> {
    let users = cx.note(users(cx)).map(|told| told.users).unwrap_or_default();
    let home = |user: User| {
        let path = user.home?.trim_end_matches('/').to_owned();
        let local = path.starts_with("/Users/") || path.starts_with("/var/");
        (user.person && local && cx.root.exists(&path)).then_some(Home { user: user.name, path })
    };
    users.into_iter().filter_map(home).collect()
}

/// Section `users.state`.
pub(super) fn state(cx: &Context) -> Result<UsersState, Gap> {
    let people = users(cx)?.users.into_iter().filter(|user| user.person);
    const ATTRIBUTES: &[&str] = &["RecordName", "accountPolicyData", "AuthenticationAuthority"];
    let records = records(cx, "/Users", ATTRIBUTES)?;
    let logins = cx.note(sessions::record(cx)).unwrap_or_default();
    let mut told = false;
    let mut states = Vec::new();
    for user in people {
        let record =
            records.iter().find(|record| first(record, "RecordName") == Some(user.name.as_str()));
        let policy = record.and_then(|record| first(record, "accountPolicyData"));
        let policy = policy.and_then(|text| Value::parse(text.as_bytes()));
        told |= policy.is_some();
        let latest = logins.iter().find(|entry| entry.user == user.name);
        let seconds = |name: &str| {
            let seconds = policy.as_ref()?.get(name)?.as_real()?;
            let plausible = (1.0..4e9).contains(&seconds);
            plausible.then(|| Timestamp::from_second(seconds as i64).ok())?
        };
        let failures = policy.as_ref().and_then(|policy| policy.number("failedLoginCount"));
        let missing = user
            .home
            .as_deref()
            .is_some_and(|home| home.starts_with("/Users/") && !cx.root.exists(home));
        states.push(UserState {
            last_sign_in: latest.map(|entry| entry.at),
            from: latest.map(|entry| entry.from.clone().unwrap_or_else(|| entry.terminal.clone())),
            failures: failures.and_then(|count| u32::try_from(count).ok()),
            last_failure: seconds("failedLoginTimestamp"),
            disabled: record.map(|record| {
                values(record, "AuthenticationAuthority").any(|one| one.contains(";DisabledUser;"))
            }),
            password_changed: seconds("passwordLastSetTime"),
            profile_trouble: missing.then(|| "missing".into()),
            name: user.name,
            ..UserState::default()
        });
    }
    if !told && !states.is_empty() {
        cx.gap(Gap::denied("only administrators are told of passwords and of failures to sign in"));
    }
    Ok(UsersState { users: states })
}
