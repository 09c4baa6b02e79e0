//! Valid PowerShell that the grammar does not read, written as it does.
//!
//! Each change keeps every byte of the text where it is, but for line ends that are put in, whose places are told. What
//! is changed is what the grammar is known to refuse:
//!
//! | PowerShell reads | the grammar wants |
//! |---|---|
//! | `switch ($x) { 1 { … } 2 { … } }` | each clause on a line of its own |
//! | `3KB` | small letters |
//! | `continue outer` | no bare word behind `break` and `continue` |
//! | `$x.ForEach({ … })` | another name, or no parentheses |
//! | `switch ($x) { "a b" { … } }` | no blanks in double quotes there |
//! | `group="@FirewallAPI.dll,-28752"` | no commas in quotes in the middle of a word |

/// The text as the grammar reads it, and where line ends were put into it. `None`: there is nothing to change.
pub(super) fn rewritten(text: &str) -> Option<(String, Vec<usize>)> {
    let mut scan =
        Scan { bytes: text.as_bytes(), at: 0, changed: text.as_bytes().to_vec(), ends: Vec::new() };
    scan.code(None);
    let Scan { mut changed, ends, .. } = scan;
    for (earlier, at) in ends.iter().enumerate() {
        changed.insert(at + earlier, b'\n');
    }
    let put_in = ends.iter().enumerate().map(|(earlier, at)| at + earlier).collect();
    String::from_utf8(changed).ok().filter(|changed| changed != text).map(|changed| (changed, put_in))
}

/// Goes through a text once, by its quotes, comments and brackets.
struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
    changed: Vec<u8>,
    /// Where line ends are put in, in the old text.
    ends: Vec<usize>,
}

impl Scan<'_> {
    /// What is inside of brackets, and the one that closes them. Nesting is bounded by the length of a script.
    fn code(&mut self, close: Option<u8>) {
        let mut switch = false;
        while let Some(byte) = self.peek(0) {
            if Some(byte) == close {
                self.at += 1;
                return;
            }
            match byte {
                b'{' if switch => {
                    self.at += 1;
                    self.clauses();
                    switch = false;
                }
                b';' | b'}' => {
                    switch = false;
                    self.at += 1;
                }
                _ => switch |= self.piece() == Piece::Switch,
            }
        }
    }

    /// The clauses of a `switch`, and the bracket that closes them.
    fn clauses(&mut self) {
        let mut condition = false;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'}' => {
                    self.at += 1;
                    return;
                }
                b'{' => {
                    self.at += 1;
                    self.code(Some(b'}'));
                    if condition {
                        self.end_clause();
                    }
                    condition = !condition;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b';' => self.at += 1,
                b'"' if !condition => {
                    self.quoted(b'"', true);
                    condition = true;
                }
                _ => condition |= self.piece() != Piece::Comment,
            }
        }
    }

    /// Ends a line behind a clause, unless it ends there.
    fn end_clause(&mut self) {
        let rest = &self.bytes[self.at..];
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match rest.get(blanks) {
            None | Some(b'\r' | b'\n' | b';' | b'}') => {}
            Some(_) if blanks == 0 => self.ends.push(self.at),
            Some(_) => self.changed[self.at] = b'\n',
        }
    }

    /// One word, string, comment, bracket with what is in it, or sign.
    fn piece(&mut self) -> Piece {
        let rest = &self.bytes[self.at..];
        match rest[0] {
            b'<' if rest.starts_with(b"<#") => self.past(b"#>"),
            b'#' if !self.inside_word() => {
                self.at += rest.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
                return Piece::Comment;
            }
            b'@' if is_here(rest, b'\'') => self.past(b"\n'@"),
            b'@' if is_here(rest, b'"') => self.past(b"\n\"@"),
            b'`' => self.at = (self.at + 2).min(self.bytes.len()),
            b'\'' | b'"' => {
                let before = self.at.checked_sub(1).map(|at| self.bytes[at]);
                self.quoted(rest[0], before.is_some_and(|byte| is_word(byte) || byte == b'='));
            }
            b'(' => self.inside(b')'),
            b'[' => self.inside(b']'),
            b'{' => self.inside(b'}'),
            byte if is_word(byte) => return self.word(),
            _ => self.at += 1,
        }
        Piece::Other
    }

    fn inside(&mut self, close: u8) {
        self.at += 1;
        self.code(Some(close));
    }

    fn past(&mut self, end: &[u8]) {
        let rest = &self.bytes[self.at..];
        let found = rest.windows(end.len()).position(|window| window == end);
        self.at += found.map_or(rest.len(), |found| found + end.len());
    }

    /// A string in quotes; its signs and blanks become letters where the grammar takes them for something.
    fn quoted(&mut self, quote: u8, letters: bool) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            let here = self.at;
            match byte {
                _ if byte == quote && self.peek(1) != Some(quote) => {
                    self.at += 1;
                    return;
                }
                b'$' if quote == b'"' && self.peek(1) == Some(b'(') => {
                    self.at += 1;
                    self.inside(b')');
                    continue;
                }
                _ if byte == quote => self.at += 2,
                b'`' if quote == b'"' => self.at = (self.at + 2).min(self.bytes.len()),
                _ => self.at += 1,
            }
            if letters && byte.is_ascii() && byte != b'$' {
                let plain = self.at == here + 1 && (byte.is_ascii_alphanumeric() || byte == b'_');
                // What is escaped may begin a letter of several bytes, which stays whole.
                let end = here + 1 + usize::from(self.at == here + 2 && self.bytes[here + 1].is_ascii());
                if !plain {
                    self.changed[here..end].fill(b'x');
                }
            }
        }
    }

    fn word(&mut self) -> Piece {
        let start = self.at;
        let before = start.checked_sub(1).map(|at| self.bytes[at]);
        while self.peek(0).is_some_and(is_word) {
            self.at += 1;
        }
        let word = &self.bytes[start..self.at];
        let begins = !matches!(before, Some(b'$' | b'-' | b'.' | b':' | b'\\' | b'/'));
        if word[0].is_ascii_digit() {
            let number = word.len().saturating_sub(2);
            let (digits, unit) = word.split_at(number);
            let is_unit = unit.len() == 2 && unit[1].eq_ignore_ascii_case(&b'b') && {
                matches!(unit[0].to_ascii_lowercase(), b'k' | b'm' | b'g' | b't' | b'p')
            };
            if is_unit && !digits.is_empty() {
                self.changed[start + number..self.at].make_ascii_lowercase();
            }
        } else if begins && word.eq_ignore_ascii_case(b"switch") {
            return Piece::Switch;
        } else if begins && (word.eq_ignore_ascii_case(b"break") || word.eq_ignore_ascii_case(b"continue")) {
            while self.peek(0).is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
                self.at += 1;
            }
            let label = self.at;
            while self.peek(0).is_some_and(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
                self.at += 1;
            }
            self.changed[label..self.at].fill(b'1');
        } else if before == Some(b'.') && word.eq_ignore_ascii_case(b"foreach") && self.peek(0) == Some(b'(')
        {
            self.changed[start] = b'x';
        }
        Piece::Other
    }

    /// Whether what comes is the middle of a word, where `#` begins no comment.
    fn inside_word(&self) -> bool {
        self.at.checked_sub(1).is_some_and(|at| is_word(self.bytes[at]))
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// The word `switch`.
    Switch,
    Comment,
    Other,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// `@'` or `@"` at the end of its line.
fn is_here(rest: &[u8], quote: u8) -> bool {
    let line = rest.get(2..).unwrap_or_default().iter().take_while(|byte| **byte != b'\n');
    rest.get(1) == Some(&quote) && line.clone().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::rewritten;

    #[test]
    fn only_what_the_grammar_cannot_read_is_changed() {
        for (text, expected) in [
            ("switch ($x) { 1 { 2 } 3 { 4 } }", Some("switch ($x) { 1 { 2 }\n3 { 4 } }")),
            ("switch($x){1{2}3{4}}", Some("switch($x){1{2}\n3{4}}")),
            (
                "switch ($x) { { $_ } { 2 } d { 4 } # } {\n}",
                Some("switch ($x) { { $_ } { 2 }\nd { 4 }\n# } {\n}"),
            ),
            ("switch ($x) {\n 1 { 2 }\n 3 { 4 }\n}", None),
            ("\"$(switch ($x) { 1 { 2 } 3 { 4 } })\"", Some("\"$(switch ($x) { 1 { 2 }\n3 { 4 } })\"")),
            ("'switch ($x) { 1 { 2 } 3 { 4 } }'", None),
            ("@'\nswitch ($x) { 1 { 2 } 3 { 4 } }\n'@", None),
            ("$switch { 1 { 2 } 3 { 4 } }", None),
            ("$x / 1MB + 0x10KB - 'a1MB'", Some("$x / 1mb + 0x10kb - 'a1MB'")),
            ("continue outer; break", Some("continue 11111; break")),
            ("$x.ForEach({ 1 })", Some("$x.xorEach({ 1 })")),
            ("netsh group=\"@a,-1\" \"@b,-1\"", Some("netsh group=\"xaxx1\" \"@b,-1\"")),
            ("switch ($x) {\n\"a `\"} ä`ö\" { 1 }\n}", Some("switch ($x) {\n\"axxxxxäxö\" { 1 }\n}")),
            ("Write-Output 'ä' \"`\"\" @\"\na\n\"@", None),
        ] {
            assert_eq!(rewritten(text).map(|(text, _)| text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_ends_nowhere_is_gone_through() {
        for text in [
            "",
            "'",
            "\"",
            "\"$(",
            "@'\n",
            "<#",
            "`",
            "switch (",
            "switch {",
            "switch { {",
            "(((",
            "}}}",
            "1KB",
        ] {
            let _ = rewritten(text);
        }
    }
}
