//! What the account database of this machine lists (`NetUserEnum` and its like), copied out of its
//! buffers.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::Timestamp;
use windows::Win32::NetworkManagement::NetManagement::{
    FILTER_NORMAL_ACCOUNT, LOCALGROUP_INFO_1, LOCALGROUP_MEMBERS_INFO_0, MAX_PREFERRED_LENGTH,
    NetApiBufferFree, NetLocalGroupEnum, NetLocalGroupGetMembers, NetUserEnum, NetUserModalsGet,
    USER_INFO_3, USER_MODALS_INFO_0,
};
use windows::core::{HSTRING, PCWSTR};

use super::super::win32;
use super::names;
use crate::collector::Gap;
use crate::platform::decode::time;

/// An account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) full_name: Option<String>,
    pub(crate) sid: Option<String>,
    /// `UF_…`: 2 switched off, 0x10 locked, 0x10000 the password never ends.
    pub(crate) flags: u32,
    pub(crate) last_sign_in: Option<Timestamp>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) failures: u32,
    /// How old the password is, in seconds.
    pub(crate) password_age: u32,
}

/// A group.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalGroup {
    pub(crate) name: String,
    pub(crate) sid: Option<String>,
    /// The SIDs of its members.
    pub(crate) members: Vec<String>,
}

/// Asks for a list: `ask` sets the buffer and how many entries it has; each entry is then read.
fn list<T, R>(
    function: &str,
    ask: impl FnOnce(&mut *mut u8, &mut u32, &mut u32) -> u32,
    read: impl Fn(&T) -> Option<R>,
) -> Result<Vec<R>, Gap> {
    let mut buffer: *mut u8 = std::ptr::null_mut();
    let (mut count, mut total) = (0, 0);
    let error = ask(&mut buffer, &mut count, &mut total);
    if error != 0 {
        return Err(win32::code(function, error));
    }
    if buffer.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the function has put that many entries there; they live until they are given back.
    let entries = unsafe { std::slice::from_raw_parts(buffer.cast::<T>(), count as usize) };
    let read = entries.iter().filter_map(read).collect();
    // SAFETY: made by the function above, which says to give it back so.
    unsafe { NetApiBufferFree(Some(buffer.cast())) };
    Ok(read)
}

/// The accounts that this machine keeps itself, sorted by name.
pub(crate) fn accounts() -> Result<Vec<Account>, Gap> {
    let mut accounts = list(
        "NetUserEnum",
        |buffer, count, total| {
            // SAFETY: there is room for the pointer and both counts.
            unsafe {
                NetUserEnum(
                    PCWSTR::null(),
                    3,
                    FILTER_NORMAL_ACCOUNT,
                    buffer,
                    MAX_PREFERRED_LENGTH,
                    count,
                    total,
                    None,
                )
            }
        },
        account,
    )?;
    for account in &mut accounts {
        account.sid = names::sid_of(&account.name);
    }
    accounts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(accounts)
}

fn account(entry: &USER_INFO_3) -> Option<Account> {
    // SAFETY: the entry's texts are null, or live and end with a zero.
    let (name, full_name) =
        unsafe { (win32::pointed(entry.usri3_name)?, win32::pointed(entry.usri3_full_name)) };
    Some(Account {
        name,
        full_name,
        sid: None,
        flags: entry.usri3_flags.0,
        last_sign_in: time::unix(entry.usri3_last_logon),
        expires: time::unix(entry.usri3_acct_expires),
        failures: entry.usri3_bad_pw_count,
        password_age: entry.usri3_password_age,
    })
}

/// The groups that this machine keeps itself, sorted by name.
pub(crate) fn groups() -> Result<Vec<LocalGroup>, Gap> {
    let names: Vec<String> = list(
        "NetLocalGroupEnum",
        |buffer, count, total| {
            // SAFETY: there is room for the pointer and both counts.
            unsafe {
                NetLocalGroupEnum(
                    PCWSTR::null(),
                    1,
                    buffer,
                    MAX_PREFERRED_LENGTH,
                    count,
                    total,
                    None,
                )
            }
        },
        // SAFETY: the entry's text lives and ends with a zero.
        |entry: &LOCALGROUP_INFO_1| unsafe { win32::pointed(entry.lgrpi1_name) },
    )?;
    let mut groups: Vec<LocalGroup> = names
        .into_iter()
        .map(|name| LocalGroup {
            sid: names::sid_of(&name),
            members: members(&name).unwrap_or_default(),
            name,
        })
        .collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(groups)
}

/// The SIDs of a group's members. Their names are not asked for here: that can take long.
pub(crate) fn members(group: &str) -> Result<Vec<String>, Gap> {
    let group = HSTRING::from(group);
    list(
        "NetLocalGroupGetMembers",
        |buffer, count, total| {
            // SAFETY: the name lives, and there is room for the pointer and both counts.
            unsafe {
                NetLocalGroupGetMembers(
                    PCWSTR::null(),
                    &group,
                    0,
                    buffer,
                    MAX_PREFERRED_LENGTH,
                    count,
                    total,
                    None,
                )
            }
        },
        // SAFETY: the entry's SID is a valid one.
        |entry: &LOCALGROUP_MEMBERS_INFO_0| unsafe { names::sid_text(entry.lgrmi0_sid) },
    )
}

/// After how many seconds a password has to be set anew; `None` if never, or if nobody says.
pub(crate) fn max_password_age() -> Option<u32> {
    let mut buffer: *mut u8 = std::ptr::null_mut();
    // SAFETY: there is room for a pointer.
    let error = unsafe { NetUserModalsGet(PCWSTR::null(), 0, &raw mut buffer) };
    if error != 0 || buffer.is_null() {
        return None;
    }
    // SAFETY: that structure was just put there; it lives until it is given back.
    let age = unsafe {
        let age = (*buffer.cast::<USER_MODALS_INFO_0>()).usrmod0_max_passwd_age;
        NetApiBufferFree(Some(buffer.cast()));
        age
    };
    (age != u32::MAX).then_some(age)
}
