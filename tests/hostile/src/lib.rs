//! What every reader of outside data has to keep, whatever the data: each target feeds one reader
//! with any bytes and panics if a promise is broken. `tests/fuzz` runs them under libFuzzer,
//! `tests/corpus.rs` over what is kept in `tests/fuzz/seeds`. What collectors promise of what nobody else
//! sees stands beside them. Not here: what good data comes to.

mod backup;
mod catalogue;
mod gate;
mod local;
mod pieces;
mod probes;
mod redaction;
mod runbook;
mod runs;
mod session;
mod system;
mod trust;
mod wire;

use befund_collect::fuzzing::{Reader, read as collect};

/// A target: its name, which is that of its program and of its folder of seeds, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("accounts", |data| collect(Reader::Accounts, data)),
    ("approval", trust::approvals),
    ("backup", backup::run),
    ("catalogue", trust::catalogues),
    ("disks", |data| collect(Reader::Disks, data)),
    ("edid", |data| collect(Reader::Edid, data)),
    ("expand", gate::expand),
    ("expression", runbook::expression),
    ("frame", local::frame),
    ("http", probes::http),
    ("indexes", |data| collect(Reader::Indexes, data)),
    ("ipp", |data| collect(Reader::Ipp, data)),
    ("journal", |data| collect(Reader::Journal, data)),
    ("leases", |data| collect(Reader::Leases, data)),
    ("manifest", wire::manifest),
    ("netlink", system::netlink),
    ("nftables", |data| collect(Reader::Nftables, data)),
    ("packages", system::packages),
    ("parts", catalogue::run),
    ("policy", local::policy),
    ("probes", probes::packets),
    ("proxy", local::proxy),
    ("redaction", redaction::run),
    ("root", trust::roots),
    ("runbook", runbook::read),
    ("runs", runs::run),
    ("session", session::run),
    ("signature", trust::signatures),
    ("smbios", system::smbios),
    ("spool", local::spool),
    ("token", wire::token),
    ("tree", system::tree),
    ("upload", gate::upload),
    ("windows", |data| collect(Reader::Windows, data)),
    ("wire", wire::messages),
];

/// Runs a target by name.
///
/// # Panics
/// If there is none of that name, or if it finds a broken promise.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("there is no target {name}")).1(data);
}
