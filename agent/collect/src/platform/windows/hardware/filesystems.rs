//! Volumes and shares that are mounted, and how full they are.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use befund_model::section::storage::{Filesystem, FilesystemUsage, Filesystems, FilesystemsUsage};
use windows::Win32::Foundation::{ERROR_NOT_READY, HANDLE};
use windows::Win32::Storage::FileSystem::{
    FindFirstVolumeW, FindNextVolumeW, FindVolumeClose, GetDiskFreeSpaceExW, GetDriveTypeW,
    GetLogicalDriveStringsW, GetVolumeInformationW, GetVolumePathNamesForVolumeNameW,
    QueryDosDeviceW,
};
use windows::core::HSTRING;

use super::super::win32;
use crate::collector::{Context, Gap};

/// How long a server of a share may take to answer.
const SERVER_DEADLINE: Duration = Duration::from_secs(1);
/// `FILE_READ_ONLY_VOLUME` and other flags of `GetVolumeInformation`.
const READ_ONLY: u32 = 0x0008_0000;
const COMPRESSED: u32 = 0x0000_8000;
const REMOTE: u32 = 4;

/// A place that something is mounted at.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// With a backslash at its end, as Windows wants it.
    pub(crate) path: String,
    /// The volume, or the share.
    pub(crate) source: String,
    pub(crate) remote: bool,
}

impl Mount {
    /// As people write it: `C:`.
    pub(crate) fn name(&self) -> String {
        self.path.trim_end_matches('\\').to_owned()
    }
}

/// Section `filesystems`.
pub(crate) fn filesystems(cx: &Context) -> Result<Filesystems, Gap> {
    let mut result = Filesystems::default();
    for mount in mounts(cx)? {
        cx.root.trail().at(&mount.path);
        let path = mount.path.clone();
        let info = if mount.remote { in_time(move || info(&path)) } else { info(&path) };
        match info {
            Ok(Some((kind, flags))) => result.filesystems.push(Filesystem {
                mount_point: mount.name(),
                source: cx.redactor.text(&mount.source).to_string(),
                kind,
                read_only: flags & READ_ONLY != 0,
                options: if flags & COMPRESSED != 0 {
                    vec!["compressed".into()]
                } else {
                    Vec::new()
                },
            }),
            // There is no disc in the drive.
            Ok(None) => {}
            Err(why) => {
                cx.gap(Gap::failed(format!("{} does not say what it is: {why}", mount.name())));
            }
        }
    }
    Ok(result)
}

/// Section `filesystems.usage`.
pub(crate) fn usage(cx: &Context) -> Result<FilesystemsUsage, Gap> {
    let mut result = FilesystemsUsage::default();
    for mount in mounts(cx)? {
        cx.root.trail().at(&mount.path);
        let path = mount.path.clone();
        let space = if mount.remote { in_time(move || space(&path)) } else { space(&path) };
        match space {
            Ok(Some((size, free, available))) if size > 0 => {
                result.filesystems.push(FilesystemUsage {
                    mount_point: mount.name(),
                    size_bytes: size,
                    used_bytes: size.saturating_sub(free),
                    available_bytes: available,
                    inodes: None,
                    inodes_used: None,
                });
            }
            Ok(_) => {}
            Err(why) => {
                cx.gap(Gap::failed(format!("{} does not say how full it is: {why}", mount.name())));
            }
        }
    }
    Ok(result)
}

/// A server that is gone lets the question hang, so it is asked on a thread of its own.
fn in_time<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (answer, answered) = sync_channel(1);
    thread::Builder::new()
        .name("share".into())
        .spawn(move || answer.send(ask()))
        .map_err(|error| error.to_string())?;
    answered
        .recv_timeout(SERVER_DEADLINE)
        .unwrap_or_else(|_| Err("its server does not answer".into()))
}

/// The file system's name and flags; `None` if no medium is in the drive.
fn info(path: &str) -> Result<Option<(String, u32)>, String> {
    let mut kind = [0; 64];
    let mut flags = 0;
    // SAFETY: the path lives, and the buffers have the sizes that are told.
    let asked = unsafe {
        GetVolumeInformationW(
            &HSTRING::from(path),
            None,
            None,
            None,
            Some(&raw mut flags),
            Some(&mut kind),
        )
    };
    match asked {
        Ok(()) => Ok(Some((win32::text(&kind), flags))),
        Err(error) if error.code() == ERROR_NOT_READY.to_hresult() => Ok(None),
        Err(error) => Err(format!("GetVolumeInformation: {}", win32::told(&error))),
    }
}

/// Size, free bytes, and those that this account may use; `None` if no medium is in the drive.
fn space(path: &str) -> Result<Option<(u64, u64, u64)>, String> {
    let (mut size, mut free, mut available) = (0, 0, 0);
    // SAFETY: the path lives, and there is room for each number.
    let asked = unsafe {
        GetDiskFreeSpaceExW(
            &HSTRING::from(path),
            Some(&raw mut available),
            Some(&raw mut size),
            Some(&raw mut free),
        )
    };
    match asked {
        Ok(()) => Ok(Some((size, free, available))),
        Err(error) if error.code() == ERROR_NOT_READY.to_hresult() => Ok(None),
        Err(error) => Err(format!("GetDiskFreeSpaceEx: {}", win32::told(&error))),
    }
}

/// Volumes with a letter or folder, and shares with a letter of this account's, sorted by place.
pub(crate) fn mounts(cx: &Context) -> Result<Vec<Mount>, Gap> {
    let mut mounts = Vec::new();
    match volumes() {
        Ok(volumes) => {
            for volume in volumes {
                let paths = places(&volume).into_iter();
                mounts.extend(paths.map(|path| Mount {
                    path,
                    source: volume.clone(),
                    remote: false,
                }));
            }
        }
        Err(gap) => cx.gap(gap),
    }
    for path in drives()? {
        // SAFETY: the path lives through the call.
        let remote = unsafe { GetDriveTypeW(&HSTRING::from(path.as_str())) } == REMOTE;
        if !mounts.iter().any(|mount| mount.path.eq_ignore_ascii_case(&path)) {
            let source = device(&path).unwrap_or_default();
            mounts.push(Mount { path, source, remote });
        }
    }
    mounts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(mounts)
}

fn drives() -> Result<Vec<String>, Gap> {
    let mut buffer = [0; 512];
    // SAFETY: the buffer has the size that is told.
    let length = unsafe { GetLogicalDriveStringsW(Some(&mut buffer)) } as usize;
    if length == 0 {
        let error = windows::core::Error::from_thread();
        return Err(win32::gap("GetLogicalDriveStrings", &error));
    }
    Ok(several(&buffer[..length.min(buffer.len())]))
}

/// What stands behind a letter, in the kernel's words; a share's begin with its provider.
fn device(path: &str) -> Option<String> {
    let mut buffer = [0; 1024];
    let name = HSTRING::from(path.trim_end_matches('\\'));
    // SAFETY: the name lives, and the buffer has the size that is told.
    let length = unsafe { QueryDosDeviceW(&name, Some(&mut buffer)) };
    if length == 0 {
        return None;
    }
    let target = win32::text(&buffer);
    // `\Device\LanmanRedirector\;X:0000000000012345\server\share`
    let share = target.split_once("\\;").and_then(|(_, rest)| rest.split_once('\\'));
    Some(share.map_or(target.clone(), |(_, share)| format!(r"\\{share}")))
}

/// The names of the volumes: `\\?\Volume{…}\`.
fn volumes() -> Result<Vec<String>, Gap> {
    let mut buffer = [0; 128];
    // SAFETY: the buffer has the size that is told.
    let search: HANDLE = unsafe { FindFirstVolumeW(&mut buffer) }
        .map_err(|error| win32::gap("FindFirstVolume", &error))?;
    let mut volumes = Vec::new();
    for _ in 0..1024 {
        volumes.push(win32::text(&buffer));
        buffer = [0; 128];
        // SAFETY: the search is open, and the buffer has the size that is told.
        if unsafe { FindNextVolumeW(search, &mut buffer) }.is_err() {
            break;
        }
    }
    // SAFETY: the search is open and ours.
    let _ = unsafe { FindVolumeClose(search) };
    Ok(volumes)
}

/// Where a volume is mounted.
fn places(volume: &str) -> Vec<String> {
    let mut buffer = vec![0; 4096];
    let mut length = 0;
    // SAFETY: the name lives, and the buffer has the size that is told.
    let asked = unsafe {
        GetVolumePathNamesForVolumeNameW(&HSTRING::from(volume), Some(&mut buffer), &raw mut length)
    };
    if asked.is_err() {
        return Vec::new();
    }
    several(&buffer[..(length as usize).min(buffer.len())])
}

/// Texts behind one another, each ended with a zero.
fn several(buffer: &[u16]) -> Vec<String> {
    let texts = buffer.split(|unit| *unit == 0).filter(|text| !text.is_empty());
    texts.map(String::from_utf16_lossy).collect()
}
