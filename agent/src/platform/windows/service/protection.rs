//! Who may do what with the services, their program and their folders. The link's account is an
//! unprivileged one that it shares with nobody; the executor's folders are beyond its reach.

use std::io;
use std::os::windows::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use windows_service::service::Service;
use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::Security::Authorization::{SE_FILE_OBJECT, SetNamedSecurityInfoW};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, GetSecurityDescriptorOwner,
    OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION,
};
use windows_sys::Win32::Storage::FileSystem::FILE_ATTRIBUTE_REPARSE_POINT;
use windows_sys::Win32::System::Services::{
    ChangeServiceConfig2W, SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO,
    SERVICE_REQUIRED_PRIVILEGES_INFOW, SetServiceObjectSecurity,
};

use befund_runtime::files;
use befund_runtime::peer::Account;
use befund_runtime::platform::security::Descriptor;

/// What the link's account may do in a folder.
#[derive(Clone, Copy)]
pub(super) enum Link {
    /// Whatever it likes.
    Owns,
    /// Read it.
    Reads,
    /// Nothing.
    Nothing,
}

/// Makes a folder, or takes one over: the administrators' own, for nobody but them, the system and
/// the link, whatever the folder above would pass on.
pub(super) fn folder(path: &Path, link: Link, account: &Account) -> anyhow::Result<()> {
    files::make_private_folder(path)
        .with_context(|| format!("could not make the folder {}", path.display()))?;
    let about = std::fs::symlink_metadata(path)
        .with_context(|| format!("could not look at the folder {}", path.display()))?;
    if about.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        bail!(
            "{} leads elsewhere, which anybody can have made so; remove it and install again",
            path.display()
        );
    }
    let rights = match link {
        Link::Owns => format!("(A;OICI;FA;;;{account})"),
        Link::Reads => format!("(A;OICI;FRFX;;;{account})"),
        Link::Nothing => String::new(),
    };
    let sddl = format!("O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA){rights}");
    set(path, &sddl).with_context(|| {
        format!("could not protect the folder {}; run as an administrator", path.display())
    })
}

#[expect(unsafe_code, reason = "functions of Windows")]
fn set(path: &Path, sddl: &str) -> io::Result<()> {
    let descriptor = Descriptor::read(sddl)?;
    let (mut owner, mut list) = (std::ptr::null_mut(), std::ptr::null_mut());
    let (mut present, mut defaulted) = (0, 0);
    // SAFETY: the descriptor lives beyond the calls, and the pointers into it are used within.
    let read = unsafe {
        GetSecurityDescriptorOwner(descriptor.as_ptr(), &raw mut owner, &raw mut defaulted) != 0
            && GetSecurityDescriptorDacl(
                descriptor.as_ptr(),
                &raw mut present,
                &raw mut list,
                &raw mut defaulted,
            ) != 0
    };
    if !read {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the name is ended by a zero, and owner and list point into the descriptor.
    let code = unsafe {
        SetNamedSecurityInfoW(
            befund_runtime::platform::wide::wide(path).as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION
                | DACL_SECURITY_INFORMATION
                | PROTECTED_DACL_SECURITY_INFORMATION,
            owner,
            std::ptr::null_mut(),
            list,
            std::ptr::null(),
        )
    };
    match code {
        ERROR_SUCCESS => Ok(()),
        code => Err(io::Error::from_raw_os_error(code.cast_signed())),
    }
}

/// Makes sure that a program which the system's own account will run can be changed by nobody else.
pub(super) fn check_program(program: &Path) -> anyhow::Result<()> {
    let look = || format!("could not see who may change {}", program.display());
    let file = std::fs::File::open(program).with_context(look)?;
    let folder = program.parent().unwrap_or(program);
    for (path, who) in [
        (program, files::changeable_by(&file).with_context(look)?),
        (folder, files::folder_changeable_by(folder).with_context(look)?),
    ] {
        if let Some(who) = who {
            bail!(
                "{} must be the administrators' alone, since the system runs it: {who}; {}",
                path.display(),
                files::how_to_own(path)
            );
        }
    }
    Ok(())
}

/// Lets an account start a service and see how it is; administrators may do all, others only look.
#[expect(unsafe_code, reason = "a function of Windows")]
pub(super) fn let_start(service: &Service, account: &Account) -> io::Result<()> {
    let descriptor = Descriptor::read(&format!(
        "D:(A;;CCLCSWRPWPDTLOCRRC;;;SY)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;BA)(A;;CCLCSWLOCRRC;;;IU)(A;;LCRP;;;{account})"
    ))?;
    // SAFETY: the service is open, and the descriptor lives beyond the call.
    let set = unsafe {
        SetServiceObjectSecurity(
            service.raw_handle(),
            DACL_SECURITY_INFORMATION,
            descriptor.as_ptr(),
        )
    };
    if set == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Leaves a service these privileges of its account's, and no other.
#[expect(unsafe_code, reason = "a function of Windows")]
pub(super) fn only_privileges(service: &Service, names: &[&str]) -> io::Result<()> {
    let mut list: Vec<u16> =
        names.iter().flat_map(|name| name.encode_utf16().chain([0])).chain([0]).collect();
    let wanted = SERVICE_REQUIRED_PRIVILEGES_INFOW { pmszRequiredPrivileges: list.as_mut_ptr() };
    // SAFETY: the service is open, and the list, ended by two zeros, lives beyond the call.
    let set = unsafe {
        ChangeServiceConfig2W(
            service.raw_handle(),
            SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO,
            (&raw const wanted).cast(),
        )
    };
    if set == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
