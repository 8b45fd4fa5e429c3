//! `befund-controller doctor`: looks for what is wrong with a controller, and says what to do. It
//! mends nothing (an older database is brought up to date, as every command does); a check that
//! fails makes the exit code 1. Safe while the controller serves.

use std::io::{ErrorKind, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::ensure;
use befund_controller::ca::{Ca, CaError};
use befund_controller::config::{Config, DataFolder};
use befund_controller::findings::CheckSet;
use befund_controller::platform;
use befund_controller::store::Store;
use befund_controller::store::repository::Operators as _;
use befund_model::Timestamp;
use befund_model::operator::Role;
use befund_runtime::clock::Clock;
use befund_runtime::telemetry;
use clap::Args;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::local;

/// From how few days on a certificate's end is worth a warning.
const SOON_DAYS: i64 = 30;
/// Below how much free space a controller should not be left alone.
const LOW_BYTES: u64 = 1 << 30;

/// Look for what is wrong, and say what to do.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The controller's folder.
    #[arg(long, env = "BEFUND_DATA", default_value = "/var/lib/befund-controller")]
    data: PathBuf,
}

/// What was found so far.
#[derive(Default)]
struct Report {
    failed: u32,
}

impl Report {
    fn good(&self, what: &str, text: impl std::fmt::Display) {
        say(format_args!("  ok    {what:<12} {text}"));
    }

    fn warn(&self, what: &str, text: impl std::fmt::Display) {
        say(format_args!("  warn  {what:<12} {text}"));
    }

    fn bad(&mut self, what: &str, text: impl std::fmt::Display) {
        self.failed += 1;
        say(format_args!("  FAIL  {what:<12} {text}"));
    }
}

/// A line for whoever listens: a reader that went away must not end the checks.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

impl Doctor {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let data = DataFolder::new(self.data);
        let now = Clock::system().now();
        ensure!(
            data.path().is_dir(),
            "there is no controller in {0}: `befund-controller init --data {0}` makes one, or name another folder with --data",
            data.path().display()
        );
        let mut report = Report::default();
        match Config::load(&data) {
            Ok(config) => {
                report.good("config", data.config().display());
                database(&mut report, &data, &config).await;
                ports(&mut report, &data, &config);
                console(&mut report, &config);
            }
            Err(error) => report.bad("config", telemetry::chain(&error)),
        }
        authority(&mut report, &data, now);
        folder(&mut report, &data);
        checks(&mut report, &data);
        clock(&mut report, &data, now);
        ensure!(report.failed == 0, "{} of the checks failed: see above", report.failed);
        say(format_args!("Nothing is wrong."));
        Ok(())
    }
}

async fn database(report: &mut Report, data: &DataFolder, config: &Config) {
    let store = match local::open_store(data, config).await {
        Ok(store) => store,
        Err(error) => return report.bad("database", telemetry::chain(error.as_ref())),
    };
    // Each answers by itself: one that fails must not hide the next.
    match store.ping().await {
        Ok(()) => report.good("database", "answers, and its tables fit this program"),
        Err(error) => report.bad("database", telemetry::chain(&error)),
    }
    match store.damage().await {
        Ok(damage) if damage.is_empty() => report.good("database", "its file is whole"),
        Ok(damage) => report.bad(
            "database",
            format_args!(
                "its file is damaged ({}): stop the controller and restore a backup",
                damage.join("; ")
            ),
        ),
        Err(error) => report.bad("database", telemetry::chain(&error)),
    }
    audit(report, &store).await;
    match store.has_operator(Role::Administrator).await {
        Ok(true) => report.good("accounts", "there is an administrator"),
        Ok(false) => report.bad(
            "accounts",
            "there is no administrator: make one with `befund-controller user add NAME --role administrator`",
        ),
        Err(error) => report.bad("accounts", telemetry::chain(&error)),
    }
    store.close().await;
}

fn checks(report: &mut Report, data: &DataFolder) {
    match CheckSet::with_folder(&data.checks()) {
        Ok(set) => {
            report.good("checks", format_args!("{} can be used", set.checks().len()));
        }
        Err(error) => report.bad("checks", telemetry::chain(&error)),
    }
}

async fn audit(report: &mut Report, store: &Store) {
    match store.verify_audit().await {
        Ok(None) => report.good("audit", "every entry is as it was written"),
        Ok(Some(broken)) => report.bad(
            "audit",
            format_args!(
                "{broken}. Somebody changed the database past the controller: compare with a backup"
            ),
        ),
        Err(error) => report.bad("audit", telemetry::chain(&error)),
    }
}

fn ports(report: &mut Report, data: &DataFolder, config: &Config) {
    if let Some(running) = local::running(data) {
        let gate = running.gate;
        return report.good("ports", format_args!("the controller is serving, its gate on {gate}"));
    }
    for (key, address) in
        [("gate.listen", config.gate.listen), ("console.listen", config.console.listen)]
    {
        match TcpListener::bind(address) {
            Ok(_) => report.good("ports", format_args!("{key} {address} is free")),
            Err(error) => report.bad(
                "ports",
                format_args!("{key} {address} cannot be used ({error}): stop what has it, or choose another in config.toml"),
            ),
        }
    }
}

/// A certificate of one's own is read when serving begins: better now than then.
fn console(report: &mut Report, config: &Config) {
    let own = [
        ("console.certificate", &config.console.certificate),
        ("console.key", &config.console.key),
    ];
    for (key, path) in own {
        let Some(path) = path else { continue };
        let read = std::fs::read(path);
        let path = path.display();
        match read {
            Ok(_) => report.good("console", format_args!("{key} {path} can be read")),
            Err(error) => report.bad(
                "console",
                format_args!("{key} {path} cannot be read ({error}): put it there, let this account read it, or take the key out of config.toml"),
            ),
        }
    }
}

fn authority(report: &mut Report, data: &DataFolder, now: Timestamp) {
    let ca = match Ca::load(&data.ca()) {
        Ok(ca) => ca,
        Err(error @ CaError::File { .. }) => {
            let why = telemetry::chain(&error);
            return report
                .bad("CA", format_args!("{why}: let this account read it, or restore a backup"));
        }
        Err(error) => return report.bad("CA", telemetry::chain(&error)),
    };
    report.good("CA pin", ca.pin());
    for certificate in ca.authorities() {
        let Ok((_, parsed)) = X509Certificate::from_der(&certificate) else {
            report.bad("CA", "one of its certificates cannot be read: restore a backup");
            continue;
        };
        let name = parsed.subject().to_string();
        let days = (parsed.validity().not_after.timestamp() - now.as_second()) / 86_400;
        if parsed.validity().not_before.timestamp() > now.as_second() {
            report.bad("CA", format_args!("{name} is not valid yet: is this host's clock right?"));
        } else if days < 0 {
            report.bad(
                "CA",
                format_args!("{name} has ended: restore a backup, or begin anew with `init`"),
            );
        } else if days < SOON_DAYS {
            report.warn("CA", format_args!("{name} ends in {days} days"));
        } else {
            report.good("CA", format_args!("{name} is valid for {days} more days"));
        }
    }
}

fn folder(report: &mut Report, data: &DataFolder) {
    for path in [data.path().to_owned(), data.ca()] {
        match platform::is_private(&path) {
            Ok(true) => report.good("permissions", format_args!("{} is private", path.display())),
            Ok(false) => report.bad(
                "permissions",
                format_args!("{0} can be read by other accounts: chmod 700 {0}", path.display()),
            ),
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                report.warn("permissions", "not checked on this system");
            }
            // What is missing was told above, with what to do.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => report.bad(
                "permissions",
                format_args!(
                    "{} cannot be looked at ({error}): run this as the controller's own account",
                    path.display()
                ),
            ),
        }
    }
    match platform::free_bytes(data.path()) {
        Ok(free) if free < LOW_BYTES => report.bad(
            "disk",
            format_args!(
                "only {} MiB are free at {}: make room",
                free >> 20,
                data.path().display()
            ),
        ),
        Ok(free) => report.good("disk", format_args!("{} MiB are free", free >> 20)),
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            report.warn("disk", "not checked on this system");
        }
        Err(error) => report.bad("disk", format_args!("{}: {error}", data.path().display())),
    }
}

/// A clock that is behind the files that this controller wrote went backwards.
fn clock(report: &mut Report, data: &DataFolder, now: Timestamp) {
    let written = [data.config(), data.database(), data.ledger()]
        .iter()
        .filter_map(|path| path.metadata().ok()?.modified().ok())
        .filter_map(|time| Timestamp::try_from(time).ok())
        .max();
    match written {
        Some(written) if written.as_second() > now.as_second() + 60 => report.bad(
            "clock",
            format_args!("this host's clock ({now}) is behind its own files ({written}): set it, and switch NTP on"),
        ),
        Some(_) | None => match platform::clock_synchronised() {
            Some(true) => report.good("clock", "synchronised"),
            Some(false) => report.warn("clock", "not synchronised by NTP: switch it on, certificates depend on the time"),
            None => report.warn("clock", "this system does not tell whether it is synchronised"),
        },
    }
}
