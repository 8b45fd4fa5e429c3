//! What the machine says of itself.

use std::io;

use befund_runtime::platform::wide::wide;
use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RegGetValueW};
use windows_sys::Win32::System::SystemInformation::{
    ComputerNamePhysicalDnsHostname, GetComputerNameExW,
};

/// Where Windows keeps its own name.
const VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
/// The first build of Windows 11, which still calls itself 10 in the registry.
const ELEVEN: u32 = 22_000;

/// The machine's name.
pub(crate) fn host_name() -> String {
    computer_name().unwrap_or_else(|_| std::env::var("COMPUTERNAME").unwrap_or_default())
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn computer_name() -> io::Result<String> {
    let mut name = [0_u16; 256];
    let mut length = 256;
    // SAFETY: the buffer is as long as is said.
    let told = unsafe {
        GetComputerNameExW(ComputerNamePhysicalDnsHostname, name.as_mut_ptr(), &raw mut length)
    };
    if told == 0 {
        return Err(io::Error::last_os_error());
    }
    let end = usize::try_from(length).unwrap_or(0).min(name.len());
    Ok(String::from_utf16_lossy(&name[..end]))
}

/// The operating system, in words.
pub(crate) fn os_name() -> String {
    let Ok(mut name) = value("ProductName") else { return "Windows".to_owned() };
    let build = value("CurrentBuildNumber").unwrap_or_default();
    if build.parse().is_ok_and(|build: u32| build >= ELEVEN) {
        name = name.replacen("Windows 10", "Windows 11", 1);
    }
    match value("DisplayVersion") {
        Ok(version) => format!("{name} {version} (build {build})"),
        Err(_) => format!("{name} (build {build})"),
    }
}

/// A text under Windows' own key.
#[expect(unsafe_code, reason = "a function of Windows")]
fn value(name: &str) -> io::Result<String> {
    let mut text = [0_u16; 256];
    let mut size = u32::try_from(size_of_val(&text)).unwrap_or(0);
    // SAFETY: both names are ended by a zero, and the buffer is as large as is said.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            wide(VERSION).as_ptr(),
            wide(name).as_ptr(),
            RRF_RT_REG_SZ,
            std::ptr::null_mut(),
            text.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    if code != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(code.cast_signed()));
    }
    let end = text.iter().position(|letter| *letter == 0).unwrap_or(text.len());
    Ok(String::from_utf16_lossy(&text[..end]))
}
