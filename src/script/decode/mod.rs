//! A tree → typed values through serde, with every error of the file in one go.
//!
//! serde stops at the first error. So the value that is wrong is noted and left out, and the whole is read again,
//! until nothing new is wrong: a list loses the item, an optional key is absent, and a struct that lacks a needed
//! key because of that goes without a further word, or keeps the rest, see [`decode_filled`].
//!
//! Three names ask for more than serde's data model: see [`AT`], [`MANY`] and [`ENTRIES`].

mod empty;
mod place;
mod plain;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use granit_parser::ScalarStyle;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use self::empty::Empty;
use self::place::{Key, Place, Word};
pub(crate) use self::place::{PLACE_FIELDS, style_of};
use self::plain::{Plain, plain_kind};
use crate::script::codes::{self, Code};
use crate::script::similar::did_you_mean;
use crate::script::yaml::{Entry, Kind, Node, Problem};

/// Struct name that asks for a value with its place: a map of `start`, `end`, `style`, `value`.
pub(crate) const AT: &str = "$at";

/// Newtype name that takes a list or a single item as a list; a lone text is given as text.
pub(crate) const MANY: &str = "$many";

/// Newtype name that takes a mapping as a list of key and value.
pub(crate) const ENTRIES: &str = "$entries";

/// Most errors of one file that are looked for.
const MOST: usize = 100;

/// Reads a value; `None` when nothing of it is left. What lacks a needed key is left out.
pub(crate) fn decode<'de, T: de::Deserialize<'de>>(root: &'de Node) -> (Option<T>, Vec<Problem>) {
    read(root, false)
}

/// Reads a value; `None` when nothing of it is left. In the place of a needed key stands something empty, whose
/// place has no length.
pub(crate) fn decode_filled<'de, T: de::Deserialize<'de>>(root: &'de Node) -> (Option<T>, Vec<Problem>) {
    read(root, true)
}

fn read<'de, T: de::Deserialize<'de>>(root: &'de Node, fill: bool) -> (Option<T>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut gaps = Gaps::default();
    loop {
        match T::deserialize(Decoder { node: root, gaps: &gaps }) {
            Ok(value) => return (Some(value), problems),
            Err(error) => {
                let node = error.node.unwrap_or(root.id);
                if let Some(problem) = error.problem {
                    problems.push(*problem);
                }
                if problems.len() >= MOST {
                    return (None, problems);
                }
                if let Some(key) = error.missing.filter(|_| fill)
                    && gaps.filled.insert((node, key))
                {
                    continue;
                }
                if node == root.id || !gaps.left_out.insert(node) {
                    return (None, problems);
                }
            }
        }
    }
}

/// What is not read as it stands in the file.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// Nodes that are wrong.
    left_out: BTreeSet<usize>,
    /// Needed keys that are not there, with the mapping that lacks them.
    filled: BTreeSet<(usize, &'static str)>,
}

/// What serde passes upwards.
#[derive(Debug)]
pub(crate) struct Error {
    /// The node to leave out.
    node: Option<usize>,
    /// The needed key that is not there.
    missing: Option<&'static str>,
    /// Nothing when it only follows from what was said already.
    problem: Option<Box<Problem>>,
}

impl Error {
    fn new(
        node: usize,
        code: &'static Code,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) -> Self {
        Self {
            node: Some(node),
            missing: None,
            problem: Some(Box::new(Problem { code, span, message, help })),
        }
    }

    /// Errors that serde's own code made know no place.
    fn or_at(mut self, node: &Node) -> Self {
        if self.node.is_none() {
            self.node = Some(node.id);
            if let Some(problem) = &mut self.problem {
                problem.span = first_line(node);
            }
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem.as_ref().map_or("follows from another error", |problem| &problem.message))
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let problem =
            Problem { code: &codes::WRONG_SHAPE, span: 0..0, message: message.to_string(), help: None };
        Self { node: None, missing: None, problem: Some(Box::new(problem)) }
    }

    fn invalid_type(given: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let given = match given {
            de::Unexpected::Seq => "a list".to_owned(),
            de::Unexpected::Map => "a mapping".to_owned(),
            de::Unexpected::Str(_) => "text".to_owned(),
            de::Unexpected::Signed(number) => format!("`{number}`"),
            de::Unexpected::Bool(truth) => format!("`{truth}`"),
            other => other.to_string(),
        };
        de::Error::custom(format_args!("{expected} expected, this is {given}"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let message = format!("unknown key `{field}`");
        let help = Some(format!("known here: {}", expected.join(", ")));
        let problem = Problem { code: &codes::UNKNOWN_KEY, span: 0..0, message, help };
        Self { node: None, missing: None, problem: Some(Box::new(problem)) }
    }

    fn missing_field(field: &'static str) -> Self {
        let message = format!("the key `{field}` is missing");
        let problem = Problem { code: &codes::MISSING_KEY, span: 0..0, message, help: None };
        Self { node: None, missing: Some(field), problem: Some(Box::new(problem)) }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Decoder<'de, 's> {
    node: &'de Node,
    gaps: &'s Gaps,
}

impl<'de> Decoder<'de, '_> {
    fn at(self, node: &'de Node) -> Self {
        Self { node, ..self }
    }

    fn wrong(&self, expected: &str) -> Error {
        let message = format!("{expected} expected, this is {}", describe(self.node));
        Error::new(self.node.id, &codes::WRONG_SHAPE, first_line(self.node), message, None)
    }

    fn scalar(&self, expected: &str) -> Result<(&'de str, ScalarStyle), Error> {
        match &self.node.kind {
            Kind::Scalar { text, style } => {
                if text.is_empty() && *style == ScalarStyle::Plain {
                    let message = format!("{expected} expected, there is nothing");
                    return Err(Error::new(
                        self.node.id,
                        &codes::NO_VALUE,
                        self.node.span.clone(),
                        message,
                        None,
                    ));
                }
                Ok((text, *style))
            }
            _ => Err(self.wrong(expected)),
        }
    }

    /// Text. Plain text that YAML could read as something else is refused.
    fn text(&self, expected: &str) -> Result<&'de str, Error> {
        let (text, style) = self.scalar(expected)?;
        if style == ScalarStyle::Plain && plain_kind(text) != Plain::Text {
            let message =
                format!("{expected} expected, `{text}` without quotes is {}", plain_kind(text).name());
            let help = Some(format!("write it in single quotes: '{text}'"));
            return Err(Error::new(self.node.id, &codes::WRONG_SHAPE, self.node.span.clone(), message, help));
        }
        Ok(text)
    }

    fn truth(&self) -> Result<bool, Error> {
        let (text, style) = self.scalar("`true` or `false`")?;
        match (text, style) {
            ("true", ScalarStyle::Plain) => Ok(true),
            ("false", ScalarStyle::Plain) => Ok(false),
            (_, ScalarStyle::Plain) if plain_kind(text) == Plain::YesNo => Err(self.yes_no(text)),
            _ => Err(self.wrong("`true` or `false`")),
        }
    }

    fn yes_no(&self, text: &str) -> Error {
        let meant = matches!(text.to_ascii_lowercase().as_str(), "yes" | "y" | "on" | "true");
        let message = format!("`{text}` is not a truth value here");
        let help = Some(format!("write `{meant}`, or '{text}' in single quotes for the word"));
        Error::new(self.node.id, &codes::YES_NO, self.node.span.clone(), message, help)
    }

    fn integer(&self) -> Result<i64, Error> {
        let (text, style) = self.scalar("a number")?;
        if style == ScalarStyle::Plain && plain_kind(text) == Plain::Integer {
            return text.parse().map_err(|_| self.wrong("a smaller number"));
        }
        Err(self.wrong("a number"))
    }

    /// Entries without those that are left out; keys given twice are an error.
    fn entries(&self) -> Result<Vec<&'de Entry>, Error> {
        let Kind::Mapping(entries) = &self.node.kind else {
            return Err(self.wrong("a mapping (`key: value`)"));
        };
        let kept: Vec<_> =
            entries.iter().filter(|entry| !self.gaps.left_out.contains(&entry.value.id)).collect();
        for (index, entry) in kept.iter().enumerate() {
            if kept[..index].iter().any(|earlier| earlier.key == entry.key) {
                let message = format!("the key `{}` is given twice", entry.key);
                let help = Some("keep one of them".to_owned());
                return Err(Error::new(
                    entry.value.id,
                    &codes::DUPLICATE_KEY,
                    entry.key_span.clone(),
                    message,
                    help,
                ));
            }
        }
        Ok(kept)
    }

    fn items(&self) -> Option<Vec<&'de Node>> {
        match &self.node.kind {
            Kind::Sequence(items) => {
                Some(items.iter().filter(|item| !self.gaps.left_out.contains(&item.id)).collect())
            }
            _ => None,
        }
    }
}

impl<'de> Deserializer<'de> for Decoder<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            Kind::Sequence(_) => self.deserialize_seq(visitor),
            Kind::Mapping(_) => self.deserialize_map(visitor),
            Kind::Scalar { text, style } => match plain_kind(text) {
                _ if *style != ScalarStyle::Plain => visitor.visit_borrowed_str(text),
                Plain::Truth => visitor.visit_bool(self.truth()?),
                Plain::YesNo => Err(self.yes_no(text)),
                Plain::Integer => visitor.visit_i64(self.integer()?),
                _ => visitor.visit_borrowed_str(self.text("text")?),
            },
        }
        .map_err(|error: Error| error.or_at(self.node))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.truth()?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i64(self.integer()?).map_err(|error: Error| error.or_at(self.node))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.text("text")?).map_err(|error: Error| error.or_at(self.node))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match (name, &self.node.kind) {
            (MANY, Kind::Scalar { .. }) => visitor.visit_borrowed_str(self.text("a word or a list")?),
            (MANY, Kind::Mapping(_)) => visitor.visit_seq(Items { decoder: self, items: vec![self.node] }),
            (MANY, Kind::Sequence(_)) => return self.deserialize_seq(visitor),
            (ENTRIES, _) => return self.deserialize_map(visitor),
            _ => visitor.visit_newtype_struct(self),
        }
        .map_err(|error: Error| error.or_at(self.node))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let items = self.items().ok_or_else(|| self.wrong("a list (`- …` or `[…]`)"))?;
        visitor.visit_seq(Items { decoder: self, items }).map_err(|error| error.or_at(self.node))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let entries = self.entries()?;
        visitor.visit_map(Entries::new(self, entries)).map_err(|error| error.or_at(self.node))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == AT {
            let style = match &self.node.kind {
                Kind::Scalar { style, .. } => Some(*style),
                _ => None,
            };
            return visitor
                .visit_map(Place::new(self.node.span.clone(), style, self))
                .map_err(|error| error.or_at(self.node));
        }
        let entries = self.entries()?;
        if let Some(unknown) = entries.iter().find(|entry| !fields.contains(&entry.key.as_str())) {
            let help = did_you_mean(&unknown.key, fields.iter().copied())
                .unwrap_or_else(|| format!("known here: {}", fields.join(", ")));
            let message = format!("unknown key `{}`", unknown.key);
            let span = unknown.key_span.clone();
            return Err(Error::new(unknown.value.id, &codes::UNKNOWN_KEY, span, message, Some(help)));
        }
        let absent = fields.iter().copied();
        let absent = absent.filter(|key| self.gaps.filled.contains(&(self.node.id, *key))).collect();
        visitor.visit_map(Entries { absent, ..Entries::new(self, entries) }).map_err(|error| {
            let mut error = error.or_at(self.node);
            // A key that was left out is not missing.
            if error.node == Some(self.node.id)
                && let Kind::Mapping(all) = &self.node.kind
                && all.iter().any(|entry| self.gaps.left_out.contains(&entry.value.id))
            {
                error.problem = None;
            }
            error
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (text, _) = self.scalar("a word")?;
        if !variants.contains(&text) {
            let help = did_you_mean(text, variants.iter().copied());
            let message = format!("`{text}` is not known here; there are {}", variants.join(", "));
            return Err(Error::new(
                self.node.id,
                &codes::UNKNOWN_WORD,
                self.node.span.clone(),
                message,
                help,
            ));
        }
        visitor.visit_enum(Word(text)).map_err(|error: Error| error.or_at(self.node))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

struct Items<'de, 's> {
    decoder: Decoder<'de, 's>,
    items: Vec<&'de Node>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if self.items.is_empty() {
            return Ok(None);
        }
        let node = self.items.remove(0);
        seed.deserialize(self.decoder.at(node)).map(Some).map_err(|error| error.or_at(node))
    }
}

struct Entries<'de, 's> {
    decoder: Decoder<'de, 's>,
    rest: Vec<&'de Entry>,
    /// Needed keys that are not there: something empty is given for them at the end.
    absent: Vec<&'static str>,
    key_given: bool,
}

impl<'de, 's> Entries<'de, 's> {
    fn new(decoder: Decoder<'de, 's>, entries: Vec<&'de Entry>) -> Self {
        Self { decoder, rest: entries, absent: Vec::new(), key_given: false }
    }
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if std::mem::replace(&mut self.key_given, true) {
            if self.rest.is_empty() {
                self.absent.remove(0);
            } else {
                self.rest.remove(0);
            }
        }
        let Some(entry) = self.rest.first() else {
            let absent = self.absent.first().map(|key| (*key).into_deserializer());
            return absent.map(|key: StrDeserializer<'_, Error>| seed.deserialize(key)).transpose();
        };
        let key = Key { text: &entry.key, span: entry.key_span.clone() };
        seed.deserialize(key).map(Some).map_err(|error: Error| error.or_at(&entry.value))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some(entry) = self.rest.first() else {
            return seed.deserialize(Empty { at: first_line(self.decoder.node).start });
        };
        let node = &entry.value;
        if let Kind::Scalar { text, style: ScalarStyle::Plain } = &node.kind
            && text.is_empty()
        {
            let message = format!("the key `{}` has no value", entry.key);
            let help = Some("give it a value or leave it out".to_owned());
            return Err(Error::new(node.id, &codes::NO_VALUE, entry.key_span.clone(), message, help));
        }
        seed.deserialize(self.decoder.at(node)).map_err(|error| error.or_at(node))
    }
}

fn describe(node: &Node) -> String {
    match &node.kind {
        Kind::Sequence(_) => "a list".to_owned(),
        Kind::Mapping(_) => "a mapping".to_owned(),
        Kind::Scalar { text, style } if *style == ScalarStyle::Plain => match plain_kind(text) {
            Plain::Text => "text".to_owned(),
            Plain::Null => "nothing".to_owned(),
            _ => format!("`{text}`"),
        },
        Kind::Scalar { .. } => "text".to_owned(),
    }
}

/// A place that fits into a snippet: of a collection, its first entry.
pub(crate) fn first_line(node: &Node) -> Range<usize> {
    match &node.kind {
        Kind::Scalar { .. } => node.span.clone(),
        Kind::Sequence(items) => items.first().map_or(node.span.clone(), first_line),
        Kind::Mapping(entries) => entries.first().map_or(node.span.clone(), |entry| entry.key_span.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::raw::{At, Entries, Many};
    use crate::script::yaml;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: At<String>,
        count: Option<At<i64>>,
        items: Option<Many<Item>>,
        values: Option<Entries<bool>>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item {
        id: String,
    }

    fn decoded(text: &str) -> (Option<Sample>, Vec<String>) {
        let (tree, _) = yaml::parse(text);
        let tree = tree.unwrap();
        let (value, problems) = decode_filled(&tree);
        let said = problems.iter().map(|problem| {
            format!("{} {} @{}", problem.code.id, problem.message, &text[problem.span.clone()])
        });
        (value, said.collect())
    }

    #[test]
    fn reads_values_with_places() {
        let text = "name: 'x'\ncount: 7\nitems: {id: a}\nvalues: {b: true, a: false}\n";
        let (value, problems) = decoded(text);
        assert_eq!(problems, [""; 0]);
        let value = value.unwrap();
        assert_eq!(&text[value.name.span.clone()], "'x'");
        assert_eq!(value.count.unwrap().value, 7);
        assert_eq!(value.items.unwrap().0[0].id, "a");
        let order: Vec<_> =
            value.values.unwrap().0.into_iter().map(|(key, flag)| (key.value, flag)).collect();
        assert_eq!(order, [("b".to_owned(), true), ("a".to_owned(), false)]);
    }

    #[test]
    fn finds_every_error_and_keeps_the_rest() {
        let text = "name: x\nnmae: y\ncount: many\nitems: [{id: a}, {}, {id: 1.2}, {id: c, no: d}]\nvalues: {a: yes}\n";
        let (value, mut problems) = decoded(text);
        problems.sort();
        assert_eq!(
            problems,
            [
                "SP002 unknown key `nmae` @nmae",
                "SP002 unknown key `no` @no",
                "SP004 the key `id` is missing @{}",
                "SP005 a number expected, this is text @many",
                "SP005 text expected, `1.2` without quotes is a number to YAML @1.2",
                "SP008 `yes` is not a truth value here @yes",
            ]
        );
        let ids: Vec<_> = value.unwrap().items.unwrap().0.into_iter().map(|item| item.id).collect();
        assert_eq!(ids, ["a", "", "", "c"]);
    }

    #[test]
    fn something_empty_stands_in_for_what_is_needed() {
        let (value, problems) = decoded("count: 7\nname: [a]\n");
        assert_eq!(problems, ["SP005 text expected, this is a list @a"]);
        let value = value.unwrap();
        assert_eq!((value.name.value.as_str(), value.name.span), ("", 0..0));
        assert_eq!(value.count.unwrap().value, 7);
        let (value, problems) = decoded("[a]\n");
        assert!(value.is_none());
        assert_eq!(problems, ["SP005 a mapping (`key: value`) expected, this is a list @a"]);
    }
}
