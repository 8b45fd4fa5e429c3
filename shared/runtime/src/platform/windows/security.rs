//! Security descriptors: made from Windows' own notation for them (SDDL), and read to see who may
//! change an object.

use std::io;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle};

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, GENERIC_ALL, GENERIC_WRITE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1,
    SE_FILE_OBJECT, SE_OBJECT_TYPE,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce, INHERIT_ONLY_ACE,
    OWNER_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES,
};
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_APPEND_DATA, FILE_DELETE_CHILD, FILE_WRITE_DATA, WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::SystemServices::{
    ACCESS_ALLOWED_ACE_TYPE, ACCESS_ALLOWED_CALLBACK_ACE_TYPE,
    ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE, ACCESS_ALLOWED_OBJECT_ACE_TYPE,
};

use super::peer::Account;
use super::wide::wide;

/// Any of these changes what a file holds or who may do so. On folders the same bits make files and
/// folders, and remove them.
const CHANGES: u32 = FILE_WRITE_DATA
    | FILE_APPEND_DATA
    | FILE_DELETE_CHILD
    | DELETE
    | WRITE_DAC
    | WRITE_OWNER
    | GENERIC_WRITE
    | GENERIC_ALL;
/// Windows' own installer, which owns what comes with the system.
const TRUSTED_INSTALLER: &str = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
/// What the accounts of services begin with.
const SERVICES: &str = "S-1-5-80-";
/// Whoever made or owns the object: judged as its owner.
const OWNERS: [&str; 2] = ["S-1-3-0", "S-1-3-4"];

/// A descriptor of the system's making.
#[derive(Debug)]
pub struct Descriptor(PSECURITY_DESCRIPTOR);

// SAFETY: the memory is the descriptor's own and is only read.
#[expect(unsafe_code, reason = "a pointer to memory that is only read")]
unsafe impl Send for Descriptor {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "a pointer to memory that is only read")]
unsafe impl Sync for Descriptor {}

impl Descriptor {
    /// Reads SDDL.
    ///
    /// # Errors
    /// If it is none, or names an account that Windows does not know.
    #[expect(unsafe_code, reason = "Windows' own reader of SDDL")]
    pub fn read(sddl: &str) -> io::Result<Self> {
        let mut made = std::ptr::null_mut();
        // SAFETY: the text is ended by a zero; what is made is freed when this is dropped.
        let read = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                wide(sddl).as_ptr(),
                SDDL_REVISION_1,
                &raw mut made,
                std::ptr::null_mut(),
            )
        };
        if read == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(made))
    }

    /// For functions of Windows; it lives as long as this.
    #[must_use]
    pub const fn as_ptr(&self) -> PSECURITY_DESCRIPTOR {
        self.0
    }

    /// The attributes that make a new object with this descriptor. They point to it.
    pub(super) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or(0),
            lpSecurityDescriptor: self.0,
            bInheritHandle: 0,
        }
    }
}

impl Drop for Descriptor {
    #[expect(unsafe_code, reason = "the system's memory is given back to it")]
    fn drop(&mut self) {
        // SAFETY: the function that made it says to free it so.
        unsafe { LocalFree(self.0) };
    }
}

/// What an open object's descriptor says.
pub(super) struct Told {
    owner: PSID,
    list: *mut ACL,
    /// Holds what the others point into.
    _descriptor: Descriptor,
}

/// Reads owner and list of an object that was opened to be read.
#[expect(unsafe_code, reason = "Windows' own word on an object's security")]
pub(super) fn of(object: BorrowedHandle<'_>, kind: SE_OBJECT_TYPE) -> io::Result<Told> {
    let (mut owner, mut list) = (std::ptr::null_mut(), std::ptr::null_mut());
    let mut descriptor = std::ptr::null_mut();
    // SAFETY: the handle is borrowed, so it is open; the descriptor is freed when dropped, and the
    // pointers into it are kept beside it.
    let code = unsafe {
        GetSecurityInfo(
            object.as_raw_handle(),
            kind,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &raw mut owner,
            std::ptr::null_mut(),
            &raw mut list,
            std::ptr::null_mut(),
            &raw mut descriptor,
        )
    };
    if code != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(code.cast_signed()));
    }
    Ok(Told { owner, list, _descriptor: Descriptor(descriptor) })
}

impl Told {
    /// Who owns it.
    #[expect(unsafe_code, reason = "the owner is a pointer into the descriptor")]
    pub(super) fn owner(&self) -> io::Result<Account> {
        if self.owner.is_null() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has no owner"));
        }
        // SAFETY: it points into the descriptor, which is held.
        unsafe { Account::of_sid(self.owner) }
    }

    /// Who but the system, its administrators and this process's account may change it, in words;
    /// `None` if nobody.
    pub(super) fn changeable_by(&self) -> io::Result<Option<String>> {
        let owner = self.owner()?;
        if !is_trusted(&owner) {
            return Ok(Some(format!("it belongs to {}", owner.name())));
        }
        if self.list.is_null() {
            return Ok(Some("it has no access list, so everybody may write to it".to_owned()));
        }
        for (account, rights) in self.allowed(Entries::OfItself)? {
            let owners = OWNERS.contains(&account.to_string().as_str());
            if rights & CHANGES != 0 && !owners && !is_trusted(&account) {
                return Ok(Some(format!("{} may write to it", account.name())));
            }
        }
        Ok(None)
    }

    /// Whether it lets in, and has what is made within it let in, nobody but the system, its
    /// administrators, this process's account and services of their own.
    pub(super) fn is_private(&self) -> io::Result<bool> {
        if self.list.is_null() || !is_insider(&self.owner()?) {
            return Ok(false);
        }
        let allowed = self.allowed(Entries::All)?;
        Ok(allowed.iter().all(|(account, _)| is_insider(account)))
    }

    /// The entries of the list that allow something.
    #[expect(unsafe_code, reason = "the list is a structure of variable length")]
    fn allowed(&self, entries: Entries) -> io::Result<Vec<(Account, u32)>> {
        // SAFETY: it points into the descriptor, which is held.
        let count = unsafe { (*self.list).AceCount };
        let mut allowed = Vec::new();
        for at in 0..u32::from(count) {
            let mut entry = std::ptr::null_mut();
            // SAFETY: the list is valid, and the system checks the number.
            if unsafe { GetAce(self.list, at, &raw mut entry) } == 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: every entry begins with this head.
            let head = unsafe { *entry.cast::<ACE_HEADER>() };
            let kind = u32::from(head.AceType);
            let inherited_only = u32::from(head.AceFlags) & INHERIT_ONLY_ACE != 0;
            if inherited_only && matches!(entries, Entries::OfItself) {
                continue;
            }
            match kind {
                ACCESS_ALLOWED_ACE_TYPE | ACCESS_ALLOWED_CALLBACK_ACE_TYPE => {
                    let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
                    // SAFETY: entries of these kinds have this shape, with the SID in the place of
                    // their last field.
                    let (mask, account) = unsafe {
                        ((*entry).Mask, Account::of_sid((&raw mut (*entry).SidStart).cast())?)
                    };
                    allowed.push((account, mask));
                }
                ACCESS_ALLOWED_OBJECT_ACE_TYPE | ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE => {
                    let text = "it has an entry of a kind that files do not have";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
                // They deny, or say what is logged.
                _ => {}
            }
        }
        Ok(allowed)
    }
}

/// Which entries of a list count.
#[derive(Clone, Copy)]
enum Entries {
    /// Those of the object itself.
    OfItself,
    /// Also those that are only for what is made within it.
    All,
}

/// Whether an account is trusted, a service's own, or stands for whoever owns the object.
fn is_insider(account: &Account) -> bool {
    let sid = account.to_string();
    is_trusted(account) || sid.starts_with(SERVICES) || OWNERS.contains(&sid.as_str())
}

/// Whether an account may change anything anyway, or is our own.
pub(super) fn is_trusted(account: &Account) -> bool {
    account.is_administrator()
        || account.to_string() == TRUSTED_INSTALLER
        || *account == Account::own()
}

/// The kind of object that files and folders are; pipes are asked in the same way.
pub(super) const FILE: SE_OBJECT_TYPE = SE_FILE_OBJECT;

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Security::{GetSecurityDescriptorDacl, GetSecurityDescriptorOwner};

    use super::*;

    /// What an object with this descriptor would tell.
    #[expect(unsafe_code, reason = "functions of Windows")]
    fn told(sddl: &str) -> Told {
        let descriptor = Descriptor::read(sddl).expect("SDDL");
        let (mut owner, mut list) = (std::ptr::null_mut(), std::ptr::null_mut());
        let (mut present, mut defaulted) = (0, 0);
        let made = descriptor.as_ptr();
        // SAFETY: the descriptor lives on beside the pointers into it.
        let read = unsafe {
            GetSecurityDescriptorOwner(made, &raw mut owner, &raw mut defaulted) != 0
                && GetSecurityDescriptorDacl(
                    made,
                    &raw mut present,
                    &raw mut list,
                    &raw mut defaulted,
                ) != 0
        };
        assert!(read, "{sddl}: {}", io::Error::last_os_error());
        Told { owner, list, _descriptor: descriptor }
    }

    #[test]
    fn whoever_else_may_change_an_object_is_told() {
        let own = Account::own();
        for (sddl, who) in [
            ("O:SYD:(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;WD)".to_owned(), None),
            (format!("O:BAD:(A;;FA;;;{own})(A;;FA;;;CO)"), None),
            // Only what is made within it is the users' own.
            ("O:BAD:(A;;FA;;;BA)(A;OICIIO;FA;;;BU)".to_owned(), None),
            ("O:BAD:(D;;FA;;;WD)(A;;FA;;;BA)".to_owned(), None),
            ("O:BUD:(A;;FA;;;SY)".to_owned(), Some("belongs to")),
            ("O:SYD:(A;;FA;;;SY)(A;;FW;;;WD)".to_owned(), Some("may write to it")),
            ("O:SYD:(A;;WD;;;BU)".to_owned(), Some("may write to it")),
            ("O:SYD:(A;;GA;;;S-1-5-21-1-2-3-4)".to_owned(), Some("S-1-5-21-1-2-3-4")),
        ] {
            let told = told(&sddl).changeable_by().expect("readable");
            match who {
                None => assert_eq!(told, None, "{sddl}"),
                Some(who) => assert!(
                    told.as_ref().is_some_and(|told| told.contains(who)),
                    "{sddl}: {told:?}"
                ),
            }
        }
    }

    #[test]
    fn without_a_list_everybody_may_do_everything() {
        let mut told = told("O:SYD:");
        told.list = std::ptr::null_mut();
        let who = told.changeable_by().expect("readable").expect("somebody");
        assert!(who.contains("everybody") && !told.is_private().expect("readable"), "{who}");
    }

    #[test]
    fn a_folder_is_private_if_it_lets_in_only_services_beside_its_masters() {
        let service = Account::of_service("befund-link");
        for (sddl, private) in [
            (format!("O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;{service})"), true),
            ("O:BAD:(A;OICI;FA;;;SY)(A;OICI;FR;;;BU)".to_owned(), false),
            ("O:BAD:(A;OICI;FA;;;SY)(A;OICIIO;FR;;;BU)".to_owned(), false),
            ("O:BUD:(A;OICI;FA;;;SY)".to_owned(), false),
        ] {
            assert_eq!(told(&sddl).is_private().expect("readable"), private, "{sddl}");
        }
    }

    #[test]
    fn what_is_no_descriptor_is_refused() {
        assert!(Descriptor::read("everybody").is_err());
    }
}
