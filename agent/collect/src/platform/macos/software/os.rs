//! The operating system, how long it runs, and its clock.

use befund_model::id::Hash;
use befund_model::section::software::{Clock, Kernel, Os, Uptime};

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, now, registry};
use crate::platform::macos::files;
use crate::platform::macos::hardware::sysctl;

const VERSION: &str = "/System/Library/CoreServices/SystemVersion.plist";
/// Written when the first account was made.
const SET_UP: &str = "/private/var/db/.AppleSetupDone";

/// Section `os`.
pub(super) fn os(cx: &Context) -> Result<Os, Gap> {
    cx.root.read(VERSION)?;
    let told = files::plist(cx, VERSION)
        .ok_or_else(|| Gap::failed(format!("{VERSION} could not be understood")))?;
    let names = [
        "kern.hostname",
        "kern.ostype",
        "kern.osrelease",
        "kern.version",
        "kern.bootargs",
        "hw.machine",
    ];
    let kernel = cx.note(sysctl(cx, &names)).unwrap_or_default();
    let version = told.owned("ProductUserVisibleVersion").or_else(|| told.owned("ProductVersion"));
    // A rapid security response: `(a)`.
    let extra =
        told.text("ProductVersionExtra").map(|extra| format!(" {extra}")).unwrap_or_default();
    let product = told.text("ProductName").unwrap_or("macOS");
    let codename = version.as_deref().and_then(codename);
    let name = version.as_ref().map(|version| {
        let codename = codename.map(|name| format!(" ({name})")).unwrap_or_default();
        format!("{product} {version}{extra}{codename}")
    });
    let zone = cx.root.link("/etc/localtime").ok();
    let zone =
        zone.as_deref().and_then(|link| Some(link.to_str()?.split_once("zoneinfo/")?.1.to_owned()));
    let locale = files::quiet_plist(cx, "/Library/Preferences/.GlobalPreferences.plist");
    let platform = cx.note(registry(cx, "IOPlatformExpertDevice", "1")).unwrap_or_default();
    let id = platform.first().and_then(|entry| entry.text("IOPlatformUUID"));
    let installed_at = cx.root.modified(SET_UP).ok();
    Ok(Os {
        hostname: kernel.text("kern.hostname").map(str::to_owned),
        family: "macos".into(),
        name,
        id: Some("macos".into()),
        codename: codename.map(str::to_owned),
        release: version.as_ref().map(|version| format!("{version}{extra}")),
        version: version.as_deref().map(|version| major(version).to_owned()),
        build: told.owned("ProductBuildVersion"),
        installed_by: installed_at.map(|_| SET_UP.to_owned()),
        installed_at,
        architecture: kernel.text("hw.machine").map(|machine| match machine {
            "arm64" => "aarch64".to_owned(),
            other => other.to_owned(),
        }),
        kernel: kernel.text("kern.ostype").map(|name| Kernel {
            name: name.to_owned(),
            release: kernel.text("kern.osrelease").unwrap_or_default().to_owned(),
            version: kernel.text("kern.version").map(str::to_owned),
            command_line: kernel.text("kern.bootargs").map(|line| cx.redactor.command_line(line)),
            taint: None,
        }),
        timezone: zone,
        locale: locale.and_then(|told| told.owned("AppleLocale")),
        installation: id.map(installation),
        ..Os::default()
    })
}

/// The machine's id is its own business: what is handed out tells two apart, and no more.
fn installation(id: &str) -> String {
    let mut hash = Hash::of(format!("befund installation {id}").as_bytes()).to_string();
    hash.truncate(32);
    hash
}

/// `14` of `14.4.1`, `10.15` of `10.15.7`.
fn major(version: &str) -> &str {
    let points = if version.starts_with("10.") { 1 } else { 0 };
    let end = version.match_indices('.').nth(points).map_or(version.len(), |(at, _)| at);
    &version[..end]
}

fn codename(version: &str) -> Option<&'static str> {
    Some(match major(version) {
        "10.13" => "High Sierra",
        "10.14" => "Mojave",
        "10.15" => "Catalina",
        "11" => "Big Sur",
        "12" => "Monterey",
        "13" => "Ventura",
        "14" => "Sonoma",
        "15" => "Sequoia",
        "26" => "Tahoe",
        _ => return None,
    })
}

/// Section `uptime`.
pub(super) fn uptime(cx: &Context) -> Result<Uptime, Gap> {
    let kernel = sysctl(cx, &["kern.boottime", "vm.loadavg"])?;
    let booted_at = kernel.booted_at();
    if booted_at.is_none() {
        cx.gap(Gap::failed("sysctl does not tell when the system was started"));
    }
    let since = now(cx).zip(booted_at).map(|(now, booted)| now.duration_since(booted).as_secs());
    Ok(Uptime {
        booted_at,
        uptime_s: since.and_then(|seconds| u64::try_from(seconds).ok()),
        load: kernel.load(),
        ..Uptime::default()
    })
}

/// Section `clock`.
pub(super) fn clock(cx: &Context) -> Result<Clock, Gap> {
    let text = files::text(cx, "/etc/ntp.conf").unwrap_or_default();
    let servers: Vec<String> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("server "))
        .filter_map(|rest| rest.split_ascii_whitespace().next().map(str::to_owned))
        .collect();
    // Only administrators are told; whether the clock is right then is known to nobody but the service.
    let told = cx.note(ask("/usr/sbin/systemsetup", &["-getusingnetworktime"]).text_at_any_end(cx));
    let on = told.as_deref().and_then(|told| {
        let state = told.split_once("Network Time: ")?.1.trim();
        match state {
            "On" => Some(true),
            "Off" => Some(false),
            _ => None,
        }
    });
    Ok(Clock {
        synchronised: (on == Some(false)).then_some(false),
        service: (on == Some(true)).then(|| "timed".to_owned()),
        servers,
        ..Clock::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_names() {
        assert_eq!((major("10.15.7"), major("14.4.1"), major("26")), ("10.15", "14", "26"));
        assert_eq!(codename("15.0"), Some("Sequoia"));
        assert_eq!(codename("99.1"), None);
    }
}
