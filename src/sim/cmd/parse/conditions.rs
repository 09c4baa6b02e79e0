//! `if` and `for`, which have a grammar of their own.

use super::{Parser, Unparsed};
use crate::sim::cmd::percent::is_delimiter;
use crate::sim::cmd::tree::{Comparison, Condition, For, ForKind, If, Node};

impl Parser {
    /// After `if`.
    pub(super) fn condition(&mut self) -> Result<Node, Unparsed> {
        let mut ignore_case = false;
        let mut negated = false;
        let mut first = self.operand()?;
        loop {
            if first.eq_ignore_ascii_case("/i") {
                ignore_case = true;
            } else if first.eq_ignore_ascii_case("not") && !negated {
                negated = true;
            } else {
                break;
            }
            first = self.operand()?;
        }
        let condition = match first.to_ascii_lowercase().as_str() {
            "exist" => Condition::Exist(self.operand()?),
            "defined" => Condition::Defined(self.operand()?),
            "errorlevel" => Condition::ErrorLevel(self.operand()?),
            "cmdextversion" => Condition::Version(self.operand()?),
            _ => self.comparison(first)?,
        };
        let then = self.body()?;
        let otherwise = self.else_branch()?;
        Ok(Node::If(Box::new(If { ignore_case, negated, condition, then, otherwise })))
    }

    fn comparison(&mut self, left: String) -> Result<Condition, Unparsed> {
        while self.peek().is_some_and(|c| is_delimiter(c) && c != '=') {
            self.at += 1;
        }
        if self.peek() == Some('=') && self.peek_at(1) == Some('=') {
            self.at += 2;
            return Ok(Condition::Same(left, self.operand()?));
        }
        self.skip_delimiters();
        let start = self.at;
        if matches!(self.peek(), Some('(' | ')')) {
            return Err(self.unexpected());
        }
        let word = self.word()?;
        let Some(comparison) = Comparison::named(&word) else {
            self.at = start;
            return Err(self.unexpected());
        };
        Ok(Condition::Compare(left, comparison, self.operand()?))
    }

    /// A word of a condition; a parenthesis is part of it.
    fn operand(&mut self) -> Result<String, Unparsed> {
        self.skip_delimiters();
        if self.parentheses > 0 && self.peek() == Some(')') {
            return Err(self.unexpected());
        }
        let open = std::mem::take(&mut self.parentheses);
        let word = self.word();
        self.parentheses = open;
        let word = word?;
        if word.is_empty() {
            return Err(if self.peek().is_none() && open > 0 {
                Unparsed::Incomplete
            } else {
                self.unexpected()
            });
        }
        Ok(word)
    }

    /// The commands of `if` and `do`, which take all that follows.
    fn body(&mut self) -> Result<Node, Unparsed> {
        self.skip_delimiters();
        match self.peek() {
            None if self.parentheses > 0 => Err(Unparsed::Incomplete),
            None | Some('\n') => Err(Unparsed::Syntax),
            Some('&' | '|' | ')') => Err(self.unexpected()),
            Some(_) => self.one_line_sequence(),
        }
    }

    /// `a & b` without going on to the next line of the block around it.
    fn one_line_sequence(&mut self) -> Result<Node, Unparsed> {
        let mut parts = vec![self.alternatives()?];
        loop {
            self.skip_delimiters();
            if self.peek() != Some('&') || self.peek_at(1) == Some('&') {
                break;
            }
            self.at += 1;
            self.skip_delimiters();
            match self.peek() {
                Some('&' | '|') => return Err(self.unexpected()),
                None | Some('\n') => break,
                Some(')') if self.parentheses > 0 => break,
                Some(_) => parts.push(self.alternatives()?),
            }
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Node::Sequence(parts) })
    }

    fn else_branch(&mut self) -> Result<Option<Node>, Unparsed> {
        self.skip_delimiters();
        let start = self.at;
        // Only a parenthesis ends arguments, so `else` can only stand after one.
        let word: String = self.text[start..].iter().take(4).collect();
        let behind = self.peek_at(4);
        let is_else = word.eq_ignore_ascii_case("else")
            && behind.is_none_or(|c| is_delimiter(c) || matches!(c, '(' | '\n' | '@'));
        if !is_else {
            return Ok(None);
        }
        self.at += 4;
        self.body().map(Some)
    }

    /// After `for`.
    pub(super) fn repetition(&mut self) -> Result<Node, Unparsed> {
        let mut kind = ForKind::Plain;
        let variable = loop {
            self.skip_delimiters();
            let start = self.at;
            let word = self.word()?;
            match word.to_ascii_lowercase().as_str() {
                "/d" => {
                    kind = match kind {
                        ForKind::Tree { root, .. } => ForKind::Tree { root, folders: true },
                        _ => ForKind::Folders,
                    }
                }
                "/l" => kind = ForKind::Numbers,
                "/r" => {
                    let folders = kind == ForKind::Folders;
                    let root = self.option_word()?;
                    kind = ForKind::Tree { root, folders };
                }
                "/f" => kind = ForKind::Lines(self.option_word()?.unwrap_or_default()),
                _ => {
                    let mut chars = word.chars();
                    if let (Some('%'), Some(letter), None) = (chars.next(), chars.next(), chars.next()) {
                        break letter;
                    }
                    self.at = start;
                    return Err(self.unexpected());
                }
            }
        };
        self.keyword("in")?;
        let set = self.set()?;
        self.keyword("do")?;
        let body = self.body()?;
        Ok(Node::For(Box::new(For { kind, variable, set, body })))
    }

    /// The word after `/r` or `/f`, unless it is the variable already.
    fn option_word(&mut self) -> Result<Option<String>, Unparsed> {
        self.skip_delimiters();
        let is_variable = self.peek() == Some('%')
            && self.peek_at(1).is_some_and(|c| !is_delimiter(c))
            && self.peek_at(2).is_none_or(is_delimiter);
        let is_switch = self.peek() == Some('/');
        if is_variable || is_switch || matches!(self.peek(), None | Some('\n')) {
            return Ok(None);
        }
        self.word().map(Some)
    }

    fn keyword(&mut self, wanted: &str) -> Result<(), Unparsed> {
        self.skip_blank_lines();
        let start = self.at;
        let length = wanted.chars().count();
        let word: String = self.text[start..].iter().take(length).collect();
        let behind = self.peek_at(length);
        let ends = behind.is_none_or(|c| is_delimiter(c) || matches!(c, '(' | '\n' | '@'));
        if word.eq_ignore_ascii_case(wanted) && ends {
            self.at += length;
            return Ok(());
        }
        if self.peek().is_none() && self.parentheses > 0 {
            return Err(Unparsed::Incomplete);
        }
        Err(self.unexpected())
    }

    /// `( … )` after `in`; the end of a line is a blank.
    fn set(&mut self) -> Result<String, Unparsed> {
        self.skip_delimiters();
        if self.peek() != Some('(') {
            return Err(self.unexpected());
        }
        self.at += 1;
        let mut set = String::new();
        let mut quoted = false;
        loop {
            let c = self.peek().ok_or(Unparsed::Incomplete)?;
            match c {
                '\n' => {
                    quoted = false;
                    set.push(' ');
                    self.at += 1;
                }
                _ if quoted => {
                    quoted = c != '"';
                    set.push(c);
                    self.at += 1;
                }
                ')' => {
                    self.at += 1;
                    return Ok(set);
                }
                '&' | '|' | '<' | '>' => return Err(self.unexpected()),
                _ => {
                    let taken = self.take()?;
                    quoted = taken.c == '"' && !taken.escaped;
                    set.push(taken.c);
                }
            }
        }
    }
}
