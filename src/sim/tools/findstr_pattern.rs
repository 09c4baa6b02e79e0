//! The patterns of findstr: `.`, `*`, `^`, `$`, `[…]`, `\x`, `\<`, `\>`, and nothing else.

/// A string or pattern to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    steps: Vec<Step>,
    ignore_case: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// One character.
    One(Atom),
    /// Any number of them.
    Many(Atom),
    Start,
    End,
    WordStart,
    WordEnd,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    Any,
    Char(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    /// Whether a string would be taken for a pattern.
    pub(super) fn has_signs(text: &str) -> bool {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => {
                    if matches!(chars.next(), Some('<' | '>')) {
                        return true;
                    }
                }
                '.' | '*' | '^' | '$' | '[' => return true,
                _ => {}
            }
        }
        false
    }

    /// A string that means itself; `\\` and `\"` are one character.
    pub(super) fn literal(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let c = if c == '\\' { chars.next_if(|next| matches!(next, '\\' | '"')).unwrap_or(c) } else { c };
            steps.push(Step::One(Atom::Char(c)));
        }
        Self { steps, ignore_case: false }
    }

    /// A pattern.
    pub(super) fn parse(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut steps: Vec<Step> = Vec::new();
        let mut at = 0;
        while let Some(c) = chars.get(at).copied() {
            at += 1;
            match c {
                '^' if at == 1 => steps.push(Step::Start),
                '$' if at == chars.len() => steps.push(Step::End),
                '.' => steps.push(Step::One(Atom::Any)),
                '*' => match steps.pop() {
                    Some(Step::One(atom)) => steps.push(Step::Many(atom)),
                    other => {
                        steps.extend(other);
                        steps.push(Step::One(Atom::Char('*')));
                    }
                },
                '[' => match class(&chars[at..]) {
                    Some((atom, length)) => {
                        steps.push(Step::One(atom));
                        at += length;
                    }
                    None => steps.push(Step::One(Atom::Char('['))),
                },
                '\\' => {
                    let next = chars.get(at).copied();
                    at += usize::from(next.is_some());
                    steps.push(match next {
                        Some('<') => Step::WordStart,
                        Some('>') => Step::WordEnd,
                        other => Step::One(Atom::Char(other.unwrap_or('\\'))),
                    });
                }
                c => steps.push(Step::One(Atom::Char(c))),
            }
        }
        Self { steps, ignore_case: false }
    }

    /// Bound to the start or the end of the line.
    pub(super) fn within(mut self, start: bool, end: bool, ignore_case: bool) -> Self {
        if start && self.steps.first() != Some(&Step::Start) {
            self.steps.insert(0, Step::Start);
        }
        if end && self.steps.last() != Some(&Step::End) {
            self.steps.push(Step::End);
        }
        self.ignore_case = ignore_case;
        self
    }

    /// Whether it matches anywhere in a line. All possible places are followed at once, so no line is slow.
    pub(super) fn is_in(&self, line: &str) -> bool {
        let line: Vec<char> = line.chars().collect();
        let mut places = vec![false; self.steps.len() + 1];
        for at in 0..=line.len() {
            // A match may begin at every character.
            places[0] = true;
            let mut next = vec![false; self.steps.len() + 1];
            for step in 0..self.steps.len() {
                if !places[step] {
                    continue;
                }
                let before = at.checked_sub(1).and_then(|before| line.get(before)).copied();
                let here = line.get(at).copied();
                let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                match &self.steps[step] {
                    Step::Start => places[step + 1] |= at == 0,
                    Step::End => places[step + 1] |= at == line.len(),
                    Step::WordStart => places[step + 1] |= !is_word(before) && is_word(here),
                    Step::WordEnd => places[step + 1] |= is_word(before) && !is_word(here),
                    Step::One(atom) => next[step + 1] |= here.is_some_and(|c| self.fits(atom, c)),
                    Step::Many(atom) => {
                        places[step + 1] = true;
                        next[step] |= here.is_some_and(|c| self.fits(atom, c));
                    }
                }
            }
            if places[self.steps.len()] {
                return true;
            }
            places = next;
        }
        false
    }

    fn fits(&self, atom: &Atom, c: char) -> bool {
        let same = |a: char, b: char| a == b || (self.ignore_case && a.to_lowercase().eq(b.to_lowercase()));
        match atom {
            Atom::Any => true,
            Atom::Char(wanted) => same(*wanted, c),
            Atom::Class { negated, ranges } => {
                let inside = |c: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                let found =
                    inside(c) || (self.ignore_case && c.to_lowercase().chain(c.to_uppercase()).any(inside));
                found != *negated
            }
        }
    }
}

/// A class after its `[`, and how many characters it takes.
fn class(chars: &[char]) -> Option<(Atom, usize)> {
    let negated = chars.first() == Some(&'^');
    let start = usize::from(negated);
    let length = chars[start..].iter().skip(1).position(|c| *c == ']')? + 1;
    let inside = &chars[start..start + length];
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(from) = inside.get(at).copied() {
        if inside.get(at + 1) == Some(&'-')
            && let Some(to) = inside.get(at + 2)
        {
            ranges.push((from, *to));
            at += 3;
        } else {
            ranges.push((from, from));
            at += 1;
        }
    }
    Some((Atom::Class { negated, ranges }, start + length + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_findstr_does() {
        let rows = [
            ("^", "", true),
            ("^", "x", true),
            ("^$", "", true),
            ("^$", "x", false),
            ("a.c", "xabcx", true),
            ("a*b", "b", true),
            ("a*b", "aaab", true),
            ("^a*$", "aab", false),
            ("[0-9][0-9]*", "a12", true),
            ("^[^0-9]*$", "a1", false),
            ("^2[0-9]:", "21:x", true),
            ("^2[0-9]:", "121:x", false),
            ("\\.txt$", "a.txt", true),
            ("\\.txt$", "atxt", false),
            ("\\<word\\>", "a word b", true),
            ("\\<word\\>", "swords", false),
            ("x*y*z*", "", true),
            ("[", "a[b", true),
            ("a+", "aa", false),
        ];
        for (pattern, line, expected) in rows {
            assert_eq!(Pattern::parse(pattern).is_in(line), expected, "{pattern} in {line:?}");
        }
        assert!(Pattern::literal("a.c\\\\d").is_in("xa.c\\d"));
        assert!(Pattern::literal("abc").within(true, true, true).is_in("ABC"));
        assert!(!Pattern::literal("abc").within(true, true, true).is_in("xabc"));
        assert!(Pattern::has_signs("a.b") && !Pattern::has_signs("ab\\.c") && Pattern::has_signs("\\<a"));
        let slow = Pattern::parse(&"a*".repeat(60));
        assert!(slow.within(true, true, false).is_in(&"a".repeat(2000)));
    }
}
