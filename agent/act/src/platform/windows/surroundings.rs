//! How programs are surrounded and killed on Windows, private folders, the clock.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use windows_sys::Win32::Foundation::SYSTEMTIME;
use windows_sys::Win32::System::SystemInformation::SetSystemTime;

use crate::Interpreter;

/// The folders of Windows' own programs, below its root.
const FOLDERS: [&str; 3] =
    [r"C:\Windows\System32", r"C:\Windows\System32\WindowsPowerShell\v1.0", r"C:\Windows"];

/// Nobody can be impersonated from here: what belongs to a person's session is not supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Account {}

pub(crate) fn program_folders() -> Vec<PathBuf> {
    FOLDERS.map(PathBuf::from).into()
}

pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file()
}

pub(crate) const fn interpreter(interpreter: Interpreter) -> &'static str {
    match interpreter {
        Interpreter::Sh => "sh.exe",
        Interpreter::Powershell => "powershell.exe",
        Interpreter::Python => "python3.exe",
    }
}

/// Files have access lists here.
pub(crate) const fn usual_mask() {}

#[expect(unsafe_code, reason = "a function of Windows")]
pub(crate) fn set_clock(to: Timestamp) -> io::Result<()> {
    let at = to.to_zoned(TimeZone::UTC).datetime();
    let part = |value: i64| u16::try_from(value).map_err(io::Error::other);
    let to = SYSTEMTIME {
        wYear: part(at.year().into())?,
        wMonth: part(at.month().into())?,
        wDayOfWeek: 0,
        wDay: part(at.day().into())?,
        wHour: part(at.hour().into())?,
        wMinute: part(at.minute().into())?,
        wSecond: part(at.second().into())?,
        wMilliseconds: part(at.millisecond().into())?,
    };
    // SAFETY: the structure lives beyond the call.
    if unsafe { SetSystemTime(&raw const to) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The few variables without which Windows' own programs do not start.
pub(crate) fn surround(command: &mut Command, account: Option<&Account>) -> io::Result<()> {
    if let Some(account) = account {
        match *account {}
    }
    command
        .env("SystemRoot", r"C:\Windows")
        .env("windir", r"C:\Windows")
        .env("SystemDrive", "C:")
        .env("PATH", FOLDERS.join(";"))
        .env("TEMP", r"C:\Windows\Temp")
        .env("TMP", r"C:\Windows\Temp")
        .current_dir(r"C:\");
    Ok(())
}

/// Kills a program and what it has started. The job of the executor ends with us, and takes the rest.
pub(crate) fn kill_all(child: &mut Child) {
    let pid = child.id().to_string();
    let _ = Command::new(r"C:\Windows\System32\taskkill.exe")
        .args(["/T", "/F", "/PID", &pid])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let _ = child.kill();
}

/// A folder that nobody else may look into; removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn make() -> io::Result<Self> {
        let name = u128::from_ne_bytes(befund_runtime::clock::random());
        let path = Path::new(r"C:\ProgramData\Befund\act").join(format!("{name:032x}"));
        befund_runtime::files::make_private_folder(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A script where it can be run and nobody can change it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// What the interpreter reads.
    pub(crate) file: PathBuf,
    /// Where it works.
    pub(crate) folder: Folder,
    /// Nothing: the folder holds it.
    pub(crate) held: Option<()>,
    /// What it is given, whole before it starts: one that is left alone reads no less.
    pub(crate) input: std::fs::File,
}

pub(crate) fn prepare_script(
    interpreter: Interpreter,
    bytes: &[u8],
    input: &[u8],
) -> io::Result<Prepared> {
    let folder = Folder::make()?;
    let name = match interpreter {
        Interpreter::Powershell => "script.ps1",
        Interpreter::Sh => "script.sh",
        Interpreter::Python => "script.py",
    };
    let file = folder.path().join(name);
    std::fs::write(&file, bytes)?;
    let given = folder.path().join("input");
    std::fs::write(&given, input)?;
    Ok(Prepared { file, folder, held: None, input: std::fs::File::open(given)? })
}
