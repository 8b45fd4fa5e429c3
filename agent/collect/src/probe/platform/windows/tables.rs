//! The IP Helper's tables, each copied out and given back.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use windows_sys::Win32::Foundation::{
    ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA, ERROR_NOT_FOUND, ERROR_SUCCESS,
};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    FreeMibTable, GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses,
    GetIfEntry2, GetIfTable2, GetIpForwardTable2, GetIpNetTable2, IP_ADAPTER_ADDRESSES_LH,
    MIB_IF_ROW2, MIB_IPFORWARD_ROW2, MIB_IPNET_ROW2,
};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR_IN, SOCKADDR_IN6, SOCKADDR_INET, SOCKET_ADDRESS,
};

use befund_runtime::platform::wide::text;

/// An adapter with what is set on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Adapter {
    pub(super) index: u32,
    pub(super) index_v6: u32,
    pub(super) name: String,
    pub(super) suffix: String,
    /// IfOperStatus.
    pub(super) status: i32,
    /// Addresses and the length of their prefix.
    pub(super) addresses: Vec<(IpAddr, u8)>,
    pub(super) name_servers: Vec<SocketAddr>,
}

/// The adapters.
#[expect(unsafe_code, reason = "a list of structures that point to one another")]
pub(super) fn adapters() -> io::Result<Vec<Adapter>> {
    // What Windows' documentation recommends to begin with.
    let mut size = 16_u32 << 10;
    for _ in 0..4 {
        // In words of eight bytes, as the structures are aligned.
        let words = usize::try_from(size.div_ceil(8)).unwrap_or(0);
        let mut buffer = vec![0_u64; words];
        let first = buffer.as_mut_ptr().cast::<IP_ADAPTER_ADDRESSES_LH>();
        let flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST;
        // SAFETY: the buffer is as large as is said.
        let code = unsafe {
            GetAdaptersAddresses(
                u32::from(AF_UNSPEC),
                flags,
                std::ptr::null(),
                first,
                &raw mut size,
            )
        };
        match code {
            ERROR_SUCCESS => {
                // SAFETY: the function has filled the buffer with a list that begins at its start.
                return Ok(unsafe { read_adapters(first) });
            }
            ERROR_NO_DATA => return Ok(Vec::new()),
            // It says how much it needs, and adapters may come meanwhile.
            ERROR_BUFFER_OVERFLOW => {}
            code => return Err(io::Error::from_raw_os_error(code.cast_signed())),
        }
    }
    Err(io::Error::other("the adapters change faster than they can be read"))
}

/// # Safety
/// It must be null or the head of a list of Windows' making.
#[expect(unsafe_code, reason = "a list of structures that point to one another")]
unsafe fn read_adapters(mut next: *const IP_ADAPTER_ADDRESSES_LH) -> Vec<Adapter> {
    let mut found = Vec::new();
    // SAFETY: null, or a structure of the list, by the caller's word; and so for the inner lists.
    while let Some(adapter) = unsafe { next.as_ref() } {
        let mut addresses = Vec::new();
        let mut unicast = adapter.FirstUnicastAddress;
        // SAFETY: as above.
        while let Some(entry) = unsafe { unicast.as_ref() } {
            // SAFETY: as above.
            if let Some(address) = unsafe { socket_address(&entry.Address) } {
                addresses.push((address.ip(), entry.OnLinkPrefixLength));
            }
            unicast = entry.Next;
        }
        let mut name_servers = Vec::new();
        let mut server = adapter.FirstDnsServerAddress;
        // SAFETY: as above.
        while let Some(entry) = unsafe { server.as_ref() } {
            // SAFETY: as above.
            name_servers.extend(unsafe { socket_address(&entry.Address) });
            server = entry.Next;
        }
        let words = |from: *mut u16| {
            // SAFETY: texts of the list are ended by a zero.
            if from.is_null() { String::new() } else { unsafe { text(from) } }
        };
        found.push(Adapter {
            // SAFETY: both members of the union begin with the length and the index.
            index: unsafe { adapter.Anonymous1.Anonymous.IfIndex },
            index_v6: adapter.Ipv6IfIndex,
            name: words(adapter.FriendlyName),
            suffix: words(adapter.DnsSuffix),
            status: adapter.OperStatus,
            addresses,
            name_servers,
        });
        next = adapter.Next;
    }
    found
}

/// # Safety
/// It must point to an address of its family's shape, or to nothing.
#[expect(unsafe_code, reason = "an address whose shape is said by its first field")]
unsafe fn socket_address(from: &SOCKET_ADDRESS) -> Option<SocketAddr> {
    let length = usize::try_from(from.iSockaddrLength).ok()?;
    // SAFETY: null, or an address, which begins with its family; by the caller's word.
    let family = unsafe { from.lpSockaddr.as_ref() }?.sa_family;
    match family {
        AF_INET if length >= size_of::<SOCKADDR_IN>() => {
            // SAFETY: the family and the length say that it is one.
            let four = unsafe { &*from.lpSockaddr.cast::<SOCKADDR_IN>() };
            // SAFETY: every bit pattern of the union is a number.
            let address = Ipv4Addr::from(u32::from_be(unsafe { four.sin_addr.S_un.S_addr }));
            Some(SocketAddr::new(address.into(), u16::from_be(four.sin_port)))
        }
        AF_INET6 if length >= size_of::<SOCKADDR_IN6>() => {
            // SAFETY: the family and the length say that it is one.
            let six = unsafe { &*from.lpSockaddr.cast::<SOCKADDR_IN6>() };
            // SAFETY: every bit pattern of the unions is a number.
            let (address, scope) =
                unsafe { (Ipv6Addr::from(six.sin6_addr.u.Byte), six.Anonymous.sin6_scope_id) };
            Some(SocketAddrV6::new(address, u16::from_be(six.sin6_port), 0, scope).into())
        }
        _ => None,
    }
}

/// An address of a table.
#[expect(unsafe_code, reason = "a union whose shape is said by its first field")]
pub(super) fn ip(from: &SOCKADDR_INET) -> Option<IpAddr> {
    // SAFETY: every member begins with the family, which says which member it is.
    unsafe {
        match from.si_family {
            AF_INET => Some(Ipv4Addr::from(u32::from_be(from.Ipv4.sin_addr.S_un.S_addr)).into()),
            AF_INET6 => Some(Ipv6Addr::from(from.Ipv6.sin6_addr.u.Byte).into()),
            _ => None,
        }
    }
}

/// The interfaces.
#[expect(unsafe_code, reason = "a table of Windows' making")]
pub(super) fn interfaces() -> io::Result<Vec<MIB_IF_ROW2>> {
    let mut table = std::ptr::null_mut();
    // SAFETY: the table is given back after it was copied.
    let code = unsafe { GetIfTable2(&raw mut table) };
    check(code)?;
    // SAFETY: the table holds so many rows behind its count.
    Ok(unsafe { copied(table.cast(), (*table).NumEntries, (&raw const (*table).Table).cast()) })
}

/// One interface, by its index.
#[expect(unsafe_code, reason = "a function of Windows")]
pub(super) fn interface(index: u32) -> io::Result<MIB_IF_ROW2> {
    let mut row = MIB_IF_ROW2 { InterfaceIndex: index, ..MIB_IF_ROW2::default() };
    // SAFETY: the row is ours, and names the interface that it is to be filled in of.
    check(unsafe { GetIfEntry2(&raw mut row) })?;
    Ok(row)
}

/// The routes of both families.
#[expect(unsafe_code, reason = "a table of Windows' making")]
pub(super) fn routes() -> io::Result<Vec<MIB_IPFORWARD_ROW2>> {
    let mut table = std::ptr::null_mut();
    // SAFETY: the table is given back after it was copied.
    let code = unsafe { GetIpForwardTable2(AF_UNSPEC, &raw mut table) };
    if code == ERROR_NOT_FOUND {
        return Ok(Vec::new());
    }
    check(code)?;
    // SAFETY: the table holds so many rows behind its count.
    Ok(unsafe { copied(table.cast(), (*table).NumEntries, (&raw const (*table).Table).cast()) })
}

/// The neighbours of both families.
#[expect(unsafe_code, reason = "a table of Windows' making")]
pub(super) fn neighbours() -> io::Result<Vec<MIB_IPNET_ROW2>> {
    let mut table = std::ptr::null_mut();
    // SAFETY: the table is given back after it was copied.
    let code = unsafe { GetIpNetTable2(AF_UNSPEC, &raw mut table) };
    if code == ERROR_NOT_FOUND {
        return Ok(Vec::new());
    }
    check(code)?;
    // SAFETY: the table holds so many rows behind its count.
    Ok(unsafe { copied(table.cast(), (*table).NumEntries, (&raw const (*table).Table).cast()) })
}

fn check(code: u32) -> io::Result<()> {
    match code {
        ERROR_SUCCESS => Ok(()),
        code => Err(io::Error::from_raw_os_error(code.cast_signed())),
    }
}

/// Copies a table's rows and gives it back.
///
/// # Safety
/// The table must be one of the IP Helper's, with so many rows from the first on.
#[expect(unsafe_code, reason = "a table of Windows' making")]
unsafe fn copied<T: Copy>(table: *const std::ffi::c_void, count: u32, first: *const T) -> Vec<T> {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: by the caller's word.
    let rows = unsafe { std::slice::from_raw_parts(first, count) }.to_vec();
    // SAFETY: by the caller's word, and nothing points into it any more.
    unsafe { FreeMibTable(table) };
    rows
}
