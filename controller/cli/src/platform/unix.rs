//! Unix: the XDG folders, and file modes.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use befund_runtime::clock::random;

/// `$XDG_CONFIG_HOME`, or `~/.config`.
pub(crate) fn config_dir() -> Option<PathBuf> {
    match std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from) {
        Some(dir) if dir.is_absolute() => Some(dir),
        _ => std::env::home_dir().map(|home| home.join(".config")),
    }
}

/// This machine's name, if it has one that can be read.
pub(crate) fn host_name() -> Option<String> {
    let system = rustix::system::uname();
    let name = system.nodename().to_str().ok()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// How long the ssh-agent may take: a person may have to touch a key, or to type its PIN.
const AGENT: Duration = Duration::from_secs(120);

/// The ssh-agent that `SSH_AUTH_SOCK` names.
pub(crate) fn ssh_agent() -> io::Result<impl Read + Write> {
    let path = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
    let path = path.ok_or_else(|| io::Error::other("SSH_AUTH_SOCK is not set"))?;
    let socket = UnixStream::connect(path)?;
    socket.set_read_timeout(Some(AGENT))?;
    socket.set_write_timeout(Some(AGENT))?;
    Ok(socket)
}

/// Reads a file that must be nobody else's to read.
pub(crate) fn read_private(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mode = file.metadata()?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(io::Error::other(format!(
            "it holds a token, but other accounts may use it (mode {mode:04o}); run `chmod 600` on it"
        )));
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a file with mode 0600 in one step: beside its place, then renamed into it.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{:016x}", u64::from_le_bytes(random())));
    let beside = dir.join(name);
    let written = write_new(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written?;
    File::open(dir)?.sync_all()
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_the_owner_may_read_what_is_private() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("deep/cli.toml");
        write_private(&path, b"one").expect("writable");
        let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().expect("a folder")), 0o700);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("ours");
        let error = read_private(&path).expect_err("readable by the group");
        assert!(error.to_string().contains("chmod 600"), "{error}");

        write_private(&path, b"two").expect("writable");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(read_private(&path).expect("private again"), "two");
        assert_eq!(fs::read_dir(path.parent().expect("a folder")).expect("readable").count(), 1);
    }
}
