//! Memory: how much there is and is used, page files, and the modules that the firmware lists.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::section::hardware::{Memory, MemoryUsage, Swap};
use windows::Win32::System::ProcessStatus::{
    ENUM_PAGE_FILE_INFORMATION, K32EnumPageFilesW, K32GetPerformanceInfo, PERFORMANCE_INFORMATION,
};
use windows::Win32::System::SystemInformation::{GlobalMemoryStatusEx, MEMORYSTATUSEX};
use windows::core::{BOOL, Error, PCWSTR, PWSTR};

use super::super::win32;
use super::system;
use crate::collector::{Context, Gap};
use crate::smbios;

/// Section `memory.usage`.
pub(crate) fn usage(cx: &Context) -> Result<MemoryUsage, Gap> {
    let status = status()?;
    let info = cx.note(performance());
    let pages = |count: usize, info: &PERFORMANCE_INFORMATION| {
        (count as u64).checked_mul(info.PageSize as u64)
    };
    let page_files = cx.note(page_files());
    Ok(MemoryUsage {
        total_bytes: Some(status.ullTotalPhys),
        // What is free and what only keeps files' contents: a program can have both at once.
        available_bytes: Some(status.ullAvailPhys),
        free_bytes: None,
        cached_bytes: info.as_ref().and_then(|info| pages(info.SystemCache, info)),
        swap_used_bytes: page_files.map(|files| files.iter().map(|file| file.used_bytes).sum()),
        pressure_percent: None,
    })
}

/// Section `memory`.
pub(crate) fn memory(cx: &Context) -> Result<Memory, Gap> {
    let status = status()?;
    let page_files = cx.note(page_files());
    let bytes = cx.note(system::tables()).unwrap_or_default();
    let tables = system::structures(cx, &bytes);
    let (slots, modules) = smbios::modules(&tables);
    let mut swaps: Vec<Swap> = page_files.iter().flatten().map(PageFile::swap).collect();
    swaps.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Memory {
        total_bytes: Some(status.ullTotalPhys),
        swap_bytes: page_files.map(|files| files.iter().map(|file| file.size_bytes).sum()),
        swaps,
        slots: (slots > 0).then_some(slots),
        modules,
    })
}

fn status() -> Result<MEMORYSTATUSEX, Gap> {
    let size = u32::try_from(size_of::<MEMORYSTATUSEX>()).unwrap_or_default();
    let mut status = MEMORYSTATUSEX { dwLength: size, ..Default::default() };
    // SAFETY: the structure tells its own size.
    unsafe { GlobalMemoryStatusEx(&raw mut status) }
        .map_err(|error| win32::gap("GlobalMemoryStatusEx", &error))?;
    Ok(status)
}

fn performance() -> Result<PERFORMANCE_INFORMATION, Gap> {
    let size = u32::try_from(size_of::<PERFORMANCE_INFORMATION>()).unwrap_or_default();
    let mut info = PERFORMANCE_INFORMATION::default();
    // SAFETY: there is room for the answer, and its size is told.
    unsafe { K32GetPerformanceInfo(&raw mut info, size) }
        .ok()
        .map_err(|error| win32::gap("GetPerformanceInfo", &error))?;
    Ok(info)
}

struct PageFile {
    name: String,
    size_bytes: u64,
    used_bytes: u64,
}

impl PageFile {
    fn swap(&self) -> Swap {
        Swap { name: self.name.clone(), kind: "file".into(), size_bytes: self.size_bytes }
    }
}

struct Listed {
    page: u64,
    files: Vec<PageFile>,
}

fn page_files() -> Result<Vec<PageFile>, Gap> {
    let page = performance()?.PageSize as u64;
    let mut listed = Listed { page, files: Vec::new() };
    // SAFETY: the callback gets the pointer to `listed`, which lives through the call.
    let asked = unsafe { K32EnumPageFilesW(Some(each), (&raw mut listed).cast()) };
    if !asked.as_bool() {
        return Err(win32::gap("EnumPageFiles", &Error::from_thread()));
    }
    Ok(listed.files)
}

/// Takes down one page file; sizes are in pages.
unsafe extern "system" fn each(
    listed: *mut core::ffi::c_void,
    info: *mut ENUM_PAGE_FILE_INFORMATION,
    name: PCWSTR,
) -> BOOL {
    // SAFETY: Windows hands back the pointer that it was given, and one to a page file's information.
    let (Some(listed), Some(info)) =
        (unsafe { listed.cast::<Listed>().as_mut() }, unsafe { info.as_ref() })
    else {
        return false.into();
    };
    // SAFETY: the name is null, or a text that ends with a zero.
    let name = unsafe { win32::pointed(PWSTR(name.0.cast_mut())) }.unwrap_or_default();
    let bytes = |pages: usize| (pages as u64).saturating_mul(listed.page);
    let file =
        PageFile { name, size_bytes: bytes(info.TotalSize), used_bytes: bytes(info.TotalInUse) };
    listed.files.push(file);
    true.into()
}
