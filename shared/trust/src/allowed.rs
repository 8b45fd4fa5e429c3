//! `allowed_signers` files, as `ssh-keygen -Y verify -f` reads them (ssh-keygen(1), ALLOWED SIGNERS): reading one, and
//! writing one of a trust root, so that anybody can verify a catalogue or an approval without this program.
//!
//! Certificates (`cert-authority`) are deliberately not taken, and times only in UTC (with a `Z`): without it they mean
//! the time zone of whoever reads.

use std::fmt::Write as _;

use befund_model::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::key::{InvalidKey, PublicKey};
use crate::root::{Role, Root};
use crate::signature::Namespace;

mod pattern;

/// The most bytes of a file.
pub const MAX_BYTES: usize = 256 << 10;
/// The most lines that name a key.
pub const MAX_ENTRIES: usize = 1_000;

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedSigners {
    /// Its lines.
    pub entries: Vec<Entry>,
}

/// One line: who may sign with which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Patterns of names, set apart by commas; one that begins with `!` takes names out.
    pub principals: String,
    /// Patterns of namespaces; without them, any.
    pub namespaces: Option<String>,
    /// Not before.
    pub valid_after: Option<Timestamp>,
    /// Not after.
    pub valid_before: Option<Timestamp>,
    /// The key.
    pub key: PublicKey,
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Too large.
    #[error("reading allowed signers: more than {MAX_BYTES} bytes or {MAX_ENTRIES} lines")]
    TooLarge,
    /// A line that is not understood.
    #[error("reading allowed signers: line {line}: {why}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        why: &'static str,
    },
    /// A line whose key is not taken.
    #[error("reading allowed signers: line {line}")]
    Key {
        /// Which, from 1.
        line: usize,
        /// Why.
        #[source]
        source: InvalidKey,
    },
}

impl AllowedSigners {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is too large, or a line is not understood: a rule that is skipped could be one that forbids.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > MAX_BYTES {
            return Err(Malformed::TooLarge);
        }
        let mut entries = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if entries.len() == MAX_ENTRIES {
                return Err(Malformed::TooLarge);
            }
            entries.push(entry(line, place + 1)?);
        }
        Ok(Self { entries })
    }

    /// Whether a key may sign as `principal` for a namespace at a time.
    #[must_use]
    pub fn permits(
        &self,
        principal: &str,
        key: &PublicKey,
        namespace: Namespace,
        at: Timestamp,
    ) -> bool {
        self.entries.iter().any(|entry| {
            entry.key == *key
                && pattern::is_listed(&entry.principals, principal)
                && entry
                    .namespaces
                    .as_ref()
                    .is_none_or(|list| pattern::is_listed(list, namespace.as_str()))
                && entry.valid_after.is_none_or(|after| at >= after)
                && entry.valid_before.is_none_or(|before| at <= before)
        })
    }
}

fn entry(line: &str, number: usize) -> Result<Entry, Malformed> {
    let bad = |why| Malformed::Line { line: number, why };
    let (principals, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or_else(|| bad("a quote is not closed"))?,
        None => line.split_once([' ', '\t']).ok_or_else(|| bad("expected principals and a key"))?,
    };
    if principals.is_empty() {
        return Err(bad("the principals are empty"));
    }
    let mut rest = rest.trim_start();
    let mut options = Options::default();
    let first = rest.split([' ', '\t']).next().unwrap_or_default();
    if first.contains('=') || first.eq_ignore_ascii_case("cert-authority") {
        let end = options_end(rest).ok_or_else(|| bad("expected options and then a key"))?;
        options = Options::parse(&rest[..end]).map_err(bad)?;
        rest = rest[end..].trim_start();
    }
    let key = rest.parse().map_err(|source| Malformed::Key { line: number, source })?;
    let Options { namespaces, valid_after, valid_before } = options;
    Ok(Entry { principals: principals.to_owned(), namespaces, valid_after, valid_before, key })
}

/// Where the options end: at the first blank outside quotes.
fn options_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, char)| {
        quoted ^= char == '"';
        (!quoted && matches!(char, ' ' | '\t')).then_some(at)
    })
}

#[derive(Default)]
struct Options {
    namespaces: Option<String>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
}

impl Options {
    fn parse(mut text: &str) -> Result<Self, &'static str> {
        let mut options = Self::default();
        while !text.is_empty() {
            let Some((name, rest)) = text.split_once("=\"") else {
                return Err(
                    "an option is not of the form name=\"value\"; certificates are not taken",
                );
            };
            let (value, rest) = rest.split_once('"').ok_or("a quote is not closed")?;
            match name.to_ascii_lowercase().as_str() {
                "namespaces" => once(&mut options.namespaces, value.to_owned())?,
                "valid-after" => once(&mut options.valid_after, time(value)?)?,
                "valid-before" => once(&mut options.valid_before, time(value)?)?,
                _ => {
                    return Err(
                        "an option is not known; namespaces, valid-after and valid-before are",
                    );
                }
            }
            text = match rest.strip_prefix(',') {
                Some("") => return Err("the options end with a comma"),
                Some(rest) => rest,
                None if rest.is_empty() => rest,
                None => return Err("options are set apart by commas"),
            };
        }
        Ok(options)
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), &'static str> {
    if place.replace(value).is_some() { Err("an option stands there twice") } else { Ok(()) }
}

/// `YYYYMMDDZ`, `YYYYMMDDHHMMZ` or `YYYYMMDDHHMMSSZ`.
fn time(text: &str) -> Result<Timestamp, &'static str> {
    const BAD: &str = "a time is not of the form YYYYMMDDHHMMSSZ";
    let digits = text.strip_suffix(['Z', 'z']).ok_or(
        "a time has no Z behind it, and means another one in each time zone; write it in UTC, with a Z",
    )?;
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BAD);
    }
    let part = |from: usize, to: usize| digits.get(from..to).map_or(Ok(0), str::parse::<i16>);
    let small =
        |from, to| part(from, to).ok().and_then(|number| i8::try_from(number).ok()).ok_or(BAD);
    let year = part(0, 4).map_err(|_| BAD)?;
    let date = Date::new(year, small(4, 6)?, small(6, 8)?).map_err(|_| BAD)?;
    let time = Time::new(small(8, 10)?, small(10, 12)?, small(12, 14)?, 0).map_err(|_| BAD)?;
    TimeZone::UTC.to_timestamp(date.to_datetime(time)).map_err(|_| BAD)
}

/// The file that lets the people of a root sign what their roles let them, until the root expires. Thresholds cannot be
/// said in it: `ssh-keygen` verifies one signature at a time.
#[must_use]
pub fn of_root(root: &Root) -> String {
    let mut text = format!("# Who may sign, by version {} of the trust root.\n", root.version());
    let expires = root.expires().to_zoned(TimeZone::UTC).datetime();
    let before = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}Z",
        expires.year(),
        expires.month(),
        expires.day(),
        expires.hour(),
        expires.minute(),
        expires.second()
    );
    for (key, person) in root.keys() {
        let holds = |role| root.quorum(role).people.contains(&person.id);
        let namespaces: Vec<&str> = Namespace::ALL
            .into_iter()
            .filter(|namespace| match namespace {
                Namespace::Catalogue => holds(Role::Catalogue),
                Namespace::Root => holds(Role::Root),
                Namespace::Approval => holds(Role::Change) || holds(Role::Disruptive),
            })
            .map(Namespace::as_str)
            .collect();
        if namespaces.is_empty() {
            continue;
        }
        let namespaces = namespaces.join(",");
        writeln!(text, "{} namespaces=\"{namespaces}\",valid-before=\"{before}\" {key}", person.id)
            .expect("text can be written");
    }
    text
}
