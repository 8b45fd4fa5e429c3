//! Secrets that are known by what stands before them: names, flags, headers, URLs.

use super::names::{secret, secret_in_query};
use super::{MASK, Secret, Span};

/// How far a value or an address is followed; longer ones are hidden in pieces by further passes.
const FAR: usize = 1024;

/// Where such secrets stand.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let bytes = text.as_bytes();
    let mut hidden = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if at < hidden {
            continue;
        }
        match byte {
            b'=' | b':' => {
                spans.extend(assignment(text, at));
                if bytes[at..].starts_with(b"://") {
                    spans.extend(userinfo(text, at + 3));
                }
            }
            b'-' if at == 0 || !name_byte(bytes[at - 1]) => spans.extend(flag(text, at)),
            b'b' | b'B' | b'i' | b'I' if at == 0 || !name_byte(bytes[at - 1]) => {
                spans.extend(bearer(text, at));
                spans.extend(identified_by(text, at));
            }
            b'@' => spans.extend(data_source(text, at)),
            b'>' => spans.extend(element(text, at)),
            _ => {}
        }
        hidden = spans.last().map_or(0, |span| span.end);
    }
    spans
}

/// Whether there is nothing but marks in the text: it has been redacted.
pub(super) fn only_marks(text: &str) -> bool {
    text.bytes().all(|byte| byte == MASK)
}

/// `name=value`, `name: value`, `"name": "value"`, with a name that stands before secrets.
fn assignment(text: &str, at: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let mut end = at;
    while end > 0 && at - end < 3 && matches!(bytes[end - 1], b' ' | b':') {
        end -= 1;
    }
    let spaced = end < at && bytes[end] == b' ';
    let quoted = end > 0 && matches!(bytes[end - 1], b'"' | b'\'');
    while end > 0 && matches!(bytes[end - 1], b'"' | b'\'' | b'\\') {
        end -= 1;
    }
    let length = bytes[..end].iter().rev().take(65).take_while(|byte| name_byte(**byte)).count();
    let name = &text[end - length..end];
    let before = bytes[..end - length].last().copied();
    let query = matches!(before, Some(b'?' | b'&')) && bytes[at] == b'=';
    let kind = secret(name).or_else(|| if query { secret_in_query(name) } else { None })?;
    let colon = bytes[at] == b':';
    let next = |ahead: usize| bytes.get(at + ahead).copied();
    let compares = !colon && next(1) == Some(b'=') && next(2) == Some(b' ');
    if compares || colon && matches!(next(1), Some(b':' | b'=' | b'/')) {
        return None;
    }
    let mut start = at + 1;
    if bytes.get(start) == Some(&b'>') {
        start += 1;
    }
    let gap = bytes[start..].iter().take(8).take_while(|byte| **byte == b' ').count();
    if colon || spaced {
        start += gap;
    }
    let last = name.rsplit(['-', '_', '.']).next().unwrap_or(name);
    if last.eq_ignore_ascii_case("authorization") || last.eq_ignore_ascii_case("cookie") {
        return header(text, start, kind);
    }
    let (start, end) = value(text, start)?;
    let value = &text[start..end];
    let prose = colon && gap > 0 && !quoted;
    if harmless(value, kind) || prose && kind != Secret::Password && !token_like(value) {
        return None;
    }
    if matches!(last.to_ascii_lowercase().as_str(), "pass" | "pw" | "otp")
        && numeric(value)
        && value.len() < 4
    {
        return None;
    }
    if last.to_ascii_lowercase().ends_with("pwd") && value.starts_with(['/', '~']) {
        return None;
    }
    span(text, start, end, kind)
}

/// `--name value`, with a name that stands before secrets.
fn flag(text: &str, at: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let dashes = bytes[at..].iter().take(2).take_while(|byte| **byte == b'-').count();
    let from = at + dashes;
    let length = bytes[from..].iter().take(65).take_while(|byte| name_byte(**byte)).count();
    let kind = secret(&text[from..from + length])?;
    let gap = from + length;
    if bytes.get(gap) != Some(&b' ') || bytes.get(gap + 1) == Some(&b'-') {
        return None;
    }
    let (start, end) = value(text, gap + 1)?;
    let value = &text[start..end];
    if harmless(value, kind) || prose(value) {
        return None;
    }
    span(text, start, end, kind)
}

/// The value of an authorization header or of a cookie: to the end of the line or quotation.
fn header(text: &str, from: usize, kind: Secret) -> Option<Span> {
    const SCHEMES: &[&str] =
        &["basic", "bearer", "token", "digest", "ntlm", "negotiate", "apikey", "aws4-hmac-sha256"];
    let bytes = text.as_bytes();
    let mut start = from;
    if matches!(bytes.get(start), Some(b'"' | b'\'')) {
        start += 1;
    }
    let stop = |byte: &u8| matches!(byte, b'"' | b'\'' | b'\n' | b'\r' | b'\\');
    let end = start + bytes[start..].iter().take(FAR).take_while(|byte| !stop(byte)).count();
    let end = start + text.get(start..end).unwrap_or(&text[start..]).trim_end().len();
    let word = text[start..end].split(' ').next().unwrap_or_default();
    if SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme)) {
        start += word.len();
        start += bytes[start..end].iter().take_while(|byte| **byte == b' ').count();
    } else if kind != Secret::Cookie && !token_like(word) {
        return None;
    }
    if harmless(&text[start..end], kind) {
        return None;
    }
    span(text, start, end, kind)
}

/// `Bearer token` outside a header.
fn bearer(text: &str, at: usize) -> Option<Span> {
    let start = after(text, at, "bearer ")?;
    let (start, end) = value(text, start)?;
    let value = &text[start..end];
    // The next setting behind `token_type=bearer` is none.
    if !token_like(value) || value.trim_end_matches('=').contains('=') {
        return None;
    }
    span(text, start, end, Secret::Token)
}

/// XML's `<password>value</password>`.
fn element(text: &str, at: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let length = bytes[..at].iter().rev().take(65).take_while(|byte| name_byte(**byte)).count();
    if !text[..at - length].ends_with('<') {
        return None;
    }
    let kind = secret(&text[at - length..at])?;
    let start = at + 1;
    let end = start + bytes[start..].iter().take(FAR).position(|byte| *byte == b'<')?;
    if harmless(&text[start..end], kind) {
        return None;
    }
    span(text, start, end, kind)
}

/// SQL's `IDENTIFIED BY 'password'`.
fn identified_by(text: &str, at: usize) -> Option<Span> {
    let start = after(text, at, "identified by ")?;
    let start = after(text, start, "password ").unwrap_or(start);
    let (start, end) = value(text, start)?;
    span(text, start, end, Secret::Password)
}

/// The password of `scheme://user:password@host`, and the token of `scheme://token@host`.
fn userinfo(text: &str, start: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let far = bytes.len().min(start + FAR);
    let word = bytes[start..far]
        .iter()
        .take_while(|byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`')
        })
        .count();
    let word = &bytes[start..start + word];
    let slash =
        word.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(word.len());
    let colon = word[..slash].iter().position(|byte| *byte == b':');
    let at = match (word[..slash].iter().rposition(|byte| *byte == b'@'), colon) {
        (Some(at), _) => at,
        // An unescaped slash in the password, unless what precedes it is a port.
        (None, Some(colon)) if !word[colon + 1..slash].iter().all(u8::is_ascii_digit) => {
            word.iter().rposition(|byte| *byte == b'@')?
        }
        (None, _) => return None,
    };
    let (from, kind) = match colon.filter(|colon| *colon < at) {
        Some(colon) => (colon + 1, Secret::Password),
        None if token_like(text.get(start..start + at)?) => (0, Secret::Token),
        None => return None,
    };
    let value = text.get(start + from..start + at)?;
    if value.is_empty() || harmless(value, kind) {
        return None;
    }
    span(text, start + from, start + at, kind)
}

/// The password of Go's `user:password@tcp(host)`.
fn data_source(text: &str, at: usize) -> Option<Span> {
    let rest = &text[at + 1..];
    if !["tcp(", "unix(", "tcp4(", "tcp6("].iter().any(|net| rest.starts_with(net)) {
        return None;
    }
    let bytes = text.as_bytes();
    let length = bytes[..at]
        .iter()
        .rev()
        .take(256)
        .take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'='))
        .count();
    let word = text.get(at - length..at)?;
    let colon = word.find(':')?;
    span(text, at - length + colon + 1, at, Secret::Password)
}

/// Where a value begins and ends: within its quotation, or to the next space or separator.
fn value(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let escaped = bytes.get(from) == Some(&b'\\');
    let open = from + usize::from(escaped);
    if let Some(&quote @ (b'"' | b'\'' | b'`')) = bytes.get(open) {
        let start = open + 1;
        let mut end = start;
        while end < bytes.len() && bytes[end] != quote {
            let escapes = bytes[end] == b'\\' && !escaped && end + 1 < bytes.len();
            end += if escapes { 2 } else { 1 };
        }
        let mut end = end.min(bytes.len());
        if escaped && end > start && bytes[end - 1] == b'\\' {
            end -= 1;
        }
        while !text.is_char_boundary(end) {
            end += 1;
        }
        return (end > start).then_some((start, end));
    }
    let mut end = from;
    while end < bytes.len() && end - from < FAR {
        let rest = &bytes[end..];
        let stops = match bytes[end] {
            b';' | b'"' | b'\'' | b'`' => true,
            b',' | b'&' | b')' | b'}' | b']' | b'>' => closes(rest),
            byte => byte.is_ascii_whitespace(),
        };
        if stops {
            break;
        }
        end += 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (end > from).then_some((from, end))
}

/// Whether this bracket or comma ends the value rather than being part of it: what follows is a
/// space, another one, the end, or the next name.
fn closes(rest: &[u8]) -> bool {
    let after = rest
        .iter()
        .position(|byte| !matches!(byte, b',' | b'&' | b')' | b'}' | b']' | b'>' | b'.'));
    let Some(after) = after else { return true };
    if rest[after].is_ascii_whitespace() || matches!(rest[after], b'"' | b'\'' | b';') {
        return true;
    }
    let name = rest[after..].iter().take(64).take_while(|byte| name_byte(**byte)).count();
    matches!(rest[0], b',' | b'&')
        && name > 0
        && matches!(rest.get(after + name), Some(b'=' | b':'))
}

/// Whether it goes on with a sentence about a flag rather than being what the flag is given.
pub(super) fn prose(value: &str) -> bool {
    const PROSE: &[&str] = &[
        "a", "an", "and", "are", "argument", "as", "cannot", "flag", "for", "from", "has", "in",
        "is", "must", "needs", "not", "option", "or", "requires", "should", "the", "to", "was",
        "were", "with",
    ];
    PROSE.contains(&value)
}

/// Whether the value says nothing: a switch, a placeholder, a reference, a file, or a mark.
fn harmless(value: &str, kind: Secret) -> bool {
    const NOTHING: &[&str] = &[
        "",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "none",
        "null",
        "nil",
        "undefined",
        "unset",
        "(null)",
        "(none)",
        "(unset)",
        "<none>",
        "<nil>",
        "0",
        "1",
        "%s",
        "%v",
        "%q",
        "{}",
        "[]",
        "-",
    ];
    const FOLDERS: &[&str] = &[
        "/etc/",
        "/var/",
        "/usr/",
        "/home/",
        "/run/",
        "/opt/",
        "/root/",
        "/tmp/",
        "/srv/",
        "/dev/",
        "/proc/",
        "/mnt/",
        "/sys/",
        "/lib/",
        "/secrets/",
        "~/",
        "./",
        "../",
        "file:",
        "env:",
    ];
    if NOTHING.iter().any(|nothing| value.eq_ignore_ascii_case(nothing)) || only_marks(value) {
        return true;
    }
    let masked = value.bytes().all(|byte| byte == b'*')
        || value.len() > 3 && value.bytes().all(|byte| matches!(byte, b'x' | b'X'));
    let reference = value
        .strip_prefix('$')
        .is_some_and(|name| name.trim_matches(['{', '}', '(', ')']).bytes().all(name_byte))
        || value.starts_with("{{") && value.ends_with("}}");
    let path = kind != Secret::Password && FOLDERS.iter().any(|folder| value.starts_with(folder));
    masked || reference || path
}

/// Whether it looks made by a machine: long, and not a word.
fn token_like(value: &str) -> bool {
    let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    let upper = value.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    let lower = value.bytes().any(|byte| byte.is_ascii_lowercase());
    value.len() >= 8
        && value.bytes().all(|byte| byte.is_ascii_graphic())
        && (letters && digits || upper && lower && value.len() >= 16)
}

fn after(text: &str, at: usize, words: &str) -> Option<usize> {
    let there = text.as_bytes().get(at..at + words.len())?;
    there.eq_ignore_ascii_case(words.as_bytes()).then_some(at + words.len())
}

fn numeric(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit())
}

const fn name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn span(text: &str, start: usize, end: usize, secret: Secret) -> Option<Span> {
    let value = text.get(start..end)?;
    (!value.is_empty() && !only_marks(value)).then_some(Span { start, end, secret })
}
