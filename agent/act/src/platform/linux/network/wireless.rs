//! `net.wifi_reconnect`: the Wi-Fi connection made anew, by whoever makes it.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

/// Who makes it.
enum By {
    /// NetworkManager.
    Manager(std::path::PathBuf),
    /// wpa_supplicant, by its control socket.
    Supplicant(std::path::PathBuf),
    /// iwd.
    Iwd(std::path::PathBuf),
}

fn interface(context: &Context<'_>, parameters: &Parameters) -> Outcome<String> {
    let is_wireless = |name: &str| {
        let folder = format!("/sys/class/net/{name}");
        context.root.exists(&format!("{folder}/wireless"))
            || context.root.exists(&format!("{folder}/phy80211"))
    };
    if let Some(name) = parameters.text("interface") {
        if !is_wireless(name) {
            return Err(Trouble::failed(format!("{name} is no Wi-Fi interface")));
        }
        return Ok(name.to_owned());
    }
    let names = context.root.names("/sys/class/net");
    names
        .into_iter()
        .find(|name| is_wireless(name))
        .ok_or_else(|| Trouble::unsupported("this machine has no Wi-Fi interface"))
}

fn by(context: &Context<'_>, interface: &str) -> Outcome<By> {
    if context.root.exists("/run/NetworkManager")
        && let Some(nmcli) = context.programs.find("nmcli")
    {
        let state = context.ask(&nmcli, &["-g", "GENERAL.STATE", "device", "show", interface])?;
        // 10 is unmanaged, 20 unavailable (NMDeviceState).
        if state.is_ok() && !state.text.trim_start().starts_with("10") {
            return Ok(By::Manager(nmcli));
        }
    }
    if context.root.exists(&format!("/run/wpa_supplicant/{interface}"))
        && let Some(client) = context.programs.find("wpa_cli")
    {
        return Ok(By::Supplicant(client));
    }
    if context.root.exists("/var/lib/iwd")
        && let Some(client) = context.programs.find("iwctl")
    {
        return Ok(By::Iwd(client));
    }
    Err(Trouble::unsupported(format!(
        "nobody that is known makes the Wi-Fi connection of {interface} (looked for NetworkManager, wpa_supplicant's control socket and iwd)"
    )))
}

pub(in crate::platform::linux) fn plan(
    context: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    let interface = interface(context, parameters)?;
    let who = match by(context, &interface)? {
        By::Manager(_) => "NetworkManager",
        By::Supplicant(_) => "wpa_supplicant",
        By::Iwd(_) => "iwd",
    };
    Ok(Plan::change(format!("have {who} disconnect {interface} and connect it again")))
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let interface = interface(context, parameters)?;
    match by(context, &interface)? {
        By::Manager(nmcli) => {
            // What is not connected cannot be disconnected, and is connected all the same.
            context.run(&nmcli, &["device", "disconnect", &interface])?;
            context.must(&nmcli, &["device", "connect", &interface])?;
        }
        By::Supplicant(client) => {
            for word in ["disconnect", "reconnect"] {
                let ran = context.must(&client, &["-i", &interface, word])?;
                if !ran.text.lines().any(|line| line.trim() == "OK") {
                    let said = ran.last;
                    return Err(Trouble::failed(format!(
                        "wpa_supplicant would not {word}: {said}"
                    )));
                }
            }
        }
        By::Iwd(client) => {
            context.run(&client, &["station", &interface, "disconnect"])?;
            context.must(&client, &["station", &interface, "scan"])?;
        }
    }
    Ok(format!("the Wi-Fi connection of {interface} was made anew"))
}
