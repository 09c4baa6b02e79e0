//! Values that may be written in more than one way.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::RawAction;
use super::shape::{At, ManyVisitor};
use crate::script::decode::MANY;

/// The way back.
#[derive(Debug)]
pub(crate) enum RawUndo {
    /// `none`, or whatever word stands there.
    Word(String),
    /// Commands.
    Actions(Vec<At<RawAction>>),
}

impl<'de> Deserialize<'de> for RawUndo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UndoVisitor;
        impl<'de> Visitor<'de> for UndoVisitor {
            type Value = RawUndo;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`none` or commands")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<RawUndo, E> {
                Ok(RawUndo::Word(word.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<RawUndo, A::Error> {
                ManyVisitor(PhantomData).visit_seq(items).map(|many| RawUndo::Actions(many.0))
            }
        }
        deserializer.deserialize_newtype_struct(MANY, UndoVisitor)
    }
}

impl JsonSchema for RawUndo {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Undo".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<RawAction>();
        // The way back is typed without anybody who answers.
        let item = serde_json::json!({"allOf": [item], "properties": {"answers": false}});
        let items = serde_json::json!({"type": "array", "minItems": 1, "items": item});
        schemars::json_schema!({"anyOf": [{"const": "none"}, item, items]})
    }
}

/// A pattern: the first match, or all of them.
#[derive(Debug)]
pub(crate) enum RawCapture {
    /// The first match, as text.
    First(String),
    /// Every match, as a list.
    All(At<String>),
}

impl<'de> Deserialize<'de> for RawCapture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CaptureVisitor;
        impl<'de> Visitor<'de> for CaptureVisitor {
            type Value = RawCapture;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pattern or `{all: pattern}`")
            }

            fn visit_str<E: de::Error>(self, pattern: &str) -> Result<RawCapture, E> {
                Ok(RawCapture::First(pattern.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawCapture, A::Error> {
                let all = RawAll::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(RawCapture::All(all.all))
            }
        }
        deserializer.deserialize_any(CaptureVisitor)
    }
}

impl JsonSchema for RawCapture {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Capture".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let all = generator.subschema_for::<RawAll>();
        schemars::json_schema!({"anyOf": [{"type": "string", "pattern": "\\S"}, all]})
    }
}

/// What a loop goes over.
#[derive(Debug)]
pub(crate) enum RawOver {
    /// An expression that is a list.
    Expression(String),
    /// The texts themselves.
    Texts(Vec<At<String>>),
}

impl<'de> Deserialize<'de> for RawOver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OverVisitor;
        impl<'de> Visitor<'de> for OverVisitor {
            type Value = RawOver;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an expression or a list of texts")
            }

            fn visit_str<E: de::Error>(self, expression: &str) -> Result<RawOver, E> {
                Ok(RawOver::Expression(expression.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawOver, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(RawOver::Texts(all))
            }
        }
        deserializer.deserialize_any(OverVisitor)
    }
}

impl JsonSchema for RawOver {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Over".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "anyOf": [
                {"type": "string", "pattern": "\\S"},
                {"type": "array", "minItems": 1, "items": {"type": "string"}},
            ]
        })
    }
}

/// Every match, as a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CaptureAll")]
struct RawAll {
    /// The pattern, in single quotes.
    all: At<String>,
}

/// A value: text, number, truth, list of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawValue {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A list of text.
    List(Vec<String>),
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;
        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = RawValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number, true, false or a list of text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RawValue, E> {
                Ok(RawValue::Text(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<RawValue, E> {
                Ok(RawValue::Number(number))
            }

            fn visit_bool<E: de::Error>(self, flag: bool) -> Result<RawValue, E> {
                Ok(RawValue::Flag(flag))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawValue, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element::<String>()? {
                    all.push(item);
                }
                Ok(RawValue::List(all))
            }
        }
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl JsonSchema for RawValue {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "anyOf": [
                {"type": ["string", "integer", "boolean"]},
                {"type": "array", "items": {"type": "string"}},
            ]
        })
    }
}
