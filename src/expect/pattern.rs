//! One pattern, refused where it cannot work on a stream.

use std::collections::{HashMap, HashSet};
use std::fmt;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind, nfa::thompson};

/// What to look for in a stream: a text, or a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    source: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Literal,
    Regex,
}

/// A pattern cannot be used on a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It matches nothing at all, so it would match at once, always.
    #[error("the pattern `{pattern}` matches even when nothing came")]
    MatchesNothing {
        /// The pattern.
        pattern: String,
    },
    /// There is no text that it matches.
    #[error("the pattern `{pattern}` can never match")]
    NeverMatches {
        /// The pattern.
        pattern: String,
    },
    /// It asks what comes after the match.
    #[error("the pattern `{pattern}` depends on what comes after it, which is not known yet on a stream")]
    EndAnchor {
        /// The pattern.
        pattern: String,
    },
    /// It is no regular expression.
    #[error("`{pattern}` is not a regular expression: {reason}")]
    Syntax {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// Its automaton is too large.
    #[error("the pattern `{pattern}` needs too much memory")]
    TooLarge {
        /// The pattern.
        pattern: String,
    },
    /// It uses what a DFA cannot do.
    #[error("the pattern `{pattern}` cannot be used on a stream: {reason}")]
    Unsupported {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
}

impl PatternError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MatchesNothing { .. } => "pattern-empty",
            Self::NeverMatches { .. } => "pattern-never",
            Self::EndAnchor { .. } => "pattern-end-anchor",
            Self::Syntax { .. } => "pattern-syntax",
            Self::TooLarge { .. } => "pattern-too-large",
            Self::Unsupported { .. } => "pattern-unsupported",
        }
    }

    /// What to write instead.
    pub fn help(&self) -> &'static str {
        match self {
            Self::MatchesNothing { .. } => "write + instead of *, or add text that must be there",
            Self::NeverMatches { .. } => "an anchor such as ^ or \\A belongs at the beginning",
            Self::EndAnchor { .. } => {
                "write what follows instead: \\r\\n for the end of a line, or the blank or bracket after the word"
            }
            Self::Syntax { .. } => "if it is meant as plain text, use a text pattern instead of a regex",
            Self::TooLarge { .. } => {
                "bound or shorten repetitions such as .{0,200}, and use [a-z] or \\w instead of \\p{…}"
            }
            Self::Unsupported { .. } => "use (?-u:\\b) instead of a Unicode word boundary",
        }
    }
}

impl Pattern {
    /// This text, byte for byte.
    ///
    /// # Errors
    /// [`PatternError::MatchesNothing`] when it is empty.
    pub fn literal(text: impl Into<String>) -> Result<Self, PatternError> {
        let source = text.into();
        if source.is_empty() {
            return Err(PatternError::MatchesNothing { pattern: source });
        }
        Ok(Self { source, kind: Kind::Literal })
    }

    /// A regular expression in the syntax of the `regex` crate.
    ///
    /// # Errors
    /// [`PatternError`]
    pub fn regex(source: impl Into<String>) -> Result<Self, PatternError> {
        let source = source.into();
        let hir = syntax::parse_with(&source, &syntax_config()).map_err(|error| PatternError::Syntax {
            pattern: source.clone(),
            reason: last_line(&error.to_string()),
        })?;
        let properties = hir.properties();
        // `A`, `^` and `r` look back (start of text and of lines); every other assertion looks at the next byte.
        if properties.look_set_suffix_any().iter().any(|look| !matches!(look.as_char(), 'A' | '^' | 'r')) {
            return Err(PatternError::EndAnchor { pattern: source });
        }
        match properties.minimum_len() {
            None => return Err(PatternError::NeverMatches { pattern: source }),
            Some(0) => return Err(PatternError::MatchesNothing { pattern: source }),
            Some(_) => {}
        }
        let pattern = Self { source, kind: Kind::Regex };
        let dfa = dense_dfa(&[pattern.expression()], MatchKind::LeftmostFirst, StartKind::Anchored)
            .map_err(|error| pattern.refused(&error))?;
        if !Ends::of(&dfa).possible {
            return Err(PatternError::NeverMatches { pattern: pattern.source });
        }
        Ok(pattern)
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// As a regular expression.
    pub(super) fn expression(&self) -> String {
        match self.kind {
            Kind::Literal => regex::escape(&self.source),
            Kind::Regex => self.source.clone(),
        }
    }

    pub(super) fn refused(&self, error: &dense::BuildError) -> PatternError {
        let pattern = self.source.clone();
        if too_large(error) {
            PatternError::TooLarge { pattern }
        } else {
            PatternError::Unsupported { pattern, reason: last_line(&error.to_string()) }
        }
    }
}

impl fmt::Display for Pattern {
    /// `"SAC>"` or `/Cmd\d+\r\n/`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Literal => write!(f, "{:?}", self.source),
            Kind::Regex => write!(f, "/{}/", self.source),
        }
    }
}

/// Whether a match could go on: `\d+` takes the first digit on a stream and leaves the rest. Such a pattern lacks
/// what follows (`\d+\r\n`).
pub fn open_ended(pattern: &Pattern) -> bool {
    dense_dfa(&[pattern.expression()], MatchKind::LeftmostFirst, StartKind::Anchored)
        .is_ok_and(|dfa| Ends::of(&dfa).go_on)
}

/// The syntax of stream patterns: bytes, ASCII classes.
pub(super) fn syntax_config() -> syntax::Config {
    syntax::Config::new().unicode(false).utf8(false)
}

/// One DFA of all `expressions`, of bounded size.
pub(super) fn dense_dfa(
    expressions: &[String],
    kind: MatchKind,
    start: StartKind,
) -> Result<dense::DFA<Vec<u32>>, Box<dense::BuildError>> {
    dense::Builder::new()
        .configure(
            dense::Config::new()
                .match_kind(kind)
                .start_kind(start)
                .accelerate(false)
                .dfa_size_limit(Some(4 << 20))
                .determinize_size_limit(Some(16 << 20)),
        )
        .syntax(syntax_config())
        .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(16 << 20)))
        .build_many(expressions)
        .map_err(Box::new)
}

/// Whether a limit of size was met, by the DFA or by the automaton that it is made from.
pub(super) fn too_large(error: &dense::BuildError) -> bool {
    error.is_size_limit_exceeded()
        || std::error::Error::source(error).is_some_and(|cause| cause.to_string().contains("exceeded limit"))
}

/// Where the matches of an anchored leftmost-first automaton end.
struct Ends {
    /// There is a text that matches.
    possible: bool,
    /// There is a text that matches, and a longer one that matches and begins with it.
    go_on: bool,
}

impl Ends {
    fn of(dfa: &dense::DFA<Vec<u32>>) -> Self {
        let nowhere = Self { possible: false, go_on: false };
        let config = start::Config::new().anchored(Anchored::Yes);
        let Ok(start) = dfa.start_state(&config) else { return nowhere };
        // Every state, with those that lead to it.
        let mut states = vec![start];
        let mut seen = HashSet::from([start]);
        let mut arrows: Vec<(StateID, StateID)> = Vec::new();
        let mut at = 0;
        while let Some(&from) = states.get(at) {
            at += 1;
            let mut to_here = HashSet::new();
            for byte in 0..=255 {
                let to = dfa.next_state(from, byte);
                if !dfa.is_dead_state(to) && to_here.insert(to) {
                    arrows.push((from, to));
                    if seen.insert(to) {
                        states.push(to);
                    }
                }
            }
        }
        // A match ends exactly at a state when the end of input makes it one.
        let ends: HashSet<StateID> =
            states.iter().copied().filter(|state| dfa.is_match_state(dfa.next_eoi_state(*state))).collect();
        let mut leads_to: HashMap<StateID, Vec<StateID>> = HashMap::new();
        for (from, to) in &arrows {
            leads_to.entry(*to).or_default().push(*from);
        }
        let mut alive = ends.clone();
        let mut todo: Vec<StateID> = ends.iter().copied().collect();
        while let Some(state) = todo.pop() {
            let before = leads_to.get(&state).into_iter().flatten();
            todo.extend(before.filter(|from| alive.insert(**from)));
        }
        let go_on = arrows.iter().any(|(from, to)| ends.contains(from) && alive.contains(to));
        Self { possible: !ends.is_empty(), go_on }
    }
}

fn last_line(text: &str) -> String {
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_on_a_stream_is_refused() {
        let cases = [
            ("", "pattern-empty"),
            (r"\d*", "pattern-empty"),
            ("^", "pattern-empty"),
            ("(a|)", "pattern-empty"),
            ("ok$", "pattern-end-anchor"),
            (r"ok\z", "pattern-end-anchor"),
            (r"ok\b", "pattern-end-anchor"),
            (r"ok\B", "pattern-end-anchor"),
            (r"(?m)ok$", "pattern-end-anchor"),
            (r"(?Rm)ok$", "pattern-end-anchor"),
            (r"a|(b|c\b)", "pattern-end-anchor"),
            (r"ok\b{end}", "pattern-end-anchor"),
            (r"ok\b{start-half}", "pattern-end-anchor"),
            ("a(", "pattern-syntax"),
            (r"a^b", "pattern-never"),
            (r"a$b", "pattern-never"),
            ("[a&&b]", "pattern-never"),
            (r"(?u:\p{L}{30})", "pattern-too-large"),
            (r"((a{500}){500}){500}", "pattern-too-large"),
            (r"(?u:\bé)", "pattern-unsupported"),
        ];
        for (source, code) in cases {
            let error = Pattern::regex(source).unwrap_err();
            assert_eq!(error.code(), code, "{source}: {error}");
            assert!(!error.to_string().contains('\n'), "{error}");
            assert!(!error.help().is_empty());
        }
        assert_eq!(Pattern::literal("").unwrap_err().code(), "pattern-empty");
        let error = Pattern::regex("a(b").unwrap_err();
        assert_eq!(error.to_string(), "`a(b` is not a regular expression: unclosed group");
    }

    #[test]
    fn what_works_is_taken() {
        for source in [
            r"SAC>",
            r"^C:\\",
            r"\AOK",
            r"\bok ",
            r"a\r\n(?m:^)b",
            r"(?m)ok$\n",
            "日本語>",
            "(?u:[äö])x",
            r"[^\x00]\xFF",
        ] {
            assert!(Pattern::regex(source).is_ok(), "{source}: {:?}", Pattern::regex(source));
        }
        assert_eq!(Pattern::literal("SAC>").unwrap().to_string(), "\"SAC>\"");
        assert_eq!(Pattern::regex(r"C\d ").unwrap().to_string(), r"/C\d /");
    }

    #[test]
    fn patterns_without_an_end_are_found() {
        let open = [r"\d+", r"Channel: (\d+)", r"C:\\.*>", "a+", "foobar|foo", "ab?", r"(?s)x.*y", "a{2,3}"];
        let closed = [
            "SAC>",
            r"Channel: (\d+)\r\n",
            r"C:\\[^>]*>",
            "a.*?b",
            r"\d+?",
            "foo|foobar",
            r"\d{4}",
            r"a+b",
            r"(?m)^x\n",
        ];
        for source in open {
            assert!(open_ended(&Pattern::regex(source).unwrap()), "{source}");
        }
        for source in closed {
            assert!(!open_ended(&Pattern::regex(source).unwrap()), "{source}");
        }
        assert!(!open_ended(&Pattern::literal("a+").unwrap()));
    }
}
