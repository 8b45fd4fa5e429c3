//! Browsers, as they have told Windows that they are some, and the extensions in people's profiles.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::section::maintenance::{Browser, BrowserExtension, BrowserExtensions, Browsers};
use windows::Win32::Storage::FileSystem::{
    GetFileVersionInfoSizeW, GetFileVersionInfoW, VS_FIXEDFILEINFO, VerQueryValueW,
};
use windows::core::{HSTRING, w};
use windows_registry::{Key, LOCAL_MACHINE};

use super::super::people::names::Names;
use super::super::registry::{self, View};
use super::super::win32::Buffer;
use crate::collector::{Context, Gap};
use crate::platform::decode::{browsers as decode, text};

const CLIENTS: &str = r"SOFTWARE\Clients\StartMenuInternet";
const PROFILES: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
/// Browsers of Chromium's kind: where their profiles and policies are.
const CHROMIUM: &[(&str, &str, &str)] = &[
    ("Google Chrome", r"AppData\Local\Google\Chrome\User Data", r"SOFTWARE\Policies\Google\Chrome"),
    (
        "Microsoft Edge",
        r"AppData\Local\Microsoft\Edge\User Data",
        r"SOFTWARE\Policies\Microsoft\Edge",
    ),
    (
        "Brave",
        r"AppData\Local\BraveSoftware\Brave-Browser\User Data",
        r"SOFTWARE\Policies\BraveSoftware\Brave",
    ),
    ("Vivaldi", r"AppData\Local\Vivaldi\User Data", r"SOFTWARE\Policies\Vivaldi"),
];
const FIREFOX: &str = r"AppData\Roaming\Mozilla\Firefox\Profiles";
/// The most extensions that are told.
const MAX_EXTENSIONS: usize = 2_000;

/// Section `browsers`.
pub(crate) fn browsers(cx: &Context) -> Result<Browsers, Gap> {
    let mut browsers = Vec::new();
    for view in [View::Wide, View::Narrow] {
        if let Some(key) = registry::viewed(cx, LOCAL_MACHINE, CLIENTS, view) {
            browsers.extend(clients(cx, &key));
        }
    }
    for (_, person) in registry::people() {
        if let Some(key) = registry::under(cx, &person, CLIENTS) {
            browsers.extend(clients(cx, &key));
        }
    }
    browsers.sort_by(|a: &Browser, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    browsers.dedup();
    Ok(Browsers { browsers })
}

fn clients(cx: &Context, key: &Key) -> Vec<Browser> {
    let read = |id: String| {
        let client = registry::under(cx, key, &id)?;
        let command = registry::under(cx, &client, r"shell\open\command")?;
        let line = registry::text(&command, "")?;
        let path = text::program(&line).map(registry::expanded);
        let name = registry::text(&client, "").filter(|name| !name.starts_with('@')).unwrap_or(id);
        Some(Browser { name, version: path.as_deref().and_then(version), path })
    };
    registry::names(key).into_iter().filter_map(read).collect()
}

/// The version that a program carries in its resources.
fn version(path: &str) -> Option<String> {
    let path = HSTRING::from(path);
    // SAFETY: the path lives.
    let size = unsafe { GetFileVersionInfoSizeW(&path, None) };
    if size == 0 || size > 1 << 20 {
        return None;
    }
    let mut buffer = Buffer::new(size as usize);
    // SAFETY: the path lives, and the buffer has the size that is told.
    unsafe { GetFileVersionInfoW(&path, None, size, buffer.as_mut_ptr().cast()) }.ok()?;
    let (mut info, mut length) = (std::ptr::null_mut(), 0);
    // SAFETY: the buffer has just been filled; what is found lies in it.
    let found =
        unsafe { VerQueryValueW(buffer.as_ptr().cast(), w!("\\"), &raw mut info, &raw mut length) };
    if !found.as_bool() || info.is_null() || (length as usize) < size_of::<VS_FIXEDFILEINFO>() {
        return None;
    }
    // SAFETY: that many bytes of that structure lie there; nobody says how they are aligned.
    let info = unsafe { std::ptr::read_unaligned(info.cast::<VS_FIXEDFILEINFO>()) };
    let (high, low) = (info.dwFileVersionMS, info.dwFileVersionLS);
    Some(format!("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff))
}

/// Section `browsers.extensions`.
pub(crate) fn extensions(cx: &Context) -> Result<BrowserExtensions, Gap> {
    let profiles = registry::machine(cx, PROFILES)
        .ok_or_else(|| Gap::failed(format!("there is no registry key {PROFILES}")))?;
    let forced: Vec<(&str, Vec<String>)> =
        CHROMIUM.iter().map(|(name, _, policy)| (*name, forced(cx, policy))).collect();
    let mut names = Names::default();
    let mut found = Vec::new();
    for sid in registry::names(&profiles) {
        if !sid.starts_with("S-1-5-21-") && !sid.starts_with("S-1-12-1-") {
            continue;
        }
        let folder = registry::under(cx, &profiles, &sid)
            .and_then(|key| registry::text(&key, "ProfileImagePath"));
        let Some(home) = folder.map(|folder| registry::expanded(&folder)) else { continue };
        let user = names.name(&sid);
        for (browser, data, _) in CHROMIUM {
            let data = format!(r"{home}\{data}");
            for profile in cx.root.list(&data).unwrap_or_default() {
                found.extend(chromium(cx, browser, &user, &data, &profile));
            }
        }
        let folder = format!(r"{home}\{FIREFOX}");
        for profile in cx.root.list(&folder).unwrap_or_default() {
            let path = format!(r"{folder}\{profile}\extensions.json");
            if let Some(text) = cx.note(cx.root.text(&path)) {
                found.extend(decode::firefox(&text, &user, &profile));
            }
        }
    }
    for extension in &mut found {
        extension.forced |= forced
            .iter()
            .any(|(name, ids)| *name == extension.browser && ids.contains(&extension.id));
    }
    found.truncate(MAX_EXTENSIONS);
    found.sort_by(|a, b| {
        (&a.browser, &a.user, &a.profile, &a.id).cmp(&(&b.browser, &b.user, &b.profile, &b.id))
    });
    Ok(BrowserExtensions { extensions: found })
}

/// The extensions of a profile: a folder for each, in it one for each version, in it the manifest.
fn chromium(
    cx: &Context,
    browser: &str,
    user: &str,
    data: &str,
    profile: &str,
) -> Vec<BrowserExtension> {
    let folder = format!(r"{data}\{profile}\Extensions");
    let read = |id: String| {
        if !decode::is_id(&id) {
            return None;
        }
        let version = cx.root.list(&format!(r"{folder}\{id}")).ok()?.pop()?;
        let place = format!(r"{folder}\{id}\{version}");
        let manifest = cx.root.text(&format!(r"{place}\manifest.json")).ok()?;
        let words = decode::language(&manifest).and_then(|language| {
            cx.root.text(&format!(r"{place}\_locales\{language}\messages.json")).ok()
        });
        let told = decode::manifest(&manifest, words.as_deref())?;
        Some(BrowserExtension {
            browser: browser.to_owned(),
            user: user.to_owned(),
            profile: profile.to_owned(),
            id,
            name: told.name,
            version: told.version,
            enabled: None,
            forced: false,
        })
    };
    cx.root.list(&folder).unwrap_or_default().into_iter().filter_map(read).collect()
}

/// The extensions that a policy installs: `id;address`.
fn forced(cx: &Context, policy: &str) -> Vec<String> {
    let Some(key) = registry::machine(cx, &format!(r"{policy}\ExtensionInstallForcelist")) else {
        return Vec::new();
    };
    let ids =
        registry::value_names(&key).into_iter().filter_map(|name| registry::text(&key, &name));
    ids.filter_map(|line| line.split(';').next().map(str::to_owned)).collect()
}
