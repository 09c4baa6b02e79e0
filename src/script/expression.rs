//! Expressions of scripts: `when`, `holds`, `for_each`, and what stands in `{{ }}`.
//!
//! minijinja's expression grammar with strict undefined values and a small, fixed set of filters and tests.
//! There are no functions, so an expression can only look at its scope.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, filters, tests as built_in};

use crate::script::model::{Expr, Scope, Value};

/// Longest expression, in bytes.
const LONGEST: usize = 2_000;

/// An expression that does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where in the expression's text, when that is known.
    pub range: Option<Range<usize>>,
}

/// An expression that has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// It uses a value that is not there, mostly a capture whose pattern did not match.
    #[error("`{source_text}` uses {}, which has no value here", .names.join(" or "))]
    Undefined {
        /// The expression.
        source_text: String,
        /// Names it mentions that have no value.
        names: Vec<String>,
    },
    /// It is not true or false.
    #[error("`{source_text}` is {kind}, not true or false")]
    NotBoolean {
        /// The expression.
        source_text: String,
        /// What it is instead.
        kind: String,
    },
    /// Anything else: a text where a number is needed, …
    #[error("`{source_text}` can't be evaluated: {reason}")]
    Failed {
        /// The expression.
        source_text: String,
        /// Why.
        reason: String,
    },
}

impl Expr {
    /// Parses an expression and looks up its filters and tests. Names are checked later, by who knows them.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        if source.trim().is_empty() {
            return Err(ParseError { message: "the expression is empty".to_owned(), range: None });
        }
        if source.len() > LONGEST {
            return Err(ParseError {
                message: format!("the expression is longer than {LONGEST} bytes"),
                range: None,
            });
        }
        ENVIRONMENT.compile_expression_owned(source.to_owned()).map_err(|error| ParseError {
            message: detail(&error),
            range: error.range().filter(|range| source.get(range.clone()).is_some()),
        })?;
        if let Some(unknown) = unknown_filters_and_tests(source).into_iter().next() {
            return Err(unknown);
        }
        Ok(Self { source: source.to_owned() })
    }

    /// The names it mentions, dotted as written: `rc`, `before.enabled`, `steps.tls.changed`.
    pub fn names(&self) -> BTreeSet<String> {
        ENVIRONMENT
            .compile_expression_owned(self.source.clone())
            .map(|expression| expression.undeclared_variables(true).into_iter().collect())
            .unwrap_or_default()
    }

    /// Its value. An undefined value is a value, too (`before.enabled is defined` needs that).
    pub fn eval(&self, scope: &Scope) -> Result<Value, EvalError> {
        let failed = |error: &Error| self.failure(error, scope);
        let expression = ENVIRONMENT.compile_expression_owned(self.source.clone()).map_err(|e| failed(&e))?;
        expression.eval(context(scope)).map_err(|e| failed(&e))
    }

    /// Its truth. Only `true` and `false` are: a text or a number in a condition is a mistake.
    pub fn eval_bool(&self, scope: &Scope) -> Result<bool, EvalError> {
        let value = self.eval(scope)?;
        match value.kind() {
            ValueKind::Bool => Ok(value.is_true()),
            ValueKind::Undefined => {
                Err(EvalError::Undefined { source_text: self.source.clone(), names: self.valueless(scope) })
            }
            kind => Err(EvalError::NotBoolean {
                source_text: self.source.clone(),
                kind: format!("{kind} ({value})"),
            }),
        }
    }

    /// Names in the expression that have no value in this scope.
    pub fn valueless(&self, scope: &Scope) -> Vec<String> {
        let root = context(scope);
        self.names()
            .into_iter()
            .filter(|name| {
                let mut value = root.clone();
                for part in name.split('.') {
                    match value.get_attr(part) {
                        Ok(next) => value = next,
                        Err(_) => return true,
                    }
                }
                value.is_undefined()
            })
            .collect()
    }

    fn failure(&self, error: &Error, scope: &Scope) -> EvalError {
        if error.kind() == ErrorKind::UndefinedError {
            let names = self.valueless(scope);
            if !names.is_empty() {
                return EvalError::Undefined { source_text: self.source.clone(), names };
            }
        }
        EvalError::Failed { source_text: self.source.clone(), reason: detail(error) }
    }
}

/// The filters expressions may use, and nothing else.
pub const FILTERS: [&str; 13] = [
    "default", "first", "hex", "int", "join", "last", "length", "lower", "replace", "trim", "unique",
    "upper", "without",
];

/// The tests expressions may use after `is`, and nothing else.
pub const TESTS: [&str; 6] = ["containing", "defined", "endingwith", "number", "startingwith", "undefined"];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("hex", hex);
    environment.add_filter("int", filters::int);
    environment.add_filter("join", filters::join);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("unique", filters::unique);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("without", without);
    environment.add_test("containing", containing);
    environment.add_test("defined", built_in::is_defined);
    environment.add_test("endingwith", built_in::is_endingwith);
    environment.add_test("number", built_in::is_number);
    environment.add_test("startingwith", built_in::is_startingwith);
    environment.add_test("undefined", built_in::is_undefined);
    environment
});

fn context(scope: &Scope) -> Value {
    Value::from(scope.clone())
}

/// `"0xd3d"`, `"d3d"` → 3389: what `reg query` prints.
#[expect(clippy::needless_pass_by_value, reason = "the shape minijinja asks for")]
fn hex(text: String) -> Result<i64, Error> {
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    i64::from_str_radix(digits, 16)
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("`{text}` is no hexadecimal number")))
}

/// A list without one of its items: `listeners | without(own_pid)`.
#[expect(clippy::needless_pass_by_value, reason = "the shape minijinja asks for")]
fn without(list: Value, item: Value) -> Result<Value, Error> {
    Ok(list.try_iter()?.filter(|other| *other != item).collect())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape minijinja asks for")]
fn containing(text: String, part: String) -> bool {
    text.contains(&part)
}

/// minijinja finds unknown filters only when it evaluates; a script is refused before that.
fn unknown_filters_and_tests(source: &str) -> Vec<ParseError> {
    let mut wrong = Vec::new();
    let words = words(source);
    for (index, word) in words.iter().enumerate() {
        let next = |skip: usize| words.get(index + skip);
        let (named, known, what) = match &source[word.clone()] {
            "|" => (next(1), FILTERS.as_slice(), "filter"),
            "is" if next(1).is_some_and(|w| &source[w.clone()] == "not") => {
                (next(2), TESTS.as_slice(), "test")
            }
            "is" => (next(1), TESTS.as_slice(), "test"),
            _ => continue,
        };
        let Some(named) = named else { continue };
        let name = &source[named.clone()];
        if !known.contains(&name) {
            wrong.push(ParseError {
                message: format!("there is no {what} `{name}`; there are {}", known.join(", ")),
                range: Some(named.clone()),
            });
        }
    }
    wrong
}

/// Names and single signs outside of text literals.
pub(crate) fn words(source: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in source.char_indices() {
        let end = at + c.len_utf8();
        if let Some(open) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == open {
                quote = None;
            }
        } else if c == '"' || c == '\'' {
            quote = Some(c);
        } else if c.is_alphanumeric() || c == '_' {
            match words.last_mut() {
                Some(last) if last.end == at && source[last.clone()].ends_with(is_name_char) => {
                    last.end = end;
                }
                _ => words.push(at..end),
            }
        } else if !c.is_whitespace() {
            words.push(at..end);
        }
    }
    words
}

/// What to write instead of a sign that other languages have; for an expression that does not parse.
pub(crate) fn hint(source: &str) -> Option<String> {
    let words = words(source);
    let sign = |index: usize| words.get(index).map_or("", |word| &source[word.clone()]);
    (0..words.len()).find_map(|index| match (sign(index), sign(index + 1)) {
        ("=" | "!" | "<" | ">", "=") if sign(index + 2) == "=" => {
            Some("write `==` or `!=`, with two signs".to_owned())
        }
        ("=", "=") => None,
        ("=", _) if !(index > 0 && ["=", "!", "<", ">"].contains(&sign(index - 1))) => {
            Some("did you mean `==`?".to_owned())
        }
        ("&", "&") => Some("did you mean `and`?".to_owned()),
        ("|", "|") => Some("did you mean `or`?".to_owned()),
        ("!", next) if next != "=" => Some("did you mean `not`?".to_owned()),
        ("<", ">") => Some("did you mean `!=`?".to_owned()),
        _ => None,
    })
}

/// What an expression is whatever the machine says: one that names nothing, or that asks an exit code for all it can be.
pub(crate) fn always(expr: &Expr) -> Option<String> {
    let names = expr.names();
    if names.is_empty() {
        let value = expr.eval(&Scope::new()).ok();
        return Some(match value.filter(|value| value.kind() == ValueKind::Bool) {
            Some(value) => value.is_true().to_string(),
            None => "the same".to_owned(),
        });
    }
    if !names.iter().eq(["rc"]) {
        return None;
    }
    // Between the numbers it is compared with an exit code makes no difference.
    let numbers = words(&expr.source).into_iter().filter_map(|word| expr.source[word].parse::<i64>().ok());
    let near = numbers
        .flat_map(|number| [number, -number])
        .chain([0])
        .flat_map(|n: i64| [n.saturating_sub(1), n, n.saturating_add(1)]);
    let mut seen = near.map(|rc| expr.eval_bool(&Scope::from([("rc".to_owned(), Value::from(rc))])).ok());
    let first = seen.next()??;
    seen.all(|other| other == Some(first)).then(|| first.to_string())
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn detail(error: &Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let before = Value::from(Scope::from([("enabled".to_owned(), Value::from("0"))]));
        Scope::from([
            ("rc".to_owned(), Value::from(0)),
            ("port".to_owned(), Value::from("d3d")),
            ("versions".to_owned(), Value::from(vec!["1.2", "1.3"])),
            ("before".to_owned(), before),
        ])
    }

    #[test]
    fn evaluates() {
        for (source, expected) in [
            ("rc == 0", true),
            ("rc == 0 and before.enabled == \"1\"", false),
            ("before.enabled is defined", true),
            ("before.other is defined", false),
            ("before.other is undefined", true),
            ("port | hex == 3389", true),
            ("'1.2' in versions and versions | length == 2", true),
            ("rc != 0 and before.other == '1'", false),
            ("versions | without('1.2') | first == '1.3'", true),
            ("port is startingwith 'd' and not port is containing 'x'", true),
        ] {
            let expr = Expr::parse(source).unwrap();
            assert_eq!(expr.eval_bool(&scope()), Ok(expected), "{source}");
        }
    }

    #[test]
    fn says_why_there_is_no_value() {
        for (source, expected) in [
            ("before.other == '1'", "`before.other == '1'` uses before.other, which has no value here"),
            ("missing.deep", "`missing.deep` uses missing.deep, which has no value here"),
            ("rc", "`rc` is number (0), not true or false"),
            ("rc | hex + 'a'", "`rc | hex + 'a'` can't be evaluated"),
            ("'x y' | hex == 1", "`'x y' | hex == 1` can't be evaluated: `x y` is no hexadecimal number"),
        ] {
            let message = match Expr::parse(source).unwrap().eval_bool(&scope()) {
                Ok(value) => format!("{value}"),
                Err(error) => error.to_string(),
            };
            assert!(message.starts_with(expected), "{source}: {message}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (source, expected) in [
            ("", "the expression is empty"),
            ("rc ==", "unexpected end of input, expected expression"),
            ("rc | hxe", "there is no filter `hxe`; there are default, first, hex,"),
            ("rc is not odd", "there is no test `odd`; there are containing,"),
            ("a | lower == 'is odd | x'", ""),
        ] {
            let message = Expr::parse(source).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(
                message.starts_with(expected) && message.is_empty() == expected.is_empty(),
                "{source}: {message}"
            );
        }
    }

    #[test]
    fn knows_what_is_always_so() {
        for (source, expected) in [
            ("rc == 0", None),
            ("rc == 0 or rc != 0", Some("true")),
            ("rc < 0 and rc > -5 and rc == 7", Some("false")),
            ("rc in [0, 1, 2] or rc < 0 or rc > 2", Some("true")),
            ("rc in [0, 2]", None),
            ("1 == 1", Some("true")),
            ("rc == 0 or x", None),
            ("rc | upper == 'A'", Some("false")),
            ("rc | hex == 1", None),
        ] {
            assert_eq!(always(&Expr::parse(source).unwrap()).as_deref(), expected, "{source}");
        }
    }

    #[test]
    fn hints_at_signs_of_other_languages() {
        for (source, expected) in [
            ("rc = 0", Some("did you mean `==`?")),
            ("a == '=' and rc = 0", Some("did you mean `==`?")),
            ("rc === 0", Some("write `==` or `!=`, with two signs")),
            ("a && b", Some("did you mean `and`?")),
            ("a || b", Some("did you mean `or`?")),
            ("!a", Some("did you mean `not`?")),
            ("a <> b", Some("did you mean `!=`?")),
            ("rc == 0 and", None),
            ("rc >= 0 and (", None),
        ] {
            assert_eq!(hint(source).as_deref(), expected, "{source}");
        }
    }

    #[test]
    fn names_are_dotted() {
        let expr = Expr::parse("steps.tls.changed and rc == 0 and x['y'] and a.b.c is defined").unwrap();
        assert_eq!(expr.names().into_iter().collect::<Vec<_>>(), ["a.b.c", "rc", "steps.tls.changed", "x"]);
    }
}
