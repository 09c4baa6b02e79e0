//! A program and its arguments, written as one line.

use std::fmt;
use std::str::FromStr;

/// A program and its arguments.
///
/// Words are split as a POSIX shell splits them: blanks, single quotes, double quotes (with `\"` and `\\` inside), a
/// backslash before any character. Nothing is expanded and no shell is started, so `$`, `*`, `|` and `>` stand for
/// themselves; who wants them writes `exec:sh -c '…'`.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    program: String,
    arguments: Vec<String>,
}

impl CommandLine {
    /// Splits `text`. The error is the place of a quote that is never closed, or of a backslash at the end.
    pub(super) fn parse(text: &str) -> Result<Self, usize> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                ' ' => words.extend(word.take()),
                '\'' => quoted(&mut characters, '\'', word.get_or_insert_default()).ok_or(at)?,
                '"' => quoted(&mut characters, '"', word.get_or_insert_default()).ok_or(at)?,
                '\\' => {
                    let (_, next) = characters.next().ok_or(at)?;
                    word.get_or_insert_default().push(next);
                }
                other => word.get_or_insert_default().push(other),
            }
        }
        words.extend(word);
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or(0_usize)?;
        Ok(Self { program, arguments: words.collect() })
    }

    /// The program: a path, or a name that is looked for in `PATH`.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Its arguments.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }
}

/// Without the arguments: they may hold a password.
impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandLine({:?}, {} arguments)", self.program, self.arguments.len())
    }
}

impl FromStr for CommandLine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|at| match text.get(at..).unwrap_or_default() {
            "" => "there is no program".to_owned(),
            rest => format!("`{rest}` is a quote that is never closed, or a backslash with nothing after it"),
        })
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote(&self.program))?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", quote(argument)))
    }
}

fn quoted(characters: &mut std::str::CharIndices<'_>, quote: char, word: &mut String) -> Option<()> {
    loop {
        match characters.next()?.1 {
            end if end == quote => return Some(()),
            '\\' if quote == '"' => match characters.next()?.1 {
                kept @ ('"' | '\\') => word.push(kept),
                other => word.extend(['\\', other]),
            },
            other => word.push(other),
        }
    }
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+?&[]".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Result<Vec<String>, usize> {
        let line = CommandLine::parse(text)?;
        Ok([vec![line.program], line.arguments].concat())
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        let cases: [(&str, &[&str]); 8] = [
            ("ssh host", &["ssh", "host"]),
            ("  a   b  ", &["a", "b"]),
            ("a 'b c' \"d e\"", &["a", "b c", "d e"]),
            (r#"a "\"\\\n" '\'"#, &["a", r#""\\n"#, r"\"]),
            (r"a b\ c \'", &["a", "b c", "'"]),
            ("a '' b\"\"", &["a", "", "b"]),
            ("a x'y'z", &["a", "xyz"]),
            ("sh -c 'a | b > $c'", &["sh", "-c", "a | b > $c"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
        for (text, place) in [("a 'b", 2), ("a \"b\\\"", 2), ("a \\", 2), ("", 0), ("''", 0)] {
            assert_eq!(words(text), Err(place), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_line_reads_back_as_it_was_written(program in "[a-z '\"\\\\]{1,8}", arguments in prop::collection::vec(any::<String>(), 0..4)) {
            let line = CommandLine { program, arguments };
            prop_assert_eq!(CommandLine::parse(&line.to_string()), Ok(line));
        }

        #[cfg(unix)]
        #[test]
        fn the_shell_splits_it_alike(arguments in prop::collection::vec("[a-z '\"\\\\$*|]{0,6}", 0..3)) {
            let line = CommandLine { program: "printf".to_owned(), arguments: [vec!["<%s>".to_owned()], arguments.clone()].concat() };
            let shell = std::process::Command::new("sh").args(["-c", &line.to_string()]).output().unwrap();
            let expected = arguments.iter().fold(String::new(), |all, argument| all + "<" + argument + ">");
            let expected = if arguments.is_empty() { "<>".to_owned() } else { expected };
            prop_assert_eq!(String::from_utf8(shell.stdout).unwrap(), expected);
        }
    }
}
