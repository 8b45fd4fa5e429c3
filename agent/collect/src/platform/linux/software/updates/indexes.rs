//! apt's lists: which packages each source has (`Packages`), and what the source says of itself (`Release`).

use std::io::Read;

use befund_model::Timestamp;
use jiff::fmt::rfc2822;
use lz4_flex::frame::FrameDecoder;
use memchr::memmem;

use crate::collector::{Context, Gap};
use crate::platform::linux::files;

/// Where apt keeps what it has fetched.
const LISTS: &str = "/var/lib/apt/lists";
/// The most bytes of a `Release` file that are read: what matters stands before its checksums.
const HEAD_BYTES: usize = 4_096;
/// How much of a list is read at once.
const CHUNK_BYTES: u64 = 128 << 10;
/// The longest paragraph of a list that is understood; the longest of Debian's has some 30 KiB.
const MAX_PARAGRAPH_BYTES: usize = 1 << 20;

/// What a source says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) origin: String,
    pub(crate) label: String,
    pub(crate) suite: String,
    pub(crate) codename: String,
    pub(crate) version: String,
    pub(crate) not_automatic: bool,
    pub(crate) but_upgrades: bool,
    pub(crate) valid_until: Option<Timestamp>,
}

impl Release {
    pub(crate) fn parse(text: &str) -> Self {
        let mut release = Self::default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match name {
                "Origin" => value.clone_into(&mut release.origin),
                "Label" => value.clone_into(&mut release.label),
                "Suite" => value.clone_into(&mut release.suite),
                "Codename" => value.clone_into(&mut release.codename),
                "Version" => value.clone_into(&mut release.version),
                "NotAutomatic" => release.not_automatic = value == "yes",
                "ButAutomaticUpgrades" => release.but_upgrades = value == "yes",
                "Valid-Until" => release.valid_until = date(value),
                "MD5Sum" | "SHA1" | "SHA256" => break,
                _ => {}
            }
        }
        release
    }

    /// Whether what it has mends weaknesses: by the names that Debian, Ubuntu and Ubuntu Pro give.
    pub(crate) fn is_security(&self) -> bool {
        self.suite.ends_with("-security")
            || self.codename.ends_with("-security")
            || self.label.ends_with("-Security")
            || self.suite.contains("-infra-security")
            || self.suite.contains("-apps-security")
    }
}

/// `Sat, 11 May 2024 09:31:35 UTC`. RFC 2822 calls that zone `UT` or `GMT`.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    let text = text
        .trim()
        .strip_suffix("UTC")
        .map_or_else(|| text.trim().to_owned(), |text| format!("{text}GMT"));
    rfc2822::DateTimeParser::new().parse_timestamp(&text).ok()
}

/// How a list is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As it is.
    Plain,
    /// As LZ4, which apt prefers where it is told to keep lists compressed.
    Lz4,
    /// In another way, which apt alone reads.
    Other,
}

/// A list of packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) path: String,
    /// The host that it was fetched from.
    pub(crate) host: String,
    pub(crate) component: String,
    pub(crate) release: Release,
    /// How it is kept.
    pub(crate) packing: Packing,
}

impl Index {
    /// Every list that apt keeps.
    pub(crate) fn all(cx: &Context) -> Vec<Self> {
        const ENDINGS: &[(&str, Packing)] = &[
            ("_Packages", Packing::Plain),
            ("_Packages.lz4", Packing::Lz4),
            ("_Packages.gz", Packing::Other),
            ("_Packages.xz", Packing::Other),
            ("_Packages.zst", Packing::Other),
            ("_Packages.bz2", Packing::Other),
        ];
        let names = cx.note(cx.root.list(LISTS)).unwrap_or_default();
        let mut indexes = Vec::new();
        for name in &names {
            let kept =
                ENDINGS.iter().find_map(|(ending, how)| Some((name.strip_suffix(ending)?, *how)));
            let Some((head, packing)) = kept else { continue };
            // `host_path_dists_suite_component_binary-arch`, or the folder's name alone.
            let head = head.rsplit_once("_binary-").map_or(head, |(head, _)| head);
            let component = head.rsplit('_').next().unwrap_or_default().to_owned();
            indexes.push(Self {
                path: format!("{LISTS}/{name}"),
                host: head.split('_').next().unwrap_or_default().to_owned(),
                component,
                release: release(cx, &names, head),
                packing,
            });
        }
        indexes
    }

    /// Calls for each paragraph of a package whose name is wanted. Any trouble is an error of the system's.
    pub(crate) fn each(
        &self,
        cx: &Context,
        wanted: impl Fn(&[u8]) -> bool,
        mut found: impl FnMut(&[u8]),
    ) -> Result<(), Gap> {
        let mut file = files::open(cx, &self.path)?;
        let read = match self.packing {
            Packing::Lz4 => paragraphs(&mut FrameDecoder::new(file), wanted, &mut found),
            Packing::Plain | Packing::Other => paragraphs(&mut file, wanted, &mut found),
        };
        read.map_err(|error| Gap::failed(format!("{} could not be read: {error}", self.path)))
    }
}

/// The `Release` file whose name a list's begins with.
fn release(cx: &Context, names: &[String], head: &str) -> Release {
    let mut prefix = head;
    loop {
        for ending in ["InRelease", "Release"] {
            let name = format!("{prefix}_{ending}");
            if names.binary_search(&name).is_ok() {
                return cx
                    .note(release_head(cx, &format!("{LISTS}/{name}")))
                    .map(|text| Release::parse(&text))
                    .unwrap_or_default();
            }
        }
        match prefix.rsplit_once('_') {
            Some((shorter, _)) => prefix = shorter,
            None => return Release::default(),
        }
    }
}

fn release_head(cx: &Context, path: &str) -> Result<String, Gap> {
    let mut bytes = vec![0; HEAD_BYTES];
    let read = files::open(cx, path)?
        .read(&mut bytes)
        .map_err(|error| Gap::failed(format!("{path} could not be read: {error}")))?;
    bytes.truncate(read);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Goes through paragraphs that begin with `Package: name`, and hands on those that are wanted. Most
/// are not, so that lines are looked at in those alone.
pub(crate) fn paragraphs(
    from: &mut impl Read,
    wanted: impl Fn(&[u8]) -> bool,
    found: &mut impl FnMut(&[u8]),
) -> std::io::Result<()> {
    const START: &[u8] = b"\nPackage: ";
    let start = memmem::Finder::new(START);
    // The first paragraph has no line before it.
    let mut buffer = vec![b'\n'];
    let mut at = 0;
    let mut ended = false;
    loop {
        let rest = &buffer[at..];
        // From where on more has to be read to go on.
        let keep = match start.find(rest) {
            None => rest.len().saturating_sub(START.len()),
            Some(begin) => {
                let name = &rest[begin + START.len()..];
                match memchr::memchr(b'\n', name) {
                    None => begin,
                    Some(end) if !wanted(&name[..end]) => {
                        at += begin + START.len() + end;
                        continue;
                    }
                    Some(_) => match memmem::find(&rest[begin + 1..], b"\n\n") {
                        Some(length) => {
                            found(&rest[begin + 1..begin + 1 + length]);
                            at += begin + 1 + length;
                            continue;
                        }
                        None if ended => {
                            found(&rest[begin + 1..]);
                            return Ok(());
                        }
                        None => begin,
                    },
                }
            }
        };
        if ended {
            return Ok(());
        }
        buffer.drain(..at + keep);
        at = 0;
        if buffer.len() > MAX_PARAGRAPH_BYTES {
            let why = "a paragraph has no end";
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, why));
        }
        ended = from.by_ref().take(CHUNK_BYTES).read_to_end(&mut buffer)? == 0;
    }
}

/// A field of a paragraph.
pub(crate) fn field<'a>(paragraph: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    paragraph
        .split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(b": "))
}

#[cfg(test)]
#[path = "indexes/tests.rs"]
mod tests;
