//! Which version apt would take, by priorities and pins.

use super::*;
use crate::platform::linux::software::updates::indexes::Release;

fn package(version: &str) -> Package {
    Package { name: "bash".into(), version: version.into(), ..Package::default() }
}

fn offer(version: &str, priority: i32, security: bool) -> Offer {
    Offer { version: version.into(), priority, security }
}

fn taken(installed: &str, offers: &[Offer]) -> Option<(String, bool)> {
    let update = candidate(&package(installed), offers, &Pins::default())?;
    Some((update.version.expect("a version"), update.security))
}

#[test]
fn the_best_priority_wins_then_the_newest_version() {
    let stable = || offer("1.0-1", 500, false);
    assert_eq!(taken("1.0-1", &[stable()]), None);
    assert_eq!(
        taken("1.0-1", &[stable(), offer("1.0-1+deb12u1", 500, true)]),
        Some(("1.0-1+deb12u1".into(), true))
    );
    // Backports are not taken by themselves, but followed.
    assert_eq!(taken("1.0-1", &[stable(), offer("2.0-1~bpo12+1", 100, false)]), None);
    let followed = [stable(), offer("2.0-1~bpo12+2", 100, false)];
    assert_eq!(taken("2.0-1~bpo12+1", &followed), Some(("2.0-1~bpo12+2".into(), false)));
    // An older version is not taken, a forbidden one neither.
    assert_eq!(taken("3.0", &[stable()]), None);
    assert_eq!(taken("1.0-1", &[offer("2.0", -1, false)]), None);
    // What mends a weakness came in an earlier version than the one that is taken.
    let ubuntu = [offer("1.1", 500, true), offer("1.2", 500, false)];
    assert_eq!(taken("1.0", &ubuntu), Some(("1.2".into(), true)));
}

fn index(suite: &str, host: &str) -> Index {
    Index {
        path: String::new(),
        host: host.into(),
        component: "main".into(),
        release: Release { suite: suite.into(), origin: "Debian".into(), ..Release::default() },
        packing: Packing::Plain,
    }
}

#[test]
fn pins_change_priorities() {
    let mut pins = Pins::default();
    pins.add("Explanation: x\nPackage: *\nPin: release a=testing\nPin-Priority: 50\n\nPackage: bash lib*\nPin: version 1.0*\nPin-Priority: 1001\n\nPackage: *\nPin: origin \"packages.example.org\"\nPin-Priority: 700\n\nPackage: /regex/\nPin: release a=x\nPin-Priority: 1\n\nPackage: docker-ce\nPin: release o=Debian, a=stable\nPin-Priority: -1\n");
    assert_eq!(pins.lost, 1);
    assert_eq!(pins.of_index(&index("testing", "deb.debian.org")), 50);
    assert_eq!(pins.of_index(&index("stable", "deb.debian.org")), 500);
    assert_eq!(pins.of_index(&index("stable", "packages.example.org")), 700);
    let stable = index("stable", "deb.debian.org");
    assert_eq!(pins.of_version("bash", "1.0-7", Some(&stable)), Some(1001));
    assert_eq!(pins.of_version("libx", "1.0-7", Some(&stable)), Some(1001));
    assert_eq!(pins.of_version("bash", "1.1", Some(&stable)), None);
    assert_eq!(pins.of_version("docker-ce", "5", Some(&stable)), Some(-1));
    assert_eq!(pins.of_version("docker-ce", "5", Some(&index("testing", "x"))), None);
    let mut held = Pins::default();
    held.add("Package: bash\nPin: version 1.0*\nPin-Priority: 1001\n");
    let offers = [offer("1.0", 1001, false), offer("2.0", 500, false)];
    assert_eq!(candidate(&package("1.0"), &offers, &held), None);
}

proptest::proptest! {
    #[test]
    fn no_preferences_make_it_panic(text in "(Package: |Pin: |release |version |a=|\n|\\*|[a-z ,/]|\\PC){0,60}") {
        let mut pins = Pins::default();
        pins.add(&text);
        pins.of_index(&index("stable", "x"));
        pins.of_version("a", "1", None);
    }
}
