//! Installed packages: dpkg's database by our own parser, rpm's by asking rpm.

use std::time::Duration;

use befund_model::section::software::{Package, Packages};

use crate::collector::{Context, Gap};

use crate::platform::linux::command;

/// The most bytes of a package database (64 MiB: some 90,000 packages).
const MAX_DATABASE_BYTES: u64 = 64 << 20;

/// Section `packages`.
pub(crate) fn packages(cx: &Context) -> Result<Packages, Gap> {
    const DPKG: &str = "/var/lib/dpkg/status";
    let mut packages = Vec::new();
    let mut found = false;
    if cx.root.exists(DPKG) {
        found = true;
        let database = cx.root.read_capped(DPKG, MAX_DATABASE_BYTES)?;
        packages = dpkg(&String::from_utf8_lossy(&database));
        let halves = packages.iter().filter(|package| package.version.is_empty()).count();
        if halves > 0 {
            cx.gap(Gap::failed(format!(
                "{DPKG} does not tell the version of {halves} of its packages"
            )));
        }
    }
    if let Some(database) = rpm_database(cx) {
        found = true;
        let more = if cx.root.is_live() {
            rpm(cx, database)
        } else {
            Err(Gap::unsupported("only the running system's rpm can read its database"))
        };
        match more.map_err(|gap| Gap { reason: format!("{database}: {}", gap.reason), ..gap }) {
            Ok(more) => packages.extend(more),
            Err(gap) if packages.is_empty() => return Err(gap),
            Err(gap) => cx.gap(gap),
        }
    }
    if !found {
        return Err(Gap::unsupported("neither dpkg nor rpm keeps a database here"));
    }
    packages.sort_by(|a, b| (&a.name, &a.arch, &a.version).cmp(&(&b.name, &b.arch, &b.version)));
    Ok(Packages { packages })
}

/// Reads `/var/lib/dpkg/status`: paragraphs of `Field: value`, continued lines begin with a space.
/// Packages of which only the configuration is left are not installed, and left out.
pub(crate) fn dpkg(text: &str) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut package = Package { manager: "deb".into(), ..Package::default() };
    let mut status = "";
    for line in text.lines().chain(std::iter::once("")) {
        if line.is_empty() {
            if !package.name.is_empty()
                && let Some((held, trouble)) = installed(status)
            {
                package.held = held;
                package.trouble = trouble;
                packages.push(std::mem::take(&mut package));
            }
            package = Package { manager: "deb".into(), ..Package::default() };
            status = "";
            continue;
        }
        let Some((name, value)) = line.split_once(": ") else { continue };
        match name {
            "Package" => value.clone_into(&mut package.name),
            "Version" => value.clone_into(&mut package.version),
            "Architecture" => package.arch = Some(value.to_owned()),
            "Source" => package.source = value.split(' ').next().map(str::to_owned),
            "Status" => status = value,
            _ => {}
        }
    }
    packages
}

/// `install ok installed`: what is wanted, whether it must be installed again, how far it got.
/// `None` if the package is not there.
fn installed(status: &str) -> Option<(bool, Option<String>)> {
    let mut words = status.split(' ');
    let (want, error, state) = (words.next()?, words.next()?, words.next()?);
    if matches!(state, "not-installed" | "config-files") {
        return None;
    }
    let trouble = if error == "reinstreq" {
        Some("reinstall required".to_owned())
    } else {
        (state != "installed").then(|| state.to_owned())
    };
    Some((want == "hold", trouble))
}

/// The folder of rpm's database, if there is one in any of its formats (sqlite, ndb, Berkeley DB).
/// A folder without one is not enough: asked by root, rpm would make one there.
fn rpm_database(cx: &Context) -> Option<&'static str> {
    const FOLDERS: &[&str] = &["/usr/lib/sysimage/rpm", "/var/lib/rpm"];
    const FILES: &[&str] = &["rpmdb.sqlite", "Packages.db", "Packages"];
    let kept = |folder: &&str| FILES.iter().any(|file| cx.root.exists(&format!("{folder}/{file}")));
    FOLDERS.iter().find(|folder| kept(folder)).copied()
}

/// Asks rpm, which alone reads all of its formats well, for what this database holds.
pub(crate) fn rpm(cx: &Context, database: &str) -> Result<Vec<Package>, Gap> {
    const RPM: &str = "/usr/bin/rpm";
    const FORMAT: &str =
        "%{NAME}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{SOURCERPM}\\n";
    cx.root.trail().at(RPM);
    let arguments = ["--dbpath", database, "--query", "--all", "--queryformat", FORMAT];
    let output = command::run(RPM, &arguments, Duration::from_secs(8), 32 << 20)
        .map_err(|error| Gap::failed(format!("rpm could not be asked: {error}")))?;
    let packages = rpm_list(&String::from_utf8_lossy(&output.bytes));
    // Of a database that is damaged rpm tells what it still finds, and ends well.
    if !output.complaint.is_empty() {
        let gap = Gap::failed(format!("rpm could not read all of it: {}", output.complaint));
        if packages.is_empty() {
            return Err(gap);
        }
        cx.gap(gap);
    }
    Ok(packages)
}

pub(crate) fn rpm_list(text: &str) -> Vec<Package> {
    let package = |line: &str| {
        let mut fields = line.split('\t');
        let (name, version, arch) = (fields.next()?, fields.next()?, fields.next()?);
        let source = fields.next().and_then(|source| {
            // name-version-release.src.rpm
            let name = source.strip_suffix(".src.rpm")?.rsplitn(3, '-').nth(2)?;
            Some(name.to_owned())
        });
        Some(Package {
            name: name.to_owned(),
            version: version.to_owned(),
            arch: Some(arch.to_owned()).filter(|arch| arch != "(none)"),
            manager: "rpm".into(),
            source: source.filter(|source| source != name),
            ..Package::default()
        })
    };
    text.lines().filter_map(package).collect()
}
