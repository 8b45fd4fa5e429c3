//! Phone books (`rasphone.pbk`): sections of settings, one for each connection; and how other products'
//! adapters call themselves.

use befund_model::section::reach::Tunnel;

/// The tunnels of a phone book (`Type=2`; the others are calls by telephone).
pub(crate) fn tunnels(text: &str) -> Vec<Tunnel> {
    let mut tunnels: Vec<(Tunnel, bool)> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let tunnel =
                Tunnel { name: name.to_owned(), kind: "automatic".into(), ..Tunnel::default() };
            tunnels.push((tunnel, false));
            continue;
        }
        let (Some((name, value)), Some((tunnel, is_tunnel))) =
            (line.split_once('='), tunnels.last_mut())
        else {
            continue;
        };
        match name {
            "Type" => *is_tunnel = value == "2",
            // `VS_…` of ras.h: which protocol is tried first, or alone.
            "VpnStrategy" => {
                match value {
                    "1" | "2" => "pptp",
                    "3" | "4" => "l2tp",
                    "5" | "6" => "sstp",
                    "7" | "8" => "ikev2",
                    _ => "automatic",
                }
                .clone_into(&mut tunnel.kind);
            }
            "PhoneNumber" if !value.is_empty() && tunnel.server.is_none() => {
                tunnel.server = Some(value.to_owned());
            }
            _ => {}
        }
    }
    tunnels.into_iter().filter(|(_, is_tunnel)| *is_tunnel).map(|(tunnel, _)| tunnel).collect()
}

/// The product whose adapter describes itself so.
pub(crate) fn product(description: &str) -> Option<&'static str> {
    const KNOWN: &[(&str, &str)] = &[
        ("wireguard", "wireguard"),
        ("wintun", "wintun"),
        ("openvpn", "openvpn"),
        ("tap-windows", "openvpn"),
        ("anyconnect", "cisco anyconnect"),
        ("cisco secure client", "cisco secure client"),
        ("fortinet", "fortinet"),
        ("pangp", "globalprotect"),
        ("juniper", "pulse secure"),
        ("pulse secure", "pulse secure"),
        ("ivanti", "ivanti"),
        ("check point", "check point"),
        ("sonicwall", "sonicwall"),
        ("zscaler", "zscaler"),
        ("tailscale", "tailscale"),
        ("zerotier", "zerotier"),
        ("f5 networks", "f5"),
    ];
    let description = description.to_lowercase();
    KNOWN.iter().find(|(word, _)| description.contains(word)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tunnels_are_told_from_telephone_calls() {
        // Shortened from what `Add-VpnConnection -TunnelType Ikev2` writes.
        let book = "[Office]\r\nEncoding=1\r\nPBVersion=8\r\nType=2\r\nVpnStrategy=7\r\n\
            MEDIA=rastapi\r\nPort=VPN2-0\r\nDEVICE=vpn\r\nPhoneNumber=vpn.example.org\r\n\
            AreaCode=\r\n\r\n[Modem]\r\nType=1\r\nPhoneNumber=01234\r\n";
        let tunnels = tunnels(book);
        assert_eq!(tunnels.len(), 1);
        let tunnel = &tunnels[0];
        assert_eq!((tunnel.name.as_str(), tunnel.kind.as_str()), ("Office", "ikev2"));
        assert_eq!(tunnel.server.as_deref(), Some("vpn.example.org"));
        assert_eq!(product("TAP-Windows Adapter V9"), Some("openvpn"));
        assert_eq!(product("Intel(R) Ethernet Connection"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = (tunnels(&text), product(&text));
        }
    }
}
