//! Printers: the spooler's own queues and their jobs. Those of other machines that somebody has joined
//! are told by their names alone: asking them can take long.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::Timestamp;
use befund_model::section::devices::{Printer, PrinterState, Printers, PrintersState};
use windows::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, SYSTEMTIME};
use windows::Win32::Graphics::Printing::{
    ClosePrinter, EnumJobsW, EnumPrintersW, JOB_INFO_1W, OpenPrinterW, PRINTER_ENUM_LOCAL,
    PRINTER_HANDLE, PRINTER_INFO_2W,
};
use windows::core::{HSTRING, PCWSTR};

use super::super::software::services::listed;
use super::super::{registry, win32};
use crate::collector::{Context, Gap};
use crate::platform::decode::{printers as decode, time, windows as words};

/// `PRINTER_ATTRIBUTE_SHARED`, `…_DEFAULT` of winspool.h.
const SHARED: u32 = 0x8;
const DEFAULT: u32 = 0x4;

/// A queue.
struct Queue {
    name: String,
    port: Option<String>,
    driver: Option<String>,
    location: Option<String>,
    attributes: u32,
    status: u32,
    jobs: u32,
}

/// Section `printers`.
pub(crate) fn printers(cx: &Context) -> Result<Printers, Gap> {
    let queues = queues()?;
    let default = default(cx);
    let mut printers: Vec<Printer> = queues
        .into_iter()
        .map(|queue| Printer {
            model: queue.driver,
            uri: queue.port.map(|port| cx.redactor.text(&port)),
            location: queue.location,
            default: queue.attributes & DEFAULT != 0 || default.as_ref() == Some(&queue.name),
            shared: queue.attributes & SHARED != 0,
            name: queue.name,
        })
        .collect();
    printers.extend(joined(cx).into_iter().map(|name| Printer {
        default: default.as_ref() == Some(&name),
        name,
        ..Printer::default()
    }));
    printers.sort_by(|a, b| a.name.cmp(&b.name));
    printers.dedup();
    Ok(Printers { printers })
}

/// Section `printers.state`.
pub(crate) fn state(cx: &Context) -> Result<PrintersState, Gap> {
    let spooler = cx.note(listed()).and_then(|services| {
        services.into_iter().find(|service| service.name.eq_ignore_ascii_case("Spooler"))
    });
    let service = spooler.map(|service| words::service_state(service.state).0.to_owned());
    // Asked while it does not run, Windows may start it.
    if service.as_deref().is_some_and(|state| state != "active") {
        return Ok(PrintersState { service, printers: Vec::new() });
    }
    let mut printers: Vec<PrinterState> = queues()?
        .into_iter()
        .map(|queue| {
            let (state, accepting, reasons) = decode::state(queue.status, queue.attributes);
            PrinterState {
                state: Some(state.to_owned()),
                message: None,
                held: None,
                reasons,
                accepting: Some(accepting),
                jobs: Some(queue.jobs),
                oldest_job_at: if queue.jobs > 0 { oldest(&queue.name) } else { None },
                name: queue.name,
            }
        })
        .collect();
    printers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(PrintersState { service, printers })
}

/// The queues of this machine.
fn queues() -> Result<Vec<Queue>, Gap> {
    let mut count = 0;
    let buffer = win32::growing("EnumPrinters", &[ERROR_INSUFFICIENT_BUFFER.0], |buffer, size| {
        // SAFETY: the buffer has the size that is told.
        let room = unsafe { std::slice::from_raw_parts_mut(buffer, *size as usize) };
        // SAFETY: as above; the name is left out.
        let asked = unsafe {
            EnumPrintersW(PRINTER_ENUM_LOCAL, PCWSTR::null(), 2, Some(room), size, &raw mut count)
        };
        asked.map_or_else(|error| win32::number(&error), |()| 0)
    })?;
    // SAFETY: that many entries were put there, with their texts in the same buffer.
    unsafe {
        let entries = buffer.as_ptr().cast::<PRINTER_INFO_2W>();
        let entries = std::slice::from_raw_parts(entries, count as usize);
        Ok(entries.iter().filter_map(|entry| queue(entry)).collect())
    }
}

/// # Safety
/// The entry's texts are null, or live and end with a zero.
unsafe fn queue(entry: &PRINTER_INFO_2W) -> Option<Queue> {
    // SAFETY: by this function's condition.
    unsafe {
        Some(Queue {
            name: win32::pointed(entry.pPrinterName)?,
            port: win32::pointed(entry.pPortName),
            driver: win32::pointed(entry.pDriverName),
            location: win32::pointed(entry.pLocation),
            attributes: entry.Attributes,
            status: entry.Status,
            jobs: entry.cJobs,
        })
    }
}

/// Since when the oldest job of a queue waits.
fn oldest(name: &str) -> Option<Timestamp> {
    let mut handle = PRINTER_HANDLE::default();
    // SAFETY: the name lives, and there is room for a handle.
    unsafe { OpenPrinterW(&HSTRING::from(name), &raw mut handle, None) }.ok()?;
    let mut count = 0;
    let jobs = win32::growing("EnumJobs", &[ERROR_INSUFFICIENT_BUFFER.0], |buffer, size| {
        // SAFETY: the buffer has the size that is told.
        let room = unsafe { std::slice::from_raw_parts_mut(buffer, *size as usize) };
        // SAFETY: the printer is open, and the buffer as above.
        let asked = unsafe { EnumJobsW(handle, 0, 512, 1, Some(room), size, &raw mut count) };
        asked.map_or_else(|error| win32::number(&error), |()| 0)
    });
    // SAFETY: the handle is open and ours.
    let _ = unsafe { ClosePrinter(handle) };
    let jobs = jobs.ok()?;
    // SAFETY: that many entries were put there.
    let entries =
        unsafe { std::slice::from_raw_parts(jobs.as_ptr().cast::<JOB_INFO_1W>(), count as usize) };
    entries.iter().filter_map(|job| submitted(&job.Submitted)).min()
}

/// A system time, which is in UTC.
fn submitted(told: &SYSTEMTIME) -> Option<Timestamp> {
    let number = i64::from;
    let seconds = time::civil(
        number(told.wYear),
        number(told.wMonth),
        number(told.wDay),
        number(told.wHour),
        number(told.wMinute),
        number(told.wSecond),
    )?;
    Timestamp::from_second(seconds).ok()
}

/// The default of whoever is signed in (`printer,driver,port`), if only one person is.
fn default(cx: &Context) -> Option<String> {
    let people = registry::people();
    let [(_, person)] = people.as_slice() else { return None };
    let key = registry::under(cx, person, r"Software\Microsoft\Windows NT\CurrentVersion\Windows")?;
    registry::text(&key, "Device")?.split(',').next().map(str::to_owned)
}

/// The printers of other machines that somebody who is signed in has joined: `,,server,printer`.
fn joined(cx: &Context) -> Vec<String> {
    let mut printers = Vec::new();
    for (_, person) in registry::people() {
        if let Some(key) = registry::under(cx, &person, r"Printers\Connections") {
            printers.extend(registry::names(&key).iter().map(|name| name.replace(',', r"\")));
        }
    }
    printers
}
