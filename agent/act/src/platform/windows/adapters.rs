//! Network adapters: switched on, restarted, their lease renewed, their largest packet set.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use windows_sys::Win32::NetworkManagement::IpHelper::{
    ConvertInterfaceAliasToLuid, ConvertInterfaceLuidToIndex, GetBestInterface, GetIfEntry,
    GetInterfaceInfo, GetIpInterfaceEntry, IP_ADAPTER_INDEX_MAP, IP_INTERFACE_INFO,
    InitializeIpInterfaceEntry, IpRenewAddress, MIB_IF_ADMIN_STATUS_DOWN, MIB_IF_ADMIN_STATUS_UP,
    MIB_IFROW, MIB_IPINTERFACE_ROW, SetIfEntry, SetIpInterfaceEntry,
};
use windows_sys::Win32::NetworkManagement::Ndis::NET_LUID_LH;
use windows_sys::Win32::Networking::WinSock::AF_INET;

use befund_model::action::Holds;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::win32::{code, wide};

/// An adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Adapter {
    pub(super) name: String,
    pub(super) index: u32,
}

/// What is put back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Before {
    was_up: bool,
}

/// The adapter of this name, as in `Ethernet 2`.
#[expect(unsafe_code, reason = "functions of Windows")]
pub(super) fn named(name: &str) -> Outcome<Adapter> {
    let alias = wide(name);
    let (mut luid, mut index) = (NET_LUID_LH { Value: 0 }, 0);
    // SAFETY: the name is ended by a zero, and the number lives beyond the call.
    let result = unsafe { ConvertInterfaceAliasToLuid(alias.as_ptr(), &raw mut luid) };
    let attempt = format!("find the network interface {name}");
    code(&attempt, result)?;
    // SAFETY: both numbers live beyond the call.
    code(&attempt, unsafe { ConvertInterfaceLuidToIndex(&raw const luid, &raw mut index) })?;
    Ok(Adapter { name: name.to_owned(), index })
}

/// The adapter that is named, or that of the default route.
#[expect(unsafe_code, reason = "a function of Windows")]
pub(super) fn chosen(parameters: &Parameters) -> Outcome<Adapter> {
    if let Some(name) = parameters.text("interface") {
        return named(name);
    }
    let mut index = 0;
    // An address far away (RFC 5737): it is only looked up in the table of routes.
    let away = u32::from_ne_bytes([192, 0, 2, 1]);
    // SAFETY: the number lives beyond the call.
    code("find the default route", unsafe { GetBestInterface(away, &raw mut index) })?;
    Ok(Adapter { name: format!("interface {index}"), index })
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn row(adapter: &Adapter) -> Outcome<MIB_IFROW> {
    let mut row = MIB_IFROW { dwIndex: adapter.index, ..MIB_IFROW::default() };
    // SAFETY: the row lives beyond the call.
    code(format_args!("look at {}", adapter.name), unsafe { GetIfEntry(&raw mut row) })?;
    Ok(row)
}

fn is_up(adapter: &Adapter) -> Outcome<bool> {
    Ok(row(adapter)?.dwAdminStatus == MIB_IF_ADMIN_STATUS_UP)
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn set(adapter: &Adapter, up: bool) -> Outcome<()> {
    let mut row = row(adapter)?;
    row.dwAdminStatus = if up { MIB_IF_ADMIN_STATUS_UP } else { MIB_IF_ADMIN_STATUS_DOWN };
    let word = if up { "on" } else { "off" };
    let attempt = format!("switch {} {word}", adapter.name);
    // SAFETY: the row lives beyond the call.
    code(attempt, unsafe { SetIfEntry(&raw const row) })
}

pub(super) fn plan_enable(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let adapter = chosen(parameters)?;
    if is_up(&adapter)? {
        return Ok(Plan::already(format!("{} is switched on", adapter.name)));
    }
    Plan::change(format!("switch {} on", adapter.name)).noting(Before { was_up: false })
}

pub(super) fn enable(_: &Context<'_>, parameters: &Parameters, _: &mut Plan) -> Outcome<String> {
    let adapter = chosen(parameters)?;
    set(&adapter, true)?;
    Ok(format!("{} was switched on", adapter.name))
}

pub(super) fn plan_restart(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let adapter = chosen(parameters)?;
    let was_up = is_up(&adapter)?;
    Plan::change(format!("switch {} off and on", adapter.name)).noting(Before { was_up })
}

pub(super) fn restart(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let adapter = chosen(parameters)?;
    if is_up(&adapter)? {
        set(&adapter, false)?;
        context.say(format!("{} is off", adapter.name));
    }
    set(&adapter, true)?;
    Ok(format!("{} was switched off and on", adapter.name))
}

pub(super) fn is_on(_: &Context<'_>, parameters: &Parameters) -> Outcome<(Holds, String)> {
    let adapter = chosen(parameters)?;
    Ok(if is_up(&adapter)? {
        (Holds::Unknown, format!("{} is on", adapter.name))
    } else {
        (Holds::NotDone, format!("{} is off", adapter.name))
    })
}

pub(super) fn undo(_: &Context<'_>, parameters: &Parameters, before: &Value) -> Outcome<String> {
    let Before { was_up } = noted(before)?;
    let adapter = chosen(parameters)?;
    set(&adapter, was_up)?;
    Ok(format!("{} is switched {} as before", adapter.name, if was_up { "on" } else { "off" }))
}

pub(super) fn plan_renew(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let adapter = chosen(parameters)?;
    mapped(&adapter)?;
    Ok(Plan::change(format!("ask for the address of {} again", adapter.name))
        .unpredictable("which address comes is the network's to say"))
}

/// The adapter as `IpRenewAddress` takes it.
#[expect(unsafe_code, reason = "functions of Windows")]
fn mapped(adapter: &Adapter) -> Outcome<IP_ADAPTER_INDEX_MAP> {
    let mut size = 0;
    // SAFETY: without a buffer only its size is told.
    unsafe { GetInterfaceInfo(std::ptr::null_mut(), &raw mut size) };
    // In words of 32 bits, since the structure begins with one.
    let mut buffer = vec![0_u32; (size as usize).div_ceil(4).max(size_of::<IP_INTERFACE_INFO>())];
    let table = buffer.as_mut_ptr().cast::<IP_INTERFACE_INFO>();
    // SAFETY: the buffer has at least as many bytes as were asked for.
    code("list the adapters", unsafe { GetInterfaceInfo(table, &raw mut size) })?;
    // SAFETY: Windows has filled in the count and as many entries behind it.
    let adapters = unsafe {
        let count = usize::try_from((*table).NumAdapters).unwrap_or(0);
        std::slice::from_raw_parts(
            (&raw const (*table).Adapter).cast::<IP_ADAPTER_INDEX_MAP>(),
            count,
        )
    };
    adapters.iter().find(|mapped| mapped.Index == adapter.index).copied().ok_or_else(|| {
        Trouble::failed(format!("{} takes no address from DHCP, or has no cable", adapter.name))
    })
}

#[expect(unsafe_code, reason = "a function of Windows")]
pub(super) fn renew(_: &Context<'_>, parameters: &Parameters, _: &mut Plan) -> Outcome<String> {
    let adapter = chosen(parameters)?;
    let mapped = mapped(&adapter)?;
    let attempt = format!("renew the address of {}", adapter.name);
    // SAFETY: the entry lives beyond the call.
    code(attempt, unsafe { IpRenewAddress(&raw const mapped) })?;
    Ok(format!("the address of {} was renewed", adapter.name))
}

#[expect(unsafe_code, reason = "functions of Windows")]
fn entry(adapter: &Adapter) -> Outcome<MIB_IPINTERFACE_ROW> {
    let mut row = MIB_IPINTERFACE_ROW::default();
    // SAFETY: the row lives beyond the call.
    unsafe { InitializeIpInterfaceEntry(&raw mut row) };
    row.Family = AF_INET;
    row.InterfaceIndex = adapter.index;
    // SAFETY: as above.
    code(format_args!("look at {}", adapter.name), unsafe { GetIpInterfaceEntry(&raw mut row) })?;
    Ok(row)
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn set_mtu(adapter: &Adapter, mtu: u32) -> Outcome<()> {
    let mut row = entry(adapter)?;
    row.NlMtu = mtu;
    // Not taken for IPv4 as it is read (the function's documentation).
    row.SitePrefixLength = 0;
    let attempt = format!("set the largest packet of {} to {mtu} bytes", adapter.name);
    // SAFETY: the row lives beyond the call.
    code(attempt, unsafe { SetIpInterfaceEntry(&raw mut row) })
}

fn wanted(parameters: &Parameters) -> Outcome<u32> {
    let mtu = parameters.number("mtu").and_then(|mtu| u32::try_from(mtu).ok());
    mtu.ok_or_else(|| Trouble::failed("the parameter mtu is missing"))
}

pub(super) fn plan_mtu(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let (adapter, mtu) = (chosen(parameters)?, wanted(parameters)?);
    let now = entry(&adapter)?.NlMtu;
    if now == mtu {
        return Ok(Plan::already(format!("{} has {mtu} bytes already", adapter.name)));
    }
    let name = &adapter.name;
    Plan::change(format!("set the largest packet of {name} from {now} to {mtu} bytes")).noting(now)
}

pub(super) fn mtu(_: &Context<'_>, parameters: &Parameters, _: &mut Plan) -> Outcome<String> {
    let (adapter, mtu) = (chosen(parameters)?, wanted(parameters)?);
    set_mtu(&adapter, mtu)?;
    Ok(format!("the largest packet of {} was set to {mtu} bytes", adapter.name))
}

pub(super) fn undo_mtu(
    _: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let adapter = chosen(parameters)?;
    let mtu: u32 = noted(before)?;
    set_mtu(&adapter, mtu)?;
    Ok(format!("the largest packet of {} is {mtu} bytes again", adapter.name))
}
