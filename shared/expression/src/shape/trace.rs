//! The shape of a type by how it reads itself: it is asked to read from something that answers every
//! question, and writes down what was asked. As `serde-reflection` does it, for JSON alone.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{StrDeserializer, StringDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

use super::{Member, Shape};

/// How deep a type is looked into; one that contains itself ends here.
const MOST_DEEP: usize = 12;

pub(super) fn trace<T: DeserializeOwned>() -> Shape {
    let found = RefCell::new(Found::default());
    // What was asked counts, not what came of it: the value itself is made up.
    let read = T::deserialize(Reading { found: &found, depth: 0 });
    let found = found.into_inner();
    if read.is_ok() { found.shape } else { Shape::Any }
}

#[derive(Clone, Debug, Default)]
struct Found {
    shape: Shape,
    optional: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

impl de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Answers for one value, and writes down what it is.
#[derive(Clone, Copy)]
struct Reading<'a> {
    found: &'a RefCell<Found>,
    depth: usize,
}

impl Reading<'_> {
    fn is(self, shape: Shape) {
        self.found.borrow_mut().shape = shape;
    }

    /// Has a part traced by itself.
    fn part<T>(
        self,
        read: impl FnOnce(Reading<'_>) -> Result<T, Refused>,
    ) -> Result<(T, Found), Refused> {
        if self.depth >= MOST_DEEP {
            return Err(Refused("too deep".to_owned()));
        }
        let found = RefCell::new(Found::default());
        let value = read(Reading { found: &found, depth: self.depth + 1 })?;
        Ok((value, found.into_inner()))
    }
}

/// A text that a type takes, by what it says that it expects.
fn sample(visitor: &dyn de::Expected) -> &'static str {
    let wanted = visitor.to_string().to_lowercase();
    let known = [
        ("socket", "192.0.2.1:1"),
        ("ip", "192.0.2.1"),
        ("timestamp", "2026-01-01T00:00:00Z"),
        ("datetime", "2026-01-01T00:00:00Z"),
        ("uuid", "00000000-0000-0000-0000-000000000000"),
    ];
    known.into_iter().find(|(word, _)| wanted.contains(word)).map_or("", |(_, sample)| sample)
}

macro_rules! numbers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            self.is(Shape::Number);
            visitor.visit_u8(0)
        })+
    };
}

macro_rules! texts {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            self.is(Shape::Text);
            let sample = sample(&visitor);
            visitor.visit_str(sample)
        })+
    };
}

impl<'de> Deserializer<'de> for Reading<'_> {
    type Error = Refused;

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    texts! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.is(Shape::Number);
        visitor.visit_f64(0.0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.is(Shape::Flag);
        visitor.visit_bool(false)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.is(Shape::Any);
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_any(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_any(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.is(Shape::Any);
        visitor.visit_bytes(&[])
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let (value, inner) = self.part(|reading| visitor.visit_some(reading))?;
        *self.found.borrow_mut() = Found { optional: true, ..inner };
        Ok(value)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_seq(Items { reading: self, left: 1 })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_seq(Items { reading: self, left: length })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.is(Shape::Map(Box::new(Shape::Any)));
        visitor.visit_map(Members { reading: self, fields: None, next: 0 })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.is(Shape::Object(BTreeMap::new()));
        visitor.visit_map(Members { reading: self, fields: Some(fields), next: 0 })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let first = variants.first().copied().unwrap_or_default();
        visitor.visit_enum(Variant { reading: self, first, variants })
    }
}

/// The items of a list.
struct Items<'a> {
    reading: Reading<'a>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let (value, item) = self.reading.part(|reading| seed.deserialize(reading))?;
        self.reading.is(Shape::List(Box::new(item.shape)));
        Ok(Some(value))
    }
}

/// The members of an object; one of any name where there are no fields.
struct Members<'a> {
    reading: Reading<'a>,
    fields: Option<&'static [&'static str]>,
    next: usize,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        match self.fields {
            Some(fields) => {
                let Some(name) = fields.get(self.next) else { return Ok(None) };
                seed.deserialize(StrDeserializer::<Refused>::new(name)).map(Some)
            }
            // The name's own type may want a certain one, so that it is read as any text is.
            None if self.next == 0 => {
                self.reading.part(|reading| seed.deserialize(reading)).map(|(key, _)| Some(key))
            }
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        let (value, Found { shape, optional }) =
            self.reading.part(|reading| seed.deserialize(reading))?;
        let name = self.fields.and_then(|fields| fields.get(self.next));
        self.next += 1;
        let mut found = self.reading.found.borrow_mut();
        match (&mut found.shape, name) {
            (Shape::Object(members), Some(name)) => {
                members.insert((*name).to_owned(), Member { shape, optional });
            }
            (whole, _) => *whole = Shape::Map(Box::new(shape)),
        }
        Ok(value)
    }
}

/// The variant of an enumeration: the first, and whether it is a word alone.
struct Variant<'a> {
    reading: Reading<'a>,
    first: &'static str,
    variants: &'static [&'static str],
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refused> {
        let name = StringDeserializer::<Refused>::new(self.first.to_owned());
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        let words = self.variants.iter().map(|word| (*word).to_owned()).collect();
        self.reading.is(Shape::Word(words));
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refused> {
        let (value, _) = self.reading.part(|reading| seed.deserialize(reading))?;
        self.reading.is(Shape::Any);
        Ok(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refused> {
        let _ = visitor;
        Err(Refused::custom("a variant with parts"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let found = RefCell::new(Found { shape: Shape::Object(BTreeMap::new()), optional: false });
        let reading = Reading { found: &found, depth: self.reading.depth + 1 };
        let value = visitor.visit_map(Members { reading, fields: Some(fields), next: 0 })?;
        self.reading.is(Shape::Any);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use befund_model::Timestamp;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        DarkRed,
        Green,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Part {
        inner: Vec<Part>,
    }

    #[test]
    fn a_type_tells_its_shape() {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only its shape is looked at")]
        struct Flat {
            on: bool,
            words: Vec<String>,
            colour: Option<Colour>,
            at: Timestamp,
            address: Option<std::net::IpAddr>,
            target: std::net::SocketAddr,
            load: Option<[f64; 3]>,
            by_name: BTreeMap<String, u8>,
            rest: serde_json::Value,
        }
        let told = |shape, optional| Member { shape, optional };
        let colours = Shape::Word(vec!["dark_red".to_owned(), "green".to_owned()]);
        let expected = [
            ("on", told(Shape::Flag, false)),
            ("words", told(Shape::List(Box::new(Shape::Text)), false)),
            ("colour", told(colours, true)),
            ("at", told(Shape::Text, false)),
            ("address", told(Shape::Text, true)),
            ("target", told(Shape::Text, false)),
            ("load", told(Shape::List(Box::new(Shape::Number)), true)),
            ("by_name", told(Shape::Map(Box::new(Shape::Number)), false)),
            ("rest", told(Shape::Any, false)),
        ];
        let expected = expected.map(|(name, member)| (name.to_owned(), member));
        assert_eq!(Shape::of::<Flat>(), Shape::Object(BTreeMap::from(expected)));
    }

    #[test]
    fn a_type_without_an_end_is_not_judged() {
        assert_eq!(Shape::of::<Part>(), Shape::Any);
    }
}
