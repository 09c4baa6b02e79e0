//! Phases 4 and 5, when a command is about to run: `for` variables, then delayed expansion.

use super::modifiers::{LETTERS, Modifiers};
use super::percent::{Scope, read_modifiers};
use super::shell::{Shell, Switch};
use super::substitute::Edit;

impl Shell {
    /// A text of the tree as the command sees it.
    pub(super) fn late(&self, text: &str) -> String {
        self.delay(&self.loop_values(text))
    }

    /// With the values of `for` variables in place.
    pub(super) fn loop_values(&self, text: &str) -> String {
        if self.loops == 0 || !text.contains('%') {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if let Some((value, behind)) = self.loop_value(after) {
                out.push_str(&value);
                rest = behind;
            } else {
                out.push('%');
                rest = after;
            }
        }
        out.push_str(rest);
        out
    }

    /// The value that a reference after `%` stands for, and what follows it.
    fn loop_value<'a>(&self, after: &'a str) -> Option<(String, &'a str)> {
        let first = after.chars().next()?;
        if let Some(value) = self.loop_variable(first) {
            return Some((value.to_owned(), &after[first.len_utf8()..]));
        }
        let reference = after.strip_prefix('~')?;
        // The longest run of modifiers that still leaves a variable: `%~nx` is `n` of x when x is one.
        let run = reference.chars().take_while(|c| LETTERS.contains(c.to_ascii_lowercase())).count();
        let candidates = (0..=run).rev().filter_map(|length| {
            let (letters, rest) = reference.split_at(length);
            let letter = rest.chars().next()?;
            self.loop_variable(letter).map(|value| (letters, value, &rest[letter.len_utf8()..]))
        });
        if let Some((letters, value, rest)) = candidates.into_iter().next() {
            let modifiers = Modifiers { letters: letters.to_ascii_lowercase(), search: None };
            return Some((self.modify(value, &modifiers), rest));
        }
        let (modifiers, rest) = read_modifiers(reference, |c| self.loop_variable(c).is_some())?;
        let letter = rest.chars().next()?;
        let value = self.loop_variable(letter)?;
        Some((self.modify(value, &modifiers), &rest[letter.len_utf8()..]))
    }

    fn loop_variable(&self, letter: char) -> Option<&str> {
        self.variables.iter().rev().find(|(name, _)| *name == letter).map(|(_, value)| value.as_str())
    }

    /// Delayed expansion: `!VAR!`, where a caret escapes; nothing happens to a text without `!`.
    pub(super) fn delay(&self, text: &str) -> String {
        if self.delayed == Switch::Off || !text.contains('!') {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['!', '^']) {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if rest[at..].starts_with('^') {
                let mut chars = after.chars();
                out.extend(chars.next());
                rest = chars.as_str();
                continue;
            }
            rest = self.delayed_value(after, &mut out);
        }
        out.push_str(rest);
        out
    }

    /// After an exclamation mark; one that opens nothing is dropped.
    fn delayed_value<'a>(&self, after: &'a str, out: &mut String) -> &'a str {
        let Some(end) = after.find('!') else { return after };
        let (inside, behind) = (&after[..end], &after[end + 1..]);
        if let Some(value) = self.variable(inside) {
            out.push_str(&value);
            return behind;
        }
        let Some((name, edit)) = inside.split_once(':') else { return behind };
        let Some(value) = self.variable(name) else { return behind };
        match Edit::parse(edit) {
            Ok(edit) => out.push_str(&edit.apply(&value)),
            Err(_) => out.push_str(inside),
        }
        behind
    }
}
