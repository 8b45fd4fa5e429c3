//! Installed programs: the uninstall keys of both views and of everybody who is signed in, and the
//! store's packages.

use befund_model::section::software::{Package, Packages};
use windows_registry::{Key, LOCAL_MACHINE};

use super::super::people::names::Names;
use super::super::registry::{self, View};
use crate::collector::{Context, Gap};
use crate::platform::decode::packages::{self as decode, StorePackage};

const UNINSTALL: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall";

/// Section `packages`.
pub(crate) fn packages(cx: &Context) -> Result<Packages, Gap> {
    let mut packages = Vec::new();
    let native = super::super::hardware::cpu::architecture();
    for (view, arch) in [(View::Wide, native.as_deref()), (View::Narrow, Some("x86"))] {
        if let Some(key) = registry::viewed(cx, LOCAL_MACHINE, UNINSTALL, view) {
            packages.extend(installed(cx, &key, arch, None));
        }
    }
    let mut names = Names::default();
    for (sid, person) in registry::people() {
        let user = names.name(&sid);
        if let Some(key) = registry::under(cx, &person, UNINSTALL) {
            packages.extend(installed(cx, &key, None, Some(&user)));
        }
        packages.extend(store(cx, &person, &user));
    }
    packages.sort_by(|a, b| {
        let key = |package: &Package| {
            (
                package.name.clone(),
                package.arch.clone(),
                package.user.clone(),
                package.version.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    packages.dedup();
    Ok(Packages { packages })
}

/// The programs under an uninstall key. Parts of others, updates of programs and what hides itself
/// from the list of programs are left out, as the list itself does.
fn installed(cx: &Context, key: &Key, arch: Option<&str>, user: Option<&str>) -> Vec<Package> {
    let read = |name: String| {
        let key = registry::under(cx, key, &name)?;
        let text = |value: &str| registry::text(&key, value);
        let part = registry::flag(&key, "SystemComponent") == Some(true)
            || text("ParentKeyName").is_some()
            || decode::is_update(text("ReleaseType").as_deref());
        if part {
            return None;
        }
        Some(Package {
            name: text("DisplayName")?,
            version: text("DisplayVersion").unwrap_or_default(),
            arch: arch.map(str::to_owned),
            manager: "windows".into(),
            vendor: text("Publisher"),
            user: user.map(str::to_owned),
            ..Package::default()
        })
    };
    registry::names(key).into_iter().filter_map(read).collect()
}

/// The store's packages of one account; those of the system's own shell are parts of it.
fn store(cx: &Context, person: &Key, user: &str) -> Vec<Package> {
    const PACKAGES: &str = r"Software\Classes\Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages";
    let Some(key) = registry::under(cx, person, PACKAGES) else { return Vec::new() };
    let read = |full: String| {
        let StorePackage { name, version, arch } = decode::store(&full)?;
        let key = registry::under(cx, &key, &full)?;
        let root = registry::text(&key, "PackageRootFolder").unwrap_or_default();
        if root.to_ascii_lowercase().contains(r"\systemapps\") {
            return None;
        }
        Some(Package {
            name,
            version,
            arch,
            manager: "store".into(),
            user: Some(user.to_owned()),
            ..Package::default()
        })
    };
    registry::names(&key).into_iter().filter_map(read).collect()
}
