//! The devices that are there now, as the device manager lists them, with their keys in the
//! registry.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use windows::Win32::Devices::DeviceAndDriverInstallation::{
    CM_DEVNODE_STATUS_FLAGS, CM_Get_DevNode_Status, CM_LOCATE_DEVNODE_NORMAL, CM_Locate_DevNodeW,
    CM_PROB, CR_SUCCESS, DIGCF_ALLCLASSES, DIGCF_DEVICEINTERFACE, DIGCF_PRESENT, HDEVINFO,
    SETUP_DI_GET_CLASS_DEVS_FLAGS, SP_DEVICE_INTERFACE_DATA, SP_DEVICE_INTERFACE_DETAIL_DATA_W,
    SP_DEVINFO_DATA, SetupDiDestroyDeviceInfoList, SetupDiEnumDeviceInfo,
    SetupDiEnumDeviceInterfaces, SetupDiGetClassDevsW, SetupDiGetDeviceInstanceIdW,
    SetupDiGetDeviceInterfaceDetailW,
};
use windows::core::{GUID, HSTRING, PCWSTR};
use windows_registry::Key;

use super::super::registry;
use super::super::win32::{self, Buffer};
use crate::collector::{Context, Gap};
use crate::platform::decode::text::described;

/// `DN_HAS_PROBLEM`.
const HAS_PROBLEM: u32 = 0x400;

/// A device.
pub(crate) struct Plugged {
    /// Its name in the device tree (`PCI\VEN_8086&DEV_A0C8&…\3&…`).
    pub(crate) id: String,
    pub(crate) key: Key,
}

impl Plugged {
    /// The first part of its name (`PCI`).
    pub(crate) fn enumerator(&self) -> &str {
        self.id.split('\\').next().unwrap_or_default()
    }

    /// A text of its key.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        registry::text(&self.key, name)
    }

    /// What it is called: by its maker, else by its driver.
    pub(crate) fn name(&self) -> Option<String> {
        let text = |name: &str| self.text(name).and_then(|text| described(&text));
        text("FriendlyName").or_else(|| text("DeviceDesc"))
    }

    /// The key of its driver, below the classes.
    pub(crate) fn driver(&self, cx: &Context) -> Option<Key> {
        let path = self.text("Driver")?;
        registry::machine(cx, &format!(r"SYSTEM\CurrentControlSet\Control\Class\{path}"))
    }

    /// The number of what is wrong with it (`CM_PROB_…`), if something is.
    pub(crate) fn problem(&self) -> Option<u32> {
        let mut node = 0;
        // SAFETY: the name lives, and there is room for the node.
        let found = unsafe {
            CM_Locate_DevNodeW(
                &raw mut node,
                &HSTRING::from(self.id.as_str()),
                CM_LOCATE_DEVNODE_NORMAL,
            )
        };
        if found != CR_SUCCESS {
            return None;
        }
        let (mut status, mut problem) = (CM_DEVNODE_STATUS_FLAGS::default(), CM_PROB::default());
        // SAFETY: there is room for both numbers.
        let told = unsafe { CM_Get_DevNode_Status(&raw mut status, &raw mut problem, node, 0) };
        (told == CR_SUCCESS && status.0 & HAS_PROBLEM != 0).then_some(problem.0)
    }
}

/// The devices that are there, sorted by name. Those that only stand for something (`ROOT`, `SW`,
/// `STORAGE` and so on) are among them.
pub(crate) fn plugged(cx: &Context) -> Result<Vec<Plugged>, Gap> {
    let mut ids = ids()?;
    ids.sort_unstable();
    let key = |id: String| {
        let key = registry::machine(cx, &format!(r"SYSTEM\CurrentControlSet\Enum\{id}"))?;
        Some(Plugged { id, key })
    };
    Ok(ids.into_iter().filter_map(key).collect())
}

/// A set of devices, given back when it is dropped.
struct Set(HDEVINFO);

impl Set {
    fn of(class: Option<&GUID>, flags: SETUP_DI_GET_CLASS_DEVS_FLAGS) -> Result<Self, Gap> {
        let class = class.map(std::ptr::from_ref);
        // SAFETY: the class is left out or lives through the call.
        unsafe { SetupDiGetClassDevsW(class, PCWSTR::null(), None, DIGCF_PRESENT | flags) }
            .map(Self)
            .map_err(|error| win32::gap("SetupDiGetClassDevs", &error))
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        // SAFETY: the set is ours.
        let _ = unsafe { SetupDiDestroyDeviceInfoList(self.0) };
    }
}

/// More than any machine has.
const MAX_DEVICES: u32 = 10_000;

fn ids() -> Result<Vec<String>, Gap> {
    let set = Set::of(None, DIGCF_ALLCLASSES)?;
    let size = u32::try_from(size_of::<SP_DEVINFO_DATA>()).unwrap_or_default();
    let mut ids = Vec::new();
    for index in 0..MAX_DEVICES {
        let mut device = SP_DEVINFO_DATA { cbSize: size, ..SP_DEVINFO_DATA::default() };
        // SAFETY: the set is live, and the structure tells its own size.
        if unsafe { SetupDiEnumDeviceInfo(set.0, index, &raw mut device) }.is_err() {
            break;
        }
        let mut buffer = [0_u16; 512];
        // SAFETY: as above, and the buffer has the length that is told.
        let told = unsafe {
            SetupDiGetDeviceInstanceIdW(set.0, &raw const device, Some(&mut buffer), None)
        };
        if told.is_ok() {
            ids.push(win32::text(&buffer));
        }
    }
    if ids.is_empty() {
        return Err(Gap::unsupported("SetupDiEnumDeviceInfo lists no device at all"));
    }
    Ok(ids)
}

/// The paths of the interfaces of a class that are there.
pub(crate) fn interfaces(class: &GUID) -> Result<Vec<String>, Gap> {
    let set = Set::of(Some(class), DIGCF_DEVICEINTERFACE)?;
    let size = u32::try_from(size_of::<SP_DEVICE_INTERFACE_DATA>()).unwrap_or_default();
    let mut paths = Vec::new();
    for index in 0..MAX_DEVICES {
        let mut one =
            SP_DEVICE_INTERFACE_DATA { cbSize: size, ..SP_DEVICE_INTERFACE_DATA::default() };
        // SAFETY: the set is live, the class lives, and the structure tells its own size.
        let next = unsafe { SetupDiEnumDeviceInterfaces(set.0, None, class, index, &raw mut one) };
        if next.is_err() {
            break;
        }
        paths.extend(path(&set, &one));
    }
    Ok(paths)
}

fn path(set: &Set, interface: &SP_DEVICE_INTERFACE_DATA) -> Option<String> {
    /// The structure's text begins behind its size.
    const TEXT: usize = 4;
    let mut detail = Buffer::new(2048);
    let size = u32::try_from(size_of::<SP_DEVICE_INTERFACE_DETAIL_DATA_W>()).ok()?;
    detail.bytes_mut()[..4].copy_from_slice(&size.to_le_bytes());
    // SAFETY: the set is live, and the buffer has the size that is told and begins with the
    // structure's own.
    unsafe {
        SetupDiGetDeviceInterfaceDetailW(
            set.0,
            interface,
            Some(detail.as_mut_ptr().cast()),
            2048,
            None,
            None,
        )
    }
    .ok()?;
    let units: Vec<u16> = detail.bytes()[TEXT..]
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    Some(win32::text(&units)).filter(|path| !path.is_empty())
}
