//! Lists as Debian's archive has them, read in pieces of any size.

use proptest::prelude::*;

use super::*;

/// Hands out a few bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(self.0.len()).min(into.len());
        let (now, later) = self.0.split_at(length);
        into[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

fn names(text: &[u8], step: usize, wanted: &[&str]) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let is = |name: &[u8]| wanted.iter().any(|wanted| wanted.as_bytes() == name);
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    paragraphs(&mut Slow(text, step), is, &mut |paragraph| {
        found.push((
            told(field(paragraph, b"Package").unwrap_or_default()),
            field(paragraph, b"Version").map(told),
        ));
    })
    .expect("readable");
    found
}

#[test]
fn the_head_of_a_release_is_read() {
    // The head of bookworm-security's InRelease, its checksums left out.
    let release = Release::parse(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nOrigin: Debian\nLabel: Debian-Security\nSuite: stable-security\nCodename: bookworm-security\nDate: Sat, 04 May 2024 09:31:35 UTC\nValid-Until: Sat, 11 May 2024 09:31:35 UTC\nArchitectures: amd64\nSHA256:\n 00 1 main/x\nOrigin: forged\n",
    );
    assert_eq!((release.origin.as_str(), release.is_security()), ("Debian", true));
    let until = release.valid_until.map(|until| until.to_string());
    assert_eq!(until.as_deref(), Some("2024-05-11T09:31:35Z"));
    assert!(!Release::parse("Suite: noble-updates\nLabel: Ubuntu\n").is_security());
    assert!(Release::parse("Suite: noble-security\nLabel: Ubuntu\n").is_security());
}

#[test]
fn paragraphs_are_found_whatever_stands_between_them() {
    let text = b"Package: a\nVersion: 1\nDescription: x\n Package: no\n\nPackage: b\nVersion: 2\n\nPackage: c\nVersion: 3";
    for step in [1, 2, 7, 11, 1000] {
        let told = names(text, step, &["a", "c"]);
        assert_eq!(
            told,
            [("a".to_owned(), Some("1".to_owned())), ("c".to_owned(), Some("3".to_owned()))],
            "{step} bytes at a time"
        );
    }
}

proptest! {
    #[test]
    fn what_is_wanted_is_found_in_order(packages in prop::collection::vec(("[a-c]{1,3}", "[0-9.]{1,5}"), 0..30), step in 1_usize..50) {
        let text: String = packages.iter().map(|(name, version)| format!("Package: {name}\nArchitecture: all\nVersion: {version}\n\n")).collect();
        let expected: Vec<_> = packages.iter().filter(|(name, _)| name.starts_with('a')).map(|(name, version)| (name.clone(), Some(version.clone()))).collect();
        let mut found = Vec::new();
        paragraphs(&mut Slow(text.as_bytes(), step), |name| name.starts_with(b"a"), &mut |paragraph: &[u8]| {
            found.push((
                String::from_utf8_lossy(field(paragraph, b"Package").unwrap_or_default()).into_owned(),
                field(paragraph, b"Version").map(|version| String::from_utf8_lossy(version).into_owned()),
            ));
        }).expect("readable");
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'P'), any::<u8>()], 0..400), step in 1_usize..20) {
        let text = [b"Package: ".as_slice(), &bytes].concat();
        let _ = paragraphs(&mut Slow(&text, step), |_| true, &mut |_| {});
        Release::parse(&String::from_utf8_lossy(&bytes));
    }
}
