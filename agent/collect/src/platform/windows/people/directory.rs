//! The domain or directory that the machine is joined to, and whether it is reached.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::section::people::{Directory, DirectoryState};
use windows::Win32::NetworkManagement::NetManagement::{
    NETSETUP_JOIN_STATUS, NetApiBufferFree, NetGetJoinInformation, NetSetupDomainName,
};
use windows::Win32::Networking::ActiveDirectory::{DOMAIN_CONTROLLER_INFOW, DsGetDcNameW};
use windows::core::{PCWSTR, PWSTR};

use super::super::{registry, win32};
use crate::collector::{Context, Gap};

/// The name that the machine is joined under, and whether that is a domain's.
fn joined() -> Result<(Option<String>, bool), Gap> {
    let mut name = PWSTR::null();
    let mut kind = NETSETUP_JOIN_STATUS::default();
    // SAFETY: there is room for the pointer and the kind.
    let error = unsafe { NetGetJoinInformation(PCWSTR::null(), &raw mut name, &raw mut kind) };
    if error != 0 {
        return Err(win32::code("NetGetJoinInformation", error));
    }
    // SAFETY: the name is null or a text that ends with a zero, to be given back so.
    let told = unsafe {
        let told = win32::pointed(name);
        NetApiBufferFree(Some(name.0.cast_const().cast()));
        told
    };
    Ok((told, kind == NetSetupDomainName))
}

/// The tenant of Entra ID, if the machine is joined to one: name or number.
fn tenant(cx: &Context) -> Option<String> {
    const JOIN: &str = r"SYSTEM\CurrentControlSet\Control\CloudDomainJoin";
    let joins = registry::machine(cx, &format!(r"{JOIN}\JoinInfo"))?;
    let first = registry::names(&joins).into_iter().next()?;
    let id = registry::text(&registry::under(cx, &joins, &first)?, "TenantId")?;
    let info = registry::machine(cx, &format!(r"{JOIN}\TenantInfo\{id}"));
    info.and_then(|info| registry::text(&info, "DisplayName")).or(Some(id))
}

/// Section `directory`.
pub(crate) fn directory(cx: &Context) -> Result<Directory, Gap> {
    let (name, domain) = joined()?;
    let tenant = tenant(cx);
    let client = Some("windows".to_owned());
    if domain {
        let parameters =
            registry::machine(cx, r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters");
        let dns = parameters.and_then(|key| registry::text(&key, "Domain"));
        let own = std::env::var("COMPUTERNAME").ok();
        return Ok(Directory {
            joined: true,
            kind: Some("active directory".into()),
            realm: dns.as_ref().map(|dns| dns.to_uppercase()),
            domain: dns.or(name),
            client,
            servers: Vec::new(),
            account: own.map(|own| format!("{own}$")),
        });
    }
    Ok(Directory {
        joined: tenant.is_some(),
        kind: Some(if tenant.is_some() { "entra id" } else { "workgroup" }.to_owned()),
        domain: tenant.or(name),
        client,
        ..Directory::default()
    })
}

/// Section `directory.state`.
pub(crate) fn state(cx: &Context) -> Result<DirectoryState, Gap> {
    let (name, domain) = joined()?;
    let Some(name) = name.filter(|_| domain) else {
        return Err(Gap::unsupported("the machine is not joined to a domain"));
    };
    cx.root.trail().at("DsGetDcName");
    let mut info: *mut DOMAIN_CONTROLLER_INFOW = std::ptr::null_mut();
    // SAFETY: there is room for a pointer; everything else is left to the system.
    let error = unsafe {
        DsGetDcNameW(PCWSTR::null(), PCWSTR::null(), None, PCWSTR::null(), 0, &raw mut info)
    };
    if error != 0 || info.is_null() {
        return Ok(DirectoryState {
            online: Some(false),
            detail: Some(format!("no controller of {name} was found: {}", win32::words(error))),
            ..DirectoryState::default()
        });
    }
    // SAFETY: that structure was just put there with its texts; it lives until it is given back.
    let (server, address) = unsafe {
        let told = (
            win32::pointed((*info).DomainControllerName),
            win32::pointed((*info).DomainControllerAddress),
        );
        NetApiBufferFree(Some(info.cast_const().cast()));
        told
    };
    let bare = |text: Option<String>| text.map(|text| text.trim_start_matches('\\').to_owned());
    let detail = match (bare(server), bare(address)) {
        (Some(server), Some(address)) => Some(format!("{server} at {address}")),
        (server, address) => server.or(address),
    };
    Ok(DirectoryState { online: Some(true), detail, ..DirectoryState::default() })
}
