//! What kind of change a change is, and how likely it is to explain trouble.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeClass {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// A newer version.
    Upgraded,
    /// An older version.
    Downgraded,
    /// More of it.
    Grew,
    /// Less of it.
    Shrank,
    /// Another thing in its place.
    Replaced,
    /// The same thing, set otherwise.
    Reconfigured,
}

impl ChangeClass {
    /// The word used on screens.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Upgraded => "upgraded",
            Self::Downgraded => "downgraded",
            Self::Grew => "grew",
            Self::Shrank => "shrank",
            Self::Replaced => "replaced",
            Self::Reconfigured => "reconfigured",
        }
    }

    /// The class of a change of the field that the path ends in.
    pub(super) fn of(path: &str, before: Option<&Value>, after: Option<&Value>) -> Self {
        let (before, after) = match (before, after) {
            (None, _) => return Self::Added,
            (Some(_), None) => return Self::Removed,
            (Some(before), Some(after)) => (before, after),
        };
        let field = path.rsplit('.').next().unwrap_or(path);
        match (before, after) {
            (Value::String(old), Value::String(new)) if VERSIONS.contains(&field) => {
                match compare_versions(old, new) {
                    Ordering::Greater => Self::Downgraded,
                    Ordering::Less | Ordering::Equal => Self::Upgraded,
                }
            }
            (Value::Number(old), Value::Number(new)) => {
                match old.as_f64().partial_cmp(&new.as_f64()) {
                    Some(Ordering::Greater) => Self::Shrank,
                    Some(Ordering::Less | Ordering::Equal) | None => Self::Grew,
                }
            }
            _ if IDENTITIES.contains(&field) => Self::Replaced,
            _ => Self::Reconfigured,
        }
    }
}

/// Fields that hold versions.
const VERSIONS: [&str; 4] = ["version", "release", "microcode", "firmware"];
/// Fields that tell a thing from another of its kind.
const IDENTITIES: [&str; 8] = ["serial", "uuid", "mac", "model", "vendor", "part", "sku", "media"];

/// How likely a change is to explain trouble, from 0 to 9: drivers, kernel, names, proxies, the firewall
/// and ways first, what starts and updates the system next, then services and hardware, software in general, the rest. An order for readers, from what help desks
/// find most often; not a measurement.
#[must_use]
pub fn weight(kind: &str, path: &str) -> u8 {
    let field = path.rsplit('.').next().unwrap_or(path);
    match kind {
        "network.dns" | "network.proxy" | "network.firewall" | "drivers" => 9,
        "os" if path.starts_with("kernel") => 9,
        "network.interfaces" if matches!(field, "driver" | "enabled" | "master") => 9,
        "packages" if is_close_to_hardware(path) => 9,
        "network.routes" | "network.addresses" | "network.vpn" | "firmware" | "devices" => 8,
        "autostart" | "updates" | "security" | "directory" | "encryption" | "certificates" => 8,
        "disks" | "memory" | "filesystems" | "displays" | "media" | "printers" => 7,
        "services" | "tasks" | "network.interfaces" | "browsers" | "browsers.extensions" => 6,
        "packages" | "os" => 5,
        "users" | "groups" | "network.ports" | "system" | "cpu" => 4,
        _ => 2,
    }
}

/// Whether a package drives hardware, starts the system or filters the network.
fn is_close_to_hardware(path: &str) -> bool {
    let name = path.strip_prefix("packages[").unwrap_or(path);
    let begins = [
        "linux-image",
        "linux-headers",
        "kernel",
        "firmware",
        "nvidia",
        "grub",
        "systemd",
        "network-manager",
        "wpasupplicant",
        "resolvconf",
        "nftables",
        "firewalld",
        "ufw",
        "openvpn",
        "wireguard",
    ];
    begins.iter().any(|begin| name.starts_with(begin))
        || name.contains("dkms")
        || name.contains("driver")
}

/// Compares two versions as Debian's policy (5.6.12) does: an epoch before a colon, then runs of
/// non-digits and digits in turn, where `~` sorts before the end and letters before other signs.
#[must_use]
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    let epoch = |version: &str| {
        let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
        match epoch.parse::<u64>() {
            Ok(epoch) => (epoch, rest.to_owned()),
            Err(_) => (0, version.to_owned()),
        }
    };
    let ((one, a), (other, b)) = (epoch(a), epoch(b));
    one.cmp(&other).then_with(|| {
        // Without a revision it counts as the smallest.
        let (a, a_revision) = a.rsplit_once('-').unwrap_or((&a, ""));
        let (b, b_revision) = b.rsplit_once('-').unwrap_or((&b, ""));
        compare_parts(a, b).then_with(|| compare_parts(a_revision, b_revision))
    })
}

fn compare_parts(mut a: &str, mut b: &str) -> Ordering {
    loop {
        let (one, other) =
            (split(&mut a, |c| !c.is_ascii_digit()), split(&mut b, |c| !c.is_ascii_digit()));
        let signs = compare_signs(one, other);
        if signs != Ordering::Equal {
            return signs;
        }
        let (one, other) =
            (split(&mut a, |c| c.is_ascii_digit()), split(&mut b, |c| c.is_ascii_digit()));
        let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
        let numbers = one.len().cmp(&other.len()).then_with(|| one.cmp(other));
        if numbers != Ordering::Equal || (a.is_empty() && b.is_empty()) {
            return numbers;
        }
    }
}

/// Takes off the beginning whose characters are such.
fn split<'a>(text: &mut &'a str, such: impl Fn(char) -> bool) -> &'a str {
    let end = text.find(|c| !such(c)).unwrap_or(text.len());
    let (begin, rest) = text.split_at(end);
    *text = rest;
    begin
}

fn compare_signs(a: &str, b: &str) -> Ordering {
    let order = |c: Option<char>| match c {
        Some('~') => (0, '~'),
        None => (1, ' '),
        Some(c) if c.is_ascii_alphabetic() => (2, c),
        Some(c) => (3, c),
    };
    let (mut a, mut b) = (a.chars(), b.chars());
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (one, other) => match order(one).cmp(&order(other)) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_are_ordered_as_debian_orders_them() {
        let rising = [
            "0.9",
            "1.0~beta1~svn1245",
            "1.0~beta1",
            "1.0",
            "1.0-1",
            "1.0-1+deb12u1",
            "1.0-2",
            "1.0a",
            "1.0+git1",
            "1.0.1",
            "1.9",
            "1.10",
            "2.0",
            "1:0.1",
            "2:0.1",
        ];
        for (index, low) in rising.iter().enumerate() {
            for high in &rising[index + 1..] {
                assert_eq!(compare_versions(low, high), Ordering::Less, "{low} < {high}");
                assert_eq!(compare_versions(high, low), Ordering::Greater, "{high} > {low}");
            }
        }
        assert_eq!(compare_versions("1.00", "1.0"), Ordering::Equal);
    }

    #[test]
    fn classes_follow_from_the_field_and_the_values() {
        let of = |path: &str, before: Value, after: Value| {
            ChangeClass::of(path, Some(&before), Some(&after)).as_str()
        };
        assert_eq!(of("packages[bash amd64].version", json!("5.1"), json!("5.2")), "upgraded");
        assert_eq!(
            of("packages[bash amd64].version", json!("5.2"), json!("5.2~rc1")),
            "downgraded"
        );
        assert_eq!(of("total_bytes", json!(16), json!(8)), "shrank");
        assert_eq!(of("disks[sda].size_bytes", json!(8), json!(16)), "grew");
        assert_eq!(of("disks[sda].serial", json!("A"), json!("B")), "replaced");
        assert_eq!(of("servers", json!(["a"]), json!(["b"])), "reconfigured");
        assert_eq!(ChangeClass::of("x", None, Some(&json!(1))).as_str(), "added");
        assert_eq!(ChangeClass::of("x", Some(&json!(1)), None).as_str(), "removed");
    }

    #[test]
    fn what_explains_trouble_weighs_more() {
        let rising = [
            weight("cpu", "microcode"),
            weight("packages", "packages[bash amd64].version"),
            weight("services", "services[cups.service].start"),
            weight("filesystems", "filesystems[/].options"),
            weight("network.routes", "routes[default]"),
            weight("packages", "packages[linux-image-6.1 amd64]"),
        ];
        assert!(rising.windows(2).all(|pair| pair[0] < pair[1]), "{rising:?}");
    }

    proptest! {
        #[test]
        fn the_order_of_versions_is_one(a in "[0-9a-z.~+:-]{0,12}", b in "[0-9a-z.~+:-]{0,12}", c in "[0-9a-z.~+:-]{0,12}") {
            prop_assert_eq!(compare_versions(&a, &a), Ordering::Equal);
            prop_assert_eq!(compare_versions(&a, &b), compare_versions(&b, &a).reverse());
            if compare_versions(&a, &b) != Ordering::Greater && compare_versions(&b, &c) != Ordering::Greater {
                prop_assert_ne!(compare_versions(&a, &c), Ordering::Greater);
            }
        }
    }
}
