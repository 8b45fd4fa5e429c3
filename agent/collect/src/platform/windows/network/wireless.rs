//! Wireless: the WLAN service, whose library servers do not have unless it is added.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::ffi::c_void;

use befund_model::section::network::{Radio, Wifi, WifiInterface, WifiNetwork, WifiNetworks};
use windows::Win32::Foundation::{ERROR_SERVICE_NOT_ACTIVE, FARPROC, HANDLE};
use windows::Win32::NetworkManagement::WiFi::{
    WLAN_CONNECTION_ATTRIBUTES, WLAN_INTERFACE_INFO, WLAN_INTERFACE_INFO_LIST, WLAN_RADIO_STATE,
};
use windows::core::GUID;

use super::super::win32;
use super::adapters::{Adapter, adapters};
use crate::collector::{Context, Gap};
use crate::platform::decode::net;

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
type Free = unsafe extern "system" fn(*const c_void);

/// Numbers of `WLAN_INTF_OPCODE`.
const RADIO_STATE: i32 = 4;
const CONNECTION: i32 = 7;
const CHANNEL: i32 = 8;
const RSSI: i32 = 0x1000_0102;
/// `wlan_interface_state_connected`.
const CONNECTED: i32 = 1;

/// The service, open.
struct Wlan {
    handle: HANDLE,
    close: Close,
    enumerate: Enumerate,
    query: Query,
    free: Free,
}

fn loaded(name: &'static std::ffi::CStr) -> Result<FARPROC, Gap> {
    win32::function("wlanapi.dll", name)
}

impl Wlan {
    fn open() -> Result<Self, Gap> {
        let open = loaded(c"WlanOpenHandle")?;
        let close = loaded(c"WlanCloseHandle")?;
        let enumerate = loaded(c"WlanEnumInterfaces")?;
        let (query, free) = (loaded(c"WlanQueryInterface")?, loaded(c"WlanFreeMemory")?);
        // SAFETY: those are the functions' signatures in `wlanapi.h`, and none of them is missing.
        let (open, close, enumerate, query, free) = unsafe {
            (
                std::mem::transmute::<FARPROC, Open>(open),
                std::mem::transmute::<FARPROC, Close>(close),
                std::mem::transmute::<FARPROC, Enumerate>(enumerate),
                std::mem::transmute::<FARPROC, Query>(query),
                std::mem::transmute::<FARPROC, Free>(free),
            )
        };
        let (mut version, mut handle) = (0, HANDLE::default());
        // SAFETY: there is room for the version and the handle.
        match unsafe { open(2, std::ptr::null(), &raw mut version, &raw mut handle) } {
            0 => Ok(Self { handle, close, enumerate, query, free }),
            error if error == ERROR_SERVICE_NOT_ACTIVE.0 => {
                Err(Gap::unsupported("the WLAN service does not run"))
            }
            error => Err(win32::code("WlanOpenHandle", error)),
        }
    }

    fn interfaces(&self) -> Result<Vec<WLAN_INTERFACE_INFO>, Gap> {
        let mut list: *mut WLAN_INTERFACE_INFO_LIST = std::ptr::null_mut();
        // SAFETY: the handle is open, and there is room for a pointer.
        let error = unsafe { (self.enumerate)(self.handle, std::ptr::null(), &raw mut list) };
        if error != 0 || list.is_null() {
            return Err(win32::code("WlanEnumInterfaces", error));
        }
        // SAFETY: the list has as many entries as it says, and lives until it is given back.
        unsafe {
            let first = (&raw const (*list).InterfaceInfo).cast::<WLAN_INTERFACE_INFO>();
            let entries = std::slice::from_raw_parts(first, (*list).dwNumberOfItems as usize);
            let entries = entries.to_vec();
            (self.free)(list.cast());
            Ok(entries)
        }
    }

    /// What an interface answers, if it is as large as it must be.
    fn ask<T: Copy>(&self, interface: &GUID, what: i32) -> Option<T> {
        let (mut size, mut data, mut kind) = (0, std::ptr::null_mut(), 0);
        // SAFETY: the handle is open, the GUID lives, and there is room for each answer.
        let error = unsafe {
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
        if error != 0 || data.is_null() {
            return None;
        }
        // SAFETY: that many bytes were put there; the structures asked for are plain numbers.
        unsafe {
            let told = (size as usize >= size_of::<T>())
                .then(|| std::ptr::read_unaligned(data.cast::<T>().cast_const()));
            (self.free)(data);
            told
        }
    }
}

impl Drop for Wlan {
    fn drop(&mut self) {
        // SAFETY: the handle is open and ours.
        unsafe { (self.close)(self.handle, std::ptr::null()) };
    }
}

fn name(adapters: &[Adapter], guid: &GUID) -> String {
    let text = format!("{{{guid:?}}}");
    let found = adapters.iter().find(|adapter| adapter.guid.eq_ignore_ascii_case(&text));
    found.map_or(text, |adapter| adapter.name.clone())
}

/// Section `wifi`.
pub(crate) fn wifi(cx: &Context) -> Result<Wifi, Gap> {
    let wlan = Wlan::open()?;
    let adapters = cx.note(adapters()).unwrap_or_default();
    let mut result = Wifi::default();
    for interface in wlan.interfaces()? {
        let guid = interface.InterfaceGuid;
        let name = name(&adapters, &guid);
        let connected = interface.isState.0 == CONNECTED;
        let link: Option<WLAN_CONNECTION_ATTRIBUTES> =
            if connected { wlan.ask(&guid, CONNECTION) } else { None };
        let link = link.map(|link| link.wlanAssociationAttributes);
        let rssi: Option<i32> = if connected { wlan.ask(&guid, RSSI) } else { None };
        let channel: Option<u32> = if connected { wlan.ask(&guid, CHANNEL) } else { None };
        result.interfaces.push(WifiInterface {
            state: Some(if connected { "up" } else { "down" }.to_owned()),
            signal_dbm: rssi
                .filter(|dbm| (-200..0).contains(dbm))
                .or_else(|| link.map(|link| net::dbm(link.wlanSignalQuality))),
            frequency_mhz: channel.and_then(net::frequency),
            rx_rate_kbit: link.map(|link| link.ulRxRate).filter(|rate| *rate > 0),
            tx_rate_kbit: link.map(|link| link.ulTxRate).filter(|rate| *rate > 0),
            name: name.clone(),
            ..WifiInterface::default()
        });
        if let Some(state) = wlan.ask::<WLAN_RADIO_STATE>(&guid, RADIO_STATE) {
            let count = (state.dwNumberOfPhys as usize).min(state.PhyRadioState.len());
            let phys = &state.PhyRadioState[..count];
            // 2 is `dot11_radio_state_off`.
            result.radios.push(Radio {
                name,
                kind: "wlan".into(),
                soft_blocked: count > 0
                    && phys.iter().all(|phy| phy.dot11SoftwareRadioState.0 == 2),
                hard_blocked: count > 0
                    && phys.iter().all(|phy| phy.dot11HardwareRadioState.0 == 2),
            });
        }
    }
    if result.interfaces.is_empty() {
        return Err(Gap::unsupported("there is no wireless interface"));
    }
    result.interfaces.sort_by(|a, b| a.name.cmp(&b.name));
    result.radios.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(result)
}

/// Section `wifi.network`: the network in use. Those around are not looked for.
pub(crate) fn network(cx: &Context) -> Result<WifiNetworks, Gap> {
    let wlan = Wlan::open()?;
    let adapters = cx.note(adapters()).unwrap_or_default();
    let interfaces = wlan.interfaces()?;
    if interfaces.is_empty() {
        return Err(Gap::unsupported("there is no wireless interface"));
    }
    let mut networks = Vec::new();
    for interface in interfaces.iter().filter(|interface| interface.isState.0 == CONNECTED) {
        let guid = interface.InterfaceGuid;
        let Some(link) = wlan.ask::<WLAN_CONNECTION_ATTRIBUTES>(&guid, CONNECTION) else {
            cx.gap(Gap::failed("WlanQueryInterface does not tell the network in use"));
            continue;
        };
        let link = link.wlanAssociationAttributes;
        let length = (link.dot11Ssid.uSSIDLength as usize).min(32);
        networks.push(WifiNetwork {
            interface: name(&adapters, &guid),
            ssid: String::from_utf8_lossy(&link.dot11Ssid.ucSSID[..length]).into_owned(),
            bssid: net::mac(&link.dot11Bssid),
        });
    }
    networks.sort_by(|a, b| a.interface.cmp(&b.interface));
    Ok(WifiNetworks { networks })
}
