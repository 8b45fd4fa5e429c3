//! JSON that is signed: read strictly, within a cap, and never with a name twice in one object, which
//! two readers would take differently. Not the shapes themselves, which refuse names that they do not know.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Why bytes are not the JSON that was wanted.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Too long to be read at all.
    #[error("reading {what}: it has {size} bytes, and {most} are the most")]
    TooLarge {
        /// What was read.
        what: &'static str,
        /// Its size, in bytes.
        size: usize,
        /// The most, in bytes.
        most: usize,
    },
    /// Not JSON, a name twice, a name that is not known, or a value of another shape.
    #[error(
        "reading {what}: it is not what this version understands; it may be damaged, or made by a newer one"
    )]
    Json {
        /// What was read.
        what: &'static str,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads a value of at most so many bytes.
///
/// # Errors
/// If it is longer, is not JSON, holds a name twice, or is not of this shape.
pub(crate) fn read<T: DeserializeOwned>(
    what: &'static str,
    bytes: &[u8],
    most: usize,
) -> Result<T, Malformed> {
    if bytes.len() > most {
        return Err(Malformed::TooLarge { what, size: bytes.len(), most });
    }
    let malformed = |source| Malformed::Json { what, source };
    serde_json::from_slice::<OnceNamed>(bytes).map_err(malformed)?;
    serde_json::from_slice(bytes).map_err(malformed)
}

/// The bytes as this project writes what is to be signed: indented, the fields in the type's order, a newline at
/// the end.
///
/// # Panics
/// If the value cannot be written as JSON, which none of ours can.
pub(crate) fn write(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("our own types are JSON");
    bytes.push(b'\n');
    bytes
}

/// The value with the names of every object in order, whatever order they were put in.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            names.into_iter().map(|name| (name.clone(), sorted(&members[name]))).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Any JSON in which no object has a name twice. `serde_json` bounds its depth.
struct OnceNamed;

impl<'de> de::Deserialize<'de> for OnceNamed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for OnceNamed {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without a name twice in one object")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value::<Self>()?;
            if names.contains(&name) {
                return Err(de::Error::custom(format_args!(
                    "the name {name:?} stands there twice"
                )));
            }
            names.insert(name);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_twice_is_refused_at_any_depth_and_however_written() {
        for bad in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"c":2,"a":3}}]"#, r#"{"a":1,"\u0061":2}"#] {
            let error = read::<Value>("it", bad.as_bytes(), 100).expect_err(bad);
            let Malformed::Json { source, .. } = error else { panic!("{error}") };
            assert!(source.to_string().contains("twice"), "{source}");
        }
        assert_eq!(
            read::<Value>("it", br#"[{"a":1},{"a":1}]"#, 100).ok(),
            Some(json!([{"a": 1}, {"a": 1}]))
        );
    }

    #[test]
    fn what_is_too_long_or_too_deep_or_goes_on_is_refused() {
        assert!(matches!(read::<Value>("it", b"[1]", 2), Err(Malformed::TooLarge { size: 3, .. })));
        assert!(read::<Value>("it", "[".repeat(100_000).as_bytes(), 1 << 20).is_err());
        assert!(read::<Value>("it", b"{} {}", 100).is_err());
        assert!(read::<Value>("it", b"", 100).is_err());
    }
}
