//! Certificates that the settings of servers and clients name: web, mail, directory and VPN. Each comes with
//! the file of its key, if that is named as well.

use crate::collector::Context;
use crate::platform::linux::files;

/// Settings of one kind: where they stand; the word for a certificate, and that for its key.
struct Settings {
    files: &'static [&'static str],
    certificate: &'static [&'static str],
    key: &'static [&'static str],
}

#[rustfmt::skip]
const SETTINGS: &[Settings] = &[
    // nginx
    Settings { files: &["/etc/nginx/nginx.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*", "/etc/nginx/snippets/*.conf"], certificate: &["ssl_certificate"], key: &["ssl_certificate_key"] },
    // Apache
    Settings { files: &["/etc/apache2/apache2.conf", "/etc/apache2/sites-enabled/*", "/etc/apache2/vhosts.d/*.conf", "/etc/httpd/conf/httpd.conf", "/etc/httpd/conf.d/*.conf"], certificate: &["SSLCertificateFile"], key: &["SSLCertificateKeyFile"] },
    // Postfix
    Settings { files: &["/etc/postfix/main.cf"], certificate: &["smtpd_tls_cert_file", "smtpd_tls_chain_files"], key: &["smtpd_tls_key_file"] },
    // Dovecot
    Settings { files: &["/etc/dovecot/dovecot.conf", "/etc/dovecot/conf.d/10-ssl.conf"], certificate: &["ssl_cert", "ssl_server_cert_file"], key: &["ssl_key", "ssl_server_key_file"] },
    // Exim
    Settings { files: &["/etc/exim4/exim4.conf.localmacros"], certificate: &["MAIN_TLS_CERTIFICATE"], key: &["MAIN_TLS_PRIVATEKEY"] },
    // slapd
    Settings { files: &["/etc/ldap/slapd.conf", "/etc/openldap/slapd.conf"], certificate: &["TLSCertificateFile"], key: &["TLSCertificateKeyFile"] },
    // PostgreSQL
    Settings { files: &["/etc/postgresql/*/*/postgresql.conf", "/var/lib/pgsql/data/postgresql.conf"], certificate: &["ssl_cert_file"], key: &["ssl_key_file"] },
    // OpenVPN
    Settings { files: &["/etc/openvpn/*.conf", "/etc/openvpn/client/*.conf", "/etc/openvpn/server/*.conf"], certificate: &["cert"], key: &["key"] },
    // HAProxy has both in one file.
    Settings { files: &["/etc/haproxy/haproxy.cfg"], certificate: &["crt"], key: &[] },
    // NetworkManager: VPN and 802.1X
    Settings { files: &["/etc/NetworkManager/system-connections/*"], certificate: &["client-cert", "cert", "usercert", "certificate"], key: &["private-key", "key", "userkey"] },
    // wpa_supplicant
    Settings { files: &["/etc/wpa_supplicant/*.conf"], certificate: &["client_cert"], key: &["private_key"] },
    // xrdp
    Settings { files: &["/etc/xrdp/xrdp.ini"], certificate: &["certificate"], key: &["key_file"] },
];

/// The paths, and those of their keys.
pub(super) fn all(cx: &Context) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    for settings in SETTINGS {
        for pattern in settings.files {
            for path in files::matching(cx, pattern) {
                // What is not there is not noted, but what may not be read is.
                let Some(text) = files::text(cx, &path) else { continue };
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                for (certificate, key) in pairs(&text, settings.certificate, settings.key) {
                    found.push((
                        absolute(folder, &certificate),
                        key.map(|key| absolute(folder, &key)),
                    ));
                }
            }
        }
    }
    found.retain(|(path, _)| cx.root.exists(path));
    found
}

fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") }
}

/// Each certificate, with the key that is named nearest behind it, or before it if none follows.
pub(crate) fn pairs(
    text: &str,
    certificate: &[&str],
    key: &[&str],
) -> Vec<(String, Option<String>)> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    let mut spare: Option<String> = None;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(path) = value(line, certificate) {
            found.push((path, spare.take()));
        } else if let Some(path) = value(line, key) {
            match found.last_mut() {
                Some((_, key)) if key.is_none() => *key = Some(path),
                _ => spare = Some(path),
            }
        }
    }
    found
}

/// The path behind one of these words, as the programs write it: `word path;`, `word = </path`,
/// `word=file:///path`, and `word` within a line (HAProxy).
fn value(line: &str, words: &[&str]) -> Option<String> {
    let rest = words.iter().find_map(|word| {
        let rest = match line.strip_prefix(word) {
            Some(rest) => rest,
            None if *word == "crt" => line.split_once(" crt ")?.1,
            None => return None,
        };
        let separated = *word == "crt" || rest.starts_with([' ', '\t', '=']);
        separated.then(|| rest.trim_start_matches([' ', '\t', '=']))
    })?;
    let path = rest.trim_start_matches('<').trim_matches(['"', '\'']);
    let path = path.split([';', ' ', '\t', ',']).next()?.trim_matches(['"', '\'']);
    let path = path.strip_prefix("file://").unwrap_or(path);
    let plausible = !path.is_empty() && !path.contains(['$', '{', '\0']) && path != "none";
    plausible.then(|| path.to_owned())
}
