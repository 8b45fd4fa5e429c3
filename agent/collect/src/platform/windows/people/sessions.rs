//! Who is signed in: the terminal service's sessions.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::section::software::{Session, Sessions};
use windows::Win32::System::RemoteDesktop::{
    WTS_INFO_CLASS, WTS_SESSION_INFOW, WTSClientName, WTSClientProtocolType, WTSDomainName,
    WTSEnumerateSessionsW, WTSFreeMemory, WTSINFOW, WTSQuerySessionInformationW, WTSSessionInfo,
    WTSUserName,
};
use windows::core::PWSTR;

use super::super::win32;
use crate::collector::{Context, Gap};
use crate::platform::decode::time;

/// Section `sessions`.
pub(crate) fn sessions(_: &Context) -> Result<Sessions, Gap> {
    let mut list: *mut WTS_SESSION_INFOW = std::ptr::null_mut();
    let mut count = 0;
    // SAFETY: there is room for the pointer and the count.
    unsafe { WTSEnumerateSessionsW(None, 0, 1, &raw mut list, &raw mut count) }
        .map_err(|error| win32::gap("WTSEnumerateSessions", &error))?;
    let mut sessions = Vec::new();
    if !list.is_null() {
        // SAFETY: that many entries were put there; they live until they are given back.
        let entries = unsafe { std::slice::from_raw_parts(list, count as usize) };
        sessions.extend(entries.iter().filter_map(session));
        // SAFETY: made by the function above, which says to give it back so.
        unsafe { WTSFreeMemory(list.cast()) };
    }
    sessions.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
    Ok(Sessions { sessions })
}

/// A session that somebody is signed in to.
fn session(entry: &WTS_SESSION_INFOW) -> Option<Session> {
    let id = entry.SessionId;
    let user = text(id, WTSUserName)?;
    let own = std::env::var("COMPUTERNAME").unwrap_or_default();
    let domain = text(id, WTSDomainName).filter(|domain| !domain.eq_ignore_ascii_case(&own));
    // SAFETY: the entry's text is null, or lives and ends with a zero.
    let terminal = unsafe { win32::pointed(entry.pWinStationName) };
    let protocol = ask(id, WTSClientProtocolType, |bytes| {
        Some(u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?))
    });
    Some(Session {
        id: Some(id.to_string()),
        user: domain.map_or(user.clone(), |domain| format!(r"{domain}\{user}")),
        terminal,
        kind: match protocol {
            Some(0) => Some("console".into()),
            Some(2) => Some("rdp".into()),
            _ => None,
        },
        from: text(id, WTSClientName),
        since: ask(id, WTSSessionInfo, since).and_then(time::filetime),
        state: match entry.State.0 {
            0 => Some("active".into()),
            // Signed in, and nobody looks.
            1..=4 => Some("online".into()),
            _ => None,
        },
    })
}

/// `WTSINFOW`: when somebody signed in.
fn since(bytes: &[u8]) -> Option<u64> {
    let at = std::mem::offset_of!(WTSINFOW, LogonTime);
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn text(session: u32, what: WTS_INFO_CLASS) -> Option<String> {
    ask(session, what, |bytes| {
        let units: Vec<u16> =
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let text = win32::text(&units);
        (!text.is_empty()).then_some(text)
    })
}

fn ask<T>(session: u32, what: WTS_INFO_CLASS, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    let mut buffer = PWSTR::null();
    let mut length = 0;
    // SAFETY: there is room for the pointer and the length.
    unsafe { WTSQuerySessionInformationW(None, session, what, &raw mut buffer, &raw mut length) }
        .ok()?;
    if buffer.is_null() {
        return None;
    }
    // SAFETY: that many bytes were put there; they live until they are given back, as they must be.
    unsafe {
        let told = read(std::slice::from_raw_parts(buffer.0.cast(), length as usize));
        WTSFreeMemory(buffer.0.cast());
        told
    }
}
