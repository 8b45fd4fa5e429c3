//! Printers, by the spooler's functions.

use std::ffi::c_void;

use serde_json::Value;
use windows_sys::Win32::Graphics::Printing::{
    ClosePrinter, GetPrinterW, OpenPrinterW, PRINTER_ACCESS_ADMINISTER, PRINTER_CONTROL_PAUSE,
    PRINTER_CONTROL_PURGE, PRINTER_CONTROL_RESUME, PRINTER_DEFAULTSW, PRINTER_HANDLE,
    PRINTER_INFO_2W, PRINTER_STATUS_PAUSED, SetPrinterW,
};

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::Outcome;

use super::win32::{last, wide};

/// A queue: how it is, and how many documents wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queue {
    paused: bool,
    jobs: u32,
}

/// A printer that is open.
struct Open(PRINTER_HANDLE);

impl Drop for Open {
    #[expect(unsafe_code, reason = "a function of Windows")]
    fn drop(&mut self) {
        // SAFETY: it is open, and not used any more.
        unsafe { ClosePrinter(self.0) };
    }
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn open(printer: &str, access: u32) -> Outcome<Open> {
    let name = wide(printer);
    let defaults = PRINTER_DEFAULTSW { DesiredAccess: access, ..PRINTER_DEFAULTSW::default() };
    let mut handle = PRINTER_HANDLE::default();
    // SAFETY: the name is ended by a zero; handle and defaults live beyond the call.
    let opened = unsafe { OpenPrinterW(name.as_ptr(), &raw mut handle, &raw const defaults) };
    last(format_args!("open the printer {printer}"), opened)?;
    Ok(Open(handle))
}

#[expect(unsafe_code, reason = "a function of Windows")]
pub(super) fn look(printer: &str) -> Outcome<Queue> {
    // PRINTER_ACCESS_USE.
    let open = open(printer, 8)?;
    let mut needed = 0;
    // SAFETY: without a buffer only its size is told.
    unsafe { GetPrinterW(open.0, 2, std::ptr::null_mut(), 0, &raw mut needed) };
    let mut buffer = vec![0_u64; (needed as usize).max(size_of::<PRINTER_INFO_2W>()).div_ceil(8)];
    let room = u32::try_from(buffer.len() * 8).unwrap_or(u32::MAX);
    let pointer = buffer.as_mut_ptr();
    // SAFETY: the buffer has the room that is named.
    let read = unsafe { GetPrinterW(open.0, 2, pointer.cast(), room, &raw mut needed) };
    last(format_args!("look at the printer {printer}"), read)?;
    // SAFETY: of level 2 the buffer begins with a PRINTER_INFO_2W, and is aligned for it.
    let info = unsafe { &*pointer.cast::<PRINTER_INFO_2W>() };
    Ok(Queue { paused: info.Status & PRINTER_STATUS_PAUSED != 0, jobs: info.cJobs })
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn control(printer: &str, command: u32) -> Outcome<()> {
    let open = open(printer, PRINTER_ACCESS_ADMINISTER)?;
    // SAFETY: of level 0 with a command there is no buffer.
    let done = unsafe { SetPrinterW(open.0, 0, std::ptr::null::<c_void>().cast(), command) };
    last(format_args!("steer the queue of {printer}"), done)
}

pub(super) fn plan_cancel(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let printer = parameters.needed("printer")?;
    match look(printer)?.jobs {
        0 => Ok(Plan::already(format!("no documents wait at {printer}"))),
        jobs => Ok(Plan::change(format!("remove {jobs} documents from {printer}"))),
    }
}

pub(super) fn cancel(_: &Context<'_>, parameters: &Parameters, _: &mut Plan) -> Outcome<String> {
    let printer = parameters.needed("printer")?;
    control(printer, PRINTER_CONTROL_PURGE)?;
    Ok(format!("the documents of {printer} were removed"))
}

pub(super) fn plan_resume(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let printer = parameters.needed("printer")?;
    if !look(printer)?.paused {
        return Ok(Plan::already(format!("{printer} is not paused")));
    }
    Plan::change(format!("let the queue of {printer} go on")).noting("paused")
}

pub(super) fn resume(_: &Context<'_>, parameters: &Parameters, _: &mut Plan) -> Outcome<String> {
    let printer = parameters.needed("printer")?;
    control(printer, PRINTER_CONTROL_RESUME)?;
    Ok(format!("the queue of {printer} goes on"))
}

pub(super) fn undo_resume(_: &Context<'_>, parameters: &Parameters, _: &Value) -> Outcome<String> {
    let printer = parameters.needed("printer")?;
    control(printer, PRINTER_CONTROL_PAUSE)?;
    Ok(format!("the queue of {printer} is paused again"))
}
