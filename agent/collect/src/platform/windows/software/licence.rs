//! Whether Windows is licensed: the licensing service's own answer, which comes at once, where WMI's
//! class takes seconds.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::ffi::c_void;

use windows::Win32::Foundation::{FARPROC, HLOCAL, LocalFree};
use windows::core::{GUID, HRESULT};

use super::super::win32;
use crate::collector::Gap;
use crate::platform::decode::windows as decode;

type Open = unsafe extern "system" fn(*mut *mut c_void) -> HRESULT;
type Close = unsafe extern "system" fn(*mut c_void) -> HRESULT;
type Status = unsafe extern "system" fn(
    *mut c_void,
    *const GUID,
    *const GUID,
    *const u16,
    *mut u32,
    *mut *mut u8,
) -> HRESULT;

/// The application that stands for Windows itself (slpublic.h).
static WINDOWS: GUID = GUID::from_u128(0x55c9_2734_d682_4d71_983e_d6ec_3f16_059f);

/// The best that the service says of any edition.
pub(crate) fn licence() -> Result<Option<&'static str>, Gap> {
    let library = "slc.dll";
    let open = win32::function(library, c"SLOpen")?;
    let close = win32::function(library, c"SLClose")?;
    let status = win32::function(library, c"SLGetLicensingStatusInformation")?;
    // SAFETY: those are the functions' signatures in slpublic.h, and none of them is missing.
    let (open, close, status) = unsafe {
        (
            std::mem::transmute::<FARPROC, Open>(open),
            std::mem::transmute::<FARPROC, Close>(close),
            std::mem::transmute::<FARPROC, Status>(status),
        )
    };
    let mut handle = std::ptr::null_mut();
    // SAFETY: there is room for a handle.
    unsafe { open(&raw mut handle) }.ok().map_err(|error| win32::gap("SLOpen", &error))?;
    let (mut count, mut list) = (0, std::ptr::null_mut());
    // SAFETY: the handle is open, the application's number lives, the rest is left out, and there is
    // room for the count and the pointer.
    let asked = unsafe {
        status(
            handle,
            &raw const WINDOWS,
            std::ptr::null(),
            std::ptr::null(),
            &raw mut count,
            &raw mut list,
        )
    };
    // SAFETY: the handle is open and ours.
    let _ = unsafe { close(handle) };
    asked.ok().map_err(|error| win32::gap("SLGetLicensingStatusInformation", &error))?;
    if list.is_null() {
        return Ok(None);
    }
    // SAFETY: that many structures were put there, to be given back so.
    let told = unsafe {
        let length = decode::LICENCE_BYTES.saturating_mul(count as usize);
        let told = decode::licences(std::slice::from_raw_parts(list, length));
        LocalFree(Some(HLOCAL(list.cast())));
        told
    };
    Ok(told)
}
