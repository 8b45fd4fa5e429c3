//! Linux and macOS: modes of files.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Opens a file that only its owner may read, empty.
pub(super) fn open_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Makes a folder that only its owner may enter.
pub fn create_private_folder(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

/// Whether a listening socket asks for an address that old connections still use.
pub(crate) const REUSE_ADDRESS: bool = true;

/// Agents' streams hold small pieces for a long time: jemalloc keeps a third less for each than the
/// system's allocator, and gives memory back after a storm.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How it is set: two arenas, since two writers at once are the rule and each arena keeps its own free
/// memory; what is free goes back to the system within a second, by a thread of jemalloc's own, also
/// when nothing is allocated any more.
// SAFETY: jemalloc reads the symbol once, as a pointer to a C string. A slice begins with its pointer,
// and the string ends with a zero.
#[expect(unsafe_code, reason = "jemalloc is configured by a symbol of this name")]
#[unsafe(export_name = "_rjem_malloc_conf")]
static ALLOCATOR_SETTINGS: &[u8] =
    b"background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,narenas:2\0";

/// Tells the service manager, where there is one.
pub(crate) fn tell_service_manager(state: super::ServiceState) -> std::io::Result<()> {
    use super::ServiceState;
    sd_notify::notify(&[match state {
        ServiceState::Ready => sd_notify::NotifyState::Ready,
        ServiceState::Alive => sd_notify::NotifyState::Watchdog,
        ServiceState::Stopping => sd_notify::NotifyState::Stopping,
    }])
}

/// Within which time the service manager wants to hear that the process is alive.
pub(crate) fn watchdog() -> Option<std::time::Duration> {
    sd_notify::watchdog_enabled()
}

/// SIGHUP: read certificates again.
#[derive(Debug)]
pub(crate) struct Hangup(Option<tokio::signal::unix::Signal>);

impl Hangup {
    /// Listens from now on.
    pub(crate) fn new() -> Self {
        Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok())
    }

    /// The next one.
    pub(crate) async fn next(&mut self) {
        let came = match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if came.is_none() {
            std::future::pending().await
        }
    }
}

/// This host's name.
pub fn host_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

/// Whether only its owner may enter a folder.
///
/// # Errors
/// If it cannot be looked at.
pub fn is_private(path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(path.metadata()?.permissions().mode() & 0o077 == 0)
}

/// How much this account can still write at a path.
///
/// # Errors
/// If the file system does not tell.
pub fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let space = rustix::fs::statvfs(path)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Whether the clock is synchronised, if systemd's time service says so; other services do not
/// leave a mark.
#[must_use]
pub fn clock_synchronised() -> Option<bool> {
    Path::new("/run/systemd/timesync/synchronized").exists().then_some(true)
}
