//! When the system was installed: by what installers leave behind, else by when the machine got its id.

use befund_model::Timestamp;

use crate::collector::Context;
use crate::platform::linux::files;
use crate::platform::linux::software::local_time;

/// What installers write at their end and nobody changes afterwards: Debian's and Ubuntu's, Fedora's,
/// SUSE's, Calamares.
const TRACES: &[&str] = &[
    "/var/log/installer/status",
    "/var/log/installer/lsb-release",
    "/var/log/installer/autoinstall-user-data",
    "/var/log/installer/media-info",
    "/root/anaconda-ks.cfg",
    "/var/log/anaconda/anaconda.log",
    "/var/log/YaST2/y2log-1.gz",
    "/var/adm/autoinstall/cache/installedSystem.xml",
    "/var/log/Calamares.log",
    "/var/log/installation/calamares.log",
];

/// When, and what tells it.
pub(super) fn at(cx: &Context) -> Option<(Timestamp, String)> {
    let traces =
        TRACES.iter().find_map(|path| Some((files::modified(cx, path)?, (*path).to_owned())));
    traces.or_else(|| pacman(cx)).or_else(|| machine_id(cx))
}

/// pacman's log begins with the installation, as long as nobody has cut it.
fn pacman(cx: &Context) -> Option<(Timestamp, String)> {
    use std::io::Read;
    const LOG: &str = "/var/log/pacman.log";
    let mut head = Vec::new();
    files::open(cx, LOG).ok()?.take(4_096).read_to_end(&mut head).ok()?;
    let text = String::from_utf8_lossy(&head);
    let first = text.lines().next()?;
    // pacstrap puts everything below the new system's root.
    if !first.contains("[PACMAN] Running 'pacman") {
        return None;
    }
    let at = first.strip_prefix('[')?.split(']').next()?;
    Some((local_time::with_offset(at)?, LOG.to_owned()))
}

/// The machine's id is made when a system is installed, or started for the first time where it was copied
/// from an image. Only the file system knows when; the file's other times change with copying.
fn machine_id(cx: &Context) -> Option<(Timestamp, String)> {
    const ID: &str = "/etc/machine-id";
    if !cx.root.is_live() {
        return None;
    }
    let born = files::about(cx, ID).ok()?.born?;
    Some((born, format!("birth of {ID}")))
}
