//! D-Bus values of any kind (D-Bus specification 0.43, "Marshaling (Wire Format)"), little endian,
//! as JSON. Lengths are checked: what does not fit them is `None`, never a panic.

use serde_json::{Map, Value};

/// How deep values may stand in one another (the specification allows 64).
const MAX_DEPTH: usize = 32;

/// Reads one value of this type from the beginning of a message's body.
pub(crate) fn read(body: &[u8], kind: &str) -> Option<Value> {
    let mut reader = Reader { bytes: body, at: 0 };
    let (value, rest) = reader.value(kind.as_bytes(), 0)?;
    rest.is_empty().then_some(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn align(&mut self, to: usize) -> Option<()> {
        self.at = self.at.checked_next_multiple_of(to)?;
        Some(())
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.align(N)?;
        self.take(N)?.try_into().ok()
    }

    /// A text of this length, and the zero behind it.
    fn text(&mut self, length: usize) -> Option<String> {
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.take(1)?;
        Some(text)
    }

    /// The value of the first complete type in the signature, and the rest of the signature.
    fn value<'k>(&mut self, kind: &'k [u8], depth: usize) -> Option<(Value, &'k [u8])> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (first, rest) = kind.split_first()?;
        let value = match first {
            b'y' => self.take(1)?[0].into(),
            b'b' => (u32::from_le_bytes(self.number()?) != 0).into(),
            b'n' => i16::from_le_bytes(self.number()?).into(),
            b'q' => u16::from_le_bytes(self.number()?).into(),
            b'i' => i32::from_le_bytes(self.number()?).into(),
            b'u' | b'h' => u32::from_le_bytes(self.number()?).into(),
            b'x' => i64::from_le_bytes(self.number()?).into(),
            b't' => u64::from_le_bytes(self.number()?).into(),
            b'd' => f64::from_le_bytes(self.number()?).into(),
            b's' | b'o' => {
                let length = u32::from_le_bytes(self.number()?) as usize;
                self.text(length)?.into()
            }
            b'g' => {
                let length = usize::from(self.take(1)?[0]);
                self.text(length)?.into()
            }
            b'v' => {
                let length = usize::from(self.take(1)?[0]);
                let kind = self.text(length)?;
                let (value, more) = self.value(kind.as_bytes(), depth + 1)?;
                more.is_empty().then_some(value)?
            }
            b'(' => return self.structure(rest, depth),
            b'a' => return self.array(rest, depth),
            _ => return None,
        };
        Some((value, rest))
    }

    fn structure<'k>(&mut self, mut kind: &'k [u8], depth: usize) -> Option<(Value, &'k [u8])> {
        self.align(8)?;
        let mut fields = Vec::new();
        while *kind.first()? != b')' {
            let (field, rest) = self.value(kind, depth + 1)?;
            fields.push(field);
            kind = rest;
        }
        Some((fields.into(), &kind[1..]))
    }

    fn array<'k>(&mut self, kind: &'k [u8], depth: usize) -> Option<(Value, &'k [u8])> {
        let length = u32::from_le_bytes(self.number()?) as usize;
        let element = *kind.first()?;
        self.align(match element {
            b'y' | b'g' | b'v' => 1,
            b'n' | b'q' => 2,
            b'x' | b't' | b'd' | b'(' | b'{' => 8,
            _ => 4,
        })?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len())?;
        let rest = &kind[complete(kind)?..];
        if element == b'{' {
            let mut map = Map::new();
            while self.at < end {
                self.align(8)?;
                let (key, value_kind) = self.value(&kind[1..], depth + 1)?;
                let (value, _) = self.value(value_kind, depth + 1)?;
                let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                map.insert(key, value);
            }
            return (self.at == end).then_some((map.into(), rest));
        }
        let mut list = Vec::new();
        while self.at < end {
            let before = self.at;
            list.push(self.value(kind, depth + 1)?.0);
            // An empty structure would take no room, and be read for ever.
            if self.at == before {
                return None;
            }
        }
        (self.at == end).then_some((list.into(), rest))
    }
}

/// How long the first complete type of a signature is.
fn complete(kind: &[u8]) -> Option<usize> {
    let mut open = 0_usize;
    for (at, sign) in kind.iter().enumerate() {
        match sign {
            b'a' => continue,
            b'(' | b'{' => open += 1,
            b')' | b'}' => open = open.checked_sub(1)?,
            _ => {}
        }
        if open == 0 {
            return Some(at + 1);
        }
    }
    None
}
