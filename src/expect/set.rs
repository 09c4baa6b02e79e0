//! Several patterns as one automaton.

use std::fmt;
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};

use super::pattern::{Pattern, PatternError, dense_dfa, too_large};

/// Patterns that are looked for at the same time, compiled. Cheap to clone.
#[derive(Clone)]
pub struct PatternSet(Arc<Compiled>);

pub(super) struct Compiled {
    patterns: Vec<Pattern>,
    /// Finds the start and the groups, once the end is known.
    expressions: Vec<Regex>,
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
}

impl PatternSet {
    /// Compiles `patterns`; a match names its pattern by its place in them. Without any nothing ever matches.
    ///
    /// # Errors
    /// [`PatternError`] of the pattern at fault, or of the largest when they are too large together.
    pub fn new(patterns: impl IntoIterator<Item = Pattern>) -> Result<Self, PatternError> {
        let patterns: Vec<Pattern> = patterns.into_iter().collect();
        let sources: Vec<String> = patterns.iter().map(Pattern::expression).collect();
        let dfa = dense_dfa(&sources, MatchKind::All, StartKind::Unanchored)
            .map_err(|error| at_fault(&patterns, &error))?;
        let unanchored = start::Config::new().anchored(Anchored::No);
        let start = dfa.start_state(&unanchored).map_err(|error| PatternError::Unsupported {
            pattern: sources.join("`, `"),
            reason: error.to_string(),
        })?;
        let expressions = patterns
            .iter()
            .zip(&sources)
            .map(|(pattern, source)| {
                RegexBuilder::new(source).unicode(false).build().map_err(|error| PatternError::Syntax {
                    pattern: pattern.source().to_owned(),
                    reason: error.to_string(),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Compiled { patterns, expressions, dfa, start })))
    }

    /// The patterns, in the order given.
    pub fn patterns(&self) -> &[Pattern] {
        &self.0.patterns
    }

    pub(super) fn expression(&self, pattern: usize) -> &Regex {
        &self.0.expressions[pattern]
    }

    pub(super) fn start(&self) -> StateID {
        self.0.start
    }

    pub(super) fn next(&self, state: StateID, byte: u8) -> StateID {
        self.0.dfa.next_state(state, byte)
    }

    /// The first pattern that matches when nothing comes after `state`.
    pub(super) fn ends(&self, state: StateID) -> Option<usize> {
        self.matched(self.0.dfa.next_eoi_state(state))
    }

    /// The first pattern that matched before the byte that led to `state`.
    pub(super) fn matched(&self, state: StateID) -> Option<usize> {
        let dfa = &self.0.dfa;
        if !dfa.is_match_state(state) {
            return None;
        }
        (0..dfa.match_len(state)).map(|at| dfa.match_pattern(state, at).as_usize()).min()
    }
}

impl fmt::Debug for PatternSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.patterns).finish()
    }
}

/// The pattern that cannot be built alone; else the one with the largest automaton.
fn at_fault(patterns: &[Pattern], error: &dense::BuildError) -> PatternError {
    let mut largest = None;
    for pattern in patterns {
        match dense_dfa(&[pattern.expression()], MatchKind::All, StartKind::Unanchored) {
            Err(error) => return pattern.refused(&error),
            Ok(dfa) => largest = largest.max(Some((dfa.memory_usage(), pattern.source()))),
        }
    }
    let pattern = largest.map(|(_, source)| source.to_owned()).unwrap_or_default();
    if too_large(error) {
        PatternError::TooLarge { pattern }
    } else {
        PatternError::Unsupported { pattern, reason: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_are_too_large_together_name_the_largest() {
        let wide = |n: usize| Pattern::regex(format!("[a-m].{{0,{n}}}x{n}")).unwrap();
        let many: Vec<Pattern> = (5..12).map(wide).chain([Pattern::literal("SAC>").unwrap()]).collect();
        let error = PatternSet::new(many).unwrap_err();
        assert_eq!(error, PatternError::TooLarge { pattern: "[a-m].{0,11}x11".to_owned() });
    }

    #[test]
    fn a_set_may_be_empty() {
        assert!(PatternSet::new([]).unwrap().patterns().is_empty());
    }
}
