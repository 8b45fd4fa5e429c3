//! What the machine is joined to. Whether it is managed (MDM) is no directory, and stands elsewhere.

use befund_model::section::people::{Directory, DirectoryState};

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::ask;
use crate::platform::macos::decode::plist::Value;
use crate::platform::macos::ms;

/// Section `directory`.
pub(super) fn directory(cx: &Context) -> Result<Directory, Gap> {
    let bound = ask("/usr/sbin/dsconfigad", &["-show", "-xml"]).within(ms(3_000)).bytes(cx)?;
    // It says nothing if the machine is joined to no Active Directory.
    let told = if bound.trim_ascii().is_empty() { None } else { Value::parse(&bound) };
    let general = told.as_ref().and_then(|told| told.get("General Info"));
    if let Some(domain) = general.and_then(|told| told.owned("Active Directory Domain")) {
        return Ok(Directory {
            joined: true,
            kind: Some("active directory".into()),
            realm: Some(domain.to_ascii_uppercase()),
            domain: Some(domain),
            client: Some("opendirectoryd".into()),
            servers: general
                .and_then(|told| told.owned("Preferred Domain controller"))
                .into_iter()
                .collect(),
            account: general.and_then(|told| told.owned("Computer Account")),
        });
    }
    let servers: Vec<String> = nodes(cx)
        .into_iter()
        .filter_map(|node| node.strip_prefix("/LDAPv3/").map(str::to_owned))
        .collect();
    let joined = !servers.is_empty();
    Ok(Directory {
        joined,
        kind: joined.then(|| "ldap".into()),
        client: joined.then(|| "opendirectoryd".into()),
        servers,
        ..Directory::default()
    })
}

/// Where accounts are looked up, in order.
fn nodes(cx: &Context) -> Vec<String> {
    let arguments = ["-plist", "/Search", "-read", "/", "CSPSearchPath"];
    let Some(told) = cx.note(ask("/usr/bin/dscl", &arguments).plist(cx)) else { return Vec::new() };
    let nodes = told.entries().iter().flat_map(|(_, value)| value.items());
    nodes.filter_map(Value::as_text).map(str::to_owned).collect()
}

/// Section `directory.state`.
pub(super) fn state(cx: &Context) -> Result<DirectoryState, Gap> {
    let remote: Vec<String> = nodes(cx)
        .into_iter()
        .filter(|node| node.starts_with("/Active Directory/") || node.starts_with("/LDAPv3/"))
        .collect();
    if remote.is_empty() {
        return Err(Gap::unsupported("the machine is joined to no directory"));
    }
    let told = ask("/usr/bin/odutil", &["show", "nodenames"]).within(ms(3_000)).text(cx)?;
    let line =
        told.lines().map(str::trim).find(|line| remote.iter().any(|node| line.starts_with(node)));
    let has =
        |word: &str| line.is_some_and(|line| line.split_ascii_whitespace().any(|one| one == word));
    let online = match (has("Online"), has("Offline")) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    Ok(DirectoryState { online, detail: line.map(str::to_owned), ..DirectoryState::default() })
}
