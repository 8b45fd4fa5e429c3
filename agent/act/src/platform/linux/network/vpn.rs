//! `net.vpn_reconnect`: a VPN disconnected and connected again: a connection of NetworkManager's, or a service.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::platform::linux::services;
use crate::trouble::{Outcome, Trouble};

use super::managers::is_uuid;

/// What it is.
enum Vpn {
    Connection { nmcli: std::path::PathBuf, uuid: String },
    Service(String),
}

/// Where tunnels are configured whose services are named after their files: OpenVPN's two ways, and wg-quick(8).
const CONFIGURED: [(&str, &str); 3] = [
    ("/etc/openvpn/client", "openvpn-client@"),
    ("/etc/openvpn", "openvpn@"),
    ("/etc/wireguard", "wg-quick@"),
];

/// The connection of this name or UUID, if NetworkManager has one that is a VPN.
fn connection(context: &Context<'_>, name: &str) -> Outcome<Option<Vpn>> {
    if !context.root.exists("/run/NetworkManager") {
        return Ok(None);
    }
    let Some(nmcli) = context.programs.find("nmcli") else { return Ok(None) };
    let asked = context.ask(&nmcli, &["-t", "-f", "UUID,TYPE,NAME", "connection", "show"])?;
    let uuid = vpn_in(&asked.text, name);
    Ok(uuid.map(|uuid| Vpn::Connection { nmcli, uuid: uuid.to_owned() }))
}

/// Reads `UUID:TYPE:NAME` lines; the colons in names are escaped.
fn vpn_in<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (uuid, rest) = line.split_once(':')?;
        let (kind, called) = rest.split_once(':')?;
        let is_it = uuid == name || called.replace("\\:", ":") == name;
        (is_uuid(uuid) && is_it && matches!(kind, "vpn" | "wireguard")).then_some(uuid)
    })
}

/// The service of this name, or the one that keeps the tunnel of this name.
fn service(context: &Context<'_>, name: &str) -> Outcome<Option<String>> {
    if services::is_installed(context, name)? {
        return Ok(Some(name.to_owned()));
    }
    for (folder, unit) in CONFIGURED {
        let unit = format!("{unit}{name}.service");
        let is_configured =
            !name.contains('/') && context.root.exists(&format!("{folder}/{name}.conf"));
        if is_configured && services::is_installed(context, &unit)? {
            return Ok(Some(unit));
        }
    }
    Ok(None)
}

fn find(context: &Context<'_>, parameters: &Parameters) -> Outcome<Vpn> {
    let name = parameters.needed("connection")?;
    if let Some(connection) = connection(context, name)? {
        return Ok(connection);
    }
    if let Some(service) = service(context, name)? {
        return Ok(Vpn::Service(service));
    }
    Err(Trouble::failed(format!(
        "this machine has no VPN connection and no service of the name {name}"
    )))
}

/// Whether there is a VPN of this name.
pub(in crate::platform::linux) fn is_known(context: &Context<'_>, name: &str) -> Outcome<bool> {
    Ok(connection(context, name)?.is_some() || service(context, name)?.is_some())
}

pub(in crate::platform::linux) fn plan(
    context: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    let name = parameters.needed("connection")?;
    Ok(Plan::change(match find(context, parameters)? {
        Vpn::Connection { .. } => format!("disconnect {name} and connect it again"),
        Vpn::Service(service) => format!("restart the service {service}"),
    }))
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let name = parameters.needed("connection")?;
    match find(context, parameters)? {
        Vpn::Connection { nmcli, uuid } => {
            // One that is not connected cannot be disconnected.
            context.run(&nmcli, &["connection", "down", "uuid", &uuid])?;
            context.must(&nmcli, &["connection", "up", "uuid", &uuid])?;
        }
        Vpn::Service(service) => services::restart_named(context, &service)?,
    }
    Ok(format!("the VPN {name} was connected anew"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_vpns_are_found() {
        let text = "0b1c6f0a-1d2e-4c3b-8a9f-0123456789ab:vpn:Firma\\: Nord\n\
                    1b1c6f0a-1d2e-4c3b-8a9f-0123456789ab:802-3-ethernet:eth0\n";
        let uuid = "0b1c6f0a-1d2e-4c3b-8a9f-0123456789ab";
        assert_eq!(vpn_in(text, "Firma: Nord"), Some(uuid));
        assert_eq!(vpn_in(text, uuid), Some(uuid));
        assert_eq!(vpn_in(text, "eth0"), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in any::<String>(), name in any::<String>()) {
            vpn_in(&text, &name);
        }
    }
}
