//! Values with their places, and words, as serde asks for them.

use std::ops::Range;

use granit_parser::ScalarStyle;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, VariantAccess, Visitor,
};

use super::{AT, Error};

/// A key: text, or text with its place.
pub(super) struct Key<'de> {
    pub(super) text: &'de str,
    pub(super) span: Range<usize>,
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.text)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name != AT {
            return self.deserialize_any(visitor);
        }
        let text = de::value::BorrowedStrDeserializer::new(self.text);
        visitor.visit_map(Place::new(self.span, Some(ScalarStyle::Plain), text))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The four entries behind [`AT`].
pub(super) struct Place<D> {
    fields: std::slice::Iter<'static, &'static str>,
    numbers: std::array::IntoIter<u64, 3>,
    value: D,
}

impl<D> Place<D> {
    /// A value that stands there; `style`: how it is written, when it is a scalar.
    pub(super) fn new(span: Range<usize>, style: Option<ScalarStyle>, value: D) -> Self {
        let numbers = [span.start as u64, span.end as u64, style.map_or(NO_STYLE, style_number)];
        Self { fields: PLACE_FIELDS.iter(), numbers: numbers.into_iter(), value }
    }
}

/// The keys behind [`AT`], in this order.
pub(crate) const PLACE_FIELDS: [&str; 4] = ["start", "end", "style", "value"];

impl<'de, D: Deserializer<'de, Error = Error> + Copy> MapAccess<'de> for Place<D> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.fields.next().map(|field| seed.deserialize((*field).into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.numbers.next() {
            Some(number) => seed.deserialize(number.into_deserializer()),
            None => seed.deserialize(self.value),
        }
    }
}

/// A style that is none: the value is a list or a mapping.
pub(super) const NO_STYLE: u64 = 9;

fn style_number(style: ScalarStyle) -> u64 {
    match style {
        ScalarStyle::Plain => 0,
        ScalarStyle::SingleQuoted => 1,
        ScalarStyle::DoubleQuoted => 2,
        ScalarStyle::Literal => 3,
        ScalarStyle::Folded => 4,
    }
}

/// The way back of the number; `None` for a list or a mapping.
pub(crate) fn style_of(number: u64) -> Option<ScalarStyle> {
    [
        ScalarStyle::Plain,
        ScalarStyle::SingleQuoted,
        ScalarStyle::DoubleQuoted,
        ScalarStyle::Literal,
        ScalarStyle::Folded,
    ]
    .into_iter()
    .find(|style| style_number(*style) == number)
}

pub(super) struct Word<'de>(pub(super) &'de str);

impl<'de> EnumAccess<'de> for Word<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let value = seed.deserialize(de::value::BorrowedStrDeserializer::new(self.0))?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, Error> {
        Err(de::Error::custom("a word expected"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("a word expected"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Error> {
        Err(de::Error::custom("a word expected"))
    }
}
