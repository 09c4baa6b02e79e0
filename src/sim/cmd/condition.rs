//! `if`: what its questions mean.

use std::cmp::Ordering;

use super::handles::bare;
use super::percent::Scope;
use super::shell::{Shell, Stop};
use super::substitute::number;
use super::tree::{Comparison, Condition, If};
use crate::sim::windows::files::path::{Target, WinPath, fold, has_wildcards, matches};

/// The version of the command extensions.
const EXTENSIONS: i64 = 2;

impl Shell {
    pub(super) async fn condition(&mut self, one: &If) -> Result<i32, Stop> {
        // A number that is none: neither branch runs.
        let Some(holds) = self.holds(one) else { return Ok(1) };
        if holds != one.negated {
            return self.run(&one.then).await;
        }
        match &one.otherwise {
            Some(node) => self.run(node).await,
            None => Ok(0),
        }
    }

    fn holds(&self, one: &If) -> Option<bool> {
        Some(match &one.condition {
            Condition::Exist(name) => self.exists(&bare(&self.late(name))),
            Condition::Defined(name) => self.variable(&bare(&self.late(name))).is_some(),
            Condition::ErrorLevel(level) => i64::from(self.level) >= decimal(&self.late(level))?,
            Condition::Version(version) => EXTENSIONS >= decimal(&self.late(version))?,
            Condition::Same(left, right) => {
                let (left, right) = (self.late(left), self.late(right));
                if one.ignore_case { fold(&left) == fold(&right) } else { left == right }
            }
            Condition::Compare(left, comparison, right) => {
                let order = compare(&self.late(left), &self.late(right), one.ignore_case);
                match comparison {
                    Comparison::Equal => order.is_eq(),
                    Comparison::NotEqual => order.is_ne(),
                    Comparison::Less => order.is_lt(),
                    Comparison::LessOrEqual => order.is_le(),
                    Comparison::Greater => order.is_gt(),
                    Comparison::GreaterOrEqual => order.is_ge(),
                }
            }
        })
    }

    /// Whether a file, a folder or something that matches is there.
    fn exists(&self, name: &str) -> bool {
        if name.is_empty() {
            return false;
        }
        let world = self.world.lock();
        match self.places.resolve(name) {
            Target::Nul | Target::Console => true,
            Target::NoDevice => false,
            Target::Path(path) if has_wildcards(path.name()) => {
                let Some(folder) = path.parent().and_then(|parent| world.files.look(&parent)) else {
                    return false;
                };
                folder.children().any(|node| matches(path.name(), &node.name))
            }
            Target::Path(path) => match world.files.look(&path) {
                Some(node) => node.is_folder() || !name.ends_with('\\'),
                None => path == WinPath::root(path.drive) && world.files.drive(path.drive).is_some(),
            },
        }
    }
}

/// A decimal number that is one to its end.
fn decimal(text: &str) -> Option<i64> {
    bare(text).parse().ok()
}

/// Numbers as numbers when both are, else as text: letters after digits after signs, and without case first.
fn compare(left: &str, right: &str, ignore_case: bool) -> Ordering {
    if let (Some(a), Some(b)) = (whole_number(left), whole_number(right)) {
        return a.cmp(&b);
    }
    let by_letters = sort_key(left).cmp(&sort_key(right));
    if ignore_case || by_letters.is_ne() {
        return by_letters;
    }
    // The same letters: the lower case comes first.
    let case = |text: &str| text.chars().map(char::is_uppercase).collect::<Vec<_>>();
    case(left).cmp(&case(right)).then_with(|| left.cmp(right))
}

fn whole_number(text: &str) -> Option<i64> {
    let (value, rest) = number(text);
    (rest.is_empty() && !text.is_empty()).then_some(value)
}

/// invented: a stand-in for the word sort of CompareString; apostrophes and hyphens weigh nothing.
fn sort_key(text: &str) -> Vec<(u8, char)> {
    text.chars()
        .filter(|c| !matches!(c, '\'' | '-'))
        .flat_map(char::to_uppercase)
        .map(|c| {
            let class = if c.is_alphabetic() { 2 } else { u8::from(c.is_numeric()) };
            (class, c)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_those_of_windows() {
        use Ordering::{Equal, Greater, Less};
        let rows = [
            ("-1", "1", Less),
            ("-1", "-10", Greater),
            ("9", "010", Greater),
            ("0xA1", "161", Equal),
            ("11", "101", Less),
            ("1.1", "1.10", Less),
            ("\"9\"", "\"10\"", Greater),
            ("b", "B", Less),
            ("b", "A", Greater),
            ("a", "B", Less),
            ("A", "b", Less),
            ("AB", "B", Less),
            ("AA", "AB", Less),
            ("1", "\"1\"", Greater),
            ("\"1\"", "1", Less),
            ("\"10\"", "\"1\"", Greater),
            ("'1'", "\"10\"", Greater),
            ("\"10\"", "'1'", Less),
            ("\"1\"", "\"10\"", Less),
        ];
        for (left, right, expected) in rows {
            assert_eq!(compare(left, right, false), expected, "{left} {right}");
        }
        assert_eq!(compare("foo", "FoOc", true), Less);
        assert_eq!(compare("A", "a", true), Equal);
    }
}
