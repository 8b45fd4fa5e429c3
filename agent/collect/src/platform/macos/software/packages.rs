//! Programs: the bundles in the folders for them, what installers have left a receipt of, and Homebrew.

use befund_model::section::software::{Package, Packages};

use crate::collector::{Context, Gap};
use crate::platform::macos::{files, people};

const APPLICATIONS: &str = "/Applications";
const RECEIPTS: &str = "/private/var/db/receipts";
/// Where Homebrew keeps what it has installed, by processor.
const CELLARS: &[&str] = &["/opt/homebrew/Cellar", "/usr/local/Cellar"];
/// How many there may be of each kind.
const MAX_EACH: usize = 2_000;

/// Section `packages`.
pub(super) fn packages(cx: &Context) -> Result<Packages, Gap> {
    if !cx.root.exists(APPLICATIONS) {
        return Err(Gap::unsupported(format!("there is no {APPLICATIONS}")));
    }
    let mut packages = Vec::new();
    for path in bundles(cx, APPLICATIONS) {
        packages.extend(bundle(cx, &path, None));
    }
    for home in people::homes(cx) {
        for path in bundles(cx, &format!("{}/Applications", home.path)) {
            packages.extend(bundle(cx, &path, Some(&home.user)));
        }
    }
    for path in files::ending(cx, RECEIPTS, ".plist").iter().take(MAX_EACH) {
        packages.extend(receipt(cx, path));
    }
    for cellar in CELLARS {
        packages.extend(brewed(cx, cellar));
    }
    packages.sort_by(|a, b| {
        (&a.name, &a.arch, &a.user, &a.manager, &a.version)
            .cmp(&(&b.name, &b.arch, &b.user, &b.manager, &b.version))
    });
    Ok(Packages { packages })
}

/// The bundles in a folder and in the folders in it (`Utilities`, and makers' own).
pub(super) fn bundles(cx: &Context, folder: &str) -> Vec<String> {
    let (mut found, mut below) = (Vec::new(), Vec::new());
    for name in cx.note(cx.root.list(folder)).unwrap_or_default() {
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{folder}/{name}");
        if name.ends_with(".app") { found.push(path) } else { below.push(path) }
    }
    for folder in below {
        // What is no folder, or may not be looked into, is nobody's program.
        for name in cx.root.list(&folder).unwrap_or_default() {
            if name.ends_with(".app") && !name.starts_with('.') {
                found.push(format!("{folder}/{name}"));
            }
        }
    }
    found.truncate(MAX_EACH);
    found.sort_unstable();
    found
}

/// Name and version of a bundle.
pub(super) fn version(cx: &Context, bundle: &str) -> Option<String> {
    let info = files::quiet_plist(cx, &format!("{bundle}/Contents/Info.plist"))?;
    info.owned("CFBundleShortVersionString").or_else(|| info.owned("CFBundleVersion"))
}

fn bundle(cx: &Context, path: &str, user: Option<&str>) -> Option<Package> {
    let name = path.rsplit('/').next()?.strip_suffix(".app")?.to_owned();
    // Programs for iPhones have theirs one floor down.
    let wrapped = format!("{path}/WrappedBundle/Info.plist");
    let info = files::quiet_plist(cx, &format!("{path}/Contents/Info.plist"))
        .or_else(|| files::quiet_plist(cx, &wrapped))?;
    let version =
        info.owned("CFBundleShortVersionString").or_else(|| info.owned("CFBundleVersion"));
    let bought = cx.root.exists(&format!("{path}/Contents/_MASReceipt/receipt"));
    Some(Package {
        version: version.unwrap_or_default(),
        manager: if bought { "store" } else { "app" }.into(),
        user: user.map(str::to_owned),
        source: info.owned("CFBundleIdentifier").filter(|id| *id != name),
        name,
        ..Package::default()
    })
}

/// A receipt of an installer; those of the system's own parts are left out.
fn receipt(cx: &Context, path: &str) -> Option<Package> {
    let name = path.rsplit('/').next()?.strip_suffix(".plist")?;
    if name.starts_with("com.apple.pkg.") {
        return None;
    }
    let told = files::quiet_plist(cx, path)?;
    Some(Package {
        name: told.owned("PackageIdentifier").unwrap_or_else(|| name.to_owned()),
        version: told.owned("PackageVersion").unwrap_or_default(),
        manager: "pkg".into(),
        ..Package::default()
    })
}

/// A folder for each program, and one for each version in it.
fn brewed(cx: &Context, cellar: &str) -> Vec<Package> {
    let mut packages = Vec::new();
    for name in cx.note(cx.root.list(cellar)).unwrap_or_default().into_iter().take(MAX_EACH) {
        for version in cx.root.list(&format!("{cellar}/{name}")).unwrap_or_default() {
            if !version.starts_with('.') {
                packages.push(Package {
                    name: name.clone(),
                    version,
                    manager: "brew".into(),
                    ..Package::default()
                });
            }
        }
    }
    packages
}
