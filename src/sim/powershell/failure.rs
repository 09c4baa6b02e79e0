//! Errors: what `$_` holds in a `catch`, and how the console shows one.

use super::source::Source;
use super::value::{Thing, Value};
use tree_sitter::Node;

/// Why a statement does not go on.
#[derive(Debug)]
pub(super) enum Flow {
    /// A terminating error.
    Throw(Box<ErrorRecord>),
    /// `exit`.
    Exit(i64),
    Return,
    Break,
    Continue,
    /// Ctrl-C.
    Interrupted,
}

/// An error.
#[derive(Debug, Clone)]
pub(super) struct ErrorRecord {
    pub(super) message: String,
    /// `FullyQualifiedErrorId`.
    pub(super) id: String,
    /// `ObjectNotFound: (x:String) [Get-Service], ServiceCommandException`.
    pub(super) category: String,
    /// The exception's type.
    pub(super) exception: &'static str,
    /// The command that failed; empty for `throw` and expressions.
    pub(super) command: String,
    /// What was thrown, when that was no text.
    pub(super) target: Option<Value>,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) script: Option<String>,
    pub(super) text: String,
    pub(super) length: usize,
}

impl ErrorRecord {
    pub(super) fn new(message: impl Into<String>, id: &str, exception: &'static str) -> Self {
        Self {
            message: message.into(),
            id: id.to_owned(),
            category: format!("NotSpecified: (:) [], {}", exception.rsplit('.').next().unwrap_or(exception)),
            exception,
            command: String::new(),
            target: None,
            line: 0,
            column: 0,
            script: None,
            text: String::new(),
            length: 1,
        }
    }

    /// Of a cmdlet: `id` is completed as PowerShell does.
    pub(super) fn of_command(
        message: impl Into<String>,
        id: &str,
        category: &str,
        about: &str,
        command: &str,
    ) -> Self {
        let exception = match category {
            "PermissionDenied" => "System.Security.SecurityException",
            "ObjectNotFound" => "System.Management.Automation.ItemNotFoundException",
            _ => "System.Exception",
        };
        let name = exception.rsplit('.').next().unwrap_or(exception);
        Self {
            category: format!("{category}: ({about}:String) [{command}], {name}"),
            command: command.to_owned(),
            ..Self::new(
                message,
                &format!("{id},Microsoft.PowerShell.Commands.{}Command", command.replace('-', "")),
                exception,
            )
        }
    }

    /// Where it happened.
    pub(super) fn at(mut self, source: &Source, node: Node<'_>) -> Self {
        if self.line == 0 {
            (self.line, self.column) = source.place(node);
            self.script.clone_from(&source.path);
            source.line(self.line).clone_into(&mut self.text);
            self.length = source.of(node).lines().next().unwrap_or_default().trim_end().len().max(1);
        }
        self
    }

    /// `$_` in a `catch`.
    pub(super) fn value(&self) -> Value {
        let exception = Thing::value(
            "System.Exception",
            vec![
                ("Message", self.message.as_str().into()),
                ("Type", self.exception.into()),
                ("HResult", Value::Int(-2_146_233_087)),
            ],
        );
        let place = Thing::value(
            "System.Management.Automation.InvocationInfo",
            vec![
                ("ScriptLineNumber", Value::Int(self.line as i64)),
                ("OffsetInLine", Value::Int(self.column as i64)),
                ("Line", self.text.as_str().into()),
                ("ScriptName", self.script.as_deref().map_or(Value::Null, Value::from)),
            ],
        );
        Thing::value(
            "System.Management.Automation.ErrorRecord",
            vec![
                ("Exception", exception),
                ("FullyQualifiedErrorId", self.id.as_str().into()),
                ("TargetObject", self.target.clone().unwrap_or(Value::Null)),
                ("InvocationInfo", place),
                ("Category", self.category.as_str().into()),
            ],
        )
    }

    /// As the console of Windows PowerShell 5.1 shows it.
    pub(super) fn shown(&self) -> String {
        let head = if self.command.is_empty() {
            self.message.clone()
        } else {
            format!("{} : {}", self.command, self.message)
        };
        let place = match &self.script {
            Some(path) => format!("At {path}:{} char:{}", self.line, self.column),
            None => format!("At line:{} char:{}", self.line, self.column),
        };
        let marks = "~".repeat(
            self.length
                .min(self.text.len().saturating_sub(self.column - usize::from(self.column > 0)).max(1)),
        );
        format!(
            "{head}\r\n{place}\r\n+ {}\r\n+ {}{marks}\r\n    + CategoryInfo          : {}\r\n    + FullyQualifiedErrorId : {}\r\n \r\n",
            self.text,
            " ".repeat(self.column.saturating_sub(1)),
            self.category,
            self.id
        )
    }
}

impl From<ErrorRecord> for Flow {
    fn from(error: ErrorRecord) -> Self {
        Self::Throw(Box::new(error))
    }
}
