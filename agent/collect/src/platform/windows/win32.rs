//! What every room needs of Windows' interfaces: errors in words, wide texts, libraries that are not
//! on every edition, and device control.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use windows::Win32::Foundation::{
    CloseHandle, ERROR_CALL_NOT_IMPLEMENTED, ERROR_INVALID_FUNCTION, ERROR_INVALID_LEVEL,
    ERROR_MOD_NOT_FOUND, ERROR_NOT_SUPPORTED, ERROR_PROC_NOT_FOUND, ERROR_SERVICE_DOES_NOT_EXIST,
    FARPROC, HANDLE, HMODULE, WIN32_ERROR,
};
use windows::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAGS_AND_ATTRIBUTES, FILE_SHARE_READ, FILE_SHARE_WRITE, OPEN_EXISTING,
};
use windows::Win32::System::IO::DeviceIoControl;
use windows::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows::core::{Error, HRESULT, HSTRING, PCSTR, PWSTR};

use crate::collector::Gap;
use crate::platform::decode::hresult;

/// That a function of Windows failed, by its name and in words.
pub(crate) fn gap(function: &str, error: &Error) -> Gap {
    let told = told(error);
    let reason = format!("{function} failed: {told}");
    const UNSUPPORTED: [WIN32_ERROR; 7] = [
        ERROR_CALL_NOT_IMPLEMENTED,
        ERROR_INVALID_FUNCTION,
        ERROR_INVALID_LEVEL,
        ERROR_MOD_NOT_FOUND,
        ERROR_NOT_SUPPORTED,
        ERROR_PROC_NOT_FOUND,
        ERROR_SERVICE_DOES_NOT_EXIST,
    ];
    let code = error.code();
    if hresult::denied(code.0) {
        Gap::denied(reason)
    } else if hresult::absent(code.0) || UNSUPPORTED.iter().any(|known| known.to_hresult() == code)
    {
        Gap::unsupported(reason)
    } else {
        Gap::failed(reason)
    }
}

/// The same of a function that gives its error as a number.
pub(crate) fn code(function: &str, error: u32) -> Gap {
    gap(function, &WIN32_ERROR(error).into())
}

/// An error in the system's words, with its number, which is the same in every language.
pub(crate) fn told(error: &Error) -> String {
    let message = error.message();
    let message = message.trim().trim_end_matches('.');
    let code = error.code().0;
    if code == 0 {
        return "it does not say why".to_owned();
    }
    let words = hresult::words(code).map(str::to_owned);
    match words.or_else(|| (!message.is_empty()).then(|| message.to_owned())) {
        Some(words) => format!("{words} (0x{code:08x})"),
        None => format!("error 0x{code:08x}"),
    }
}

/// An error's number in Windows' own table, where it comes from there.
pub(crate) const fn number(error: &Error) -> u32 {
    let code = error.code().0.cast_unsigned();
    if code >> 16 == 0x8007 { code & 0xffff } else { code }
}

/// An error's words by its number in Windows' own table.
pub(crate) fn words(error: u32) -> String {
    told(&Error::from_hresult(HRESULT::from_win32(error)))
}

/// A text in a buffer, up to its end.
pub(crate) fn text(buffer: &[u16]) -> String {
    let end = buffer.iter().position(|unit| *unit == 0).unwrap_or(buffer.len());
    String::from_utf16_lossy(&buffer[..end])
}

/// A text that Windows points to, if it says something.
///
/// # Safety
/// The pointer is null, or to a text that ends with a zero.
pub(crate) unsafe fn pointed(text: PWSTR) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and ended with a zero by this function's own condition.
    let units = unsafe { text.as_wide() };
    let text = String::from_utf16_lossy(units);
    (!text.trim().is_empty()).then_some(text)
}

/// A function of a library that not every edition of Windows has.
///
/// # Errors
/// If the library or the function is missing.
pub(crate) fn function(library: &str, name: &'static std::ffi::CStr) -> Result<FARPROC, Gap> {
    let module = library_of(library)?;
    // SAFETY: the module is loaded and never freed; the name ends with a zero.
    let found = unsafe { GetProcAddress(module, PCSTR(name.as_ptr().cast())) };
    if found.is_none() {
        let name = name.to_string_lossy();
        return Err(Gap::unsupported(format!("{library} has no {name} on this system")));
    }
    Ok(found)
}

fn library_of(library: &str) -> Result<HMODULE, Gap> {
    // SAFETY: the name is a text that lives; only the system's own folder is searched.
    unsafe { LoadLibraryExW(&HSTRING::from(library), None, LOAD_LIBRARY_SEARCH_SYSTEM32) }
        .map_err(|error| Gap::unsupported(format!("{library} is not there: {}", told(&error))))
}

/// Something that is open, and is closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Open(pub(crate) HANDLE);

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and not closed elsewhere.
        let _ = unsafe { CloseHandle(self.0) };
    }
}

/// Opens a device or volume by its path.
pub(crate) fn device(path: &str, access: u32) -> Result<Open, Error> {
    // SAFETY: the path is a text that lives; nothing else is passed by pointer.
    let handle = unsafe {
        CreateFileW(
            &HSTRING::from(path),
            access,
            FILE_SHARE_READ | FILE_SHARE_WRITE,
            None,
            OPEN_EXISTING,
            FILE_FLAGS_AND_ATTRIBUTES(0),
            None,
        )
    }?;
    Ok(Open(handle))
}

/// Asks a device; gives what it answered, `room` bytes at most.
pub(crate) fn control(
    device: &Open,
    code: u32,
    input: &[u8],
    room: usize,
) -> Result<Vec<u8>, Error> {
    let mut output = vec![0_u8; room];
    let mut length = 0;
    let sizes = (u32::try_from(input.len()), u32::try_from(room));
    let (Ok(input_size), Ok(output_size)) = sizes else {
        return Err(windows::Win32::Foundation::ERROR_INVALID_PARAMETER.into());
    };
    // SAFETY: both buffers live through the call and have the sizes that are told.
    unsafe {
        DeviceIoControl(
            device.0,
            code,
            (!input.is_empty()).then_some(input.as_ptr().cast()),
            input_size,
            (room > 0).then_some(output.as_mut_ptr().cast()),
            output_size,
            Some(&raw mut length),
            None,
        )
    }?;
    output.truncate(length as usize);
    Ok(output)
}

/// Asks for a table that may grow between two questions: `ask` gets a buffer and sets the size that it
/// needs, in bytes. The buffer is aligned for every structure of Windows.
pub(crate) fn growing(
    function: &str,
    enough: &[u32],
    mut ask: impl FnMut(*mut u8, &mut u32) -> u32,
) -> Result<Buffer, Gap> {
    let mut size = 16 << 10;
    for _ in 0..6 {
        let mut buffer = Buffer::new(size as usize);
        let error = ask(buffer.as_mut_ptr(), &mut size);
        if error == 0 {
            return Ok(buffer);
        }
        if !enough.contains(&error) {
            return Err(code(function, error));
        }
        size = size.saturating_add(size / 4).clamp(16 << 10, 64 << 20);
    }
    Err(Gap::failed(format!("{function} asks for more room again and again")))
}

/// Bytes at an address that suits every structure.
#[derive(Debug)]
pub(crate) struct Buffer {
    words: Vec<u128>,
}

impl Buffer {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { words: vec![0; bytes.div_ceil(16)] }
    }

    pub(crate) const fn as_ptr(&self) -> *const u8 {
        self.words.as_ptr().cast()
    }

    pub(crate) const fn as_mut_ptr(&mut self) -> *mut u8 {
        self.words.as_mut_ptr().cast()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let length = self.words.len() * 16;
        // SAFETY: as many bytes as the words have, all of them set, and nobody else's meanwhile.
        unsafe { std::slice::from_raw_parts_mut(self.as_mut_ptr(), length) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: as many bytes as the words have, all of them set.
        unsafe { std::slice::from_raw_parts(self.as_ptr(), self.words.len() * 16) }
    }
}
