//! The XML form: the few elements of `PropertyList-1.0.dtd`, and of XML what those need.

use super::{Budget, MAX_DEPTH, Value};

pub(super) fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader { rest: text, budget: Budget::new() };
    loop {
        let tag = reader.tag()?;
        if tag.name == "plist" {
            continue;
        }
        return reader.value(&tag, 0);
    }
}

struct Reader<'a> {
    rest: &'a str,
    budget: Budget,
}

/// A tag: `<name …>`, `</name>` or `<name/>`.
struct Tag<'a> {
    name: &'a str,
    closes: bool,
    empty: bool,
}

impl<'a> Reader<'a> {
    /// The next tag; comments, declarations and what stands between are passed over.
    fn tag(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.rest.find('<')?;
            let rest = &self.rest[start + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                self.rest = &comment[comment.find("-->")? + 3..];
                continue;
            }
            let end = rest.find('>')?;
            let inside = &rest[..end];
            self.rest = &rest[end + 1..];
            if inside.starts_with(['!', '?']) {
                continue;
            }
            let (closes, inside) =
                inside.strip_prefix('/').map_or((false, inside), |name| (true, name));
            let (empty, inside) =
                inside.strip_suffix('/').map_or((false, inside), |name| (true, name));
            let name = inside.split_ascii_whitespace().next()?;
            return Some(Tag { name, closes, empty });
        }
    }

    /// The text up to the end of this element.
    fn text(&mut self, tag: &Tag<'_>) -> Option<String> {
        let mut text = String::new();
        if tag.empty {
            return Some(text);
        }
        loop {
            let start = self.rest.find('<')?;
            unescape(&self.rest[..start], &mut text);
            let rest = &self.rest[start..];
            if let Some(inside) = rest.strip_prefix("<![CDATA[") {
                let end = inside.find("]]>")?;
                text.push_str(&inside[..end]);
                self.rest = &inside[end + 3..];
                continue;
            }
            self.rest = rest;
            let end = self.tag()?;
            return (end.closes && end.name == tag.name).then_some(text);
        }
    }

    fn value(&mut self, tag: &Tag<'_>, depth: usize) -> Option<Value> {
        if tag.closes || depth > MAX_DEPTH {
            return None;
        }
        self.budget.take()?;
        Some(match tag.name {
            "dict" if tag.empty => Value::Dict(Vec::new()),
            "array" if tag.empty => Value::List(Vec::new()),
            "dict" => {
                let mut entries = Vec::new();
                loop {
                    let key = self.tag()?;
                    if key.closes {
                        (key.name == "dict").then_some(())?;
                        break;
                    }
                    (key.name == "key").then_some(())?;
                    let name = self.text(&key)?;
                    let next = self.tag()?;
                    entries.push((name, self.value(&next, depth + 1)?));
                }
                Value::Dict(entries)
            }
            "array" => {
                let mut items = Vec::new();
                loop {
                    let next = self.tag()?;
                    if next.closes {
                        (next.name == "array").then_some(())?;
                        break;
                    }
                    items.push(self.value(&next, depth + 1)?);
                }
                Value::List(items)
            }
            "string" => Value::Text(self.text(tag)?),
            "integer" => integer(self.text(tag)?.trim())?,
            "real" => Value::Real(self.text(tag)?.trim().parse().ok()?),
            "true" | "false" => {
                self.text(tag)?;
                Value::Bool(tag.name == "true")
            }
            "date" => Value::Date(self.text(tag)?.trim().parse().ok()?),
            "data" => Value::Data(base64(self.text(tag)?.as_bytes())?),
            _ => return None,
        })
    }
}

/// Decimal or hexadecimal; what only fits without a sign is kept as the system writes it, with one.
fn integer(text: &str) -> Option<Value> {
    if let Some(digits) = text.strip_prefix("0x") {
        return Some(Value::Integer(u64::from_str_radix(digits, 16).ok()?.cast_signed()));
    }
    let signed = text.parse::<i64>().ok();
    signed.or_else(|| text.parse::<u64>().ok().map(u64::cast_signed)).map(Value::Integer)
}

/// What is not known as an entity stays as it stands.
fn unescape(text: &str, into: &mut String) {
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        into.push_str(&rest[..start]);
        rest = &rest[start..];
        let letter = rest.find(';').and_then(|end| {
            let letter = match &rest[1..end] {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                "apos" => '\'',
                code => {
                    let code = code.strip_prefix('#')?;
                    let number = match code.strip_prefix('x') {
                        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                        None => code.parse().ok()?,
                    };
                    char::from_u32(number)?
                }
            };
            Some((letter, end))
        });
        match letter {
            Some((letter, end)) => {
                into.push(letter);
                rest = &rest[end + 1..];
            }
            None => {
                into.push('&');
                rest = &rest[1..];
            }
        }
    }
    into.push_str(rest);
}

/// Base64 (RFC 4648) with blanks and line ends anywhere.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut gathered, mut bits) = (0_u32, 0_u32);
    for letter in text.iter().filter(|letter| !letter.is_ascii_whitespace()) {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        gathered = (gathered & 0xff) << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((gathered >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}
