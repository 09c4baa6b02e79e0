//! Characters, words and redirections: where carets and quotes work.

use super::{Parser, Taken, Unparsed};
use crate::sim::cmd::percent::is_delimiter;
use crate::sim::cmd::tree::{Redirect, RedirectTo};

impl Parser {
    /// Takes one character outside quotes; a caret escapes what follows it, over the end of a line too.
    pub(super) fn take(&mut self) -> Result<Taken, Unparsed> {
        let c = self.peek().ok_or(Unparsed::Incomplete)?;
        self.at += 1;
        if c != '^' {
            return Ok(Taken { c, escaped: false });
        }
        if self.peek() == Some('\n') {
            self.at += 1;
        }
        let c = self.peek().ok_or(Unparsed::Incomplete)?;
        self.at += 1;
        Ok(Taken { c, escaped: true })
    }

    /// A word up to a delimiter or operator; carets go, quotes stay.
    pub(super) fn word(&mut self) -> Result<String, Unparsed> {
        let mut word = String::new();
        let mut quoted = false;
        while let Some(c) = self.peek() {
            if c == '\n' {
                break;
            }
            if quoted {
                quoted = c != '"';
                word.push(c);
                self.at += 1;
                continue;
            }
            if is_delimiter(c) || matches!(c, '&' | '|' | '<' | '>') {
                break;
            }
            if c == ')' && self.parentheses > 0 {
                break;
            }
            let taken = self.take()?;
            quoted = taken.c == '"' && !taken.escaped;
            word.push(taken.c);
        }
        Ok(word)
    }

    pub(super) fn redirect_here(&mut self) -> Result<Option<Redirect>, Unparsed> {
        let handle = match (self.peek(), self.peek_at(1)) {
            (Some(digit @ '0'..='9'), Some('<' | '>')) => {
                self.at += 1;
                digit.to_digit(10).map(|digit| digit as u8)
            }
            _ => None,
        };
        self.redirect(handle)
    }

    /// A redirection whose sign is here.
    pub(super) fn redirect(&mut self, handle: Option<u8>) -> Result<Option<Redirect>, Unparsed> {
        let Some(sign @ ('<' | '>')) = self.peek() else { return Ok(None) };
        self.at += 1;
        let append = sign == '>' && self.peek() == Some('>');
        if append {
            self.at += 1;
        }
        let handle = handle.unwrap_or(u8::from(sign == '>'));
        if self.peek() == Some('&') {
            self.at += 1;
            let Some(to) = self.peek().and_then(|c| c.to_digit(10)) else { return Err(self.unexpected()) };
            self.at += 1;
            return Ok(Some(Redirect { handle, to: RedirectTo::Handle(to as u8) }));
        }
        self.skip_delimiters();
        let target = self.word()?;
        if target.is_empty() {
            return Err(self.unexpected());
        }
        let to = match (sign, append) {
            ('<', _) => RedirectTo::Read(target),
            (_, true) => RedirectTo::Append(target),
            (_, false) => RedirectTo::Write(target),
        };
        Ok(Some(Redirect { handle, to }))
    }
}
