//! Local accounts and who is signed in.

use std::collections::BTreeMap;

use befund_model::Timestamp;
use befund_model::section::software::{Session, Sessions, User, Users};

use crate::collector::{Context, Gap};

use super::utmp;

/// Section `users`.
pub(crate) fn users(cx: &Context) -> Result<Users, Gap> {
    let groups =
        cx.note(cx.root.text("/etc/group")).map(|text| memberships(&text)).unwrap_or_default();
    let text = cx.root.text("/etc/passwd")?;
    // Lines of NIS begin with a sign and name nobody here.
    let lines = text.lines().filter(|line| !line.starts_with(['+', '-', '#']));
    let mut users = cx.lines("/etc/passwd", lines, |line| user(line, &groups));
    users.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Users { users })
}

/// The names of accounts by their numbers.
pub(crate) fn names(cx: &Context) -> BTreeMap<u32, String> {
    let text = cx.note(cx.root.text("/etc/passwd")).unwrap_or_default();
    let mut names = BTreeMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(Ok(id))) = (fields.next(), fields.nth(1).map(str::parse)) {
            names.entry(id).or_insert_with(|| name.to_owned());
        }
    }
    names
}

fn user(line: &str, groups: &BTreeMap<String, Vec<String>>) -> Option<User> {
    let fields: Vec<&str> = line.split(':').collect();
    let &[name, _, id, _, comment, home, shell] = fields.as_slice() else { return None };
    let number: u32 = id.parse().ok()?;
    let groups = groups.get(name).cloned().unwrap_or_default();
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let shut = shell.ends_with("/nologin") || shell.ends_with("/false") || shell.ends_with("/sync");
    Some(User {
        name: name.to_owned(),
        id: id.to_owned(),
        full_name: comment.split(',').next().and_then(said),
        home: said(home),
        shell: said(shell),
        // The range of login.defs(5) as every large distribution sets it.
        person: (1000..60_000).contains(&number) && !shut,
        administrator: number == 0
            || groups.iter().any(|group| matches!(group.as_str(), "sudo" | "wheel" | "admin")),
        groups,
    })
}

/// The groups of each account, sorted.
fn memberships(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        let (Some(group), Some(members)) = (fields.next(), fields.nth(2)) else { continue };
        for member in members.split(',').filter(|member| !member.is_empty()) {
            groups.entry(member.to_owned()).or_default().push(group.to_owned());
        }
    }
    for groups in groups.values_mut() {
        groups.sort_unstable();
        groups.dedup();
    }
    groups
}

/// Section `sessions`: as the login manager has them, else as utmp has them.
pub(crate) fn sessions(cx: &Context) -> Result<Sessions, Gap> {
    const MANAGER: &str = "/run/systemd/sessions";
    let names = cx.root.list(MANAGER).unwrap_or_default();
    let names: Vec<String> = names.into_iter().filter(|name| !name.ends_with(".ref")).collect();
    let mut sessions: Vec<Session> = if names.is_empty() {
        match cx.root.read("/run/utmp").or_else(|_| cx.root.read("/var/run/utmp")) {
            Ok(records) => {
                if records.len() % utmp::length(&records) != 0 {
                    cx.gap(Gap::failed("/run/utmp ends within a record"));
                }
                utmp(&records)
            }
            Err(_) if cx.root.exists(MANAGER) => Vec::new(),
            Err(unread) => return Err(unread.into()),
        }
    } else {
        let read = |name: &String| {
            Some(managed(name, &cx.note(cx.root.text(&format!("{MANAGER}/{name}")))?))
        };
        names.iter().filter_map(read).flatten().collect()
    };
    sessions.sort_by(|a, b| (a.since, &a.id, &a.terminal).cmp(&(b.since, &b.id, &b.terminal)));
    Ok(Sessions { sessions })
}

/// A file of systemd-logind; sessions of greeters and of the manager itself are no person's.
fn managed(id: &str, text: &str) -> Option<Session> {
    let field = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    if field("CLASS").is_some_and(|class| class != "user") {
        return None;
    }
    let micros = field("REALTIME").and_then(|micros| micros.parse().ok());
    let remote = field("REMOTE").as_deref() == Some("1");
    Some(Session {
        id: Some(id.to_owned()),
        user: field("USER").or_else(|| field("UID"))?,
        terminal: field("TTY").or_else(|| field("SEAT")),
        kind: field("TYPE").map(|kind| if remote && kind == "tty" { "ssh".into() } else { kind }),
        from: field("REMOTE_HOST"),
        since: micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
        state: field("STATE"),
    })
}

/// Who is signed in, by records of utmp(5).
pub(crate) fn utmp(records: &[u8]) -> Vec<Session> {
    let session = |record: utmp::Record| {
        let said = |text: String| (!text.is_empty()).then_some(text);
        let from = said(record.host);
        Some(Session {
            id: None,
            user: said(record.user)?,
            terminal: said(record.line),
            kind: Some(match &from {
                Some(from) if from.starts_with(':') => "x11".into(),
                Some(_) => "ssh".into(),
                None => "tty".into(),
            }),
            from: from.filter(|from| !from.starts_with(':')),
            since: Some(record.at),
            state: None,
        })
    };
    let records = utmp::records(records).into_iter();
    records.filter(|record| record.kind == utmp::USER_PROCESS).filter_map(session).collect()
}
