//! `share.reconnect`: file shares of `/etc/fstab` mounted where they are not, and anew where they do not answer.

use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

/// How long a share may take to say how much room it has.
const ANSWER: Duration = Duration::from_secs(3);

/// A share of fstab(5).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Share {
    source: String,
    target: String,
    by: MountedBy,
}

/// Who mounts a share, and keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MountedBy {
    /// The kernel.
    Kernel,
    /// A program (FUSE), which has to go on.
    Program,
}

/// How a share is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Well,
    NotMounted,
    Silent,
}

/// The shares that are mounted at boot or on demand.
fn read(fstab: &str) -> Vec<Share> {
    let network =
        ["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "sshfs", "davfs", "fuse.davfs"];
    let share = |line: &str| {
        let mut fields = line.split_ascii_whitespace().map(unescaped);
        let (source, target, kind) = (fields.next()?, fields.next()?, fields.next()?);
        let options = fields.next().unwrap_or_default();
        let options: Vec<&str> = options.split(',').collect();
        let wanted = !options.contains(&"noauto") || options.contains(&"x-systemd.automount");
        let is_share = !source.starts_with('#')
            && network.contains(&kind.as_str())
            && target.starts_with('/')
            && !target.split('/').any(|part| part == "..");
        let programs = ["sshfs", "davfs"];
        let program = kind.starts_with("fuse.") || programs.contains(&kind.as_str());
        let by = if program { MountedBy::Program } else { MountedBy::Kernel };
        (is_share && wanted).then_some(Share { source, target, by })
    };
    fstab.lines().filter_map(share).take(64).collect()
}

/// Octal escapes of fstab(5) and of the kernel's tables.
fn unescaped(field: &str) -> String {
    let mut text = field.to_owned();
    for (escape, character) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        text = text.replace(escape, character);
    }
    text
}

/// The mount points of the kernel's table.
fn mounted(mounts: &str) -> Vec<String> {
    mounts.lines().filter_map(|line| line.split_ascii_whitespace().nth(1).map(unescaped)).collect()
}

fn shares(context: &Context<'_>) -> Outcome<Vec<(Share, State)>> {
    let fstab = context.root.text("/etc/fstab");
    let fstab = fstab.map_err(|error| Trouble::io("read /etc/fstab", &error))?;
    let shares = read(&fstab);
    if shares.is_empty() {
        return Err(Trouble::unsupported("/etc/fstab names no file shares"));
    }
    let mounts = context.root.text("/proc/self/mounts");
    let mounts = mounts.map_err(|error| Trouble::io("read /proc/self/mounts", &error))?;
    let mounted = mounted(&mounts);
    let state = |share: &Share| {
        if !mounted.contains(&share.target) {
            State::NotMounted
        } else if answers(context.root.host_path(&share.target)) {
            State::Well
        } else {
            State::Silent
        }
    };
    Ok(shares
        .into_iter()
        .map(|share| {
            let state = state(&share);
            (share, state)
        })
        .collect())
}

/// Whether a file system tells of its room. A thread that hangs on a dead server is left behind.
fn answers(path: PathBuf) -> bool {
    let (send, told) = sync_channel(1);
    thread::spawn(move || {
        let _ = send.send(rustix::fs::statvfs(&path).is_ok());
    });
    told.recv_timeout(ANSWER).unwrap_or(false)
}

pub(super) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let line = |(share, state): &(Share, State)| {
        let Share { source, target, .. } = share;
        match state {
            State::Well => None,
            State::NotMounted => Some(format!("mount {source} on {target}")),
            State::Silent => Some(format!("mount {source} on {target} anew: it does not answer")),
        }
    };
    let lines = shares(context)?.iter().filter_map(line).collect();
    Ok(Plan::changes(lines, "every file share of /etc/fstab is mounted and answers"))
}

pub(super) fn perform(context: &Context<'_>, _: &Parameters, _: &mut Plan) -> Outcome<String> {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for (share, state) in shares(context)? {
        let target = &share.target;
        match state {
            State::Well => continue,
            State::NotMounted => {}
            State::Silent => {
                let umount = context.program("umount")?;
                context.run(&umount, &["-f", "-l", "--", target])?;
            }
        }
        match mount(context, &share) {
            Ok(()) => done.push(share.target),
            Err(trouble) => failed.push(trouble.reason),
        }
    }
    if failed.is_empty() {
        return Ok(format!("{} was mounted", done.join(", ")));
    }
    Err(Trouble::failed(failed.join("; ")))
}

/// Mounts one. What is started here ends with this process, so that under systemd a program is a unit of its own.
fn mount(context: &Context<'_>, share: &Share) -> Outcome<()> {
    let (mount, target) = (context.program("mount")?, &share.target);
    match share.by {
        MountedBy::Kernel => context.must(&mount, &["--", target])?,
        MountedBy::Program if context.root.exists("/run/systemd/system") => {
            let mount = mount.display().to_string();
            let unit =
                ["--quiet", "--collect", "--service-type=forking", "--", &mount, "--", target];
            context.must(&context.program("systemd-run")?, &unit)?
        }
        MountedBy::Program => {
            return Err(Trouble::unsupported(format!(
                "{target} is kept by a program, which would end with this one as there is no systemd to start it; mount it by hand"
            )));
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_are_told_from_other_file_systems() {
        let fstab = "# srv:/x /x nfs\nUUID=1 / ext4 defaults 0 1\nsrv:/home /home nfs4 rw 0 0\n\
            //srv/Data\\040Old /mnt/old\\040data cifs credentials=/root/c 0 0\n\
            srv:/later /later nfs noauto 0 0\nsrv:/auto /auto nfs noauto,x-systemd.automount 0 0\n";
        let targets: Vec<String> = read(fstab).into_iter().map(|share| share.target).collect();
        assert_eq!(targets, ["/home", "/mnt/old data", "/auto"]);
        assert_eq!(mounted("srv:/h /mnt/old\\040data nfs rw 0 0\n"), ["/mnt/old data"]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in any::<String>()) {
            for share in read(&text) {
                prop_assert!(share.target.starts_with('/'));
            }
            mounted(&text);
        }
    }
}
