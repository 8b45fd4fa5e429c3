//! dpkg's packages: `/var/lib/dpkg/status`, read piece by piece.

use std::io::{BufRead, BufReader};

use befund_model::section::software::Package;

use crate::collector::{Context, Gap};
use crate::platform::linux::files;
use crate::root::Unread;

/// Where dpkg keeps its database.
pub(crate) const STATUS: &str = "/var/lib/dpkg/status";
/// The most bytes of it that are read (256 MiB: some 300,000 packages).
const MAX_DATABASE_BYTES: u64 = 256 << 20;
/// The most bytes of a line that are kept; those that are read are short.
const MAX_LINE_BYTES: usize = 4_096;

/// The packages that are installed, if only half.
pub(crate) fn installed(cx: &Context) -> Result<Vec<Package>, Gap> {
    let file = files::open(cx, STATUS)?;
    let length = file.metadata().map_or(0, |about| about.len());
    if length > MAX_DATABASE_BYTES {
        return Err(Gap::failed(format!(
            "{STATUS} is larger than the {MAX_DATABASE_BYTES} bytes that are read of it"
        )));
    }
    read(BufReader::with_capacity(64 << 10, file))
        .map_err(|source| Unread { path: STATUS.to_owned(), source }.into())
}

/// The packages in a text of dpkg's.
pub(crate) fn parse(text: &str) -> Vec<Package> {
    read(text.as_bytes()).unwrap_or_default()
}

/// Paragraphs of `Field: value`; continued lines begin with a space. Packages of which only the
/// configuration is left are not installed, and left out.
fn read(mut from: impl BufRead) -> std::io::Result<Vec<Package>> {
    let mut packages = Vec::new();
    let mut package = empty();
    let mut status = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let ended = from.read_until(b'\n', &mut line)? == 0;
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        if line.is_empty() {
            package.source = package.source.take().filter(|source| *source != package.name);
            if !package.name.is_empty()
                && let Some((held, trouble)) = state(&status)
            {
                package.held = held;
                package.trouble = trouble;
                packages.push(std::mem::replace(&mut package, empty()));
            }
            package = empty();
            status.clear();
            if ended {
                return Ok(packages);
            }
            continue;
        }
        let Some(colon) = line.iter().take(16).position(|byte| *byte == b':') else { continue };
        let name = &line[..colon];
        if !matches!(name, b"Package" | b"Version" | b"Architecture" | b"Source" | b"Status") {
            continue;
        }
        let Some(value) = line[colon..].strip_prefix(b": ") else { continue };
        let value = String::from_utf8_lossy(&value[..value.len().min(MAX_LINE_BYTES)]).into_owned();
        match name {
            b"Package" => package.name = value,
            b"Version" => package.version = value,
            b"Architecture" => package.arch = Some(value),
            b"Source" => package.source = value.split(' ').next().map(str::to_owned),
            _ => status = value,
        }
    }
}

fn empty() -> Package {
    Package { manager: "deb".into(), ..Package::default() }
}

/// `install ok installed`: what is wanted, whether it must be installed again, how far it got.
/// `None` if the package is not there.
fn state(status: &str) -> Option<(bool, Option<String>)> {
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
