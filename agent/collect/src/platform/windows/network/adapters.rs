//! The network adapters as `GetAdaptersAddresses` and `GetIfTable2` list them, copied out of Windows'
//! lists once for all who ask.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use windows::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA};
use windows::Win32::NetworkManagement::IpHelper::{
    FreeMibTable, GAA_FLAG_INCLUDE_GATEWAYS, GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_MULTICAST,
    GetAdaptersAddresses, GetIfTable2, IP_ADAPTER_ADDRESSES_LH, MIB_IF_ROW2, MIB_IF_TABLE2,
};
use windows::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR_IN, SOCKADDR_IN6, SOCKADDR_INET, SOCKET_ADDRESS,
};

use super::super::win32;
use crate::collector::Gap;

/// An adapter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Adapter {
    /// Its name for people (`Ethernet`).
    pub(crate) name: String,
    /// Its GUID in braces, as the registry names it.
    pub(crate) guid: String,
    pub(crate) description: Option<String>,
    pub(crate) kind: u32,
    pub(crate) mac: Vec<u8>,
    pub(crate) mtu: u32,
    pub(crate) state: i32,
    pub(crate) speed: u64,
    /// The numbers that routes and neighbours name it by.
    pub(crate) index: u32,
    pub(crate) index6: u32,
    pub(crate) luid: u64,
    pub(crate) metric: u32,
    pub(crate) metric6: u32,
    pub(crate) dhcp: bool,
    pub(crate) suffix: Option<String>,
    pub(crate) addresses: Vec<Unicast>,
    pub(crate) dns: Vec<IpAddr>,
    pub(crate) gateways: Vec<IpAddr>,
}

/// An address of an adapter.
#[derive(Clone, Debug)]
pub(crate) struct Unicast {
    pub(crate) address: IpAddr,
    pub(crate) prefix: u8,
    /// Who gave it (`NL_PREFIX_ORIGIN`).
    pub(crate) origin: i32,
    /// How far its check for duplicates came (`NL_DAD_STATE`).
    pub(crate) state: i32,
}

/// The adapters that carry IP, sorted by name.
pub(crate) fn adapters() -> Result<Vec<Adapter>, Gap> {
    let flags = GAA_FLAG_INCLUDE_GATEWAYS | GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST;
    let buffer =
        win32::growing("GetAdaptersAddresses", &[ERROR_BUFFER_OVERFLOW.0], |buffer, size| {
            let family = u32::from(AF_UNSPEC.0);
            // SAFETY: the buffer has the size that is told, and suits the structure.
            let error =
                unsafe { GetAdaptersAddresses(family, flags, None, Some(buffer.cast()), size) };
            if error == ERROR_NO_DATA.0 { 0 } else { error }
        })?;
    let mut adapters = Vec::new();
    let mut next: *const IP_ADAPTER_ADDRESSES_LH = buffer.as_ptr().cast();
    // SAFETY: Windows has made a list in the buffer, which lives; its last one points nowhere. Where
    // it has made none the buffer is all zeros, whose length at the beginning is zero.
    while let Some(adapter) = unsafe { next.as_ref() } {
        // SAFETY: every bit pattern of the union is a number.
        if unsafe { adapter.Anonymous1.Anonymous.Length } == 0 {
            break;
        }
        // SAFETY: the list's pointers lead into the same buffer.
        adapters.push(unsafe { read(adapter) });
        next = adapter.Next;
    }
    adapters.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(adapters)
}

/// # Safety
/// The adapter's pointers are null, or to lists and texts that live.
unsafe fn read(adapter: &IP_ADAPTER_ADDRESSES_LH) -> Adapter {
    // SAFETY: by this function's condition; every bit pattern of the unions is a number.
    unsafe {
        let guid = if adapter.AdapterName.is_null() {
            String::new()
        } else {
            adapter.AdapterName.to_string().unwrap_or_default()
        };
        let length = (adapter.PhysicalAddressLength as usize).min(8);
        let mut told = Adapter {
            name: win32::pointed(adapter.FriendlyName).unwrap_or_else(|| guid.clone()),
            guid,
            description: win32::pointed(adapter.Description),
            kind: adapter.IfType,
            mac: adapter.PhysicalAddress[..length].to_vec(),
            mtu: adapter.Mtu,
            state: adapter.OperStatus.0,
            speed: adapter.TransmitLinkSpeed,
            index: adapter.Anonymous1.Anonymous.IfIndex,
            index6: adapter.Ipv6IfIndex,
            luid: adapter.Luid.Value,
            metric: adapter.Ipv4Metric,
            metric6: adapter.Ipv6Metric,
            dhcp: adapter.Anonymous2.Flags & 4 != 0,
            suffix: win32::pointed(adapter.DnsSuffix),
            ..Adapter::default()
        };
        let mut next = adapter.FirstUnicastAddress;
        while let Some(unicast) = next.as_ref() {
            if let Some(address) = pointed(&unicast.Address) {
                told.addresses.push(Unicast {
                    address,
                    prefix: unicast.OnLinkPrefixLength,
                    origin: unicast.PrefixOrigin.0,
                    state: unicast.DadState.0,
                });
            }
            next = unicast.Next;
        }
        let mut next = adapter.FirstDnsServerAddress;
        while let Some(server) = next.as_ref() {
            told.dns.extend(pointed(&server.Address));
            next = server.Next;
        }
        let mut next = adapter.FirstGatewayAddress;
        while let Some(gateway) = next.as_ref() {
            told.gateways.extend(pointed(&gateway.Address));
            next = gateway.Next;
        }
        told
    }
}

/// # Safety
/// The address is null, or lives and is as long as its family has it.
unsafe fn pointed(address: &SOCKET_ADDRESS) -> Option<IpAddr> {
    // SAFETY: by this function's condition.
    unsafe {
        let family = address.lpSockaddr.as_ref()?.sa_family;
        let length = usize::try_from(address.iSockaddrLength).ok()?;
        if family == AF_INET && length >= size_of::<SOCKADDR_IN>() {
            let four = address.lpSockaddr.cast::<SOCKADDR_IN>().as_ref()?;
            Some(IpAddr::V4(Ipv4Addr::from(four.sin_addr.S_un.S_addr.to_ne_bytes())))
        } else if family == AF_INET6 && length >= size_of::<SOCKADDR_IN6>() {
            let six = address.lpSockaddr.cast::<SOCKADDR_IN6>().as_ref()?;
            Some(IpAddr::V6(Ipv6Addr::from(six.sin6_addr.u.Byte)))
        } else {
            None
        }
    }
}

/// The address in a union of both families.
pub(crate) fn either(address: &SOCKADDR_INET) -> Option<IpAddr> {
    // SAFETY: the family stands at the same place in both, and says which of them is set.
    unsafe {
        match address.si_family {
            AF_INET => {
                let bytes = address.Ipv4.sin_addr.S_un.S_addr.to_ne_bytes();
                Some(IpAddr::V4(Ipv4Addr::from(bytes)))
            }
            AF_INET6 => Some(IpAddr::V6(Ipv6Addr::from(address.Ipv6.sin6_addr.u.Byte))),
            _ => None,
        }
    }
}

/// All rows of `GetIfTable2`.
pub(crate) fn rows() -> Result<Vec<MIB_IF_ROW2>, Gap> {
    let mut table: *mut MIB_IF_TABLE2 = std::ptr::null_mut();
    // SAFETY: there is room for a pointer.
    let error = unsafe { GetIfTable2(&raw mut table) };
    if error.0 != 0 || table.is_null() {
        return Err(win32::code("GetIfTable2", error.0));
    }
    // SAFETY: the table has as many rows as it says, lives until it is given back, and is ours.
    unsafe {
        let count = (*table).NumEntries as usize;
        let rows = std::slice::from_raw_parts((&raw const (*table).Table).cast(), count).to_vec();
        FreeMibTable(table.cast());
        Ok(rows)
    }
}

/// The name of the adapter with this number.
pub(crate) fn named(adapters: &[Adapter], index: u32, six: bool) -> Option<&Adapter> {
    adapters.iter().find(|adapter| index == if six { adapter.index6 } else { adapter.index })
}
