//! Names: the cache emptied, name servers that were entered by hand removed.

use std::net::IpAddr;

use serde_json::Value;
use windows_registry::LOCAL_MACHINE;
use windows_sys::Win32::NetworkManagement::IpHelper::{
    ConvertInterfaceIndexToLuid, ConvertInterfaceLuidToGuid,
};
use windows_sys::Win32::NetworkManagement::Ndis::NET_LUID_LH;
use windows_sys::core::GUID;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::adapters::{Adapter, chosen};
use super::win32::code;

#[link(name = "dnsapi", kind = "raw-dylib")]
#[expect(unsafe_code, reason = "a function of Windows that no crate declares")]
unsafe extern "system" {
    fn DnsFlushResolverCache() -> i32;
}

pub(super) fn plan_flush(_: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    Ok(Plan::change("empty the cache of Windows' DNS client"))
}

#[expect(unsafe_code, reason = "a function of Windows")]
pub(super) fn flush(_: &Context<'_>, _: &Parameters, _: &mut Plan) -> Outcome<String> {
    // SAFETY: takes nothing.
    if unsafe { DnsFlushResolverCache() } == 0 {
        return Err(Trouble::failed("Windows' DNS client did not empty its cache; is it running?"));
    }
    Ok("the cache of names was emptied".to_owned())
}

/// The servers that were entered by hand.
#[expect(unsafe_code, reason = "functions of Windows")]
fn by_hand(adapter: &Adapter) -> Outcome<Vec<IpAddr>> {
    let (mut luid, mut guid) = (NET_LUID_LH { Value: 0 }, GUID::from_u128(0));
    let attempt = format!("identify {}", adapter.name);
    // SAFETY: the numbers live beyond the calls.
    code(&attempt, unsafe { ConvertInterfaceIndexToLuid(adapter.index, &raw mut luid) })?;
    // SAFETY: as above.
    code(&attempt, unsafe { ConvertInterfaceLuidToGuid(&raw const luid, &raw mut guid) })?;
    let GUID { data1, data2, data3, data4: [a, b, c, d, e, f, g, h] } = guid;
    let path = format!(
        r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces\{{{data1:08x}-{data2:04x}-{data3:04x}-{a:02x}{b:02x}-{c:02x}{d:02x}{e:02x}{f:02x}{g:02x}{h:02x}}}"
    );
    let key = LOCAL_MACHINE
        .open(&path)
        .map_err(|error| Trouble::failed(format!("could not read {path}: {error}")))?;
    // Absent where nothing was ever entered.
    let text = key.get_string("NameServer").unwrap_or_default();
    Ok(text.split([',', ' ']).filter_map(|word| word.parse().ok()).collect())
}

fn listed(servers: &[IpAddr]) -> String {
    servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn plan_servers(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let adapter = chosen(parameters)?;
    let servers = by_hand(&adapter)?;
    if servers.is_empty() {
        return Ok(Plan::already(format!("{} has no name servers of its own", adapter.name)));
    }
    let line = format!("remove the name servers {} of {}", listed(&servers), adapter.name);
    Plan::change(line).noting(servers)
}

pub(super) fn servers(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let adapter = chosen(parameters)?;
    let name = format!("name={}", adapter.index);
    let words = ["interface", "ipv4", "set", "dnsservers", &name, "source=dhcp"];
    context.must(&context.program("netsh.exe")?, &words)?;
    Ok(format!("{} uses the network's name servers", adapter.name))
}

pub(super) fn undo_servers(
    context: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let adapter = chosen(parameters)?;
    let servers: Vec<IpAddr> = noted(before)?;
    let netsh = context.program("netsh.exe")?;
    let name = format!("name={}", adapter.index);
    for (place, server) in servers.iter().enumerate() {
        let address = format!("address={server}");
        let verb = if place == 0 { "set" } else { "add" };
        let mut words = vec!["interface", "ipv4", verb, "dnsservers", &name];
        if place == 0 {
            words.push("source=static");
        }
        words.extend([&address, "validate=no"]);
        context.must(&netsh, &words)?;
    }
    Ok(format!("{} has the name servers {} again", adapter.name, listed(&servers)))
}
