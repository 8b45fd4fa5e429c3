//! Packages of Alpine's apk and of Arch's pacman.

use std::io::{BufRead, BufReader, Read};

use befund_model::section::software::Package;

use crate::collector::{Context, Gap};
use crate::platform::linux::files;
use crate::root::Unread;

/// The most bytes of apk's database that are read: it names every file of every package.
const MAX_DATABASE_BYTES: u64 = 256 << 20;

/// apk's packages; what it has no database of is unsupported.
pub(crate) fn apk(cx: &Context) -> Result<Vec<Package>, Gap> {
    const FILES: &[&str] = &["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];
    let path = FILES.iter().find(|path| cx.root.exists(path)).unwrap_or(&FILES[0]);
    let file = files::open(cx, path)?;
    apk_installed(BufReader::with_capacity(64 << 10, file.take(MAX_DATABASE_BYTES)))
        .map_err(|source| Unread { path: (*path).to_owned(), source }.into())
}

/// Paragraphs of `P:name`, `V:version`, `A:architecture`, `o:source` and what does not matter here
/// (apk's "installed database v2").
pub(crate) fn apk_installed(mut from: impl BufRead) -> std::io::Result<Vec<Package>> {
    let empty = || Package { manager: "apk".into(), ..Package::default() };
    let mut packages = Vec::new();
    let mut package = empty();
    let mut line = Vec::new();
    loop {
        line.clear();
        let ended = from.read_until(b'\n', &mut line)? == 0;
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.is_empty() {
            let done = std::mem::replace(&mut package, empty());
            if !done.name.is_empty() {
                packages.push(done);
            }
            if ended {
                return Ok(packages);
            }
            continue;
        }
        let Some(&[key, b':']) = line.get(..2) else { continue };
        let value = || String::from_utf8_lossy(&line[2..]).into_owned();
        match key {
            b'P' => package.name = value(),
            b'V' => package.version = value(),
            b'A' => package.arch = Some(value()),
            b'o' => package.source = Some(value()).filter(|source| *source != package.name),
            // What `apk fix` would mend.
            b'f' => {
                let of = |letter: u8| line[2..].contains(&letter);
                let broken = [
                    (b'f', "files missing"),
                    (b's', "script failed"),
                    (b'x', "attributes missing"),
                ];
                let told = broken.into_iter().find(|(letter, _)| of(*letter));
                package.trouble = told.map(|(_, words)| words.to_owned());
            }
            _ => {}
        }
    }
}

/// pacman's packages: each has a folder, whose name is the package's, its version and its release.
pub(crate) fn pacman(cx: &Context) -> Result<Vec<Package>, Gap> {
    let names = cx.root.list("/var/lib/pacman/local")?;
    Ok(names.iter().filter_map(|name| pacman_folder(name)).collect())
}

pub(crate) fn pacman_folder(folder: &str) -> Option<Package> {
    let mut parts = folder.rsplitn(3, '-');
    let (release, version, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Package {
        name: Some(name).filter(|name| !name.is_empty())?.to_owned(),
        version: format!("{version}-{release}"),
        manager: "pacman".into(),
        ..Package::default()
    })
}
