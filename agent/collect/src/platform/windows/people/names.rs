//! Names of accounts by their SIDs, and the other way round.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::collections::HashMap;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use windows::Win32::Foundation::{HLOCAL, LocalFree};
use windows::Win32::Security::Authorization::{ConvertSidToStringSidW, ConvertStringSidToSidW};
use windows::Win32::Security::{LookupAccountNameW, LookupAccountSidW, PSID, SID_NAME_USE};
use windows::core::{HSTRING, PWSTR};

use super::super::win32;

/// How long all names together may take: that of a domain's account may have to be asked for afar.
const DEADLINE: Duration = Duration::from_millis(1500);

/// The names that were asked for, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: HashMap<String, String>,
    spent: Duration,
}

impl Names {
    /// The account's name (`DOMAIN\name`; of this machine's own only the name); its SID if nobody
    /// says its name in time.
    pub(crate) fn name(&mut self, sid: &str) -> String {
        if let Some(name) = self.known.get(sid) {
            return name.clone();
        }
        let left = DEADLINE.saturating_sub(self.spent);
        let started = Instant::now();
        let name = if left.is_zero() { None } else { in_time(sid, left) };
        self.spent += started.elapsed();
        let name = name.unwrap_or_else(|| sid.to_owned());
        self.known.insert(sid.to_owned(), name.clone());
        name
    }
}

fn in_time(sid: &str, left: Duration) -> Option<String> {
    let (answer, answered) = sync_channel(1);
    let sid = sid.to_owned();
    thread::Builder::new().name("sid".into()).spawn(move || answer.send(look_up(&sid))).ok()?;
    answered.recv_timeout(left).ok().flatten()
}

fn look_up(text: &str) -> Option<String> {
    let mut sid = PSID::default();
    // SAFETY: the text lives; what is made is given back below.
    unsafe { ConvertStringSidToSidW(&HSTRING::from(text), &raw mut sid) }.ok()?;
    let name = account(sid).map(|name| match name.rsplit_once('\\') {
        // The built-in groups belong to a domain whose name is in the system's language.
        Some((_, bare)) if text.starts_with("S-1-5-32-") => bare.to_owned(),
        _ => name,
    });
    // SAFETY: made by the function above, which says to give it back so.
    unsafe { LocalFree(Some(HLOCAL(sid.0))) };
    name
}

/// The name of the account of a SID.
fn account(sid: PSID) -> Option<String> {
    let (mut name, mut domain) = ([0_u16; 257], [0_u16; 257]);
    let (mut name_length, mut domain_length) = (257, 257);
    let mut kind = SID_NAME_USE::default();
    // SAFETY: the SID is valid, and the buffers have the lengths that are told.
    unsafe {
        LookupAccountSidW(
            None,
            sid,
            Some(PWSTR(name.as_mut_ptr())),
            &raw mut name_length,
            Some(PWSTR(domain.as_mut_ptr())),
            &raw mut domain_length,
            &raw mut kind,
        )
    }
    .ok()?;
    let (name, domain) = (win32::text(&name), win32::text(&domain));
    let own = std::env::var("COMPUTERNAME").unwrap_or_default();
    let local = domain.is_empty() || domain.eq_ignore_ascii_case(&own);
    Some(if local { name } else { format!(r"{domain}\{name}") })
}

/// A SID as text.
///
/// # Safety
/// The SID is null or a valid one.
pub(crate) unsafe fn sid_text(sid: PSID) -> Option<String> {
    if sid.0.is_null() {
        return None;
    }
    let mut text = PWSTR::null();
    // SAFETY: valid by this function's condition; what is made is given back below.
    unsafe { ConvertSidToStringSidW(sid, &raw mut text) }.ok()?;
    // SAFETY: the function made a text that ends with a zero, to be given back so.
    unsafe {
        let told = win32::pointed(text);
        LocalFree(Some(HLOCAL(text.0.cast())));
        told
    }
}

/// The SID of an account or group of this machine by its name.
pub(crate) fn sid_of(name: &str) -> Option<String> {
    let mut sid = win32::Buffer::new(80);
    let mut domain = [0_u16; 257];
    let (mut length, mut domain_length) = (80, 257);
    let mut kind = SID_NAME_USE::default();
    let pointer = PSID(sid.as_mut_ptr().cast());
    // SAFETY: the buffers have the sizes that are told; a SID has 68 bytes at most.
    unsafe {
        LookupAccountNameW(
            None,
            &HSTRING::from(name),
            Some(pointer),
            &raw mut length,
            Some(PWSTR(domain.as_mut_ptr())),
            &raw mut domain_length,
            &raw mut kind,
        )
    }
    .ok()?;
    // SAFETY: a valid SID was just put there.
    unsafe { sid_text(pointer) }
}
