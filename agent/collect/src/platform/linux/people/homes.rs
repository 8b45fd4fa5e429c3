//! The folders of the people who have an account here.

use befund_model::section::software::User;

use crate::collector::Context;

use super::accounts;

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
