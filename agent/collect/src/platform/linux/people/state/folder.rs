//! What an account's folder occupies, and whether it is the account's own. Counting is bounded: a
//! folder with millions of files must hold nobody up.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use befund_model::section::people::UserState;
use rustix::fs::FileType;

use crate::collector::Context;
use crate::platform::linux::files;
use crate::platform::linux::people::homes::{Home, is_under};

/// How many files and folders are counted, for all accounts together.
const MAX_ENTRIES: u32 = 20_000;
/// How long is counted, for all accounts together. Counting is the most that a snapshot does, so this is
/// less than what a person waits for.
const PATIENCE: Duration = Duration::from_millis(400);

/// What is left of both.
#[derive(Debug)]
pub(super) struct Budget {
    entries: u32,
    until: Instant,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { entries: MAX_ENTRIES, until: Instant::now() + PATIENCE }
    }

    fn spent(&mut self) -> bool {
        self.entries = self.entries.saturating_sub(1);
        self.entries == 0 || Instant::now() >= self.until
    }
}

/// Looks at the folder of an account.
pub(super) fn look(
    cx: &Context,
    home: &Home,
    remote: &[String],
    budget: &mut Budget,
    state: &mut UserState,
) {
    if is_under(&home.path, remote) {
        return;
    }
    let about = match files::about(cx, &home.path) {
        Ok(about) => about,
        Err(unread) => {
            if unread.status() == befund_model::snapshot::Status::Unsupported {
                state.profile_trouble = Some("missing".into());
            } else {
                cx.note::<(), _>(Err(unread));
            }
            return;
        }
    };
    if about.kind != FileType::Directory {
        state.profile_trouble = Some("not a folder".into());
        return;
    }
    // The files of a recorded tree belong to whoever laid it out.
    if about.owner != home.uid && cx.root.is_live() {
        state.profile_trouble = Some("belongs to another account".into());
    }
    let (bytes, more) = occupied(cx, &home.path, about.device, budget);
    state.profile_bytes = Some(bytes);
    state.profile_more = more;
}

/// What a folder occupies with everything under it that lies on the same file system, in bytes; and whether
/// there is more that was not counted. Folders near the top come first.
fn occupied(cx: &Context, top: &str, device: (u32, u32), budget: &mut Budget) -> (u64, bool) {
    let mut folders = VecDeque::from([top.to_owned()]);
    let (mut bytes, mut more) = (0_u64, false);
    while let Some(folder) = folders.pop_front() {
        let Ok(names) = cx.root.list(&folder) else {
            more = true;
            continue;
        };
        for name in names {
            if budget.spent() {
                return (bytes, true);
            }
            let path = format!("{folder}/{name}");
            let Ok(about) = files::about_link(cx, &path) else {
                more = true;
                continue;
            };
            if about.device != device {
                continue;
            }
            bytes = bytes.saturating_add(if cx.root.is_live() {
                about.occupied
            } else if about.kind == FileType::RegularFile {
                // How a recorded tree lies on this disk is not how it lay on its own.
                about.length
            } else {
                0
            });
            if about.kind == FileType::Directory {
                folders.push_back(path);
            }
        }
    }
    (bytes, more)
}
