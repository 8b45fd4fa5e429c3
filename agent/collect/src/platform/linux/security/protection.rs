//! Protection: malware, confinement, administrators, ways in from afar.

use std::collections::{BTreeMap, BTreeSet};

use befund_model::section::security::Security;

use crate::collector::{Context, Gap};
use crate::platform::linux::people::directory::configured::uses;
use crate::platform::linux::people::{accounts, groups};
use crate::platform::linux::software::{processes, services};

pub(crate) mod antivirus;
pub(crate) mod confinement;
pub(crate) mod remote;
pub(crate) mod sshd;
pub(crate) mod sudoers;

/// Section `security`.
pub(crate) fn protection(cx: &Context) -> Result<Security, Gap> {
    let seen = Seen::read(cx);
    let rights = sudoers::read(cx);
    let members = groups::members(cx);
    Ok(Security {
        antivirus: antivirus::all(cx, &seen),
        access_control: confinement::access_control(cx),
        lockdown: confinement::lockdown(cx),
        user_account_control: None,
        administrators: administrators(cx, &rights, &members),
        without_password: rights.without_password.iter().cloned().collect(),
        remote_access: remote::all(cx, &seen),
    })
}

/// What runs, and what starts by itself.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The names of processes, as the kernel cuts them (15 bytes); `None` where there is no list of them.
    running: Option<BTreeSet<String>>,
    /// Units that start, with their suffix.
    started: BTreeSet<String>,
}

impl Seen {
    fn read(cx: &Context) -> Self {
        let pids = processes::pids(cx).unwrap_or_default();
        let name = |pid: &u32| cx.root.line(&format!("/proc/{pid}/comm")).ok().flatten();
        let running: BTreeSet<String> = pids.iter().filter_map(name).collect();
        Self { running: (!running.is_empty()).then_some(running), started: services::started(cx) }
    }

    /// Whether a process of one of these names runs, if that can be told.
    pub(crate) fn runs(&self, names: &[&str]) -> Option<bool> {
        let cut = |name: &str| name.get(..15).unwrap_or(name).to_owned();
        let running = self.running.as_ref()?;
        Some(names.iter().any(|name| running.contains(&cut(name))))
    }

    /// Whether one of these units starts by itself. An instance counts for its template.
    pub(crate) fn starts(&self, units: &[&str]) -> bool {
        units.iter().any(|unit| match unit.split_once('@') {
            Some((head, "")) => {
                let head = format!("{head}@");
                self.started.iter().any(|started| started.starts_with(&head))
            }
            _ => self.started.contains(*unit),
        })
    }
}

/// Accounts with number 0, members of the groups that may everything, and whom sudo lets do everything.
fn administrators(
    cx: &Context,
    rights: &sudoers::Rights,
    members: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let users = cx.note(accounts::users(cx)).map(|users| users.users).unwrap_or_default();
    let mut all: BTreeSet<String> =
        users.iter().filter(|user| user.id == "0").map(|user| user.name.clone()).collect();
    let mut groups: Vec<&str> =
        rights.administrators.iter().filter_map(|who| who.strip_prefix('%')).collect();
    // Polkit's default rules (`50-default.rules`, `40-debian-sudo.rules`) let these become administrator.
    groups.extend(["sudo", "wheel", "admin"].iter().filter(|group| members.contains_key(**group)));
    let services = cx.root.text("/etc/nsswitch.conf").unwrap_or_default();
    let directory = ["sss", "winbind", "ldap"].iter().any(|name| uses(&services, name));
    for group in groups {
        match members.get(group) {
            Some(members) => all.extend(members.iter().cloned()),
            // A group of a directory has its members elsewhere; without one, it is no group at all.
            None if directory => {
                all.insert(format!("%{group}"));
            }
            None => {}
        }
        // Members by their primary group are not in the list.
        let id = cx.root.text("/etc/group").ok().and_then(|text| {
            text.lines()
                .filter_map(groups::group)
                .find(|known| known.name == group)
                .map(|known| known.id)
        });
        if let Some(id) = id {
            all.extend(primary(cx, &id));
        }
    }
    all.extend(rights.administrators.iter().filter(|who| !who.starts_with('%')).cloned());
    all.into_iter().collect()
}

/// The accounts whose primary group has this number.
fn primary(cx: &Context, id: &str) -> Vec<String> {
    let text = cx.root.text("/etc/passwd").unwrap_or_default();
    let account = |line: &str| {
        let mut fields = line.split(':');
        let (name, group) = (fields.next()?, fields.nth(2)?);
        (group == id).then(|| name.to_owned())
    };
    text.lines().filter_map(account).collect()
}
