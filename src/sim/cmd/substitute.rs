//! `%VAR:~start,length%` and `%VAR:search=replace%`: the part after the colon, for percent and for delayed expansion.

/// What the text after `VAR:` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    /// `~start[,length]`
    Part(i64, Option<i64>),
    /// `[*]search=[replacement]`
    Replace {
        /// `*`: everything up to the first match goes too.
        from_start: bool,
        /// What is looked for, without case.
        search: String,
        /// What is put in its place.
        with: String,
    },
}

/// Why there is no edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoEdit {
    /// It is not of either form: the text stays as it is.
    Literal,
    /// `%VAR:=x%` and `%VAR:*=x%` abort everything.
    Fatal,
}

impl Edit {
    /// Reads the text between the colon and the closing sign.
    pub(super) fn parse(text: &str) -> Result<Self, NoEdit> {
        if let Some(range) = text.strip_prefix('~') {
            let (start, rest) = number(range);
            let Some(rest) = rest.strip_prefix(',') else {
                return if rest.is_empty() { Ok(Self::Part(start, None)) } else { Err(NoEdit::Literal) };
            };
            let (length, rest) = number(rest);
            return if rest.is_empty() { Ok(Self::Part(start, Some(length))) } else { Err(NoEdit::Literal) };
        }
        let (from_start, text) = match text.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if text.starts_with('=') {
            return Err(NoEdit::Fatal);
        }
        let Some((search, with)) = text.split_once('=') else { return Err(NoEdit::Literal) };
        Ok(Self::Replace { from_start, search: search.to_owned(), with: with.to_owned() })
    }

    /// The edited value.
    pub(super) fn apply(&self, value: &str) -> String {
        match self {
            Self::Part(start, length) => part(value, *start, *length),
            Self::Replace { from_start, search, with } => replace(value, *from_start, search, with),
        }
    }
}

/// A number as wcstol reads it: blanks, sign, `0x` or octal; 0 where there is none. Returns what follows.
pub(super) fn number(text: &str) -> (i64, &str) {
    let trimmed = text.trim_start_matches([' ', '\t']);
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (radix, body) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) if hex.starts_with(|c: char| c.is_ascii_hexdigit()) => (16, hex),
        _ if digits.starts_with('0') => (8, digits),
        _ => (10, digits),
    };
    let end = body.find(|c: char| !c.is_digit(radix)).unwrap_or(body.len());
    if end == 0 {
        return (0, text);
    }
    let value =
        i64::from_str_radix(&body[..end], radix).unwrap_or(i64::from(i32::MAX)).min(i64::from(i32::MAX));
    (if negative { -value } else { value }, &body[end..])
}

fn part(value: &str, start: i64, length: Option<i64>) -> String {
    let chars: Vec<char> = value.chars().collect();
    let count = chars.len() as i64;
    let clamp = |at: i64| at.clamp(0, count);
    let from = clamp(if start < 0 { count + start } else { start });
    let to = match length {
        None => count,
        Some(length) if length < 0 => clamp(count + length),
        Some(length) => clamp(from + length),
    };
    if to <= from { String::new() } else { chars[from as usize..to as usize].iter().collect() }
}

fn replace(value: &str, from_start: bool, search: &str, with: &str) -> String {
    let value: Vec<char> = value.chars().collect();
    let search: Vec<char> = search.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < value.len() {
        if !is_at(&value[at..], &search) {
            out.push(value[at]);
            at += 1;
            continue;
        }
        if from_start {
            out.clear();
        }
        out.push_str(with);
        at += search.len();
        if from_start {
            out.extend(&value[at..]);
            return out;
        }
    }
    out
}

fn is_at(value: &[char], search: &[char]) -> bool {
    value.len() >= search.len()
        && value.iter().zip(search).all(|(a, b)| a == b || a.to_lowercase().eq(b.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(value: &str, text: &str) -> String {
        Edit::parse(text).map_or_else(|why| format!("{why:?}"), |edit| edit.apply(value))
    }

    #[test]
    fn parts_and_replacements() {
        let rows = [
            ("~0,1", "q"),
            ("~0,3", "qwe"),
            ("~2,2", "er"),
            ("~-2,3", "ty"),
            ("~-2,1", "t"),
            ("~2,-1", "ert"),
            ("~2,-3", "e"),
            ("~-2,-4", ""),
            ("~-3,-2", "r"),
            ("~4", "ty"),
            ("~6", ""),
            ("~99", ""),
            ("~-99", "qwerty"),
            ("~,2", "qw"),
            ("~", "qwerty"),
            ("~0x2,01", "e"),
            ("~2a", "Literal"),
            ("~2,2a", "Literal"),
            ("~-", "Literal"),
            ("WE=__", "q__rty"),
            ("e=", "qwrty"),
            ("*e=", "rty"),
            ("*e=X", "Xrty"),
            ("zz=X", "qwerty"),
            ("t=a=b", "qwera=by"),
            ("e", "Literal"),
            ("=x", "Fatal"),
            ("*=x", "Fatal"),
        ];
        for (text, expected) in rows {
            assert_eq!(edit("qwerty", text), expected, "{text}");
        }
        assert_eq!(edit("aAaa", "a=bb"), "bbbbbbbb");
    }
}
