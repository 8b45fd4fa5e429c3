//! Enrolling as root where another account keeps the identity: the link's, to which the folder belongs that the packages
//! or the units have made. What root wrote there the link could not read, and root does not follow whatever that account
//! has put into a folder of its own.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Has the folder's owner enroll, with this program's arguments and the token on its standard input; how that ended.
/// `None` where it is for this process to do.
///
/// # Errors
/// If the program cannot be started again.
pub(crate) fn enroll_as_owner(
    state: &Path,
    arguments: &[OsString],
    token: &str,
) -> io::Result<Option<ExitStatus>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let about = match std::fs::symlink_metadata(state) {
        Ok(about) if about.is_dir() && about.uid() != 0 => about,
        // The service manager hands a folder that root makes to the unit's account when it starts it.
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).uid(about.uid()).gid(about.gid()).stdin(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // One that ended before it read says why by itself.
        let _ = input.write_all(token.as_bytes());
    }
    child.wait().map(Some)
}
