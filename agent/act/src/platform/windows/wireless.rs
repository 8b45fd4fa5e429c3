//! Wi-Fi: the radio switched on, the connection made anew, by the WLAN service, whose library servers do not
//! have unless it is added.
#![expect(unsafe_code, reason = "functions of Windows, found when they are needed")]

use std::ffi::{CStr, c_void};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::NetworkManagement::WiFi::{
    WLAN_CONNECTION_ATTRIBUTES, WLAN_CONNECTION_PARAMETERS, WLAN_INTERFACE_INFO,
    WLAN_INTERFACE_INFO_LIST, WLAN_PHY_RADIO_STATE, WLAN_RADIO_STATE,
    dot11_BSS_type_infrastructure, dot11_radio_state_off, dot11_radio_state_on,
    wlan_connection_mode_profile, wlan_intf_opcode_current_connection,
    wlan_intf_opcode_radio_state,
};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows_sys::core::{GUID, PCWSTR};

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::win32::{code, wide};

type Open = unsafe extern "system" fn(u32, *const c_void, *mut u32, *mut HANDLE) -> u32;
type Close = unsafe extern "system" fn(HANDLE, *const c_void) -> u32;
type Enumerate =
    unsafe extern "system" fn(HANDLE, *const c_void, *mut *mut WLAN_INTERFACE_INFO_LIST) -> u32;
type Query = unsafe extern "system" fn(
    HANDLE,
    *const GUID,
    i32,
    *const c_void,
    *mut u32,
    *mut *mut c_void,
    *mut i32,
) -> u32;
type Set =
    unsafe extern "system" fn(HANDLE, *const GUID, i32, u32, *const c_void, *const c_void) -> u32;
type Connect = unsafe extern "system" fn(
    HANDLE,
    *const GUID,
    *const WLAN_CONNECTION_PARAMETERS,
    *const c_void,
) -> u32;
type Disconnect = unsafe extern "system" fn(HANDLE, *const GUID, *const c_void) -> u32;
type Free = unsafe extern "system" fn(*const c_void);

/// The service, open.
struct Wlan {
    handle: HANDLE,
    close: Close,
    enumerate: Enumerate,
    query: Query,
    set: Set,
    connect: Connect,
    disconnect: Disconnect,
    free: Free,
}

/// A function of the WLAN service's library, of the type `F` of function pointers.
///
/// # Safety
/// `F` must be the function's signature in `wlanapi.h`.
unsafe fn function<F: Copy>(name: &CStr) -> Outcome<F> {
    const { assert!(size_of::<F>() == size_of::<usize>(), "a function pointer") };
    let missing = || Trouble::unsupported("this Windows has no Wi-Fi (wlanapi.dll is missing)");
    let library = wide("wlanapi.dll");
    // SAFETY: the name is ended by a zero; only the system's own folder is looked in.
    let module = unsafe {
        LoadLibraryExW(library.as_ptr(), std::ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32)
    };
    if module.is_null() {
        return Err(missing());
    }
    // SAFETY: the library is loaded and stays so; the name is ended by a zero.
    let found = unsafe { GetProcAddress(module, name.as_ptr().cast()) }.ok_or_else(missing)?;
    // SAFETY: both are function pointers; the caller vouches for the signature.
    Ok(unsafe { std::mem::transmute_copy::<_, F>(&found) })
}

impl Wlan {
    fn open() -> Outcome<Self> {
        // SAFETY: those are the functions' signatures in `wlanapi.h`.
        let (open, mut wlan) = unsafe {
            let open: Open = function(c"WlanOpenHandle")?;
            let wlan = Self {
                handle: std::ptr::null_mut(),
                close: function(c"WlanCloseHandle")?,
                enumerate: function(c"WlanEnumInterfaces")?,
                query: function(c"WlanQueryInterface")?,
                set: function(c"WlanSetInterface")?,
                connect: function(c"WlanConnect")?,
                disconnect: function(c"WlanDisconnect")?,
                free: function(c"WlanFreeMemory")?,
            };
            (open, wlan)
        };
        let mut version = 0;
        // SAFETY: there is room for the version and the handle.
        let opened = unsafe { open(2, std::ptr::null(), &raw mut version, &raw mut wlan.handle) };
        code("reach the WLAN service", opened)?;
        Ok(wlan)
    }

    fn interfaces(&self) -> Outcome<Vec<GUID>> {
        let mut list: *mut WLAN_INTERFACE_INFO_LIST = std::ptr::null_mut();
        // SAFETY: the handle is open, and there is room for a pointer.
        let told = unsafe { (self.enumerate)(self.handle, std::ptr::null(), &raw mut list) };
        code("list the Wi-Fi interfaces", told)?;
        // SAFETY: the list has as many entries as it says, and lives until it is given back.
        let guids: Vec<GUID> = unsafe {
            let first = (&raw const (*list).InterfaceInfo).cast::<WLAN_INTERFACE_INFO>();
            let entries = std::slice::from_raw_parts(first, (*list).dwNumberOfItems as usize);
            let guids = entries.iter().map(|entry| entry.InterfaceGuid).collect();
            (self.free)(list.cast());
            guids
        };
        if guids.is_empty() {
            return Err(Trouble::unsupported("this machine has no Wi-Fi interface"));
        }
        Ok(guids)
    }

    /// What an interface answers.
    fn ask<T: Copy>(&self, interface: &GUID, what: i32) -> Outcome<T> {
        let (mut size, mut data, mut kind) = (0, std::ptr::null_mut(), 0);
        // SAFETY: the handle is open, the GUID lives, and there is room for each answer.
        let told = unsafe {
            (self.query)(
                self.handle,
                interface,
                what,
                std::ptr::null(),
                &raw mut size,
                &raw mut data,
                &raw mut kind,
            )
        };
        code("ask the Wi-Fi interface", told)?;
        // SAFETY: that many bytes were put there; the structures asked for are plain numbers.
        let answer = unsafe {
            let answer = (size as usize >= size_of::<T>())
                .then(|| std::ptr::read_unaligned(data.cast::<T>().cast_const()));
            (self.free)(data);
            answer
        };
        answer.ok_or_else(|| Trouble::failed("the Wi-Fi interface's answer is too short"))
    }

    fn set_radio(&self, interface: &GUID, phy: u32, on: bool) -> Outcome<()> {
        let to = if on { dot11_radio_state_on } else { dot11_radio_state_off };
        let state = WLAN_PHY_RADIO_STATE {
            dwPhyIndex: phy,
            dot11SoftwareRadioState: to,
            dot11HardwareRadioState: 0,
        };
        let size = u32::try_from(size_of_val(&state)).unwrap_or(0);
        // SAFETY: handle open, GUID and state live beyond the call; the size is the state's.
        let done = unsafe {
            (self.set)(
                self.handle,
                interface,
                wlan_intf_opcode_radio_state,
                size,
                (&raw const state).cast(),
                std::ptr::null(),
            )
        };
        code(if on { "switch Wi-Fi on" } else { "switch Wi-Fi off" }, done)
    }
}

impl Drop for Wlan {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: the handle is open and ours.
            unsafe { (self.close)(self.handle, std::ptr::null()) };
        }
    }
}

/// Radios that are off: an interface by its place among all, and one of its radios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Off {
    interface: usize,
    phy: u32,
}

fn off(wlan: &Wlan, interfaces: &[GUID]) -> Outcome<Vec<Off>> {
    let mut all = Vec::new();
    for (interface, guid) in interfaces.iter().enumerate() {
        let radios: WLAN_RADIO_STATE = wlan.ask(guid, wlan_intf_opcode_radio_state)?;
        let count = (radios.dwNumberOfPhys as usize).min(radios.PhyRadioState.len());
        for radio in &radios.PhyRadioState[..count] {
            if radio.dot11HardwareRadioState == dot11_radio_state_off {
                return Err(Trouble::failed(
                    "Wi-Fi is switched off by a switch or key of the machine, which no program can change",
                ));
            }
            if radio.dot11SoftwareRadioState == dot11_radio_state_off {
                all.push(Off { interface, phy: radio.dwPhyIndex });
            }
        }
    }
    Ok(all)
}

pub(super) fn plan_on(_: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let wlan = Wlan::open()?;
    let off = off(&wlan, &wlan.interfaces()?)?;
    if off.is_empty() {
        return Ok(Plan::already("Wi-Fi is switched on"));
    }
    Plan::change("switch Wi-Fi on").noting(off)
}

fn set_all(before: &Value, on: bool) -> Outcome<()> {
    let wlan = Wlan::open()?;
    let interfaces = wlan.interfaces()?;
    for Off { interface, phy } in noted::<Vec<Off>>(before)? {
        let guid = interfaces
            .get(interface)
            .ok_or_else(|| Trouble::failed("a Wi-Fi interface has gone"))?;
        wlan.set_radio(guid, phy, on)?;
    }
    Ok(())
}

pub(super) fn on(_: &Context<'_>, _: &Parameters, plan: &mut Plan) -> Outcome<String> {
    set_all(&plan.before, true)?;
    Ok("Wi-Fi was switched on".to_owned())
}

pub(super) fn undo_on(_: &Context<'_>, _: &Parameters, before: &Value) -> Outcome<String> {
    set_all(before, false)?;
    Ok("Wi-Fi was switched off again".to_owned())
}

/// The interface and the profile that it is connected by. The interface that is named is not told apart: a
/// machine hardly has two.
fn connected(wlan: &Wlan) -> Outcome<(GUID, Vec<u16>)> {
    for guid in wlan.interfaces()? {
        let asked =
            wlan.ask::<WLAN_CONNECTION_ATTRIBUTES>(&guid, wlan_intf_opcode_current_connection);
        if let Ok(attributes) = asked {
            let mut profile: Vec<u16> =
                attributes.strProfileName.into_iter().take_while(|unit| *unit != 0).collect();
            profile.push(0);
            return Ok((guid, profile));
        }
    }
    Err(Trouble::failed("no Wi-Fi interface is connected, so that there is nothing to make anew"))
}

pub(super) fn plan_reconnect(_: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let (_, profile) = connected(&Wlan::open()?)?;
    let name = String::from_utf16_lossy(&profile[..profile.len() - 1]);
    Ok(Plan::change(format!("disconnect from {name} and connect again")))
}

pub(super) fn reconnect(_: &Context<'_>, _: &Parameters, _: &mut Plan) -> Outcome<String> {
    let wlan = Wlan::open()?;
    let (guid, profile) = connected(&wlan)?;
    // SAFETY: the handle is open, and the GUID lives beyond the call.
    let left = unsafe { (wlan.disconnect)(wlan.handle, &raw const guid, std::ptr::null()) };
    code("disconnect from Wi-Fi", left)?;
    let parameters = WLAN_CONNECTION_PARAMETERS {
        wlanConnectionMode: wlan_connection_mode_profile,
        strProfile: profile.as_ptr() as PCWSTR,
        pDot11Ssid: std::ptr::null_mut(),
        pDesiredBssidList: std::ptr::null_mut(),
        dot11BssType: dot11_BSS_type_infrastructure,
        dwFlags: 0,
    };
    // SAFETY: the handle is open; GUID, parameters and the profile's name live beyond the call.
    let done = unsafe {
        (wlan.connect)(wlan.handle, &raw const guid, &raw const parameters, std::ptr::null())
    };
    code("connect to Wi-Fi", done)?;
    Ok("the Wi-Fi connection was made anew".to_owned())
}
