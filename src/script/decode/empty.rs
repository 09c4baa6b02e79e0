//! What stands in for a needed key that is not there.

use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};

use super::place::{NO_STYLE, PLACE_FIELDS, Word};
use super::{AT, ENTRIES, Error, MANY};

/// A value of any simple type with nothing in it; its place has no length, by which it is known again.
#[derive(Clone, Copy)]
pub(super) struct Empty {
    /// Where the mapping begins that lacks the key.
    pub(super) at: usize,
}

impl<'de> Deserializer<'de> for Empty {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str("")
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(false)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i64(0)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(de::value::SeqDeserializer::new(std::iter::empty::<&str>()))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match name {
            MANY => self.deserialize_seq(visitor),
            ENTRIES => visitor.visit_map(de::value::MapDeserializer::new(std::iter::empty::<(&str, &str)>())),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == AT {
            return visitor.visit_map(Place { empty: self, next: 0 });
        }
        // No key that is needed holds a mapping with keys of its own.
        Err(de::Error::custom("a mapping is missing"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(Word(variants.first().copied().unwrap_or_default()))
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        tuple tuple_struct map identifier ignored_any
    }
}

/// The entries behind [`AT`].
struct Place {
    empty: Empty,
    next: usize,
}

impl<'de> MapAccess<'de> for Place {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let field = PLACE_FIELDS.get(self.next);
        self.next += 1;
        field.map(|field| seed.deserialize((*field).into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.next {
            1 | 2 => seed.deserialize((self.empty.at as u64).into_deserializer()),
            3 => seed.deserialize(NO_STYLE.into_deserializer()),
            _ => seed.deserialize(self.empty),
        }
    }
}
