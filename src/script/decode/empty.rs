//! What stands in for a needed key that is not there.

use serde::de::{self, Deserializer, Visitor};

use super::place::{Place, Word};
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
            return visitor.visit_map(Place::new(self.at..self.at, None, self));
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
