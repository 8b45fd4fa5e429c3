//! Proxies that are set for everyone: WinHTTP's, which services use, and those of the internet
//! settings where they are the machine's. What a user set is not seen from here.

use std::io;

use befund_model::probe::network::Proxy;
use befund_runtime::platform::wide::{text, wide};
use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_SUCCESS, GlobalFree};
use windows_sys::Win32::Networking::WinHttp::{
    WINHTTP_PROXY_INFO, WinHttpGetDefaultProxyConfiguration,
};
use windows_sys::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, RRF_RT_REG_DWORD, RRF_RT_REG_SZ, RegGetValueW,
};

use super::{failed, until_zero};
use crate::probe::proxy::address;
use crate::probe::{Context, Unmeasured};

const SETTINGS: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings";
/// The environment of every process.
const ENVIRONMENT: &str = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment";
/// The longest text that is read.
const MAX_LETTERS: usize = 4 << 10;

/// The proxies that are configured, each once.
pub(in crate::probe) fn proxies(_: &Context<'_>) -> Result<Vec<Proxy>, Unmeasured> {
    let registry = |error| failed("RegGetValue", &error);
    let mut proxies = Vec::new();
    if let Some(list) =
        win_http().map_err(|error| failed("WinHttpGetDefaultProxyConfiguration", &error))?
    {
        add(&mut proxies, "WinHTTP", &list);
    }
    if number(SETTINGS, "ProxyEnable").map_err(registry)? == Some(1)
        && let Some(list) = words(SETTINGS, "ProxyServer").map_err(registry)?
    {
        add(&mut proxies, "the machine's internet settings", &list);
    }
    for name in crate::probe::proxy::VARIABLES {
        if let Some(value) = words(ENVIRONMENT, name).map_err(registry)? {
            one(&mut proxies, "the system's environment", name, &value);
        }
    }
    Ok(proxies)
}

/// `proxy:8080`, or `http=proxy:8080;https=proxy:8443`.
fn add(proxies: &mut Vec<Proxy>, source: &str, list: &str) {
    for part in list.split([';', ' ']).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            None => ["https_proxy", "http_proxy"].map(|name| one(proxies, source, name, part)),
            Some(("https", value)) => [one(proxies, source, "https_proxy", value); 2],
            Some(("http", value)) => [one(proxies, source, "http_proxy", value); 2],
            Some(("socks", value)) => {
                [one(proxies, source, "all_proxy", &format!("socks://{value}")); 2]
            }
            // Other kinds of requests have proxies of their own.
            Some(_) => [(); 2],
        };
    }
}

fn one(proxies: &mut Vec<Proxy>, source: &str, setting: &str, value: &str) {
    let Some(address) = address(value) else { return };
    if !proxies.iter().any(|known| known.address == address && known.setting == setting) {
        let (source, setting) = (source.to_owned(), setting.to_owned());
        proxies.push(Proxy { address, source, setting, ..Proxy::default() });
    }
}

/// WinHTTP's list; `None` for direct connections.
#[expect(unsafe_code, reason = "functions of Windows")]
fn win_http() -> io::Result<Option<String>> {
    let mut info = WINHTTP_PROXY_INFO::default();
    // SAFETY: the structure is ours; its texts are freed below.
    if unsafe { WinHttpGetDefaultProxyConfiguration(&raw mut info) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: null, or a text that is ended by a zero.
    let list = (!info.lpszProxy.is_null()).then(|| unsafe { text(info.lpszProxy) });
    for words in [info.lpszProxy, info.lpszProxyBypass] {
        if !words.is_null() {
            // SAFETY: the function says to free its texts so, and nobody reads them any more.
            unsafe { GlobalFree(words.cast()) };
        }
    }
    Ok(list)
}

/// A text of the machine's registry; `None` if there is none.
fn words(key: &str, name: &str) -> io::Result<Option<String>> {
    let mut buffer = vec![0_u16; MAX_LETTERS];
    // Texts that name variables come as what they stand for.
    let kinds = RRF_RT_REG_SZ;
    let size = u32::try_from(MAX_LETTERS * 2).unwrap_or(0);
    let found = value(key, name, kinds, buffer.as_mut_ptr().cast(), size)?;
    Ok(found.then(|| until_zero(&buffer)).filter(|text| !text.is_empty()))
}

/// A number of the machine's registry; `None` if there is none.
fn number(key: &str, name: &str) -> io::Result<Option<u32>> {
    let mut number = 0_u32;
    let found = value(key, name, RRF_RT_REG_DWORD, (&raw mut number).cast(), 4)?;
    Ok(found.then_some(number))
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn value(
    key: &str,
    name: &str,
    kinds: u32,
    to: *mut std::ffi::c_void,
    mut size: u32,
) -> io::Result<bool> {
    // SAFETY: key and name are ended by a zero, and both callers hand over a buffer of this size.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            wide(key).as_ptr(),
            wide(name).as_ptr(),
            kinds,
            std::ptr::null_mut(),
            to,
            &raw mut size,
        )
    };
    match code {
        ERROR_SUCCESS => Ok(true),
        ERROR_FILE_NOT_FOUND => Ok(false),
        code => Err(io::Error::from_raw_os_error(code.cast_signed())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_a_proxy_for_each_kind_or_one_for_all() {
        let read = |list: &str| {
            let mut proxies = Vec::new();
            add(&mut proxies, "x", list);
            let told = |proxy: Proxy| format!("{} {}", proxy.setting, proxy.address);
            proxies.into_iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(read("p:8080"), ["https_proxy p:8080", "http_proxy p:8080"]);
        assert_eq!(
            read("http=p:80;https=q:443;ftp=r:21;socks=s:1080"),
            ["http_proxy p:80", "https_proxy q:443", "all_proxy s:1080"]
        );
    }

    #[test]
    fn what_the_registry_does_not_have_is_absent() {
        assert_eq!(words(r"SOFTWARE\no such key", "x").expect("no trouble"), None);
        assert_eq!(number(SETTINGS, "no such value").expect("no trouble"), None);
    }
}
