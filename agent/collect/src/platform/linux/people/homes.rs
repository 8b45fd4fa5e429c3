//! The folders of the people who have an account here: those that `/etc/passwd` names, and those under
//! `/home` of whom a directory has the account.

use std::collections::BTreeSet;

use befund_model::section::software::User;
use rustix::fs::FileType;

use crate::collector::Context;

use super::accounts;
use crate::platform::linux::files;

/// A person and their folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// The account's name.
    pub(crate) user: String,
    /// Its number.
    pub(crate) uid: u32,
    /// Its folder, without a slash at the end.
    pub(crate) path: String,
}

/// The folders of the people's accounts, by name. One that lies on another machine is left out, since
/// a server that is gone would hold up whoever looks into it; so is one that may not be looked into, which is
/// noted.
pub(crate) fn local(cx: &Context) -> Vec<Home> {
    let Some(users) = cx.note(accounts::users(cx)) else { return Vec::new() };
    let remote = remote_mounts(cx);
    let mut homes = Vec::new();
    for home in users.users.into_iter().filter(|user| user.person).filter_map(home) {
        if is_under(&home.path, &remote) || !cx.root.exists(&home.path) {
            continue;
        }
        if cx.note(cx.root.list(&home.path)).is_some() {
            homes.push(home);
        }
    }
    let known: BTreeSet<String> = homes.iter().map(|home| home.path.clone()).collect();
    for home in of_a_directory(cx, "/home", &remote, true) {
        if !known.contains(&home.path) {
            homes.push(home);
        }
    }
    homes.sort_by(|a, b| (&a.user, &a.path).cmp(&(&b.user, &b.path)));
    homes
}

/// Folders that belong to a number of people's, whoever has the account. Where domains have a folder each,
/// it is the administrator's, and theirs lie in it (`/home/EXAMPLE/anna`).
fn of_a_directory(cx: &Context, folder: &str, remote: &[String], deeper: bool) -> Vec<Home> {
    const FIRST_PERSON: u32 = 1000;
    let mut homes = Vec::new();
    if is_under(folder, remote) {
        return homes;
    }
    for name in cx.root.list(folder).unwrap_or_default() {
        let path = format!("{folder}/{name}");
        if is_under(&path, remote) || name == "lost+found" {
            continue;
        }
        let Ok(about) = files::about_link(cx, &path) else { continue };
        if about.kind != FileType::Directory {
            continue;
        }
        // The files of a recorded tree belong to whoever laid it out.
        let owner = if cx.root.is_live() { about.owner } else { FIRST_PERSON };
        if owner >= FIRST_PERSON {
            homes.push(Home { user: name, uid: owner, path });
        } else if deeper && owner == 0 {
            homes.extend(of_a_directory(cx, &path, remote, false));
        }
    }
    homes
}

/// The folder of an account, if it has one.
pub(crate) fn home(user: User) -> Option<Home> {
    let path = user.home?.trim_end_matches('/').to_owned();
    let uid = user.id.parse().ok()?;
    (path.starts_with('/')).then_some(Home { user: user.name, uid, path })
}

/// Whether a path lies under one of these places.
pub(crate) fn is_under(path: &str, places: &[String]) -> bool {
    places.iter().any(|place| {
        path.strip_prefix(place.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Where file systems of other machines are mounted, or would be as soon as somebody looks.
pub(crate) fn remote_mounts(cx: &Context) -> Vec<String> {
    const KINDS: &[&str] = &[
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "autofs",
        "davfs",
        "fuse.sshfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.glusterfs",
        "fuse.ceph-fuse",
        "fuse.davfs2",
    ];
    let text = cx.note(cx.root.text("/proc/self/mountinfo")).unwrap_or_default();
    let mount = |line: &str| {
        let (head, tail) = line.split_once(" - ")?;
        let place = head.split(' ').nth(4)?.replace("\\040", " ");
        KINDS.contains(&tail.split(' ').next()?).then_some(place)
    };
    text.lines().filter_map(mount).collect()
}
