//! Readers of apt's lists, settings and sources.

use std::cmp::Ordering;
use std::io::Read;

use lz4_flex::frame::FrameDecoder;

use crate::platform::linux::software::updates::configuration::Settings;
use crate::platform::linux::software::updates::indexes::{
    Index, Packing, Release, date, field, paragraphs,
};
use crate::platform::linux::software::updates::pins::Pins;
use crate::platform::linux::software::updates::sources;
use crate::platform::linux::software::updates::version::compare;

pub(super) fn indexes(bytes: &[u8]) {
    let plain = list(&mut &*bytes);
    assert!(plain.is_some_and(|read| read <= bytes.len()), "what is in memory can be read");
    let _ = list(&mut FrameDecoder::new(bytes));

    let text = String::from_utf8_lossy(bytes);
    let release = Release::parse(&text);
    let _ = (release.is_security(), date(&text));
    let mut pins = Pins::default();
    pins.add(&text);
    assert!(pins.lost <= text.lines().count(), "more preferences than lines");
    let index = Index {
        path: String::new(),
        host: release.origin.clone(),
        component: release.label.clone(),
        release,
        packing: Packing::Plain,
    };
    let _ = pins.of_index(&index);
    for line in text.lines() {
        let _ = pins.of_version(line, "1.0-1", Some(&index));
        let _ = pins.of_version("bash", line, None);
    }
    let _ = Settings::parse(&text).get("apt::default-release");
    listed(&text);
    ordered(&text);
}

/// How many bytes the paragraphs have that are wanted, which here are all.
fn list(from: &mut impl Read) -> Option<usize> {
    let mut bytes = 0;
    let mut each = |paragraph: &[u8]| {
        let name = paragraph.split(|byte| *byte == b'\n').next();
        let name = name.and_then(|line| line.strip_prefix(b"Package: "));
        assert!(name.is_some(), "a paragraph does not begin with its name");
        assert_eq!(field(paragraph, b"Package"), name);
        assert!(!paragraph.windows(2).any(|two| two == b"\n\n"), "two paragraphs were one");
        bytes += paragraph.len();
    };
    paragraphs(from, |_| true, &mut each).ok()?;
    Some(bytes)
}

fn listed(text: &str) {
    let cx = super::context();
    let lines = text.lines().count();
    assert!(sources::one_line(&cx, "list", text).len() <= lines, "more sources than lines");
    assert!(sources::repositories(&cx, text).len() <= lines, "more repositories than lines");
    let found = sources::deb822(&cx, "list", text);
    assert!(found.len() <= sources::MAX_SOURCES, "more sources than are told");
    for source in found {
        assert!(source.kind == "deb" && !source.parts.is_empty());
        assert!(source.parts.len() <= text.len(), "more parts than letters");
    }
}

/// Versions have one order, however they are compared.
fn ordered(text: &str) {
    let versions: Vec<&str> = text.lines().take(6).collect();
    for a in &versions {
        assert_eq!(compare(a, a), Ordering::Equal, "{a} is not itself");
        for b in &versions {
            assert_eq!(compare(a, b), compare(b, a).reverse(), "{a} and {b}");
            for c in &versions {
                let between = compare(a, b).is_le() && compare(b, c).is_le();
                assert!(!between || compare(a, c).is_le(), "{a}, {b} and {c}");
            }
        }
    }
}
