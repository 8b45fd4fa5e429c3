//! What asks for a restart.

use super::super::registry;
use crate::collector::Context;

/// Who asks, sorted. That files wait to be renamed (`PendingFileRenameOperations`) alone asks for
/// nothing: programs leave that behind all the time.
pub(crate) fn reasons(cx: &Context) -> Vec<String> {
    const KEYS: &[(&str, &str)] = &[
        (
            r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
            "component servicing",
        ),
        (
            r"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
            "windows update",
        ),
        (r"SOFTWARE\Microsoft\ServerManager\CurrentRebootAttempts", "server manager"),
    ];
    let mut reasons: Vec<String> = KEYS
        .iter()
        .filter(|(key, _)| registry::machine(cx, key).is_some())
        .map(|(_, reason)| (*reason).to_owned())
        .collect();
    // A new name, or a join to a domain, that comes into force at the next start.
    let name = |key: &str| {
        let path = format!(r"SYSTEM\CurrentControlSet\Control\ComputerName\{key}");
        registry::text(&registry::machine(cx, &path)?, "ComputerName")
    };
    if let (Some(now), Some(then)) = (name("ActiveComputerName"), name("ComputerName"))
        && !now.eq_ignore_ascii_case(&then)
    {
        reasons.push("new computer name".into());
    }
    if let Some(logon) = registry::machine(cx, r"SYSTEM\CurrentControlSet\Services\Netlogon")
        && ["JoinDomain", "AvoidSpnSet"].iter().any(|value| logon.get_type(value).is_ok())
    {
        reasons.push("domain join".into());
    }
    reasons.sort_unstable();
    reasons
}

/// How many files wait to be renamed or deleted at the next start.
pub(crate) fn renames(cx: &Context) -> usize {
    registry::machine(cx, r"SYSTEM\CurrentControlSet\Control\Session Manager").map_or(0, |key| {
        registry::texts(&key, "PendingFileRenameOperations")
            .iter()
            .filter(|name| name.starts_with(r"\??\"))
            .count()
    })
}
