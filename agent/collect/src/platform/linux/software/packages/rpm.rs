//! rpm's packages. Its database has had three formats, all of which only rpm itself reads well.

use std::time::Duration;

use befund_model::section::software::Package;

use crate::collector::{Context, Gap};
use crate::platform::linux::command;

const RPM: &str = "/usr/bin/rpm";

/// The folder of rpm's database, if there is one in any of its formats (sqlite, ndb, Berkeley DB).
/// A folder without one is not enough: asked by root, rpm would make one there.
pub(crate) fn database(cx: &Context) -> Option<&'static str> {
    const FOLDERS: &[&str] = &["/usr/lib/sysimage/rpm", "/var/lib/rpm"];
    const FILES: &[&str] = &["rpmdb.sqlite", "Packages.db", "Packages"];
    let kept = |folder: &&str| FILES.iter().any(|file| cx.root.exists(&format!("{folder}/{file}")));
    FOLDERS.iter().find(|folder| kept(folder)).copied()
}

/// Asks rpm, which alone reads all of its formats well, for what this database holds.
pub(crate) fn installed(cx: &Context, database: &str) -> Result<Vec<Package>, Gap> {
    const FORMAT: &str = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{SOURCERPM}\\t%{VENDOR}\\n";
    cx.root.trail().at(RPM);
    let arguments = ["--dbpath", database, "--query", "--all", "--queryformat", FORMAT];
    let output = command::run(RPM, &arguments, Duration::from_secs(8), 32 << 20)
        .map_err(|error| Gap::failed(format!("rpm could not be asked: {error}")))?;
    let packages = list(&String::from_utf8_lossy(&output.bytes));
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

pub(crate) fn list(text: &str) -> Vec<Package> {
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
            vendor: fields.next().filter(|vendor| *vendor != "(none)").map(str::to_owned),
            source: source.filter(|source| source != name),
            ..Package::default()
        })
    };
    text.lines().filter_map(package).collect()
}

/// The versions of some packages, of those that are installed.
pub(crate) fn versions(cx: &Context, database: &str, names: &[&str]) -> Vec<(String, String)> {
    query(cx, database, "%{NAME}\\t%{VERSION}-%{RELEASE}\\n", names)
}

/// When some packages were installed, in seconds since 1970; one may be there several times.
pub(crate) fn install_times(cx: &Context, database: &str, names: &[&str]) -> Vec<(String, i64)> {
    let told = query(cx, database, "%{NAME}\\t%{INSTALLTIME}\\n", names).into_iter();
    told.filter_map(|(name, time)| Some((name, time.parse().ok()?))).collect()
}

/// What rpm tells of these packages. Asked for all that fit, it is silent about those that are not there.
fn query(cx: &Context, database: &str, format: &str, names: &[&str]) -> Vec<(String, String)> {
    cx.root.trail().at(RPM);
    let mut arguments = vec!["--dbpath", database, "--query", "--all", "--queryformat", format];
    arguments.extend(names);
    let output = match command::run(RPM, &arguments, Duration::from_secs(2), 1 << 20) {
        Ok(output) => output,
        Err(error) => {
            cx.gap(Gap::failed(format!("rpm could not be asked: {error}")));
            return Vec::new();
        }
    };
    let text = String::from_utf8_lossy(&output.bytes);
    let pair = |line: &str| line.split_once('\t').map(|(a, b)| (a.to_owned(), b.to_owned()));
    text.lines().filter_map(pair).collect()
}
