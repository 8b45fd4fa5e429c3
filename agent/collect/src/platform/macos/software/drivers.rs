//! Drivers that do not come with the system: extensions of the kernel, and those of the system.

use befund_model::section::maintenance::{Driver, Drivers};

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::ask;
use crate::platform::macos::ms;
use crate::platform::macos::security;

/// Section `drivers`.
pub(super) fn drivers(cx: &Context) -> Result<Drivers, Gap> {
    // macOS 11 and newer; before that kextstat told the same.
    let arguments = ["showloaded", "--list-only", "--variant-suffix", "release"];
    let told = ask("/usr/bin/kmutil", &arguments).within(ms(4_000)).text(cx);
    let told = told.or_else(|_| ask("/usr/sbin/kextstat", &["-l"]).within(ms(4_000)).text(cx));
    let extensions = security::extensions(cx);
    if let (Err(gap), Err(_)) = (&told, &extensions) {
        return Err(gap.clone());
    }
    let mut drivers: Vec<_> =
        cx.note(told).unwrap_or_default().lines().filter_map(kernel_extension).collect();
    for extension in cx.note(extensions).unwrap_or_default() {
        let security::Extension { name, version, team, active, .. } = extension;
        if active {
            drivers.push(Driver {
                name,
                version,
                provider: Some(team),
                foreign: true,
                // None is activated without one.
                signed: Some(true),
                ..Driver::default()
            });
        }
    }
    drivers.sort_by(|a, b| a.name.cmp(&b.name));
    drivers.dedup_by(|a, b| a.name == b.name);
    Ok(Drivers { drivers })
}

/// `  142    0 0xffffff7f  0x10000  0x10000 com.vendor.driver (1.2.3) UUID <1 2 3>`; those of the system are
/// left out, since which device they have is not told.
fn kernel_extension(line: &str) -> Option<Driver> {
    let mut words = line.split_ascii_whitespace();
    words.next()?.parse::<u32>().ok()?;
    let name = words.find(|word| word.contains('.') && !word.starts_with("0x"))?;
    if name.starts_with("com.apple.") {
        return None;
    }
    let version = words.next().map(|version| version.trim_matches(['(', ')']).to_owned());
    Some(Driver { name: name.to_owned(), version, foreign: true, ..Driver::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_of_the_kernel_are_read() {
        // macOS 12, and 10.15.
        let told = kernel_extension("  142    0 0xfffffe0007bb0000 0x10000    0x10000    com.vendor.driver (1.2.3) 0A1B-2C <8 6 5 3 1>").expect("one");
        assert_eq!(
            (told.name.as_str(), told.version.as_deref()),
            ("com.vendor.driver", Some("1.2.3"))
        );
        assert_eq!(
            kernel_extension(
                "    1  130 0xffffff8000200000 0x9000 0x9000 com.apple.kpi.bsd (19.6.0) X"
            ),
            None
        );
        assert_eq!(
            kernel_extension("Index Refs Address Size Wired Name (Version) UUID <Linked Against>"),
            None
        );
    }
}
