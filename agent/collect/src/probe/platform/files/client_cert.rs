//! The certificates that NetworkManager, wpa_supplicant, OpenVPN and strongSwan are configured to show.
//! Of a key only that its file is there is looked at.

use std::path::Path;

use befund_model::snapshot::Status;

use super::roots::certificates;
use crate::probe::client_cert::{Certificates, Held};
use crate::probe::{Context, Unmeasured};

const MANAGED: &str = "/etc/NetworkManager/system-connections";
const SUPPLICANT: &str = "/etc/wpa_supplicant";
const OPENVPN: &[&str] = &["/etc/openvpn", "/etc/openvpn/client"];
const SWANCTL: (&str, &[&str]) =
    ("/etc/swanctl/x509", &["/etc/swanctl/private", "/etc/swanctl/rsa", "/etc/swanctl/ecdsa"]);
/// The most files of a folder.
const MAX_FILES: usize = 200;
/// The most bytes of a certificate's file.
const MAX_BYTES: u64 = 256 << 10;

/// A certificate that is configured, and its key's file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Configured {
    used_by: String,
    certificate: String,
    key: Option<String>,
}

/// The certificates that are configured.
pub(in crate::probe) fn client_certificates(
    context: &Context<'_>,
) -> Result<Certificates, Unmeasured> {
    let mut configured = Vec::new();
    let mut denied = None;
    let mut each = |folder: &str, read: &dyn Fn(&str, &str) -> Vec<Configured>| {
        for path in listed(context, folder, &mut denied) {
            match context.read(&path) {
                Ok(text) => configured.extend(read(&path, &text)),
                Err(error) if error.status == Status::Denied => denied = Some(error.reason),
                Err(_) => {}
            }
        }
    };
    each(MANAGED, &|_, text| managed(text));
    each(SUPPLICANT, &|_, text| supplicant(text));
    for folder in OPENVPN {
        each(folder, &|path, text| openvpn(path, folder, text));
    }
    for path in listed(context, SWANCTL.0, &mut denied) {
        let key = SWANCTL.1.iter().flat_map(|folder| listed(context, folder, &mut denied)).next();
        let used_by = "strongSwan".to_owned();
        configured.push(Configured {
            used_by,
            certificate: path,
            key: Some(key.unwrap_or_default()),
        });
    }
    let held: Vec<_> = configured.into_iter().map(|one| look(context, one)).collect();
    match denied {
        Some(reason) if held.is_empty() => Err(Unmeasured { status: Status::Denied, reason }),
        missing => Ok(Certificates { configured: held, stored: Vec::new(), missing }),
    }
}

/// The files of a folder; that it may not be listed is kept.
fn listed(context: &Context<'_>, folder: &str, denied: &mut Option<String>) -> Vec<String> {
    let entries = match std::fs::read_dir(context.path(folder)) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() == std::io::ErrorKind::PermissionDenied {
                *denied = Some(format!("could not list {folder}: {error}"));
            }
            return Vec::new();
        }
    };
    let files = entries.flatten().filter(|entry| entry.path().is_file());
    let names = files.filter_map(|entry| entry.file_name().into_string().ok());
    let mut paths: Vec<_> = names.take(MAX_FILES).map(|name| format!("{folder}/{name}")).collect();
    paths.sort_unstable();
    paths
}

/// A connection of NetworkManager's: `[802-1x]` and, for OpenVPN, `[vpn]`.
fn managed(text: &str) -> Vec<Configured> {
    let mut group = "";
    let (mut name, mut found) = (String::new(), Vec::new());
    let (mut certificate, mut key) = (None, None);
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix('[') {
            group = rest.trim_end_matches(']');
            continue;
        }
        let Some((field, value)) = line.split_once('=') else { continue };
        match (group, field.trim()) {
            ("connection", "id") => name = value.to_owned(),
            ("802-1x", "client-cert") | ("vpn", "cert") => certificate = file(value),
            ("802-1x", "private-key") | ("vpn", "key") => key = file(value),
            _ => {}
        }
    }
    if let Some(certificate) = certificate {
        found.push(Configured { used_by: format!("NetworkManager: {name}"), certificate, key });
    }
    found
}

/// A file as NetworkManager writes it: its path, `file://` and its path, or the bytes of either as
/// numbers.
fn file(value: &str) -> Option<String> {
    let numbers: Option<Vec<u8>> =
        value.trim_end_matches(';').split(';').map(|number| number.trim().parse().ok()).collect();
    let bytes = numbers.filter(|_| value.contains(';'));
    let text = bytes.map_or_else(
        || value.to_owned(),
        |bytes| String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned(),
    );
    let path = text.strip_prefix("file://").unwrap_or(&text);
    path.starts_with('/').then(|| path.to_owned())
}

/// wpa_supplicant.conf(5): `network={ … }` blocks.
fn supplicant(text: &str) -> Vec<Configured> {
    let (mut found, mut one, mut name) = (Vec::new(), Configured::default(), String::new());
    for line in text.lines().map(str::trim) {
        if line == "}" {
            if !one.certificate.is_empty() {
                one.used_by = format!("wpa_supplicant: {name}");
                found.push(std::mem::take(&mut one));
            }
            one = Configured::default();
            name.clear();
        }
        let Some((field, value)) = line.split_once('=') else { continue };
        let value = value.trim().trim_matches('"').to_owned();
        match field.trim() {
            "ssid" => name = value,
            "client_cert" => one.certificate = value,
            "private_key" => one.key = Some(value),
            _ => {}
        }
    }
    found
}

/// openvpn(8): `cert` and `key`, beside the configuration unless absolute. Those that stand in the
/// file itself are not looked at.
fn openvpn(path: &str, folder: &str, text: &str) -> Vec<Configured> {
    if !path.ends_with(".conf") {
        return Vec::new();
    }
    let option = |wanted: &str| {
        text.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some(wanted)).then(|| words.next()).flatten()
        })
    };
    let place = |file: &str| {
        let file = file.trim_matches('"');
        if file.starts_with('/') { file.to_owned() } else { format!("{folder}/{file}") }
    };
    let Some(certificate) = option("cert") else { return Vec::new() };
    let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".conf");
    vec![Configured {
        used_by: format!("OpenVPN: {name}"),
        certificate: place(certificate),
        key: option("key").map(place),
    }]
}

fn look(context: &Context<'_>, one: Configured) -> Held {
    let Configured { used_by, certificate, key } = one;
    let there = |path: &String| {
        !path.is_empty()
            && !path.split('/').any(|part| part == "..")
            && is_file(&context.path(path))
    };
    let der = context.bytes(&certificate, MAX_BYTES).map_err(|error| error.reason);
    let der = der.and_then(|bytes| {
        // PKCS #12 is locked with a password.
        let none = || "it is no certificate that can be looked into".to_owned();
        certificates(&bytes).into_iter().next().ok_or_else(none)
    });
    Held {
        used_by,
        place: certificate,
        der,
        key: key.as_ref().map(there),
        key_file: key.filter(|key| !key.is_empty()),
    }
}

fn is_file(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn configurations_name_certificates_and_keys() {
        let told = managed(
            "[connection]\nid=Office\n[802-1x]\neap=tls;\nclient-cert=/etc/ssl/pc.pem\nprivate-key=file:///etc/ssl/pc.key\nprivate-key-password=hunter2\n",
        );
        assert_eq!(
            told,
            [Configured {
                used_by: "NetworkManager: Office".into(),
                certificate: "/etc/ssl/pc.pem".into(),
                key: Some("/etc/ssl/pc.key".into())
            }]
        );
        assert_eq!(file("47;97;0;").as_deref(), Some("/a"));
        assert_eq!(file("pkcs11:object=x"), None);
        let text = "ctrl_interface=/run\nnetwork={\n  ssid=\"corp\"\n  client_cert=\"/a.pem\"\n  private_key=\"/a.key\"\n}\nnetwork={\n ssid=\"home\"\n}\n";
        let told = supplicant(text);
        assert_eq!(told.len(), 1);
        assert_eq!(
            (told[0].used_by.as_str(), told[0].key.as_deref()),
            ("wpa_supplicant: corp", Some("/a.key"))
        );
        let told = openvpn(
            "/etc/openvpn/office.conf",
            "/etc/openvpn",
            "remote x 1\ncert pc.crt\nkey /etc/pc.key\n",
        );
        assert_eq!(
            (told[0].certificate.as_str(), told[0].key.as_deref()),
            ("/etc/openvpn/pc.crt", Some("/etc/pc.key"))
        );
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in "(\\[802-1x\\]|client-cert=|network=\\{|[}\n;=\"/ 0-9]|cert |[a-zé]{0,5}){0,40}") {
            managed(&text);
            supplicant(&text);
            openvpn("/x.conf", "/", &text);
            file(&text);
        }
    }
}
