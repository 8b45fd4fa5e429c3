//! Property lists, as files and programs of macOS have them: XML and binary (`CFBinaryPList.c`, `bplist00`).
//! What is nested deeper or has more parts than any real one is given up, since some of them are files that
//! whoever has an account can write.

use befund_model::Timestamp;

mod binary;
mod xml;

/// How deep values may be nested.
const MAX_DEPTH: usize = 48;
/// How many values there may be.
const MAX_VALUES: usize = 400_000;

/// A value of a property list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Date(Timestamp),
    Data(Vec<u8>),
    List(Vec<Value>),
    /// In the order in which they stand.
    Dict(Vec<(String, Value)>),
}

impl Value {
    /// Reads a property list of either form; `None` if it is none, or cut.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"bplist0") {
            return binary::parse(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        xml::parse(&text)
    }

    /// The value of this name in a dictionary.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.entries().iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// What is in a dictionary; nothing if it is none.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        if let Self::Dict(entries) = self { entries } else { &[] }
    }

    /// What is in a list; nothing if it is none.
    pub(crate) fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// The list of this name in a dictionary.
    pub(crate) fn list(&self, name: &str) -> &[Self] {
        self.get(name).map_or(&[], Self::items)
    }

    /// A text that says something.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// A whole number, also one that is written as a text.
    pub(crate) fn as_number(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Bool(_) | Self::Real(_) | Self::Date(_) | Self::Data(_) => None,
            Self::List(_) | Self::Dict(_) => None,
        }
    }

    /// Yes or no; a number other than zero is yes.
    pub(crate) fn as_flag(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Integer(number) => Some(*number != 0),
            _ => None,
        }
    }

    /// A number, whole or not.
    pub(crate) fn as_real(&self) -> Option<f64> {
        match self {
            Self::Real(number) => Some(*number),
            _ => self.as_number().map(|number| number as f64),
        }
    }

    /// A text in a dictionary.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text()
    }

    /// As [`Value::text`], of one's own.
    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// A whole number in a dictionary.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_number()
    }

    /// A number in a dictionary that is not below zero.
    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        self.number(name)?.try_into().ok()
    }

    /// Yes or no in a dictionary.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_flag()
    }

    /// A time in a dictionary.
    pub(crate) fn date(&self, name: &str) -> Option<Timestamp> {
        if let Self::Date(at) = self.get(name)? { Some(*at) } else { None }
    }

    /// Bytes in a dictionary, as the registry of devices has them: a text with a zero behind it, or a
    /// number, the lowest byte first.
    pub(crate) fn data(&self, name: &str) -> Option<&[u8]> {
        if let Self::Data(bytes) = self.get(name)? { Some(bytes) } else { None }
    }

    /// A text of the registry of devices, which is one or stands in bytes.
    pub(crate) fn told(&self, name: &str) -> Option<String> {
        if let Some(text) = self.text(name) {
            return Some(text.to_owned());
        }
        let text = std::str::from_utf8(self.data(name)?).ok()?;
        let text = text.split('\0').next()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A number of the registry of devices, which is one or stands in bytes.
    pub(crate) fn little(&self, name: &str) -> Option<u32> {
        if let Some(number) = self.number(name) {
            return u32::try_from(number).ok();
        }
        let bytes = self.data(name)?;
        let four: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
        Some(u32::from_le_bytes(four))
    }
}

/// What the two forms have in common: how much there may be.
struct Budget(usize);

impl Budget {
    fn new() -> Self {
        Self(MAX_VALUES)
    }

    fn take(&mut self) -> Option<()> {
        self.0 = self.0.checked_sub(1)?;
        Some(())
    }
}

#[cfg(test)]
mod tests;
