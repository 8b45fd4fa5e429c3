//! Files of MIT Kerberos: keytabs and caches of tickets. Keys and tickets are stepped over.
//!
//! Formats: "Keytab file format" and "Credential cache file format" in the documentation of
//! MIT Kerberos (`formats/keytab_file_format`, `formats/ccache_file_format`).

use befund_model::Timestamp;

/// An entry of a keytab, without its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// `host/pc17.example.org@EXAMPLE.ORG`.
    pub(crate) principal: String,
    /// Which of its keys it is.
    pub(crate) version: u32,
}

/// A cache of somebody's tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cache {
    pub(crate) principal: String,
    /// Until when the ticket that gets others is good; else the latest of the others.
    pub(crate) until: Option<Timestamp>,
}

/// Reads numbers and counted bytes.
struct Bytes<'a> {
    rest: &'a [u8],
    big: bool,
}

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn short(&mut self) -> Option<u16> {
        let bytes = self.take(2)?.try_into().ok()?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = self.long()?;
        self.take(usize::try_from(length).ok()?)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The entries of a keytab, and whether it was read to its end; `None` if it is none.
pub(crate) fn keytab(bytes: &[u8]) -> Option<(Vec<Key>, bool)> {
    let (version, rest) = bytes.split_at_checked(2)?;
    // Version 1 is in the byte order of whoever wrote it, and counts the realm as a component.
    let first = match version {
        [5, 2] => false,
        [5, 1] => true,
        _ => return None,
    };
    let mut bytes = Bytes { rest, big: !first || cfg!(target_endian = "big") };
    let mut keys = Vec::new();
    while !bytes.rest.is_empty() {
        let Some(length) = bytes.long() else { return Some((keys, false)) };
        // A negative length is a hole that a key has left; zero ends the file.
        let length = length.cast_signed();
        if length == 0 {
            break;
        }
        let size = usize::try_from(length.unsigned_abs()).ok()?;
        let Some(entry) = bytes.take(size) else { return Some((keys, false)) };
        if length < 0 {
            continue;
        }
        let Some(key) = key(Bytes { rest: entry, big: bytes.big }, first) else {
            return Some((keys, false));
        };
        keys.push(key);
    }
    Some((keys, true))
}

fn key(mut bytes: Bytes<'_>, first: bool) -> Option<Key> {
    let components = bytes.short()?.checked_sub(u16::from(first))?;
    let counted = |bytes: &mut Bytes<'_>| {
        let length = bytes.short()?;
        bytes.take(length.into()).map(text)
    };
    let realm = counted(&mut bytes)?;
    let names: Option<Vec<String>> = (0..components).map(|_| counted(&mut bytes)).collect();
    if !first {
        bytes.long()?; // the kind of name
    }
    bytes.long()?; // when it was written
    let version = bytes.byte()?;
    bytes.short()?; // the kind of key
    let length = bytes.short()?;
    bytes.take(length.into())?;
    // Newer writers put a longer version behind it.
    let longer = bytes.long().filter(|version| *version != 0);
    let principal = format!("{}@{realm}", names?.join("/"));
    Some(Key { principal, version: longer.unwrap_or_else(|| version.into()) })
}

/// The machine's own account: `PC17$@EXAMPLE.ORG` in an Active Directory, else `host/...`.
pub(crate) fn machine_account(keys: &[Key]) -> Option<String> {
    let of = |is: fn(&str) -> bool| keys.iter().map(|key| &key.principal).find(|name| is(name));
    of(|name| name.split('@').next().is_some_and(|name| name.ends_with('$')))
        .or_else(|| of(|name| name.starts_with("host/")))
        .cloned()
}

/// Reads a cache of tickets; `None` if it is none, or is cut within its head.
pub(crate) fn cache(bytes: &[u8]) -> Option<Cache> {
    let (version, rest) = bytes.split_at_checked(2)?;
    let &[5, version @ 1..=4] = version else { return None };
    let mut bytes = Bytes { rest, big: version >= 3 || cfg!(target_endian = "big") };
    if version == 4 {
        let length = bytes.short()?;
        bytes.take(length.into())?;
    }
    let principal = principal(&mut bytes, version)?;
    let (mut granting, mut latest) = (None, None);
    while let Some((server, until)) = ticket(&mut bytes, version) {
        // What the cache notes for itself is kept as tickets of this realm.
        if server.ends_with("@X-CACHECONF:") {
            continue;
        }
        let until = Timestamp::from_second(i64::from(until)).ok();
        if server.starts_with("krbtgt/") {
            granting = granting.max(until);
        }
        latest = latest.max(until);
    }
    Some(Cache { principal, until: granting.or(latest) })
}

fn principal(bytes: &mut Bytes<'_>, version: u8) -> Option<String> {
    if version > 1 {
        bytes.long()?; // the kind of name
    }
    let components = bytes.long()?.checked_sub(u32::from(version == 1))?;
    let realm = text(bytes.counted()?);
    let mut names = Vec::new();
    for _ in 0..components {
        names.push(text(bytes.counted()?));
    }
    Some(format!("{}@{realm}", names.join("/")))
}

/// The server that a ticket is for, and until when it is good.
fn ticket(bytes: &mut Bytes<'_>, version: u8) -> Option<(String, u32)> {
    principal(bytes, version)?;
    let server = principal(bytes, version)?;
    bytes.short()?; // the kind of key
    if version == 3 {
        bytes.short()?;
    }
    bytes.counted()?; // the key
    bytes.long()?; // when it was asked for
    bytes.long()?; // from when on it is good
    let until = bytes.long()?;
    bytes.long()?; // until when it can be renewed
    bytes.byte()?;
    bytes.long()?; // flags
    // Addresses, then data for servers.
    for _ in 0..2 {
        let count = bytes.long()?;
        for _ in 0..count {
            bytes.short()?;
            bytes.counted()?;
        }
    }
    bytes.counted()?; // the ticket
    bytes.counted()?; // a second one
    Some((server, until))
}

#[cfg(test)]
#[path = "kerberos/tests.rs"]
mod tests;
