//! Network interfaces, their counters and addresses.
#![expect(unsafe_code, reason = "a row's luid is a union")]

use befund_model::section::network::{
    Address, Addresses, Counters, Interface, InterfaceCounters, Interfaces,
};
use windows::Win32::NetworkManagement::IpHelper::MIB_IF_ROW2;

use super::super::registry;
use super::adapters::{Adapter, adapters, rows};
use crate::collector::{Context, Gap};
use crate::platform::decode::net;

/// The row of each adapter, if there is one.
fn with_rows(cx: &Context) -> Result<Vec<(Adapter, Option<MIB_IF_ROW2>)>, Gap> {
    let adapters = adapters()?;
    let rows = cx.note(rows()).unwrap_or_default();
    let row = |adapter: &Adapter| {
        // SAFETY: every bit pattern of the union is a number.
        rows.iter().find(|row| unsafe { row.InterfaceLuid.Value } == adapter.luid).copied()
    };
    Ok(adapters
        .into_iter()
        .map(|adapter| {
            let row = row(&adapter);
            (adapter, row)
        })
        .collect())
}

/// Section `network.interfaces`.
pub(crate) fn interfaces(cx: &Context) -> Result<Interfaces, Gap> {
    let drivers = drivers(cx);
    let interface = |(adapter, row): (Adapter, Option<MIB_IF_ROW2>)| {
        let connected = row.and_then(|row| match row.MediaConnectState.0 {
            1 => Some(true),
            2 => Some(false),
            _ => None,
        });
        let hardware = row.is_some_and(|row| row.InterfaceAndOperStatusFlags._bitfield & 1 == 1);
        let driver = drivers.iter().find(|(guid, _)| guid.eq_ignore_ascii_case(&adapter.guid));
        Interface {
            kind: net::kind(adapter.kind, hardware).map(str::to_owned),
            mac: net::mac(&adapter.mac),
            // The loopback's is unbounded.
            mtu: (adapter.mtu != u32::MAX && adapter.mtu > 0).then_some(adapter.mtu),
            enabled: row.map(|row| row.AdminStatus.0 == 1),
            state: net::state(adapter.state).map(str::to_owned),
            carrier: connected,
            speed_mbit: net::speed(adapter.speed).filter(|_| connected != Some(false)),
            duplex: None,
            driver: driver.map(|(_, driver)| driver.clone()),
            master: None,
            name: adapter.name,
        }
    };
    Ok(Interfaces { interfaces: with_rows(cx)?.into_iter().map(interface).collect() })
}

/// The drivers of the adapters by their GUIDs: the network class's keys.
fn drivers(cx: &Context) -> Vec<(String, String)> {
    const CLASS: &str =
        r"SYSTEM\CurrentControlSet\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}";
    let Some(class) = registry::machine(cx, CLASS) else { return Vec::new() };
    let names = registry::names(&class);
    // Keys that are no number (`Properties`) may not be read, and are no adapter's.
    let numbers = names.iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    numbers
        .filter_map(|name| {
            let key = registry::under(cx, &class, name)?;
            let guid = registry::text(&key, "NetCfgInstanceId")?;
            // The file's name where it is told, as other systems name drivers.
            let lower =
                registry::under(cx, &key, "Ndi").and_then(|ndi| registry::text(&ndi, "Service"));
            Some((guid, lower.or_else(|| registry::text(&key, "DriverDesc"))?))
        })
        .collect()
}

/// Section `network.counters`.
pub(crate) fn counters(cx: &Context) -> Result<Counters, Gap> {
    let rows = with_rows(cx)?.into_iter();
    let counted = |(adapter, row): (Adapter, Option<MIB_IF_ROW2>)| {
        let row = row?;
        Some(InterfaceCounters {
            name: adapter.name,
            rx_bytes: row.InOctets,
            rx_packets: row.InUcastPkts.saturating_add(row.InNUcastPkts),
            rx_errors: row.InErrors,
            rx_dropped: row.InDiscards,
            tx_bytes: row.OutOctets,
            tx_packets: row.OutUcastPkts.saturating_add(row.OutNUcastPkts),
            tx_errors: row.OutErrors,
            tx_dropped: row.OutDiscards,
        })
    };
    Ok(Counters { interfaces: rows.filter_map(counted).collect() })
}

/// Section `network.addresses`.
pub(crate) fn addresses(_: &Context) -> Result<Addresses, Gap> {
    let mut addresses = Vec::new();
    for adapter in adapters()? {
        for unicast in adapter.addresses {
            let ip = unicast.address;
            addresses.push(Address {
                interface: adapter.name.clone(),
                address: ip.to_string(),
                prefix: (unicast.prefix <= 128).then_some(unicast.prefix),
                scope: Some(net::scope(ip).to_owned()),
                dynamic: net::dynamic(unicast.origin),
                trouble: net::address_trouble(unicast.state).map(str::to_owned),
            });
        }
    }
    addresses.sort_by(|a, b| {
        let key = |address: &Address| {
            (address.interface.clone(), address.address.contains(':'), address.address.clone())
        };
        key(a).cmp(&key(b))
    });
    Ok(Addresses { addresses })
}
