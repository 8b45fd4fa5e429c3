//! Who is signed in on Windows: the terminal service's sessions that somebody looks at, at the screen or from afar. One
//! that was left without signing out is nobody's: there, nobody would see a question.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::io;

use befund_runtime::peer::Account;
use windows_sys::Win32::System::RemoteDesktop::{
    WTS_INFO_CLASS, WTS_SESSION_INFOW, WTSActive, WTSClientProtocolType, WTSDomainName,
    WTSEnumerateSessionsW, WTSFreeMemory, WTSQuerySessionInformationW, WTSUserName,
};

/// The accounts, that of the machine's own screen first.
pub(crate) fn signed_in() -> io::Result<Vec<Account>> {
    let mut list: *mut WTS_SESSION_INFOW = std::ptr::null_mut();
    let mut count = 0;
    // SAFETY: there is room for the pointer and the count; a null handle is this machine.
    if unsafe { WTSEnumerateSessionsW(std::ptr::null_mut(), 0, 1, &raw mut list, &raw mut count) }
        == 0
    {
        return Err(io::Error::last_os_error());
    }
    if list.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: that many entries were put there; they live until they are given back.
    let entries = unsafe { std::slice::from_raw_parts(list, count as usize) };
    let mut sessions: Vec<(bool, Account)> = entries
        .iter()
        .filter(|entry| entry.State == WTSActive)
        .filter_map(|entry| session(entry.SessionId))
        .collect();
    // SAFETY: made by the function above, which says to give it back so.
    unsafe { WTSFreeMemory(list.cast()) };
    sessions.sort_by_key(|(remote, _)| *remote);
    Ok(sessions.into_iter().map(|(_, account)| account).collect())
}

/// Whether somebody sits elsewhere, and whose account it is.
fn session(id: u32) -> Option<(bool, Account)> {
    let user = text(id, WTSUserName)?;
    let name = match text(id, WTSDomainName) {
        Some(domain) => format!(r"{domain}\{user}"),
        None => user,
    };
    let remote = ask(id, WTSClientProtocolType, |bytes| bytes.first().copied()) != Some(0);
    Some((remote, Account::named(&name)?))
}

fn text(session: u32, what: WTS_INFO_CLASS) -> Option<String> {
    ask(session, what, |bytes| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .take_while(|unit| *unit != 0)
            .collect();
        let text = String::from_utf16_lossy(&units);
        (!text.is_empty()).then_some(text)
    })
}

fn ask<T>(session: u32, what: WTS_INFO_CLASS, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    let mut buffer: *mut u16 = std::ptr::null_mut();
    let mut length = 0;
    // SAFETY: there is room for the pointer and the length; a null handle is this machine.
    let told = unsafe {
        WTSQuerySessionInformationW(
            std::ptr::null_mut(),
            session,
            what,
            &raw mut buffer,
            &raw mut length,
        )
    };
    if told == 0 || buffer.is_null() {
        return None;
    }
    // SAFETY: that many bytes were put there; they live until they are given back, as they must be.
    unsafe {
        let told = read(std::slice::from_raw_parts(buffer.cast(), length as usize));
        WTSFreeMemory(buffer.cast());
        told
    }
}
