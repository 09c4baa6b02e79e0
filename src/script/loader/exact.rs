//! Texts of a script: those whose bytes go to a console or into a pattern, and those for people.

use std::ops::Range;

use granit_parser::ScalarStyle;

use crate::script::codes;
use crate::script::expression::{ParseError, always, hint};
use crate::script::loader::File;
use crate::script::loader::names::{Names, Type};
use crate::script::model::{Expr, Piece, Template};
use crate::script::raw::At;
use crate::script::template::parse_placed;

impl File<'_, '_> {
    /// Text for people, trimmed.
    pub(super) fn prose(&mut self, text: &At<String>) -> String {
        let trimmed = text.value.trim();
        if trimmed.is_empty() {
            self.say(&codes::EMPTY_TEXT, text.span.clone(), "this text is empty", Some(said()));
        }
        if let Some(c) = trimmed.chars().find(|c| *c != '\n' && hidden(*c)) {
            let message = format!("the text holds {}", name_of(c));
            self.say(&codes::INVISIBLE, text.span.clone(), message, Some("take it out".to_owned()));
        }
        trimmed.to_owned()
    }

    /// Exact text: the scalar rule, no control characters. The line feed at the end of a `|` block is dropped.
    pub(super) fn exact(&mut self, text: &At<String>, what: &str) -> String {
        let style = text.style.unwrap_or(ScalarStyle::Plain);
        let written = match style {
            ScalarStyle::SingleQuoted | ScalarStyle::Literal => None,
            ScalarStyle::Plain => Some("without quotes"),
            ScalarStyle::DoubleQuoted => Some("in double quotes"),
            ScalarStyle::Folded => Some("in a `>` block"),
        };
        let value = text.value.trim_end_matches('\n');
        if let Some(written) = written {
            let message = format!("{what} stands {written}");
            let help = format!("write: {}", self.respelled(text, style));
            self.say(&codes::QUOTES, text.span.clone(), message, Some(help));
            return value.to_owned();
        }
        if value.trim().is_empty() {
            self.say(&codes::EMPTY_TEXT, text.span.clone(), format!("{what} is empty"), Some(said()));
        }
        if let Some((at, c)) = value.char_indices().find(|(_, c)| *c != '\n' && hidden(*c)) {
            let span = self.inside(text, at..at + c.len_utf8());
            let message = format!("{what} holds {}", name_of(c));
            let help = if c == '\t' { "write blanks" } else { "take it out" };
            self.say(&codes::INVISIBLE, span, message, Some(help.to_owned()));
        }
        value.to_owned()
    }

    /// Exact text on one line.
    pub(super) fn exact_line(&mut self, text: &At<String>, what: &str) -> String {
        let value = self.exact(text, what);
        if !matches!(text.style, Some(ScalarStyle::SingleQuoted | ScalarStyle::Literal)) {
            return value;
        }
        let folded = text.style == Some(ScalarStyle::SingleQuoted)
            && self.source.text[text.span.clone()].contains('\n');
        if value.contains('\n') || folded {
            let message = format!("{what} stands on more than one line");
            let help = "write each command as an entry of its own, each on one line".to_owned();
            self.say(&codes::SEVERAL_LINES, text.span.clone(), message, Some(help));
        }
        value
    }

    /// An expression that is true or false.
    pub(super) fn condition_of(&mut self, text: &At<String>, what: &str, names: &Names) -> Option<Expr> {
        let expr = self.expression(text, what, names)?;
        let sort = Self::sort_of(&expr, names);
        if let Some(sort) = sort.filter(|sort| *sort != Type::Flag) {
            let message = format!("`{}` is {}, not true or false", expr.source.trim(), sort.name());
            let help = "compare it with something, or ask `is defined`".to_owned();
            self.say(&codes::NOT_A_CONDITION, text.span.clone(), message, Some(help));
        }
        if let Some(secret) = Self::looks_at_secret(&expr, names) {
            let message =
                format!("how {what} comes out is written down, and would tell of the secret `{secret}`");
            let help = format!("ask at most whether `{secret} is defined`");
            self.say(&codes::SECRET, text.span.clone(), message, Some(help));
        }
        Some(expr)
    }

    /// An expression whose value depends on something.
    pub(super) fn expression(&mut self, text: &At<String>, what: &str, names: &Names) -> Option<Expr> {
        let expr = self.parsed(text, what, names)?;
        if let Some(always) = always(&expr) {
            let message = format!("{what} is always {always}");
            let help = "compare what the command printed, a parameter or a fact, or leave it out".to_owned();
            self.say(&codes::CONSTANT, text.span.clone(), message, Some(help));
        }
        Some(expr)
    }

    /// An expression that may be the same always.
    pub(super) fn parsed(&mut self, text: &At<String>, what: &str, names: &Names) -> Option<Expr> {
        let value = self.exact(text, what);
        match Expr::parse(&value) {
            Ok(expr) => {
                self.check_names(&expr, text, 0, names);
                Some(expr)
            }
            Err(error) => {
                let span = error.range.map_or(text.span.clone(), |range| self.inside(text, range));
                self.say(&codes::BAD_EXPRESSION, span, error.message, hint(&value));
                None
            }
        }
    }

    /// A command with `{{ }}`.
    pub(super) fn command(&mut self, text: &At<String>, names: &Names) -> Option<Template> {
        let value = self.exact_line(text, "the command");
        self.template(text, value, names)
    }

    /// Exact text with `{{ }}`, on one line or several.
    pub(super) fn text_with_values(
        &mut self,
        text: &At<String>,
        what: &str,
        names: &Names,
    ) -> Option<Template> {
        let value = self.exact(text, what);
        self.template(text, value, names)
    }

    /// Exact text with `{{ }}` on one line, that is no command.
    pub(super) fn line_with_values(
        &mut self,
        text: &At<String>,
        what: &str,
        names: &Names,
    ) -> Option<Template> {
        let value = self.exact_line(text, what);
        self.template(text, value, names)
    }

    /// Text for people with `{{ }}`.
    pub(super) fn prose_template(&mut self, text: &At<String>, names: &Names) -> Option<Template> {
        let value = self.prose(text);
        let template = self.template(text, value, names)?;
        let secret = template.inserts().find_map(|expr| Self::mentions_secret(expr, names));
        if let Some(secret) = secret {
            let message = format!("the secret `{secret}` would be seen in reports");
            let help = Some("name what it is for, not the secret".to_owned());
            self.say(&codes::SECRET, text.span.clone(), message, help);
        }
        Some(template)
    }

    /// A place within a text as a place in the file, as exact as the way it was written allows.
    pub(super) fn inside(&self, text: &At<String>, range: Range<usize>) -> Range<usize> {
        let written = &self.source.text[text.span.clone()];
        if text.style == Some(ScalarStyle::Literal) && !written.starts_with('|') {
            return self.inside_block(text, range);
        }
        let value = text.value.trim();
        let trimmed = text.value.len() - text.value.trim_start().len();
        let unquoted = value.replace('\'', "''");
        let (content, doubled) = if let Some(found) = written.find(value) {
            (found, false)
        } else if let (ScalarStyle::SingleQuoted, Some(found)) =
            (text.style.unwrap_or(ScalarStyle::Plain), written.find(&unquoted))
        {
            (found, true)
        } else {
            return text.span.clone();
        };
        let place = |at: usize| {
            let at = at.saturating_sub(trimmed).min(value.len());
            let quotes =
                if doubled { value.get(..at).map_or(0, |before| before.matches('\'').count()) } else { 0 };
            text.span.start + content + at + quotes
        };
        place(range.start)..place(range.end)
    }

    /// A place within a `|` block, whose lines are indented in the file.
    fn inside_block(&self, text: &At<String>, range: Range<usize>) -> Range<usize> {
        let before = &self.source.text[..text.span.start];
        let indent = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        let place = |at: usize| {
            let mut rest = at.min(text.value.len());
            let mut from = text.span.start;
            for line in text.value.split_inclusive('\n') {
                if rest < line.len() || !line.ends_with('\n') {
                    break;
                }
                rest -= line.len();
                let written = self.source.text[from..].find('\n').map_or(0, |end| end + 1);
                let blank = self.source.text[from + written..].starts_with(['\n', '\r']);
                from += written + if blank { 0 } else { indent };
            }
            (from + rest).min(text.span.end)
        };
        place(range.start)..place(range.end)
    }

    fn template(&mut self, text: &At<String>, value: String, names: &Names) -> Option<Template> {
        let placed = match parse_placed(&value) {
            Ok(placed) => placed,
            Err(error) => {
                self.bad_expression(text, error);
                return None;
            }
        };
        for (range, piece) in &placed {
            if let Piece::Insert(expr) = piece {
                self.check_names(expr, text, range.start, names);
            }
        }
        Some(Template { source: value, pieces: placed.into_iter().map(|(_, piece)| piece).collect() })
    }

    fn bad_expression(&mut self, text: &At<String>, error: ParseError) {
        let span = error.range.map_or(text.span.clone(), |range| self.inside(text, range));
        self.say(&codes::BAD_EXPRESSION, span, error.message, None);
    }

    /// The text as it was meant, in single quotes.
    fn respelled(&self, text: &At<String>, style: ScalarStyle) -> String {
        let written = &self.source.text[text.span.clone()];
        let meant = match style {
            ScalarStyle::DoubleQuoted => {
                let inner = written.trim_matches('"').replace("\\\"", "\"");
                if inner.contains("\\\\") { inner.replace("\\\\", "\\") } else { inner }
            }
            // What a ` #` cut off was meant as well.
            ScalarStyle::Plain => {
                let rest = self.source.text[text.span.end..].lines().next().unwrap_or_default();
                format!("{written}{}", if rest.trim_start().starts_with('#') { rest.trim_end() } else { "" })
            }
            _ => text.value.trim_end().replace('\n', " "),
        };
        format!("'{}'", meant.replace('\'', "''"))
    }
}

fn said() -> String {
    "write what belongs here; a key that is not needed is left out".to_owned()
}

/// Characters that a reader of the script would not see, or not as what they are.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{A0}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

fn name_of(c: char) -> String {
    match c {
        '\t' => "a TAB".to_owned(),
        '\r' => "a carriage return".to_owned(),
        '\u{A0}' => "a non-breaking blank".to_owned(),
        c => format!("the invisible character U+{:04X}", u32::from(c)),
    }
}
