//! What is wrong with a script, where, and what to write instead.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::script::codes::Code;
use crate::script::model::Severity;
use crate::script::template::visible;

/// A text with the name people know it by.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// A path, or `rdp/port.yaml` for an embedded script.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code.
    pub code: &'static Code,
    /// The file.
    pub source: Arc<Source>,
    /// Bytes in the file.
    pub span: Range<usize>,
    /// What is wrong, in one sentence without its end.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Everything that is wrong, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// Whether text may hold colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// No escape sequences.
    Plain,
    /// ANSI colours.
    Ansi,
}

impl Report {
    /// Whether something is an error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|d| d.code.severity == severity).count()
    }

    /// As a compiler would show it: snippet, place, help. Ends with a line feed unless nothing is wrong.
    pub fn render(&self, style: Style) -> String {
        let renderer = match style {
            Style::Plain => Renderer::plain(),
            Style::Ansi => Renderer::styled(),
        }
        .decor_style(DecorStyle::Ascii);
        let mut out = String::new();
        for diagnostic in &self.diagnostics {
            out.push_str(&diagnostic.render(&renderer));
            out.push_str("\n\n");
        }
        if let Some(summary) = self.summary() {
            out.push_str(&summary);
            out.push('\n');
        }
        out
    }

    /// `2 errors, 1 warning`; `None` when nothing is wrong.
    pub fn summary(&self) -> Option<String> {
        let count = |n: usize, what: &str| match n {
            0 => None,
            1 => Some(format!("1 {what}")),
            n => Some(format!("{n} {what}s")),
        };
        let parts: Vec<_> =
            [count(self.count(Severity::Error), "error"), count(self.count(Severity::Warning), "warning")]
                .into_iter()
                .flatten()
                .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// For machines: an array, one object for each.
    pub fn to_json(&self) -> serde_json::Value {
        self.diagnostics.iter().map(Diagnostic::to_json).collect()
    }

    /// Sorts by file and place and drops what was said twice.
    pub(crate) fn tidy(&mut self) {
        self.diagnostics.sort_by(|a, b| {
            (&a.source.path, a.span.start, a.code.id).cmp(&(&b.source.path, b.span.start, b.code.id))
        });
        self.diagnostics.dedup();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Style::Plain).trim_end())
    }
}

impl std::error::Error for Report {}

impl Diagnostic {
    /// Line and column, both from 1, columns in characters.
    pub fn position(&self) -> (usize, usize) {
        position(&self.source.text, self.span.start)
    }

    fn render(&self, renderer: &Renderer) -> String {
        let level = match self.code.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Info => Level::INFO,
        };
        let mut group = level.primary_title(visible(&self.message)).id(self.code.id).element(
            Snippet::source(self.source.text.as_str())
                .path(self.source.path.as_str())
                .annotation(AnnotationKind::Primary.span(self.span.clone())),
        );
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(visible(help)));
        }
        renderer.render(&[group])
    }

    fn to_json(&self) -> serde_json::Value {
        let (line, column) = self.position();
        let (end_line, end_column) = position(&self.source.text, self.span.end);
        serde_json::json!({
            "code": self.code.id,
            "severity": match self.code.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "info",
            },
            "file": self.source.path,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
            "title": self.code.title,
            "message": self.message,
            "help": self.help,
        })
    }
}

/// Line and column of a byte, both from 1.
pub(crate) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |found| found + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::codes;

    fn report() -> Report {
        let source = Arc::new(Source {
            path: "rdp/x.yaml".to_owned(),
            text: "script: rdp/x\ntilte: 'Ein \u{1b}[31mTitel'\n".to_owned(),
        });
        Report {
            diagnostics: vec![Diagnostic {
                code: &codes::UNKNOWN_KEY,
                source,
                span: 14..19,
                message: "unknown key `tilte`".to_owned(),
                help: Some("did you mean `title`?".to_owned()),
            }],
        }
    }

    #[test]
    fn renders_a_snippet_without_control_characters() {
        let text = report().render(Style::Plain);
        assert_eq!(
            text,
            "error[SP002]: unknown key `tilte`\n --> rdp/x.yaml:2:1\n  |\n2 | tilte: 'Ein ␛[31mTitel'\n  | ^^^^^\n  |\n  = help: did you mean `title`?\n\n1 error\n"
        );
        assert!(report().render(Style::Ansi).contains('\u{1b}'));
    }

    #[test]
    fn json_has_the_place() {
        let json = report().to_json();
        assert_eq!(json[0]["line"], 2);
        assert_eq!(json[0]["end_column"], 6);
        assert_eq!(json[0]["code"], "SP002");
    }
}
