//! Certificates of made-up machines, and settings that name them.

use proptest::prelude::*;

use super::*;

#[test]
fn settings_name_certificates_and_keys() {
    let nginx = "server {\n  listen 443 ssl;\n  ssl_certificate /etc/ssl/certs/web.pem;\n  ssl_certificate_key /etc/ssl/private/web.key;\n  # ssl_certificate /old.pem;\n}\n";
    let pair =
        |certificate: &str, key: Option<&str>| (certificate.to_owned(), key.map(str::to_owned));
    assert_eq!(
        named::pairs(nginx, &["ssl_certificate"], &["ssl_certificate_key"]),
        [pair("/etc/ssl/certs/web.pem", Some("/etc/ssl/private/web.key"))]
    );
    let dovecot = "ssl = required\nssl_cert = </etc/dovecot/private/dovecot.pem\nssl_key = </etc/dovecot/private/dovecot.key\n";
    assert_eq!(
        named::pairs(dovecot, &["ssl_cert"], &["ssl_key"]),
        [pair("/etc/dovecot/private/dovecot.pem", Some("/etc/dovecot/private/dovecot.key"))]
    );
    let network = "[802-1x]\neap=tls;\nidentity=pc17\nca-cert=file:///etc/ca.pem\nclient-cert=file:///etc/NetworkManager/certs/pc17.pem\nprivate-key=file:///etc/NetworkManager/certs/pc17.key\nprivate-key-password=hunter2\n";
    assert_eq!(
        named::pairs(network, &["client-cert"], &["private-key"]),
        [pair("/etc/NetworkManager/certs/pc17.pem", Some("/etc/NetworkManager/certs/pc17.key"))]
    );
    let haproxy = "  bind *:443 ssl crt /etc/haproxy/site.pem alpn h2\n";
    assert_eq!(named::pairs(haproxy, &["crt"], &[]), [pair("/etc/haproxy/site.pem", None)]);
    assert!(
        named::pairs(
            "ssl_certificate $ssl_path;\ncertificates x\n",
            &["ssl_certificate", "certificate"],
            &[]
        )
        .is_empty()
    );
}

#[test]
fn armour_is_taken_off_and_keys_are_only_seen() {
    let text = b"Bag Attributes\n-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\r\naGVs\r\nbG8=\r\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAAAA\n";
    let read = pem::certificates(text);
    assert_eq!(read.certificates, [b"hello".to_vec()]);
    assert_eq!((read.has_key, read.lost), (true, 2));
}

proptest! {
    #[test]
    fn no_bytes_make_them_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "(-----BEGIN CERTIFICATE-----\n|-----END CERTIFICATE-----\n|[A-Za-z0-9+/=]{1,8}|\n| |ssl_certificate|crt|<|;|\\PC){0,30}") {
        pem::certificates(&bytes);
        pem::certificates(text.as_bytes());
        parse("x", &bytes);
        named::pairs(&text, &["ssl_certificate", "crt"], &["key"]);
    }

    #[test]
    fn any_bytes_come_back_out_of_their_armour(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
        for group in bytes.chunks(3) {
            let number = group.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
            for at in 0..4 {
                let digit = char::from(DIGITS[(number >> (18 - 6 * at) & 63) as usize]);
                text.push(if at <= group.len() { digit } else { '=' });
            }
        }
        text += "\n-----END CERTIFICATE-----\n";
        prop_assert_eq!(pem::certificates(text.as_bytes()).certificates, [bytes]);
    }
}
