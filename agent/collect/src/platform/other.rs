//! Systems whose collectors have not been written: every section says so.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use befund_model::section;

use crate::collector::{Context, Gap, Outcome, run};
use crate::registry::Entry;

/// A tree of files.
#[derive(Debug)]
pub(crate) struct Tree {
    directory: PathBuf,
}

impl Tree {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        fs::metadata(directory)?;
        Ok(Self { directory: directory.to_owned() })
    }

    pub(crate) fn is_live(&self) -> bool {
        self.directory.as_os_str() == "/"
    }

    pub(crate) fn file(&self, path: &str) -> io::Result<File> {
        File::open(self.under(path))
    }

    pub(crate) fn names(&self, path: &str) -> io::Result<Vec<String>> {
        fs::read_dir(self.under(path))?
            .filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose())
            .collect()
    }

    pub(crate) fn link(&self, path: &str) -> io::Result<PathBuf> {
        fs::read_link(self.under(path))
    }

    pub(crate) fn exists(&self, path: &str) -> io::Result<bool> {
        self.under(path).try_exists()
    }

    fn under(&self, path: &str) -> PathBuf {
        self.directory.join(path.trim_start_matches('/'))
    }
}

const fn none(section: &'static section::Known) -> Entry {
    Entry { section, deadline: Duration::from_secs(1), run: unsupported }
}

fn unsupported(cx: &Context) -> Outcome {
    run(cx, |_| {
        Err::<(), _>(Gap::unsupported("this agent cannot read it on this operating system yet"))
    })
}

/// Every kind of section.
pub(crate) static COLLECTORS: &[&[Entry]] = &[&[
    none(&section::AUTOSTART),
    none(&section::BATTERIES),
    none(&section::BATTERIES_STATE),
    none(&section::BOOTS),
    none(&section::BROWSERS),
    none(&section::BROWSERS_EXTENSIONS),
    none(&section::CERTIFICATES),
    none(&section::CLOCK),
    none(&section::CPU),
    none(&section::CRASHES),
    none(&section::DEVICES),
    none(&section::DIRECTORY),
    none(&section::DIRECTORY_STATE),
    none(&section::DISKS),
    none(&section::DISKS_HEALTH),
    none(&section::DISPLAYS),
    none(&section::DRIVERS),
    none(&section::ENCRYPTION),
    none(&section::ERRORS),
    none(&section::FILESYSTEMS),
    none(&section::FILESYSTEMS_USAGE),
    none(&section::FIRMWARE),
    none(&section::GROUPS),
    none(&section::LOAD),
    none(&section::MEDIA),
    none(&section::MEDIA_STATE),
    none(&section::MEMORY),
    none(&section::MEMORY_USAGE),
    none(&section::NETWORK_ADDRESSES),
    none(&section::NETWORK_CONNECTIONS),
    none(&section::NETWORK_COUNTERS),
    none(&section::NETWORK_DNS),
    none(&section::NETWORK_FIREWALL),
    none(&section::NETWORK_INTERFACES),
    none(&section::NETWORK_LEASES),
    none(&section::NETWORK_NEIGHBOURS),
    none(&section::NETWORK_PORTS),
    none(&section::NETWORK_PROXY),
    none(&section::NETWORK_ROUTES),
    none(&section::NETWORK_VPN),
    none(&section::OS),
    none(&section::PACKAGES),
    none(&section::PRINTERS),
    none(&section::PRINTERS_STATE),
    none(&section::PROCESSES),
    none(&section::SECURITY),
    none(&section::SENSORS),
    none(&section::SERVICES),
    none(&section::SERVICES_STATE),
    none(&section::SESSIONS),
    none(&section::SYSTEM),
    none(&section::TASKS),
    none(&section::TASKS_STATE),
    none(&section::UPDATES),
    none(&section::UPDATES_STATE),
    none(&section::UPTIME),
    none(&section::USERS),
    none(&section::USERS_STATE),
    none(&section::WIFI),
    none(&section::WIFI_NETWORK),
]];

/// The readers for [`crate::fuzzing`]: those that every system shares.
pub(crate) mod hostile {
    use crate::smbios;

    pub(crate) fn smbios(tables: &[u8]) -> usize {
        let (structures, _) = smbios::structures(tables);
        let named = structures.iter().filter_map(smbios::uuid).count();
        let cases = structures.iter().filter_map(|one| smbios::chassis(one.byte(5)?)).count();
        smbios::modules(&structures).1.len() + named + cases
    }

    pub(crate) fn packages(_: &str) -> usize {
        0
    }

    pub(crate) fn netlink(_: &[u8]) -> usize {
        0
    }

    pub(crate) fn read(_: crate::fuzzing::Reader, _: &[u8]) {}
}

/// What this process has used itself: not known here.
pub(crate) mod usage {
    use std::time::Duration;

    pub(crate) const fn cpu() -> Option<Duration> {
        None
    }

    pub(crate) const fn memory() -> Option<u64> {
        None
    }

    pub(crate) const fn refuse_memory_beyond(_: u64) {}
}

/// The parts of collectors, which systems that have some use: they belong to every system.
#[expect(dead_code, reason = "there are no collectors here yet")]
fn parts(context: &Context) {
    context.gap(Gap::denied(""));
    let _ = context.note::<(), _>(Err(Gap::failed("")));
    let _ = context.lines("", "".lines(), Some);
    let _ = context.line("");
}
