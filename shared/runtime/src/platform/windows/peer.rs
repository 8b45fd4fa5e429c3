//! Accounts by their security identifiers (SIDs), as Windows' own tools write them: `S-1-5-18`.

use std::fmt;
use std::io;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _, OwnedHandle};
use std::str::FromStr;

use ring::digest;
use windows_sys::Win32::Foundation::{HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::{ConvertSidToStringSidW, ConvertStringSidToSidW};
use windows_sys::Win32::Security::{
    CheckTokenMembership, GetTokenInformation, LookupAccountNameW, LookupAccountSidW, PSID,
    RevertToSelf, SID_NAME_USE, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::Pipes::{GetNamedPipeClientProcessId, ImpersonateNamedPipeClient};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThread, OpenProcessToken, OpenThreadToken,
};

use super::wide::{text, wide};
use crate::peer::Peer;

/// The system's own account.
pub(super) const SYSTEM: &str = "S-1-5-18";
/// The group of those who administer the machine.
pub(super) const ADMINISTRATORS: &str = "S-1-5-32-544";

/// An account or a group of this machine or of its domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account(String);

/// A text that is no security identifier.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a security identifier, as `whoami /user` shows them: S-1-5-...")]
pub struct NotASid(String);

impl Account {
    /// The account that this process acts as.
    ///
    /// # Panics
    /// If the process may not look at its own token, which Windows always allows.
    #[must_use]
    pub fn own() -> Self {
        own().expect("a process may look at its own token")
    }

    /// The account of a service's own, `NT SERVICE\<name>`. It is made of the name alone (SHA-1 of
    /// the upper-case UTF-16 name, as `sc showsid` prints), so that the service need not be there.
    #[must_use]
    pub fn of_service(name: &str) -> Self {
        let bytes: Vec<u8> =
            name.to_uppercase().encode_utf16().flat_map(u16::to_le_bytes).collect();
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes);
        let mut sid = "S-1-5-80".to_owned();
        for part in hash.as_ref().chunks_exact(4) {
            let number = part.iter().rev().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
            sid.push_str(&format!("-{number}"));
        }
        Self(sid)
    }

    /// Whether it may do anything: the system, or the group of administrators.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        [SYSTEM, ADMINISTRATORS].contains(&self.0.as_str())
    }

    /// Its name, as in `PC\ada`; the identifier where no name is known.
    #[must_use]
    pub fn name(&self) -> String {
        Sid::read(&self.0).and_then(|sid| sid.name()).unwrap_or_else(|_| self.0.clone())
    }

    /// The account of this name, as in `PC\ada`.
    #[must_use]
    #[expect(unsafe_code, reason = "Windows' own register of accounts")]
    pub fn named(name: &str) -> Option<Self> {
        // Room for the longest SID (68 bytes), aligned as it must be.
        let mut sid = [0_u64; 9];
        let mut domain = [0_u16; 257];
        let (mut length, mut domain_length) = (u32::try_from(size_of_val(&sid)).ok()?, 257);
        let mut kind: SID_NAME_USE = 0;
        // SAFETY: the name ends with a zero, the buffers are as long as is said, and no server is named.
        let found = unsafe {
            LookupAccountNameW(
                std::ptr::null(),
                wide(name).as_ptr(),
                sid.as_mut_ptr().cast(),
                &raw mut length,
                domain.as_mut_ptr(),
                &raw mut domain_length,
                &raw mut kind,
            )
        };
        // SAFETY: the function has put a SID there.
        (found != 0).then(|| unsafe { Self::of_sid(sid.as_mut_ptr().cast()) }.ok())?
    }

    /// The account behind a SID.
    ///
    /// # Safety
    /// It must be a valid SID.
    #[expect(unsafe_code, reason = "SIDs come as pointers")]
    pub(super) unsafe fn of_sid(sid: PSID) -> io::Result<Self> {
        let mut words = std::ptr::null_mut();
        // SAFETY: the caller says that the SID is valid; the text is the system's, freed below.
        if unsafe { ConvertSidToStringSidW(sid, &raw mut words) } == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the function ends its texts by a zero.
        let account = Self(unsafe { text(words) });
        // SAFETY: the function says to free its text so, and nobody reads it any more.
        unsafe { LocalFree(words.cast()) };
        Ok(account)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Account {
    type Err = NotASid;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        match Sid::read(words) {
            Ok(_) => Ok(Self(words.to_owned())),
            Err(_) => Err(NotASid(words.to_owned())),
        }
    }
}

/// A SID of the system's making.
struct Sid(PSID);

impl Sid {
    #[expect(unsafe_code, reason = "Windows' own reader of SIDs")]
    fn read(words: &str) -> io::Result<Self> {
        let mut sid = std::ptr::null_mut();
        // SAFETY: the text is ended by a zero; the SID is the system's, freed when this is dropped.
        if unsafe { ConvertStringSidToSidW(wide(words).as_ptr(), &raw mut sid) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(sid))
    }

    #[expect(unsafe_code, reason = "Windows' own register of accounts")]
    fn name(&self) -> io::Result<String> {
        let (mut name, mut domain) = ([0_u16; 257], [0_u16; 257]);
        let (mut name_length, mut domain_length) = (257, 257);
        let mut kind: SID_NAME_USE = 0;
        // SAFETY: the SID is valid, the buffers are as long as is said, and no server is named.
        let found = unsafe {
            LookupAccountSidW(
                std::ptr::null(),
                self.0,
                name.as_mut_ptr(),
                &raw mut name_length,
                domain.as_mut_ptr(),
                &raw mut domain_length,
                &raw mut kind,
            )
        };
        if found == 0 {
            return Err(io::Error::last_os_error());
        }
        let part = |letters: &[u16]| {
            let end = letters.iter().position(|letter| *letter == 0).unwrap_or(letters.len());
            String::from_utf16_lossy(&letters[..end])
        };
        let (name, domain) = (part(&name), part(&domain));
        Ok(if domain.is_empty() { name } else { format!("{domain}\\{name}") })
    }
}

impl Drop for Sid {
    #[expect(unsafe_code, reason = "the system's memory is given back to it")]
    fn drop(&mut self) {
        // SAFETY: the function that made it says to free it so.
        unsafe { LocalFree(self.0) };
    }
}

#[expect(unsafe_code, reason = "a process's token is Windows' word on who it is")]
fn own() -> io::Result<Account> {
    let mut token: HANDLE = std::ptr::null_mut();
    // SAFETY: the handle of one's own process is always valid; the token is ours to close.
    if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just opened for us.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    user_of(&token)
}

/// Whose token it is.
#[expect(unsafe_code, reason = "a token is asked through a buffer")]
fn user_of(token: &OwnedHandle) -> io::Result<Account> {
    // Room for the structure and the longest SID (68 bytes), aligned as the structure must be.
    let mut buffer = [0_u64; 32];
    let mut length = 0;
    let size = u32::try_from(size_of_val(&buffer)).unwrap_or(0);
    // SAFETY: the buffer is as large as is said, and aligned for what is written to it.
    let told = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            buffer.as_mut_ptr().cast(),
            size,
            &raw mut length,
        )
    };
    if told == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the function has written that structure, whose SID lies in the buffer behind it.
    unsafe { Account::of_sid((*buffer.as_ptr().cast::<TOKEN_USER>()).User.Sid) }
}

/// Who is at the client's end of a pipe. At least a byte must have been read of it: before that
/// Windows need not know.
pub(super) fn of_pipe(pipe: BorrowedHandle<'_>) -> io::Result<Peer> {
    let token = client_token(pipe)?;
    let account = user_of(&token)?;
    let administrator = account.0 == SYSTEM || is_member(&token, ADMINISTRATORS)?;
    Ok(Peer { account, administrator, pid: client_process(pipe) })
}

/// The token that the client had when it opened the pipe.
#[expect(unsafe_code, reason = "the kernel's word for the client is had by taking its part")]
fn client_token(pipe: BorrowedHandle<'_>) -> io::Result<OwnedHandle> {
    // SAFETY: the handle is borrowed, so it is open.
    if unsafe { ImpersonateNamedPipeClient(pipe.as_raw_handle()) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let part = Part;
    let mut token: HANDLE = std::ptr::null_mut();
    // SAFETY: the pseudo handle of one's own thread is always valid; the token is ours to close.
    let opened = unsafe { OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, 1, &raw mut token) };
    let error = io::Error::last_os_error();
    drop(part);
    if opened == 0 {
        return Err(error);
    }
    // SAFETY: it was just opened for us.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// A client's part that this thread plays, until it is dropped.
struct Part;

impl Drop for Part {
    #[expect(unsafe_code, reason = "ends what client_token began")]
    fn drop(&mut self) {
        // SAFETY: takes nothing, and concerns this thread only.
        if unsafe { RevertToSelf() } == 0 {
            // Going on would mean to act for somebody else.
            std::process::abort();
        }
    }
}

/// Whether a token's owner is in a group, and has signed in with the rights of it.
#[expect(unsafe_code, reason = "Windows' own judgement of tokens")]
fn is_member(token: &OwnedHandle, group: &str) -> io::Result<bool> {
    let group = Sid::read(group)?;
    let mut member = 0;
    // SAFETY: token and SID are valid for the call.
    if unsafe { CheckTokenMembership(token.as_raw_handle(), group.0, &raw mut member) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(member != 0)
}

#[expect(unsafe_code, reason = "Windows' own word on the client's process")]
fn client_process(pipe: BorrowedHandle<'_>) -> Option<u32> {
    let mut pid = 0;
    // SAFETY: the handle is borrowed, so it is open.
    let told = unsafe { GetNamedPipeClientProcessId(pipe.as_raw_handle(), &raw mut pid) };
    (told != 0).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_account_that_windows_gives_it() {
        // `sc showsid TrustedInstaller` on every Windows.
        let known = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
        assert_eq!(Account::of_service("TrustedInstaller").to_string(), known);
    }

    #[test]
    fn ones_own_account_is_one_that_can_be_read_again() {
        let own = Account::own();
        assert_eq!(own.to_string().parse::<Account>().expect("a SID"), own);
        assert!(!own.name().is_empty());
    }

    #[test]
    fn what_is_no_identifier_is_refused_and_has_no_name() {
        assert!("ada".parse::<Account>().is_err());
        let nobody = "S-1-5-21-1-2-3-4567".parse::<Account>().expect("a SID");
        assert_eq!(nobody.name(), "S-1-5-21-1-2-3-4567");
    }
}
