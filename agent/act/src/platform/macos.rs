//! macOS: the few actions that are plain there; the rest says why not.

mod interfaces;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use befund_model::action::Takes;

use crate::context::Context;
use crate::engine::{Check, Plan, Row, nothing_to_undo};
use crate::parameters::Parameters;
use crate::trouble::Outcome;

use super::family::{Folder, plain_name};
use super::{clock, hosts as redirects};

pub use super::plain::Root;

/// Where names are redirected.
pub(super) const HOSTS: &str = "/etc/hosts";
const LONGEST_NAME: usize = 128;
const BY_ITSELF: &str = "macOS does this by itself";
const NOT_YET: &str = "it is done on Linux and Windows only";

pub(crate) const UNSUPPORTED: &[(&str, &str)] = &[
    ("account.unlock", NOT_YET),
    ("certificates.refresh", BY_ITSELF),
    ("devices.unblock", "macOS lets nobody but the person grant camera and microphone"),
    ("disk.clean_crashes", BY_ITSELF),
    ("disk.clean_journal", BY_ITSELF),
    ("disk.clean_packages", "macOS keeps no package files"),
    ("disk.clean_temp", BY_ITSELF),
    ("dns.use_dhcp_servers", NOT_YET),
    ("net.adapter_enable", NOT_YET),
    ("net.adapter_restart", NOT_YET),
    ("net.dhcp_renew", NOT_YET),
    ("net.route_default_restore", NOT_YET),
    ("net.vpn_reconnect", NOT_YET),
    ("net.wifi_radio_on", NOT_YET),
    ("net.wifi_reconnect", NOT_YET),
    ("packages.repair", "macOS' own packages are sealed"),
    ("printer.cancel_jobs", NOT_YET),
    ("printer.resume", NOT_YET),
    ("process.end", NOT_YET),
    ("process.lower_priority", NOT_YET),
    ("proxy.clear_system", NOT_YET),
    ("proxy.clear_user", NOT_YET),
    ("service.enable", NOT_YET),
    ("service.restart", NOT_YET),
    ("service.start", NOT_YET),
    ("share.reconnect", NOT_YET),
    ("sound.restart", NOT_YET),
    ("sound.unmute", NOT_YET),
];

/// How each of the others is done.
pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "dns.flush_cache",
        plan: plan_flush,
        perform: flush,
        undo: nothing_to_undo,
        holds: Check::Unknown("an emptied cache leaves no trace"),
    },
    Row {
        name: "hosts.entry_disable",
        plan: redirects::plan,
        perform: redirects::perform,
        undo: redirects::undo,
        holds: Check::Plan,
    },
    Row {
        name: "net.mtu_set",
        plan: interfaces::plan,
        perform: interfaces::perform,
        undo: interfaces::undo,
        holds: Check::Look(interfaces::holds),
    },
    Row {
        name: "time.resync",
        plan: clock::plan,
        perform: clock::perform,
        undo: nothing_to_undo,
        holds: Check::Plan,
    },
    Row {
        name: "updates.refresh",
        plan: plan_look,
        perform: look,
        undo: nothing_to_undo,
        holds: Check::Unknown("only the update service knows when it looked last"),
    },
];

/// Whether a text may be such a name at all.
pub(crate) fn name(_: Takes, name: &str) -> Result<(), String> {
    plain_name(name, LONGEST_NAME)
}

/// Whether this machine has what is named: an interface, since no action here names anything else.
pub(crate) fn exists(context: &Context<'_>, _: &str, takes: Takes, name: &str) -> Outcome<()> {
    match takes {
        Takes::Interface => interfaces::mtu(context, name).map(|_| ()),
        Takes::Named(_)
        | Takes::Service
        | Takes::Printer
        | Takes::Account
        | Takes::Number { .. }
        | Takes::Word(_) => Ok(()),
    }
}

fn plan_look(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    context.program("softwareupdate")?;
    Ok(Plan::change("have softwareupdate look for updates")
        .unpredictable("what it finds is not known before"))
}

fn look(context: &Context<'_>, _: &Parameters, _: &mut Plan) -> Outcome<String> {
    context.must(&context.program("softwareupdate")?, &["--list"])?;
    Ok("it was looked for updates".to_owned())
}

fn plan_flush(_: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    Ok(Plan::change("empty the caches of the directory service and of mDNSResponder"))
}

fn flush(context: &Context<'_>, _: &Parameters, _: &mut Plan) -> Outcome<String> {
    context.must(&context.program("dscacheutil")?, &["-flushcache"])?;
    context.must(&context.program("killall")?, &["-HUP", "mDNSResponder"])?;
    Ok("the caches of names were emptied".to_owned())
}

/// Puts one file in another's place, which keeps its owner and mode.
pub(super) fn swap(path: &Path, beside: &Path) -> io::Result<()> {
    let about = std::fs::symlink_metadata(path)?;
    std::os::unix::fs::chown(beside, Some(about.uid()), Some(about.gid()))?;
    std::fs::set_permissions(beside, about.permissions())?;
    std::fs::rename(beside, path)
}

/// macOS has no file in memory: one in a private folder.
pub(super) fn sealed(folder: &Folder, bytes: &[u8]) -> io::Result<(PathBuf, Option<OwnedFd>)> {
    let file = folder.path().join("script");
    std::fs::write(&file, bytes)?;
    Ok((file, None))
}

/// The bytes as a standard input: a file in a private folder, too.
pub(super) fn input(folder: &Folder, bytes: &[u8]) -> io::Result<std::fs::File> {
    let file = folder.path().join("input");
    std::fs::write(&file, bytes)?;
    std::fs::File::open(file)
}
