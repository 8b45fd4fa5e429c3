//! Snaps and flatpaks: programs that bring what they need along.

use befund_model::section::software::Package;

use crate::collector::Context;
use crate::platform::linux::files;
use crate::platform::linux::people::homes;

/// Where snaps are mounted: Debian and Ubuntu, and Fedora's family.
const SNAPS: &[&str] = &["/snap", "/var/lib/snapd/snap"];
/// Where flatpaks for all lie.
pub(crate) const FLATPAKS: &str = "/var/lib/flatpak";

/// The snaps that are in use.
pub(crate) fn snaps(cx: &Context) -> Vec<Package> {
    let Some(folder) = SNAPS.iter().find(|folder| cx.root.exists(folder)) else {
        return Vec::new();
    };
    let names = cx.root.list(folder).unwrap_or_default();
    names.iter().filter_map(|name| snap(cx, folder, name)).collect()
}

fn snap(cx: &Context, folder: &str, name: &str) -> Option<Package> {
    let text = cx.root.text(&format!("{folder}/{name}/current/meta/snap.yaml")).ok()?;
    let (version, arch) = snap_yaml(&text);
    Some(Package {
        name: name.to_owned(),
        version: version.unwrap_or_default(),
        arch,
        manager: "snap".into(),
        ..Package::default()
    })
}

/// The version and the architecture of a snap; the latter only if there is just one.
pub(crate) fn snap_yaml(text: &str) -> (Option<String>, Option<String>) {
    let said = |value: &str| {
        let value = value.trim().trim_matches(['\'', '"']);
        (!value.is_empty()).then(|| value.to_owned())
    };
    let version = text.lines().find_map(|line| said(line.strip_prefix("version:")?));
    let mut list = text.lines().skip_while(|line| !line.starts_with("architectures:"));
    // `architectures: [amd64]`, or a line for each.
    let mut archs: Vec<String> = match list.next().and_then(|line| line.split_once('[')) {
        Some((_, inside)) => {
            inside.trim_end_matches([']', ' ']).split(',').filter_map(said).collect()
        }
        None => {
            list.map_while(|line| line.trim_start().strip_prefix("- ")).filter_map(said).collect()
        }
    };
    (version, archs.pop().filter(|_| archs.is_empty()))
}

/// The flatpaks, of all and of each person.
pub(crate) fn flatpaks(cx: &Context) -> Vec<Package> {
    let mut packages = flatpaks_in(cx, FLATPAKS, None);
    for home in homes::local(cx) {
        let folder = format!("{}/.local/share/flatpak", home.path);
        packages.extend(flatpaks_in(cx, &folder, Some(&home.user)));
    }
    packages
}

fn flatpaks_in(cx: &Context, folder: &str, user: Option<&str>) -> Vec<Package> {
    let mut packages = Vec::new();
    for kind in ["app", "runtime"] {
        // kind/name/architecture/branch/active
        for path in files::matching(cx, &format!("{folder}/{kind}/*/*/*/active")) {
            let mut parts = path.rsplit('/').skip(1);
            let (Some(branch), Some(arch), Some(name)) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let version = deployed_version(cx, &path);
            packages.push(Package {
                name: name.to_owned(),
                version: version.unwrap_or_else(|| branch.to_owned()),
                arch: Some(arch.to_owned()),
                manager: "flatpak".into(),
                user: user.map(str::to_owned),
                ..Package::default()
            });
        }
    }
    packages
}

/// The version of what is deployed in a folder, if its maker says one.
pub(crate) fn deployed_version(cx: &Context, folder: &str) -> Option<String> {
    let path = format!("{folder}/deploy");
    if !files::is_file(cx, &path) {
        return None;
    }
    flatpak_version(&cx.root.read_capped(&path, 1 << 20).ok()?)
}

/// The version in a flatpak's `deploy` file. It is a GVariant of type `(ssasta{sv})`: behind the key
/// `appdata-version` stands a text, from the next multiple of 8 on, ended by a zero.
pub(crate) fn flatpak_version(bytes: &[u8]) -> Option<String> {
    const KEY: &[u8] = b"appdata-version\0";
    let at = bytes.windows(KEY.len()).position(|window| window == KEY)?;
    let value = &bytes[at + KEY.len()..];
    let start = value.iter().position(|byte| *byte != 0).filter(|start| *start < 8)?;
    let end = value[start..].iter().position(|byte| *byte == 0)?;
    let version = std::str::from_utf8(&value[start..start + end]).ok()?;
    // A key of two letters or more would be the next one, and no version has a blank.
    let plausible =
        !version.is_empty() && version.len() <= 64 && !version.contains(char::is_whitespace);
    plausible.then(|| version.to_owned())
}
