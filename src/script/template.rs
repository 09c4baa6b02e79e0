//! Text with `{{ }}` in it: parsed once, rendered into a command line, or shown to a person.

use std::ops::Range;

use minijinja::value::ValueKind;

use crate::powershell::{Surroundings, Syntax};
use crate::script::expression::{EvalError, ParseError};
use crate::script::model::{Expr, Mode, Piece, Scope, Template, Value};
use crate::script::quoting::{Line, Nature, Refusal, double_quoted, single_quoted};

/// Longest line typed at a cmd prompt, in UTF-16 units, the shell layer's wrapping not counted. cmd takes 8,191, but the
/// echo of a line is proven on a screen of 24 x 80.
pub const LONGEST_CMD: usize = 1_000;

/// Longest line typed at `SAC>`, which has 80 columns and no way to wrap.
pub const LONGEST_SAC: usize = 70;

/// Longest PowerShell script, in UTF-16 units: it is carried over as a file, about 70 characters a row of the screen.
pub const LONGEST_POWERSHELL: usize = 32_000;

/// A text that could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// An inserted value is not there.
    #[error(transparent)]
    Value(#[from] EvalError),
    /// An inserted value is neither text nor a whole number nor true or false.
    #[error("`{{{{ {expression} }}}}` is {kind}, which can't be inserted")]
    NotText {
        /// The expression.
        expression: String,
        /// What it is.
        kind: String,
    },
    /// An inserted value would break out of its place.
    #[error("the value of `{{{{ {expression} }}}}` is refused: {refusal}")]
    Refused {
        /// The expression.
        expression: String,
        /// Why.
        refusal: Refusal,
    },
    /// The line is too long for where it is typed.
    #[error("the command is {length} characters long, {limit} fit")]
    TooLong {
        /// Its length.
        length: usize,
        /// What fits.
        limit: usize,
    },
    /// An inserted value stands where it would be code.
    #[error("`{{{{ {expression} }}}}` stands outside of quotes in a PowerShell script")]
    Unquoted {
        /// The expression.
        expression: String,
    },
    /// With its values the script has another structure than without.
    #[error("a value changes what the PowerShell script is")]
    Structure,
}

/// A piece of a template with its place in the template's text.
pub(crate) type Placed = (Range<usize>, Piece);

impl Template {
    /// Parses `{{ }}`. There are no statements: `{%` is an error.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        let pieces = parse_placed(source)?.into_iter().map(|(_, piece)| piece).collect();
        Ok(Self { source: source.to_owned(), pieces })
    }

    /// The command line, with every value proven to stay in its place.
    pub fn render(&self, scope: &Scope, mode: Mode) -> Result<String, RenderError> {
        if mode == Mode::PowerShell {
            return self.render_powershell(scope);
        }
        let limit = match mode {
            Mode::Cmd => LONGEST_CMD,
            Mode::Sac => LONGEST_SAC,
            Mode::PowerShell => LONGEST_POWERSHELL,
        };
        let mut line = Line::new(mode);
        let mut last = "";
        for piece in &self.pieces {
            let outcome = match piece {
                Piece::Literal(text) => line.literal(text),
                Piece::Insert(expr) => {
                    last = &expr.source;
                    let (text, nature) = text_of(expr, &expr.eval(scope)?, scope)?;
                    line.value(&text, nature)
                }
            };
            outcome.map_err(|refusal| RenderError::Refused { expression: last.to_owned(), refusal })?;
        }
        let line = line.finish();
        let length = line.encode_utf16().count();
        if length > limit {
            return Err(RenderError::TooLong { length, limit });
        }
        Ok(line)
    }

    /// A PowerShell script. Values stand between quotes, are refused where they would mean something there, and the
    /// script must have the same structure with them as with a harmless word in their place.
    fn render_powershell(&self, scope: &Scope) -> Result<String, RenderError> {
        let mut harmless = String::new();
        let mut places = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => harmless.push_str(text),
                Piece::Insert(expr) => {
                    places.push((expr, harmless.len()..harmless.len() + 1));
                    harmless.push('x');
                }
            }
        }
        let syntax = Syntax::of(&harmless);
        let mut out = String::new();
        let mut from = 0;
        for (expr, place) in places {
            let refused = |refusal| RenderError::Refused { expression: expr.source.clone(), refusal };
            let (text, _) = text_of(expr, &expr.eval(scope)?, scope)?;
            out.push_str(&harmless[from..place.start]);
            from = place.end;
            match syntax.around(&place) {
                Surroundings::SingleQuotes => out.push_str(&single_quoted(&text).map_err(refused)?),
                Surroundings::DoubleQuotes => out.push_str(double_quoted(&text).map_err(refused)?),
                Surroundings::Bare => {
                    return Err(RenderError::Unquoted { expression: expr.source.clone() });
                }
            }
        }
        out.push_str(&harmless[from..]);
        if !Syntax::of(&out).has_shape_of(&syntax) {
            return Err(RenderError::Structure);
        }
        let length = out.encode_utf16().count();
        if length > LONGEST_POWERSHELL {
            return Err(RenderError::TooLong { length, limit: LONGEST_POWERSHELL });
        }
        Ok(out)
    }

    /// The text, with every value proven to stay between double quotes in cmd: a path.
    pub fn render_quoted(&self, scope: &Scope) -> Result<String, RenderError> {
        let mut line = Line::new(Mode::Cmd);
        let quote = |line: &mut Line, expression: &str| {
            line.literal("\"")
                .map_err(|refusal| RenderError::Refused { expression: expression.to_owned(), refusal })
        };
        quote(&mut line, "")?;
        let mut last = "";
        for piece in &self.pieces {
            let outcome = match piece {
                Piece::Literal(text) => line.literal(text),
                Piece::Insert(expr) => {
                    last = &expr.source;
                    let (text, nature) = text_of(expr, &expr.eval(scope)?, scope)?;
                    line.value(&text, nature)
                }
            };
            outcome.map_err(|refusal| RenderError::Refused { expression: last.to_owned(), refusal })?;
        }
        quote(&mut line, last)?;
        Ok(line.finish().trim_matches('"').to_owned())
    }

    /// An answer to a program: values as they are, without control characters. No shell reads it.
    pub fn render_answer(&self, scope: &Scope) -> Result<String, RenderError> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Insert(expr) => {
                    let (text, _) = text_of(expr, &expr.eval(scope)?, scope)?;
                    if let Some(c) = text.chars().find(|c| c.is_control()) {
                        let refusal = Refusal::Never(c, "a control character");
                        return Err(RenderError::Refused { expression: expr.source.clone(), refusal });
                    }
                    out.push_str(&text);
                }
            }
        }
        Ok(out)
    }

    /// Text for people: titles, findings. Control characters of values become visible, so that nothing a machine
    /// said reaches a terminal (law 8).
    pub fn render_text(&self, scope: &Scope) -> Result<String, RenderError> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Insert(expr) => {
                    let value = expr.eval(scope)?;
                    if value.kind() == ValueKind::Seq {
                        let items: Vec<_> =
                            value.try_iter().into_iter().flatten().map(|v| visible(&v.to_string())).collect();
                        out.push_str(&items.join(", "));
                    } else {
                        out.push_str(&visible(&text_of(expr, &value, scope)?.0));
                    }
                }
            }
        }
        Ok(out)
    }

    /// Text for a plan: values that are known are inserted, the others stand as `‹name›`.
    pub fn preview(&self, scope: &Scope) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                // An expression such as `x | default("1")` has a value without `x`, but not the one it will have.
                Piece::Insert(expr) if !expr.valueless(scope).is_empty() => {
                    out.extend(["‹", expr.source.as_str(), "›"]);
                }
                Piece::Insert(expr) => match expr.eval(scope).map(|value| text_of(expr, &value, scope)) {
                    Ok(Ok((text, _))) => out.push_str(&visible(&text)),
                    _ => out.extend(["‹", expr.source.as_str(), "›"]),
                },
            }
        }
        out
    }

    /// The expressions in it.
    pub fn inserts(&self) -> impl Iterator<Item = &Expr> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Insert(expr) => Some(expr),
            Piece::Literal(_) => None,
        })
    }
}

/// The pieces with their places.
pub(crate) fn parse_placed(source: &str) -> Result<Vec<Placed>, ParseError> {
    let mut pieces = Vec::new();
    let mut at = 0;
    if let Some(found) = source.find("{%") {
        return Err(ParseError {
            message: "there are no statements in templates, only values in {{ }}".to_owned(),
            range: Some(found..found + 2),
        });
    }
    while let Some(open) = source[at..].find("{{").map(|found| at + found) {
        if open > at {
            pieces.push((at..open, Piece::Literal(source[at..open].to_owned())));
        }
        let inside = open + 2;
        let Some(close) = closing(&source[inside..]).map(|found| inside + found) else {
            return Err(ParseError { message: "`{{` is never closed".to_owned(), range: Some(open..inside) });
        };
        let trimmed = source[inside..close].trim();
        let start = inside + source[inside..close].find(trimmed).unwrap_or(0);
        let expr = Expr::parse(trimmed).map_err(|error| ParseError {
            range: Some(error.range.map_or(open..close + 2, |range| start + range.start..start + range.end)),
            message: error.message,
        })?;
        pieces.push((start..start + trimmed.len(), Piece::Insert(expr)));
        at = close + 2;
    }
    if at < source.len() {
        pieces.push((at..source.len(), Piece::Literal(source[at..].to_owned())));
    }
    Ok(pieces)
}

/// Where `}}` stands outside of text literals.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if text[at..].starts_with("}}") => return Some(at),
            Some(_) | None => {}
        }
    }
    None
}

fn text_of(expr: &Expr, value: &Value, scope: &Scope) -> Result<(String, Nature), RenderError> {
    match value.kind() {
        ValueKind::Number if value.as_i64().is_some() => Ok((value.to_string(), Nature::Number)),
        ValueKind::Bool => Ok((if value.is_true() { "true" } else { "false" }.to_owned(), Nature::Text)),
        ValueKind::String => Ok((value.to_string(), Nature::Text)),
        ValueKind::Undefined => Err(RenderError::Value(EvalError::Undefined {
            source_text: expr.source.clone(),
            names: expr.valueless(scope),
        })),
        kind => Err(RenderError::NotText { expression: expr.source.clone(), kind: kind.to_string() }),
    }
}

/// Control and invisible characters as `\u{…}`.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
        {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope::from([
            ("name".to_owned(), Value::from("Term Service")),
            ("port".to_owned(), Value::from(3389)),
            ("bad".to_owned(), Value::from("x\u{1b}[31m\"")),
            ("list".to_owned(), Value::from(vec!["a", "b"])),
        ])
    }

    #[test]
    fn renders_commands() {
        for (source, expected) in [
            ("sc query \"{{ name }}\"", Ok("sc query \"Term Service\"")),
            ("netstat {{ port }}", Ok("netstat 3389")),
            ("bcdedit {bootmgr}", Ok("bcdedit {bootmgr}")),
            ("x {{ '}}' if port == 1 else '{y}' }}", Ok("x {y}")),
            (
                "sc query {{ name }}",
                Err(
                    "the value of `{{ name }}` is refused: it holds a blank, which needs double quotes around `{{ }}`",
                ),
            ),
            (
                "x \"{{ bad }}\"",
                Err("the value of `{{ bad }}` is refused: it holds U+001B, a control character"),
            ),
            ("x {{ list }}", Err("`{{ list }}` is sequence, which can't be inserted")),
            ("x {{ gone }}", Err("`gone` uses gone, which has no value here")),
        ] {
            let template = Template::parse(source).unwrap();
            let outcome = template.render(&scope(), Mode::Cmd).map_err(|error| error.to_string());
            assert_eq!(outcome.as_deref().map_err(String::as_str), expected, "{source}");
        }
    }

    #[test]
    fn renders_text_and_previews() {
        let template = Template::parse("{{ bad }} on {{ list }}, {{ later.value | default('x') }}").unwrap();
        let known = Template::parse("{{ bad }} on {{ list }}").unwrap();
        assert_eq!(known.render_text(&scope()).unwrap(), "x\\u{1b}[31m\" on a, b");
        assert_eq!(template.preview(&scope()), "x\\u{1b}[31m\" on ‹list›, ‹later.value | default('x')›");
    }

    #[test]
    fn lines_have_a_length() {
        let long = Template::parse(&"x".repeat(71)).unwrap();
        assert_eq!(long.render(&scope(), Mode::Sac), Err(RenderError::TooLong { length: 71, limit: 70 }));
        assert!(long.render(&scope(), Mode::Cmd).is_ok());
    }

    #[test]
    fn says_where_it_does_not_parse() {
        for (source, range) in
            [("a {{ b", 2..4), ("a {% if %}", 2..4), ("a {{ b | nope }}", 9..13), ("a {{ }}", 2..7)]
        {
            assert_eq!(Template::parse(source).unwrap_err().range, Some(range), "{source}");
        }
    }
}
