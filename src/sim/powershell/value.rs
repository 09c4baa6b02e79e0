//! What a script works with: values, their text, how they compare.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::source::Source;

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Arc<Vec<u8>>),
    Array(Arc<Vec<Self>>),
    /// `ArrayList`: handles share it.
    List(Shared<Vec<Self>>),
    /// `@{…}`, in the order of its making.
    Map(Shared<Vec<(String, Self)>>),
    Thing(Arc<Thing>),
    Script(Block),
    /// `[string]`, by its full name.
    Type(String),
}

/// A script block: a piece of a source.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) source: Arc<Source>,
    pub(super) range: Range<usize>,
}

/// An object of .NET, by the members that scripts ask for.
#[derive(Debug)]
pub(super) struct Thing {
    /// Its type's full name.
    pub(super) kind: &'static str,
    pub(super) members: Mutex<Vec<(String, Value)>>,
}

/// Something that several handles share.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared<T>(Arc<Mutex<T>>);

impl<T> Shared<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Thing {
    pub(super) fn value(kind: &'static str, members: Vec<(&str, Value)>) -> Value {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Value::Thing(Arc::new(Self { kind, members: Mutex::new(members) }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<(String, Value)>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A member, by its name in any case.
    pub(super) fn member(&self, name: &str) -> Option<Value> {
        find(&self.lock(), name)
    }
}

/// The value of a name, in any case.
pub(super) fn find(members: &[(String, Value)], name: &str) -> Option<Value> {
    members.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl Value {
    /// What a pipeline leaves: nothing, one value, or an array.
    pub(super) fn of(mut values: Vec<Self>) -> Self {
        match values.len() {
            0 => Self::Null,
            1 => values.remove(0),
            _ => Self::Array(Arc::new(values)),
        }
    }

    pub(super) fn array(values: Vec<Self>) -> Self {
        Self::Array(Arc::new(values))
    }

    pub(super) fn map(members: Vec<(String, Self)>) -> Self {
        Self::Map(Shared::new(members))
    }

    /// The items that go down a pipeline one by one.
    pub(super) fn items(&self) -> Vec<Self> {
        match self {
            Self::Null => Vec::new(),
            Self::Array(items) => items.to_vec(),
            Self::List(items) => items.lock().clone(),
            Self::Bytes(bytes) => bytes.iter().map(|byte| Self::Int(i64::from(*byte))).collect(),
            one => vec![one.clone()],
        }
    }

    pub(super) fn is_many(&self) -> bool {
        matches!(self, Self::Array(_) | Self::List(_) | Self::Bytes(_))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) => *number != 0,
            Self::Real(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            many if many.is_many() => match many.items().as_slice() {
                [] => false,
                [one] => one.truth(),
                _ => true,
            },
            _ => true,
        }
    }

    /// As text, as in `"$x"`.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(truth) => if *truth { "True" } else { "False" }.to_owned(),
            Self::Int(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Map(_) => "System.Collections.Hashtable".to_owned(),
            Self::Script(block) => {
                let text = &block.source.text[block.range.clone()];
                text.trim_start_matches('{').trim_end_matches('}').to_owned()
            }
            Self::Type(name) => name.clone(),
            Self::Thing(thing) => match thing.kind {
                "System.Management.Automation.ErrorRecord" => {
                    thing.member("Exception").map(|e| e.text()).unwrap_or_default()
                }
                "System.Exception"
                | "System.Management.Automation.WarningRecord"
                | "System.Management.Automation.InformationRecord" => {
                    thing.member("Message").map(|message| message.text()).unwrap_or_default()
                }
                "System.Management.Automation.PSCustomObject" => {
                    let members: Vec<String> =
                        thing.lock().iter().map(|(name, value)| format!("{name}={}", value.text())).collect();
                    format!("@{{{}}}", members.join("; "))
                }
                "System.IO.FileInfo"
                | "System.IO.DirectoryInfo"
                | "Microsoft.Win32.RegistryKey"
                | "System.DateTime" => thing.member("Name").map(|name| name.text()).unwrap_or_default(),
                kind => kind.to_owned(),
            },
            many => many.items().iter().map(Self::text).collect::<Vec<_>>().join(" "),
        }
    }

    /// As a whole number; `None` when it is none.
    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Self::Null => Some(0),
            Self::Bool(truth) => Some(i64::from(*truth)),
            Self::Int(number) => Some(*number),
            Self::Real(number) => Some(number.round() as i64),
            Self::Text(text) => {
                let text = text.trim();
                let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
                match hex {
                    Some(hex) => i64::from_str_radix(hex, 16).ok(),
                    None if text.is_empty() => Some(0),
                    None => {
                        text.parse().ok().or_else(|| text.parse::<f64>().ok().map(|real| real.round() as i64))
                    }
                }
            }
            many if many.is_many() => match many.items().as_slice() {
                [one] => one.int(),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn real(&self) -> Option<f64> {
        match self {
            Self::Real(number) => Some(*number),
            Self::Text(text) if text.contains('.') => text.trim().parse().ok(),
            other => other.int().map(|number| number as f64),
        }
    }

    /// `-eq`: the right side takes the type of the left.
    pub(super) fn equals(&self, other: &Self, exact: bool) -> bool {
        match (self, other) {
            (Self::Null, other) => other.is_null(),
            (_, Self::Null) => false,
            (Self::Text(a), b) => {
                let b = b.text();
                if exact { *a == b } else { a.to_lowercase() == b.to_lowercase() }
            }
            (Self::Bool(a), b) => *a == b.truth(),
            (Self::Int(_) | Self::Real(_), b) => match (self.real(), b.real()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
            (Self::List(a), Self::List(b)) => Arc::ptr_eq(&a.0, &b.0),
            (Self::Map(a), Self::Map(b)) => Arc::ptr_eq(&a.0, &b.0),
            (Self::Thing(a), Self::Thing(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.text().eq_ignore_ascii_case(&b.text()),
        }
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(_) | Self::Real(_) | Self::Bool(_), _) if other.real().is_some() => {
                self.real().partial_cmp(&other.real()).unwrap_or(Ordering::Equal)
            }
            _ => self.text().to_lowercase().cmp(&other.text().to_lowercase()),
        }
    }

    /// Its type, as `GetType().FullName` says.
    pub(super) fn type_name(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Bool(_) => "System.Boolean",
            Self::Int(number) if i32::try_from(*number).is_ok() => "System.Int32",
            Self::Int(_) => "System.Int64",
            Self::Real(_) => "System.Double",
            Self::Text(_) => "System.String",
            Self::Bytes(_) => "System.Byte[]",
            Self::Array(_) => "System.Object[]",
            Self::List(_) => "System.Collections.ArrayList",
            Self::Map(_) => "System.Collections.Hashtable",
            Self::Thing(thing) => thing.kind,
            Self::Script(_) => "System.Management.Automation.ScriptBlock",
            Self::Type(_) => "System.RuntimeType",
        }
    }
}
