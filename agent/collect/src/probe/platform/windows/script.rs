//! Proxy scripts by Windows' internet settings: the machine's and its policy's, those of everybody who is
//! signed in, and of the account that asks; and what the network names, as WinHTTP finds it (WPAD).

use std::io;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use befund_runtime::platform::wide::text;
use windows_registry::{Key, LOCAL_MACHINE};
use windows_sys::Win32::Foundation::GlobalFree;
use windows_sys::Win32::Networking::WinHttp::{
    ERROR_WINHTTP_AUTODETECTION_FAILED, WINHTTP_AUTO_DETECT_TYPE_DHCP,
    WINHTTP_AUTO_DETECT_TYPE_DNS_A, WINHTTP_CURRENT_USER_IE_PROXY_CONFIG,
    WinHttpDetectAutoProxyConfigUrl, WinHttpGetIEProxyConfigForCurrentUser,
};
use windows_sys::core::PWSTR;

use crate::platform::proxy::{Automatic, automatic};
use crate::platform::{Names, hives};
use crate::probe::Context;
use crate::probe::pac::{Configured, Place, SetBy};

const SETTINGS: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings";
const POLICY: &str = r"SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings";
/// How long the network may take to name a script: DHCP is asked, and then the name `wpad`.
const DETECTION: Duration = Duration::from_secs(8);

/// The scripts that are configured.
pub(in crate::probe) fn scripts(_: &Context<'_>) -> io::Result<Vec<Configured>> {
    let mut found = Vec::new();
    let mut add = |source: &str, set_by, told: Automatic| {
        let mut one = |at| found.push(Configured { source: source.to_owned(), at, set_by });
        if let Some(url) = told.script {
            one(Place::Url(url));
        }
        if told.looked_for {
            one(Place::Network);
        }
    };
    for (path, source) in [(POLICY, "group policy"), (SETTINGS, "the machine's internet settings")]
    {
        if let Ok(key) = LOCAL_MACHINE.open(path) {
            add(source, SetBy::Owner, of(&key));
        }
    }
    let mut names = Names::default();
    for (sid, person) in hives() {
        if let Ok(key) = person.open(SETTINGS) {
            add(&format!("user {}", names.name(&sid)), SetBy::Other, of(&key));
        }
    }
    add("the account that the agent runs as", SetBy::Other, own()?);
    Ok(found)
}

/// What is set in a key of internet settings. The value of everything together is what the settings'
/// pages write; the script's own is what policies and people write.
fn of(key: &Key) -> Automatic {
    let all = key
        .open("Connections")
        .and_then(|key| key.get_value("DefaultConnectionSettings"))
        .ok()
        .and_then(|value| automatic(&value))
        .unwrap_or_default();
    let script = key.get_string("AutoConfigURL").ok().filter(|url| !url.trim().is_empty());
    Automatic { script: script.or(all.script), ..all }
}

/// What is set for this process' account.
#[expect(unsafe_code, reason = "functions of Windows")]
fn own() -> io::Result<Automatic> {
    let mut config = WINHTTP_CURRENT_USER_IE_PROXY_CONFIG::default();
    // SAFETY: the structure is ours; its texts are given back below.
    if unsafe { WinHttpGetIEProxyConfigForCurrentUser(&raw mut config) } == 0 {
        let error = io::Error::last_os_error();
        // Accounts that never had settings have none.
        return if error.kind() == io::ErrorKind::NotFound {
            Ok(Automatic::default())
        } else {
            Err(error)
        };
    }
    // SAFETY: texts of the function's making, and so below.
    let script = unsafe { taken(config.lpszAutoConfigUrl) };
    for other in [config.lpszProxy, config.lpszProxyBypass] {
        // SAFETY: as above.
        drop(unsafe { taken(other) });
    }
    Ok(Automatic { looked_for: config.fAutoDetect != 0, script })
}

/// What the network names. That it names nothing is no failure: Windows asks unless told not to.
pub(in crate::probe) fn looked_for(context: &Context<'_>) -> Result<Vec<String>, String> {
    let within = context.left(DETECTION).map_err(|late| late.reason)?;
    let (tell, told) = sync_channel(1);
    let failed = |error: io::Error| format!("could not ask the network for a script: {error}");
    // The function takes no deadline, so it is left behind when it is late.
    let asking = std::thread::Builder::new().spawn(move || {
        // Nobody waits any more after the deadline.
        let _ = tell.send(detect());
    });
    drop(asking.map_err(failed)?);
    match told.recv_timeout(within) {
        Ok(found) => found.map(|url| url.into_iter().collect()).map_err(failed),
        Err(_) => Err(format!("the network named no script within {} s", within.as_secs())),
    }
}

#[expect(unsafe_code, reason = "functions of Windows")]
fn detect() -> io::Result<Option<String>> {
    let mut url: PWSTR = std::ptr::null_mut();
    let ways = WINHTTP_AUTO_DETECT_TYPE_DHCP | WINHTTP_AUTO_DETECT_TYPE_DNS_A;
    // SAFETY: the place for the text is ours; the text is given back below.
    if unsafe { WinHttpDetectAutoProxyConfigUrl(ways, &raw mut url) } == 0 {
        let error = io::Error::last_os_error();
        let number = error.raw_os_error().map(i32::cast_unsigned);
        return if number == Some(ERROR_WINHTTP_AUTODETECTION_FAILED) {
            Ok(None)
        } else {
            Err(error)
        };
    }
    // SAFETY: a text of the function's making.
    Ok(unsafe { taken(url) })
}

/// A text of WinHTTP's, which is given back.
///
/// # Safety
/// It must be null, or a text that ends with a zero and that `GlobalFree` takes back.
#[expect(unsafe_code, reason = "functions of Windows")]
unsafe fn taken(words: PWSTR) -> Option<String> {
    if words.is_null() {
        return None;
    }
    // SAFETY: by the caller's word.
    let told = unsafe { text(words) };
    // SAFETY: by the caller's word, and nobody reads it any more.
    unsafe { GlobalFree(words.cast()) };
    Some(told).filter(|told| !told.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_accounts_settings_can_be_asked_for() {
        own().expect("none, or some");
    }
}
