//! Which values may stand where in a command line, so that an inserted value can never end its argument, start
//! another command, or become an option.
//!
//! | where, in cmd | may hold |
//! |---|---|
//! | anywhere | never: control and invisible characters, U+FFFD, `%` and `!` (cmd expands them, also in quotes), `"` and what older programs take for it |
//! | outside of quotes | ASCII letters, digits and `_ - . : \ / + @ $ ~ # { }`, at least one; everything else separates or redirects |
//! | in double quotes | the rest, blanks and `& \| < > ( ) ^` included, but no backslash before the closing quote (the C runtime would read `\"`) |
//! | in `'…'` within double quotes | no `'` (XPath and WQL queries) |
//! | at the start of an argument | not `/` or `-`, unless it is a number: it would be an option |
//!
//! After a literal `\"`, where cmd and the program disagree about what is quoted, the rule for unquoted text holds
//! for the rest of the line. At `SAC>` there is no quoting: the rule for unquoted text holds everywhere.
//!
//! Refused rather than escaped: cmd has no escape for `%` and `"` that works at the prompt and in every program.

use std::fmt;

use crate::script::model::Mode;

/// Why a value may not stand where it would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A character that may stand nowhere.
    Never(char, &'static str),
    /// A character that needs double quotes around it.
    NeedsQuotes(char),
    /// Nothing, outside of quotes.
    Empty,
    /// Starts like an option.
    Option(char),
    /// An apostrophe within `'…'`.
    Apostrophe,
    /// Leaves a backslash before the closing quote, which the C runtime reads as an escape.
    BackslashBeforeQuote,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never(c, why) => write!(f, "it holds {}, {why}", Shown(*c)),
            Self::NeedsQuotes(c) => {
                write!(f, "it holds {}, which needs double quotes around `{{{{ }}}}`", Shown(*c))
            }
            Self::Empty => f.write_str("it is empty, and the argument would vanish"),
            Self::Option(c) => write!(f, "it starts with {}, and would be taken for an option", Shown(*c)),
            Self::Apostrophe => {
                f.write_str("it holds an apostrophe, which would end the quoted text around it")
            }
            Self::BackslashBeforeQuote => {
                f.write_str("it leaves a backslash before the closing quote, which would not close then")
            }
        }
    }
}

/// A character for a message: visible, never itself when it is a control character.
struct Shown(char);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ' ' => f.write_str("a blank"),
            '\t' => f.write_str("a TAB"),
            '\r' | '\n' => f.write_str("a line break"),
            c if c.is_ascii_graphic() => write!(f, "`{c}`"),
            c => write!(f, "U+{:04X}", u32::from(c)),
        }
    }
}

/// Whether an inserted value is text or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Text from anywhere.
    Text,
    /// A number, which cannot be an option.
    Number,
}

/// Puts a command line together, piece by piece, and knows at each point how the shell will read it.
#[derive(Debug)]
pub struct Line {
    mode: Mode,
    text: String,
    in_quotes: bool,
    in_apostrophes: bool,
    after_caret: bool,
    at_argument_start: bool,
    ambiguous: bool,
    backslashes: usize,
    backslashes_from_value: bool,
}

impl Line {
    /// An empty line.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            text: String::new(),
            in_quotes: false,
            in_apostrophes: false,
            after_caret: false,
            at_argument_start: true,
            ambiguous: false,
            backslashes: 0,
            backslashes_from_value: false,
        }
    }

    /// Adds text of the script.
    pub fn literal(&mut self, text: &str) -> Result<(), Refusal> {
        for c in text.chars() {
            self.literal_char(c)?;
            self.text.push(c);
        }
        Ok(())
    }

    /// Adds a value.
    pub fn value(&mut self, value: &str, nature: Nature) -> Result<(), Refusal> {
        for c in value.chars() {
            if let Some(why) = never(c) {
                return Err(Refusal::Never(c, why));
            }
        }
        let quoted = self.in_quotes && !self.ambiguous && self.mode != Mode::Sac;
        if !quoted {
            if value.is_empty() {
                return Err(Refusal::Empty);
            }
            if let Some(c) = value.chars().find(|c| !bare(*c)) {
                return Err(Refusal::NeedsQuotes(c));
            }
        }
        if self.in_apostrophes && value.contains('\'') {
            return Err(Refusal::Apostrophe);
        }
        if let (true, Nature::Text, Some(c @ ('/' | '-'))) =
            (self.at_argument_start, nature, value.chars().next())
        {
            return Err(Refusal::Option(c));
        }
        for c in value.chars() {
            self.backslashes = if c == '\\' { self.backslashes + 1 } else { 0 };
        }
        self.backslashes_from_value = self.backslashes > 0;
        self.after_caret = false;
        self.at_argument_start &= value.is_empty();
        self.text.push_str(value);
        Ok(())
    }

    /// The line.
    pub fn finish(self) -> String {
        self.text
    }

    /// Whether the shell would read the next character inside double quotes.
    pub fn in_quotes(&self) -> bool {
        self.in_quotes
    }

    fn literal_char(&mut self, c: char) -> Result<(), Refusal> {
        let escaped = std::mem::take(&mut self.after_caret);
        match c {
            '"' => {
                if self.backslashes > 0 && self.backslashes_from_value {
                    return Err(Refusal::BackslashBeforeQuote);
                }
                self.ambiguous |= self.backslashes % 2 == 1;
                if escaped {
                    self.ambiguous = true;
                } else {
                    self.in_quotes = !self.in_quotes;
                    self.in_apostrophes = false;
                }
            }
            '\'' if self.in_quotes => self.in_apostrophes = !self.in_apostrophes,
            '^' if !self.in_quotes && !escaped => self.after_caret = true,
            _ => {}
        }
        let separates =
            !self.in_quotes && matches!(c, ' ' | '\t' | '&' | '|' | '<' | '>' | '(' | ')' | ',' | ';' | '=');
        self.at_argument_start = separates || (c == '"' && self.at_argument_start);
        if c == '\\' {
            self.backslashes += 1;
        } else {
            self.backslashes = 0;
            self.backslashes_from_value = false;
        }
        Ok(())
    }
}

/// A value between single quotes in PowerShell, where only a quote means something, and is doubled. What PowerShell
/// takes for a quote as well is refused.
pub(crate) fn single_quoted(value: &str) -> Result<String, Refusal> {
    let quote = |c: char| matches!(c, '\u{2018}'..='\u{201B}');
    plain(value, quote, "which PowerShell takes for a single quote")?;
    Ok(value.replace('\'', "''"))
}

/// A value between double quotes in PowerShell: nothing in it may mean something there.
pub(crate) fn double_quoted(value: &str) -> Result<&str, Refusal> {
    let means = |c: char| matches!(c, '"' | '$' | '`' | '\u{201C}'..='\u{201E}');
    plain(value, means, "which means something between double quotes in PowerShell")?;
    Ok(value)
}

fn plain(value: &str, means: impl Fn(char) -> bool, why: &'static str) -> Result<(), Refusal> {
    match value.chars().find_map(|c| {
        let hidden = (!matches!(c, '%' | '!' | '"')).then(|| never(c)).flatten();
        hidden.or_else(|| means(c).then_some(why)).map(|why| (c, why))
    }) {
        Some((c, why)) => Err(Refusal::Never(c, why)),
        None => Ok(()),
    }
}

/// Characters that mean nothing to cmd or SAC, wherever they stand.
fn bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.:\\/+@$~#{}".contains(c)
}

/// Why a character may never come from a value.
fn never(c: char) -> Option<&'static str> {
    match c {
        '%' | '!' => Some("which cmd expands, also in quotes"),
        '"' => Some("which would end the quoted text around it"),
        // Best-fit conversion of programs that take their arguments in the ANSI code page.
        '\u{2BA}' | '\u{30E}' | '\u{201C}'..='\u{201F}' | '\u{2033}' | '\u{2036}' | '\u{FF02}' => {
            Some("which older programs take for a double quote")
        }
        '\u{A5}' | '\u{20A9}' | '\u{FF3C}' | '\u{2216}' => Some("which older programs take for a backslash"),
        '\u{FFFD}' => Some("which stands for bytes that could not be read"),
        '\u{AD}'
        | '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}' => Some("which can't be seen"),
        c if c.is_control() => Some("a control character"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(mode: Mode, before: &str, value: &str, after: &str) -> Result<String, Refusal> {
        let mut line = Line::new(mode);
        line.literal(before)?;
        line.value(value, Nature::Text)?;
        line.literal(after)?;
        Ok(line.finish())
    }

    #[test]
    fn values_stay_in_their_place() {
        use Refusal::{Apostrophe, BackslashBeforeQuote, Empty, NeedsQuotes, Option as IsOption};
        for (before, value, after, expected) in [
            ("sc stop ", "TermService", "", None),
            ("sc stop ", "Term Service", "", Some(NeedsQuotes(' '))),
            ("sc stop ", "a&b", "", Some(NeedsQuotes('&'))),
            ("sc stop ", "", "", Some(Empty)),
            ("sc stop ", "/y", "", Some(IsOption('/'))),
            ("sc stop \"", "/y", "\"", Some(IsOption('/'))),
            ("sc stop \"", "a & b | c > d (e) ^f", "\"", None),
            ("sc stop \"", "", "\"", None),
            ("type \"C:\\", "", "\"", Some(BackslashBeforeQuote)),
            ("type \"C:\\", "temp\\", "\"", Some(BackslashBeforeQuote)),
            ("type \"C:\\", "temp\\\\", "\"", Some(BackslashBeforeQuote)),
            ("if exist \"C:\\", "temp", "\\\" echo x", None),
            ("type \"", "C:\\temp\\", "file\"", None),
            ("q /q:\"[@Name='", "a'b", "']\"", Some(Apostrophe)),
            ("q /q:\"[@Name='x']", "a'b", "\"", None),
            ("schtasks /tr \"\\\"", "a b", "\\\"\"", Some(NeedsQuotes(' '))),
            ("echo ^\"", "a b", "", Some(NeedsQuotes(' '))),
            ("reg add x /d ", "한국", "", Some(NeedsQuotes('한'))),
            ("reg add x /d \"", "한국", "\"", None),
            ("file-", "-x", "", None),
        ] {
            let outcome = render(Mode::Cmd, before, value, after);
            assert_eq!(outcome.clone().err(), expected, "{before}|{value}|{after}: {outcome:?}");
        }
    }

    #[test]
    fn some_characters_are_refused_everywhere() {
        for c in [
            '%', '!', '"', '\r', '\n', '\t', '\u{1b}', '\u{7f}', '\u{85}', '\u{202E}', '\u{FF02}',
            '\u{FFFD}', '\0',
        ] {
            for (before, after) in [("x ", ""), ("x \"", "\"")] {
                let outcome = render(Mode::Cmd, before, &format!("a{c}b"), after);
                assert!(matches!(outcome, Err(Refusal::Never(found, _)) if found == c), "{c:?}: {outcome:?}");
            }
        }
    }

    #[test]
    fn sac_has_no_quotes() {
        assert_eq!(render(Mode::Sac, "ch -sn \"", "a b", "\""), Err(Refusal::NeedsQuotes(' ')));
        assert_eq!(render(Mode::Sac, "ch -sn ", "Cmd0001", ""), Ok("ch -sn Cmd0001".to_owned()));
    }

    #[test]
    fn a_number_is_no_option() {
        let mut line = Line::new(Mode::Cmd);
        line.literal("x ").unwrap();
        assert_eq!(line.value("-1", Nature::Number), Ok(()));
    }

    /// What cmd makes of a line, written apart from the code above: simple commands with the operators between
    /// them, each parted into arguments as the C runtime of Windows parts them.
    fn shape(line: &str) -> (Vec<char>, Vec<Vec<String>>) {
        let mut operators = Vec::new();
        let mut commands = vec![String::new()];
        let mut quoted = false;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            let last = commands.last_mut().unwrap();
            match c {
                '"' => {
                    quoted = !quoted;
                    last.push(c);
                }
                '^' if !quoted => last.extend(chars.next()),
                '&' | '|' | '<' | '>' | '(' | ')' | '\r' | '\n' if !quoted => {
                    operators.push(c);
                    commands.push(String::new());
                }
                '%' => operators.push('%'),
                _ => last.push(c),
            }
        }
        (operators, commands.iter().map(|command| arguments(command)).collect())
    }

    fn arguments(command: &str) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut current: Option<String> = None;
        let mut quoted = false;
        let mut rest = command;
        while let Some(c) = rest.chars().next() {
            let slashes = rest.len() - rest.trim_start_matches('\\').len();
            if slashes > 0 {
                let before_quote = rest[slashes..].starts_with('"');
                let literal = if before_quote { slashes / 2 } else { slashes };
                let argument = current.get_or_insert_default();
                argument.push_str(&"\\".repeat(literal));
                rest = &rest[slashes..];
                if before_quote && slashes % 2 == 1 {
                    argument.push('"');
                    rest = &rest[1..];
                }
                continue;
            }
            match c {
                '"' => {
                    quoted = !quoted;
                    current.get_or_insert_default();
                }
                ' ' | '\t' if !quoted => arguments.extend(current.take()),
                _ => current.get_or_insert_default().push(c),
            }
            rest = &rest[c.len_utf8()..];
        }
        arguments.extend(current);
        arguments
    }

    const TEMPLATES: [&[&str]; 9] = [
        &["sc query \"", "\""],
        &["sc query ", " & echo x"],
        &["reg add \"HKLM\\X\\", "\" /v y /d ", " /f"],
        &["type \"", "\\", "\" | find \"", "\""],
        &["wevtutil qe System \"/q:*[@Name='", "' and x < 1]\" /c:1"],
        &["if exist \"C:\\", "\\.\" del /q \"C:\\", "\\x y\""],
        &["schtasks /tr \"\\\"", "\\\" /x\" ", ""],
        &["echo ^\"", "^\" \"", "\""],
        &["a-", " --name=", " c"],
    ];

    /// One value at every place of a template.
    fn everywhere(template: &[&str], value: &str) -> Result<String, Refusal> {
        let mut line = Line::new(Mode::Cmd);
        for (index, literal) in template.iter().enumerate() {
            if index > 0 {
                line.value(value, Nature::Text)?;
            }
            line.literal(literal)?;
        }
        Ok(line.finish())
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            cases: 2_000, failure_persistence: None, ..proptest::prelude::ProptestConfig::default()
        })]

        #[test]
        fn no_value_changes_the_shape_of_a_line(value in "[a-c\\\\\"' &|<>^()%!/,;=*?\t\n\u{201d}\u{ff02}é-]{0,6}") {
            for template in TEMPLATES {
                let Ok(line) = everywhere(template, &value) else { continue };
                let harmless = everywhere(template, "VALUE").unwrap();
                let (operators, commands) = shape(&line);
                let (expected_operators, expected) = shape(&harmless);
                proptest::prop_assert_eq!(operators, expected_operators, "{}", &line);
                let expected: Vec<Vec<String>> = expected
                    .iter()
                    .map(|arguments| arguments.iter().map(|argument| argument.replace("VALUE", &value)).collect())
                    .collect();
                proptest::prop_assert_eq!(commands, expected, "{}", &line);
            }
        }
    }
}
