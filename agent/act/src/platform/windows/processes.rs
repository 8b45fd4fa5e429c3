//! `process.end`, `process.lower_priority`: one process, told by its number and by when it was started, in
//! units of 100 ns since 1601.

use std::io;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};

use serde_json::Value;
use windows_sys::Win32::Foundation::{ERROR_INVALID_PARAMETER, FILETIME, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    BELOW_NORMAL_PRIORITY_CLASS, GetPriorityClass, GetProcessTimes, HIGH_PRIORITY_CLASS,
    IDLE_PRIORITY_CLASS, NORMAL_PRIORITY_CLASS, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_SET_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE, SetPriorityClass,
    TerminateProcess, WaitForSingleObject,
};

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::win32::last;

/// The exit code of what was ended.
const ENDED: u32 = 1;
/// How long a process may take to be gone once it was ended, in milliseconds.
const GRACE_MS: u32 = 5_000;

/// The process, if it is there and is the one that is meant; `None` if it has ended.
#[expect(unsafe_code, reason = "functions of Windows")]
fn find(parameters: &Parameters, access: u32) -> Outcome<Option<OwnedHandle>> {
    let both = parameters.number("pid").zip(parameters.number("started"));
    let (number, started) =
        both.ok_or_else(|| Trouble::failed("the parameters pid and started are missing"))?;
    let pid = u32::try_from(number)
        .map_err(|_| Trouble::failed(format!("{number} is no process to change")))?;
    // 4 is Windows itself.
    if pid <= 4 || pid == std::process::id() {
        return Err(Trouble::failed(format!("the process {pid} is left alone")));
    }
    let access = access | PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE;
    // SAFETY: takes numbers alone.
    let raw = unsafe { OpenProcess(access, 0, pid) };
    if raw.is_null() {
        let error = io::Error::last_os_error();
        if error.raw_os_error() == Some(ERROR_INVALID_PARAMETER.cast_signed()) {
            return Ok(None);
        }
        return Err(Trouble::io(format_args!("open the process {pid}"), &error));
    }
    // SAFETY: it was just opened for us.
    let handle = unsafe { OwnedHandle::from_raw_handle(raw) };
    let [mut at, mut exit, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle is open, and the four times live beyond the call.
    let told =
        unsafe { GetProcessTimes(raw, &raw mut at, &raw mut exit, &raw mut kernel, &raw mut user) };
    last(format_args!("ask when the process {pid} was started"), told)?;
    let at = u64::from(at.dwHighDateTime) << 32 | u64::from(at.dwLowDateTime);
    if at != started {
        return Err(Trouble::failed(format!(
            "the process {pid} is another one by now: started at {at} and not at {started}"
        )));
    }
    // SAFETY: the handle is open.
    let gone = unsafe { WaitForSingleObject(handle.as_raw_handle(), 0) } == WAIT_OBJECT_0;
    Ok((!gone).then_some(handle))
}

fn gone() -> Trouble {
    Trouble::failed("the process has ended")
}

pub(super) fn plan_end(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let pid = parameters.number("pid").unwrap_or(0);
    Ok(match find(parameters, 0)? {
        Some(_) => Plan::change(format!("end the process {pid}")),
        None => Plan::already(format!("the process {pid} has ended")),
    })
}

#[expect(unsafe_code, reason = "functions of Windows")]
pub(super) fn end(_: &Context<'_>, parameters: &Parameters, _: &mut Plan) -> Outcome<String> {
    let pid = parameters.number("pid").unwrap_or(0);
    let Some(handle) = find(parameters, PROCESS_TERMINATE)? else {
        return Ok(format!("the process {pid} had ended"));
    };
    // SAFETY: the handle is open, with the right to end it.
    let ended = unsafe { TerminateProcess(handle.as_raw_handle(), ENDED) };
    last(format_args!("end the process {pid}"), ended)?;
    // SAFETY: the handle is open, with the right to wait for it.
    if unsafe { WaitForSingleObject(handle.as_raw_handle(), GRACE_MS) } != WAIT_OBJECT_0 {
        return Err(Trouble::failed(format!("the process {pid} did not go within 5 s")));
    }
    Ok(format!("the process {pid} was ended"))
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn class(handle: &OwnedHandle) -> Outcome<u32> {
    // SAFETY: the handle is open.
    let class = unsafe { GetPriorityClass(handle.as_raw_handle()) };
    last("read the priority of the process", class.cast_signed())?;
    Ok(class)
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn set(handle: &OwnedHandle, class: u32) -> Outcome<()> {
    // SAFETY: the handle is open, with the right to set it.
    let done = unsafe { SetPriorityClass(handle.as_raw_handle(), class) };
    last("set the priority of the process", done)
}

pub(super) fn plan_lower(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let handle = find(parameters, 0)?.ok_or_else(gone)?;
    let class = class(&handle)?;
    if class == BELOW_NORMAL_PRIORITY_CLASS || class == IDLE_PRIORITY_CLASS {
        return Ok(Plan::already("its priority is low already"));
    }
    Plan::change("lower the priority of the process to below normal").noting(class)
}

pub(super) fn lower(_: &Context<'_>, parameters: &Parameters, _: &mut Plan) -> Outcome<String> {
    let handle = find(parameters, PROCESS_SET_INFORMATION)?.ok_or_else(gone)?;
    set(&handle, BELOW_NORMAL_PRIORITY_CLASS)?;
    Ok("the priority of the process was lowered".to_owned())
}

pub(super) fn undo_lower(
    _: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let was: u32 = noted(before)?;
    let Some(handle) = find(parameters, PROCESS_SET_INFORMATION)? else {
        return Ok("the process has ended; there is nothing to put back".to_owned());
    };
    // Never to what a person could not have asked for.
    let class = if was == HIGH_PRIORITY_CLASS { was } else { NORMAL_PRIORITY_CLASS };
    set(&handle, class)?;
    Ok("the priority of the process is as before".to_owned())
}
