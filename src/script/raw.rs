//! A script as it is written: the types behind the file format and its JSON Schema.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use granit_parser::ScalarStyle;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::script::decode::{AT, ENTRIES, MANY, PLACE_FIELDS, style_of};

/// A sacpilot script: one condition, or a few, that hold on the machine afterwards.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Script")]
pub(crate) struct RawScript {
    /// The path below the scripts folder without `.yaml`: `rdp/port`.
    pub(crate) script: At<String>,
    /// One line: the condition that holds afterwards.
    pub(crate) title: At<String>,
    /// What a tired person needs to know: symptoms, causes, what is changed, what is not.
    pub(crate) about: At<String>,
    /// The document it comes from, and where it differs.
    pub(crate) source: Option<At<String>>,
    /// Values the caller may set.
    pub(crate) params: Option<Entries<RawParam>>,
    /// The steps, in order.
    pub(crate) steps: At<Vec<At<RawStep>>>,
}

/// A value the caller may set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Parameter")]
pub(crate) struct RawParam {
    /// What values it takes.
    pub(crate) r#type: At<RawKind>,
    /// Its value when none is given. Without a default it must be given.
    pub(crate) default: Option<At<RawValue>>,
    /// What it means.
    pub(crate) about: At<String>,
    /// Smallest number.
    pub(crate) min: Option<At<i64>>,
    /// Largest number.
    pub(crate) max: Option<At<i64>>,
    /// The words it may be (`choice`), or its items may be (`list`).
    pub(crate) choices: Option<At<Vec<At<String>>>>,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ParameterType")]
pub(crate) enum RawKind {
    /// Any text without control characters.
    Text,
    /// A whole number between `min` and `max`.
    Number,
    /// `true` or `false`.
    Flag,
    /// One of `choices`.
    Choice,
    /// A list of text, of `choices` when there are any.
    List,
    /// Text that is never shown.
    Secret,
}

/// One step: it looks (`run`), holds a condition (`check`), restarts (`reboot`) or uses another script (`use`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Step")]
pub(crate) struct RawStep {
    /// Unique in the script; `steps.ID` in expressions.
    pub(crate) id: At<String>,
    /// What is true afterwards. May hold `{{ }}`.
    pub(crate) title: At<String>,
    /// Where the commands are typed.
    pub(crate) r#in: Option<At<RawMode>>,
    /// Runs the step once for each item: `{variable: list}`.
    pub(crate) for_each: Option<At<Entries<At<String>>>>,
    /// Skips the step unless this expression is true.
    pub(crate) when: Option<At<String>>,
    /// How long each command may take: `30s`.
    pub(crate) timeout: Option<At<String>>,
    /// Raises the risk that is derived from what the step does.
    pub(crate) risk: Option<At<RawRisk>>,
    /// What it means when `holds` is false.
    pub(crate) finding: Option<At<RawFinding>>,
    /// A command that only reads.
    pub(crate) run: Option<At<String>>,
    /// Values taken from what `run` prints.
    pub(crate) capture: Option<At<Entries<At<RawCapture>>>>,
    /// Whether what `run` found is right.
    pub(crate) holds: Option<At<String>>,
    /// Runs `run` again while `holds` is false.
    pub(crate) retry: Option<At<RawRetry>>,
    /// Reads whether the condition holds; run again after the change, and then it must.
    pub(crate) check: Option<At<RawProbe>>,
    /// Reads and keeps what `undo` needs, before the change.
    pub(crate) save: Option<At<Many<At<RawProbe>>>>,
    /// Establishes the condition.
    pub(crate) change: Option<At<Many<At<RawAction>>>>,
    /// Takes the change back; `none` with `why` when nothing can.
    pub(crate) undo: Option<At<RawUndo>>,
    /// Why there is no undo.
    pub(crate) why: Option<At<String>>,
    /// Restarts the machine and logs in again.
    pub(crate) reboot: Option<At<RawReboot>>,
    /// Another script by its name.
    pub(crate) r#use: Option<At<String>>,
    /// Parameters of the used script. `'{{ expression }}'` passes a value on.
    pub(crate) with: Option<At<Entries<At<RawValue>>>>,
    /// Not in this version.
    pub(crate) dialogue: Option<At<Later>>,
    /// Not in this version.
    pub(crate) block: Option<At<Later>>,
}

/// Where commands are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Mode")]
pub(crate) enum RawMode {
    /// The prompt of the Special Administration Console.
    Sac,
    /// cmd.exe.
    Cmd,
    /// Not in this version.
    Powershell,
}

/// What a step may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Risk")]
pub(crate) enum RawRisk {
    /// Only reads.
    Read,
    /// Changes the machine.
    Change,
    /// Restarts the machine.
    Reboot,
}

/// What a condition that does not hold means.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Finding")]
pub(crate) struct RawFinding {
    /// How bad it is.
    pub(crate) severity: At<RawSeverity>,
    /// What is wrong. May hold `{{ }}`.
    pub(crate) text: At<String>,
    /// What has to be done outside of this machine, or by hand.
    pub(crate) remedy: Option<At<String>>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Severity")]
pub(crate) enum RawSeverity {
    /// Worth knowing.
    Info,
    /// May cause trouble.
    Warning,
    /// Breaks something.
    Error,
}

/// A command that reads.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Probe")]
pub(crate) struct RawProbe {
    /// The command, in single quotes.
    pub(crate) run: At<String>,
    /// Values taken from what it prints: `{name: 'pattern'}`, or `{name: {all: 'pattern'}}` for a list.
    pub(crate) capture: Option<At<Entries<At<RawCapture>>>>,
    /// Whether what it found is right.
    pub(crate) holds: Option<At<String>>,
    /// Runs it again while `holds` is false.
    pub(crate) retry: Option<At<RawRetry>>,
}

/// Tries again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retry")]
pub(crate) struct RawRetry {
    /// How often at the most, the first try included.
    pub(crate) times: At<i64>,
    /// Pause between tries: `5s`.
    pub(crate) every: At<String>,
}

/// A command that changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Action")]
pub(crate) struct RawAction {
    /// Sent only when this is true.
    pub(crate) when: Option<At<String>>,
    /// The command, in single quotes.
    pub(crate) run: At<String>,
    /// Exit codes that mean success; 0 alone by default.
    pub(crate) codes: Option<At<Vec<i64>>>,
}

/// Restarts the machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Reboot")]
pub(crate) struct RawReboot {
    /// Why. May hold `{{ }}`.
    pub(crate) reason: At<String>,
    /// How long until the prompt is back: `20m`.
    pub(crate) within: Option<At<String>>,
}

/// A value with the place where it stands.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    /// Bytes in the file.
    pub(crate) span: Range<usize>,
    /// How a text was written; `None` for lists and mappings.
    pub(crate) style: Option<ScalarStyle>,
    /// The value.
    pub(crate) value: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PlaceVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for PlaceVisitor<T> {
            type Value = At<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its place")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<At<T>, A::Error> {
                let mut number = || -> Result<u64, A::Error> {
                    map.next_key::<IgnoredAny>()?;
                    map.next_value()
                };
                let (start, end, style) = (number()?, number()?, number()?);
                map.next_key::<IgnoredAny>()?;
                let value = map.next_value()?;
                Ok(At { span: start as usize..end as usize, style: style_of(style), value })
            }
        }
        deserializer.deserialize_struct(AT, &PLACE_FIELDS, PlaceVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A mapping with free keys, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Entries<T>(pub(crate) Vec<(At<String>, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_newtype_struct(ENTRIES, EntriesVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("EntriesOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "object",
            "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"},
            "additionalProperties": generator.subschema_for::<T>(),
        })
    }
}

/// A list, or one item without the list.
#[derive(Debug, Clone)]
pub(crate) struct Many<T>(pub(crate) Vec<T>);

struct ManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
    type Value = Many<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping or a list of mappings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Many<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Many(all))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(MANY, ManyVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Many<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("ManyOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<T>();
        schemars::json_schema!({"anyOf": [item, {"type": "array", "items": item}]})
    }
}

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
        schemars::json_schema!({"anyOf": [{"const": "none"}, item, {"type": "array", "items": item}]})
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
        schemars::json_schema!({"anyOf": [{"type": "string"}, all]})
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

/// Something of a later version, read over.
#[derive(Debug)]
pub(crate) struct Later;

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Later {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Later".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!(false)
    }
}

type RawCaptures = [(At<String>, At<RawCapture>)];

impl RawStep {
    /// Captures that later steps see as `steps.ID.NAME`.
    pub(crate) fn own_captures(&self) -> &RawCaptures {
        let check = self.check.as_ref().and_then(|check| check.value.capture.as_ref());
        self.capture.as_ref().or(check).map_or(&[], |entries| &entries.value.0)
    }

    /// Every capture in the step.
    pub(crate) fn captures(&self) -> impl Iterator<Item = &(At<String>, At<RawCapture>)> {
        self.own_captures().iter().chain(self.saves().flat_map(|save| save.value.captures()))
    }

    /// The probes under `save`.
    pub(crate) fn saves(&self) -> impl Iterator<Item = &At<RawProbe>> {
        self.save.iter().flat_map(|many| &many.value.0)
    }
}

impl RawProbe {
    /// Its captures.
    pub(crate) fn captures(&self) -> &RawCaptures {
        self.capture.as_ref().map_or(&[], |entries| &entries.value.0)
    }
}

impl RawUndo {
    /// Its commands.
    pub(crate) fn actions(&self) -> &[At<RawAction>] {
        match self {
            Self::Actions(actions) => actions,
            Self::Word(_) => &[],
        }
    }
}
