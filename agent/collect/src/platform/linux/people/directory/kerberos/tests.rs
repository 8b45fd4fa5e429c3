//! Keytabs and caches as MIT Kerberos writes them, put together by its documentation, and damaged ones.

use proptest::prelude::*;

use super::*;

fn short(text: &str) -> Vec<u8> {
    let mut bytes = u16::try_from(text.len()).expect("short").to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn entry(realm: &str, names: &[&str], version: u32) -> Vec<u8> {
    let mut entry = u16::try_from(names.len()).expect("few").to_be_bytes().to_vec();
    entry.extend(short(realm));
    names.iter().for_each(|name| entry.extend(short(name)));
    entry.extend([0, 0, 0, 1, 0x66, 0, 0, 0, u8::try_from(version & 0xff).expect("a byte")]);
    entry.extend([0, 18]);
    entry.extend(short("the key, which nobody may see..."));
    entry.extend(version.to_be_bytes());
    let mut bytes = u32::try_from(entry.len()).expect("short").to_be_bytes().to_vec();
    bytes.extend(entry);
    bytes
}

fn long(text: &str) -> Vec<u8> {
    let mut bytes = u32::try_from(text.len()).expect("short").to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn name(realm: &str, names: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 1];
    bytes.extend(u32::try_from(names.len()).expect("few").to_be_bytes());
    bytes.extend(long(realm));
    names.iter().for_each(|name| bytes.extend(long(name)));
    bytes
}

fn credential(client: &[u8], server: &[u8], until: u32) -> Vec<u8> {
    let mut bytes = [client, server, &[0, 18]].concat();
    bytes.extend(long("session key"));
    for at in [1, 2, until, until + 9] {
        bytes.extend(at.to_be_bytes());
    }
    bytes.extend([0, 0x50, 0xe1, 0, 0]);
    bytes.extend([0, 0, 0, 1, 0, 2, 0, 0, 0, 4, 192, 0, 2, 7]);
    bytes.extend([0, 0, 0, 0]);
    bytes.extend(long("the ticket"));
    bytes.extend(long(""));
    bytes
}

fn whole_cache(until: u32) -> Vec<u8> {
    let anna = name("EXAMPLE.ORG", &["anna"]);
    let mut bytes = vec![5, 4, 0, 12, 0, 1, 0, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    bytes.extend(&anna);
    let note = name("X-CACHECONF:", &["krb5_ccache_conf_data", "pa_type"]);
    bytes.extend(credential(&anna, &note, 0));
    let granting = name("EXAMPLE.ORG", &["krbtgt", "EXAMPLE.ORG"]);
    bytes.extend(credential(&anna, &granting, until));
    let service = name("EXAMPLE.ORG", &["cifs", "files.example.org"]);
    bytes.extend(credential(&anna, &service, until + 100));
    bytes
}

#[test]
fn a_keytab_tells_whose_keys_it_holds_and_no_key() {
    let mut bytes = vec![5, 2];
    bytes.extend(entry("EXAMPLE.ORG", &["host", "pc17.example.org"], 3));
    // A hole where a key was removed.
    bytes.extend((-4_i32).to_be_bytes());
    bytes.extend([9, 9, 9, 9]);
    bytes.extend(entry("EXAMPLE.ORG", &["PC17$"], 300));
    let (keys, whole) = keytab(&bytes).expect("a keytab");
    let told: Vec<(&str, u32)> =
        keys.iter().map(|key| (key.principal.as_str(), key.version)).collect();
    assert_eq!(told, [("host/pc17.example.org@EXAMPLE.ORG", 3), ("PC17$@EXAMPLE.ORG", 300)]);
    assert!(whole);
    assert_eq!(machine_account(&keys).as_deref(), Some("PC17$@EXAMPLE.ORG"));
    let (keys, whole) = keytab(&bytes[..bytes.len() - 5]).expect("a keytab");
    assert_eq!((keys.len(), whole), (1, false));
    assert_eq!(machine_account(&keys).as_deref(), Some("host/pc17.example.org@EXAMPLE.ORG"));
}

#[test]
fn a_cache_tells_whose_it_is_and_until_when_it_is_good() {
    let cache = cache(&whole_cache(1_714_554_000)).expect("a cache");
    assert_eq!(cache.principal, "anna@EXAMPLE.ORG");
    let until = cache.until.map(|until| until.to_string());
    assert_eq!(until.as_deref(), Some("2024-05-01T09:00:00Z"));
}

#[test]
fn what_is_neither_is_none() {
    assert_eq!(keytab(b"no keytab"), None);
    assert_eq!(cache(b"\x05\x05"), None);
    assert_eq!(cache(b"\x05\x04\x00\x00"), None);
    assert_eq!(keytab(&[5, 2]), Some((Vec::new(), true)));
}

proptest! {
    #[test]
    fn no_bytes_make_them_panic(version in 0_u8..6, bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let bytes = [&[5, version], bytes.as_slice()].concat();
        keytab(&bytes);
        cache(&bytes);
    }

    #[test]
    fn a_cut_cache_is_read_as_far_as_it_goes(end in 0_usize..600, until in 1_u32..2_000_000_000) {
        let bytes = whole_cache(until);
        if let Some(cache) = cache(&bytes[..end.min(bytes.len())]) {
            prop_assert_eq!(cache.principal, "anna@EXAMPLE.ORG");
            prop_assert!(cache.until.is_none_or(|told| told.as_second() >= i64::from(until)));
        }
    }

    #[test]
    fn keys_are_read_back(keys in prop::collection::vec(("[A-Z.]{1,12}", prop::collection::vec("[a-z.$]{1,9}", 1..3), 1_u32..255), 0..6)) {
        let mut bytes = vec![5, 2];
        for (realm, names, version) in &keys {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            bytes.extend(entry(realm, &names, *version));
        }
        let expected: Vec<Key> = keys
            .iter()
            .map(|(realm, names, version)| Key { principal: format!("{}@{realm}", names.join("/")), version: *version })
            .collect();
        prop_assert_eq!(keytab(&bytes), Some((expected, true)));
    }
}
