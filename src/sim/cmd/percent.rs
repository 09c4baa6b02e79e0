//! Phase 1: percent expansion of a line, before anything of it is parsed.
//!
//! Batch files: `%%`, `%1`, `%*`, `%~dpnx1`, undefined variables become nothing. The command line: none of that, and
//! what is undefined stays as it is. (dbenham and jeb, "How does the Windows Command Interpreter parse scripts",
//! phase 1.)

use super::modifiers::{LETTERS, Modifiers};
use super::substitute::{Edit, NoEdit};

/// What a line can refer to.
pub(super) trait Scope {
    /// The value of a variable, the dynamic ones (`CD`, `ERRORLEVEL`, …) among them.
    fn variable(&self, name: &str) -> Option<String>;
    /// The arguments, when a batch file runs.
    fn arguments(&self) -> Option<&Arguments>;
    /// An argument with modifiers.
    fn modified(&self, argument: &str, modifiers: &Modifiers) -> String;
}

/// `%0` to `%9` and `%*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    /// `%0`, and all others after it.
    pub(super) words: Vec<String>,
    /// Which word each of `%0` … `%9` is, moved by `shift`.
    pub(super) shifted: [usize; 10],
    /// `%*`, untouched by `shift`.
    pub(super) all: String,
}

/// A part of the line that aborts everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PercentError {
    /// `%~…` with a letter that is no modifier.
    Modifier(String),
    /// `%VAR:=…%`
    Replacement(String),
}

impl Arguments {
    /// `%0` = `name`, the rest from what stands behind it.
    pub(super) fn new(name: &str, tail: &str) -> Self {
        let mut words = vec![name.to_owned()];
        words.extend(split(tail));
        let shifted = std::array::from_fn(|at| at);
        Self { words, shifted, all: tail.trim_start_matches([' ', '\t']).to_owned() }
    }

    /// The argument behind a digit; empty when there is none.
    pub(super) fn at(&self, digit: usize) -> &str {
        self.shifted.get(digit).and_then(|word| self.words.get(*word)).map_or("", String::as_str)
    }

    /// `shift`, `shift /n`: everything from `%n` on moves down.
    pub(super) fn shift(&mut self, from: usize) {
        for word in self.shifted.iter_mut().skip(from) {
            *word += 1;
        }
    }
}

/// The words of an argument list: split at blanks, `,`, `;`, `=` outside quotes, which stay.
pub(super) fn split(tail: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in tail.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if !quoted && is_delimiter(c) {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The token delimiters of cmd.
pub(super) fn is_delimiter(c: char) -> bool {
    matches!(c, ' ' | '\t' | ',' | ';' | '=' | '\u{b}' | '\u{c}' | '\u{a0}')
}

/// Expands a line.
pub(super) fn expand(line: &str, scope: &impl Scope) -> Result<String, PercentError> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = step(&rest[at + 1..], scope, &mut out)?;
    }
    out.push_str(rest);
    Ok(out)
}

/// Handles what follows a percent sign; returns where to go on.
fn step<'a>(after: &'a str, scope: &impl Scope, out: &mut String) -> Result<&'a str, PercentError> {
    let batch = scope.arguments();
    if let Some(arguments) = batch {
        if let Some(rest) = after.strip_prefix('%') {
            out.push('%');
            return Ok(rest);
        }
        if let Some(rest) = after.strip_prefix('*') {
            out.push_str(&arguments.all);
            return Ok(rest);
        }
        if let Some(digit) = after.chars().next().and_then(|c| c.to_digit(10)) {
            out.push_str(arguments.at(digit as usize));
            return Ok(&after[1..]);
        }
        if let Some(reference) = after.strip_prefix('~') {
            return argument(reference, arguments, scope, out);
        }
    }
    variable(after, batch.is_some(), scope, out)
}

fn argument<'a>(
    reference: &'a str,
    arguments: &Arguments,
    scope: &impl Scope,
    out: &mut String,
) -> Result<&'a str, PercentError> {
    let wrong = || PercentError::Modifier(format!("%~{}", first_word(reference)));
    let (modifiers, rest) = read_modifiers(reference, |c| c.is_ascii_digit()).ok_or_else(wrong)?;
    let digit = rest.chars().next().and_then(|c| c.to_digit(10)).ok_or_else(wrong)?;
    out.push_str(&scope.modified(arguments.at(digit as usize), &modifiers));
    Ok(&rest[1..])
}

/// Reads modifiers after `~` up to the character that `is_end` accepts; `None` when something else comes first.
pub(super) fn read_modifiers(text: &str, is_end: impl Fn(char) -> bool) -> Option<(Modifiers, &str)> {
    let mut modifiers = Modifiers::default();
    let mut rest = text;
    loop {
        let next = rest.chars().next()?;
        if next == '$' {
            let (name, after) = rest[1..].split_once(':')?;
            modifiers.search = Some(name.to_owned());
            rest = after;
        } else if is_end(next) {
            return Some((modifiers, rest));
        } else if LETTERS.contains(next.to_ascii_lowercase()) {
            modifiers.letters.push(next.to_ascii_lowercase());
            rest = &rest[next.len_utf8()..];
        } else {
            return None;
        }
    }
}

fn variable<'a>(
    after: &'a str,
    is_batch: bool,
    scope: &impl Scope,
    out: &mut String,
) -> Result<&'a str, PercentError> {
    // A percent sign that begins nothing: batch files drop it, the command line keeps it.
    let nothing = |out: &mut String| {
        if !is_batch {
            out.push('%');
        }
        Ok(after)
    };
    let Some(end) = after.find(['%', ':']) else { return nothing(out) };
    let (mut name, mut rest) = after.split_at(end);
    if rest.starts_with(":%") {
        (name, rest) = after.split_at(end + 1);
    }
    if let Some(rest) = rest.strip_prefix('%') {
        return match scope.variable(name) {
            Some(value) => {
                out.push_str(&value);
                Ok(rest)
            }
            None if is_batch => Ok(rest),
            None => nothing(out),
        };
    }
    let rest = &rest[1..];
    let Some(value) = scope.variable(name) else {
        return if is_batch { Ok(rest) } else { nothing(out) };
    };
    let Some((edit, behind)) = rest.split_once('%') else { return nothing(out) };
    match Edit::parse(edit) {
        Ok(edit) => {
            out.push_str(&edit.apply(&value));
            Ok(behind)
        }
        Err(NoEdit::Literal) => nothing(out),
        Err(NoEdit::Fatal) => Err(PercentError::Replacement(rest.to_owned())),
    }
}

fn first_word(text: &str) -> &str {
    text.split([' ', '\t']).next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Option<Arguments>);

    impl Scope for Fixed {
        fn variable(&self, name: &str) -> Option<String> {
            match name.to_ascii_uppercase().as_str() {
                "A" => Some("one".to_owned()),
                "X:" => Some("colon".to_owned()),
                "ERRORLEVEL" => Some("0".to_owned()),
                _ => None,
            }
        }

        fn arguments(&self) -> Option<&Arguments> {
            self.0.as_ref()
        }

        fn modified(&self, argument: &str, modifiers: &Modifiers) -> String {
            format!("<{argument}|{}>", modifiers.letters)
        }
    }

    #[test]
    fn the_command_line_keeps_what_is_undefined() {
        let rows = [
            ("%a% %b%", "one %b%"),
            ("%^errorlevel%", "%^errorlevel%"),
            ("%b%a%", "%bone"),
            ("%%a%%", "%one%"),
            ("100%", "100%"),
            ("%1 %*", "%1 %*"),
            ("%a:~0,2%", "on"),
            ("%b:~0,2%", "%b:~0,2%"),
            ("%b:~0,%a%", "%b:~0,one"),
            ("%a:~x%", "%a:~x%"),
            ("%a:n=m%%a:*n=%", "omee"),
            ("%x:%", "colon"),
            ("%a", "%a"),
            ("%~dp0", "%~dp0"),
        ];
        for (line, expected) in rows {
            assert_eq!(expand(line, &Fixed(None)).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn a_batch_file_drops_what_is_undefined_and_knows_its_arguments() {
        let scope = Fixed(Some(Arguments::new("x.cmd", " \"a b\" c=d;e ")));
        let rows = [
            ("%a% %b%.", "one ."),
            ("%^errorlevel%", ""),
            ("%%a%%", "%a%"),
            ("100%", "100"),
            ("%0|%1|%2|%3|%4|%5|", "x.cmd|\"a b\"|c|d|e||"),
            ("%*", "\"a b\" c=d;e "),
            ("%~1 %~nX2", "<\"a b\"|> <c|nx>"),
            ("%b:~0,2%", "~0,2"),
            ("%ERRORLEVEL%ERRORLEVEL%", "0ERRORLEVEL"),
            ("%ERRORLEVEL%%%", "0%"),
            ("P%", "P"),
            ("%a:~2a%", "a:~2a"),
        ];
        for (line, expected) in rows {
            assert_eq!(expand(line, &scope).as_deref(), Ok(expected), "{line}");
        }
        assert_eq!(expand("echo %~q1", &scope), Err(PercentError::Modifier("%~q1".to_owned())));
        assert_eq!(expand("%a:=x%", &scope), Err(PercentError::Replacement("=x%".to_owned())));
    }

    #[test]
    fn shift_moves_words_but_not_all_of_them() {
        let mut arguments = Arguments::new("f", "1 2 3 4 5");
        arguments.shift(0);
        assert_eq!((arguments.at(0), arguments.at(1)), ("1", "2"));
        arguments.shift(3);
        assert_eq!((arguments.at(2), arguments.at(3)), ("3", "5"));
        assert_eq!(arguments.all, "1 2 3 4 5");
    }
}
