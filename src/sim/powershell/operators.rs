//! The operators of expressions.

use std::sync::Arc;

use regex::RegexBuilder;

use super::failure::ErrorRecord;
use super::value::Value;

/// What `-match` leaves in `$Matches`.
pub(super) type Groups = Vec<(String, Value)>;

/// `left operator right`, for everything but `-and`, `-or` and what needs the machine.
pub(super) fn binary(
    operator: &str,
    left: &Value,
    right: &Value,
) -> Result<(Value, Option<Groups>), ErrorRecord> {
    let lower = operator.to_lowercase();
    let plain = |value: Value| Ok((value, None));
    let number = |value: &Value| {
        value.real().ok_or_else(|| {
            ErrorRecord::new(
                format!("Cannot convert value \"{}\" to type \"System.Int32\". Error: \"Input string was not in a correct format.\"", value.text()),
                "InvalidCastFromStringToInteger",
                "System.Management.Automation.RuntimeException",
            )
        })
    };
    let whole = |real: f64, of: &[&Value]| {
        if of.iter().any(|value| matches!(value, Value::Real(_))) || real.fract() != 0.0 {
            Value::Real(real)
        } else {
            Value::Int(real as i64)
        }
    };
    match lower.as_str() {
        "+" => plain(match left {
            Value::Null => right.clone(),
            Value::Text(text) => Value::Text(text.clone() + &right.text()),
            Value::Bytes(bytes) if matches!(right, Value::Bytes(_)) => {
                let Value::Bytes(more) = right else { return plain(Value::Null) };
                Value::Bytes(Arc::new([bytes.as_slice(), more.as_slice()].concat()))
            }
            many if many.is_many() => Value::array([many.items(), right.items()].concat()),
            Value::Map(map) => {
                let Value::Map(more) = right else { return plain(left.clone()) };
                Value::map([map.lock().clone(), more.lock().clone()].concat())
            }
            _ => whole(number(left)? + number(right)?, &[left, right]),
        }),
        "-" => plain(whole(number(left)? - number(right)?, &[left, right])),
        "*" => plain(match left {
            Value::Text(text) => Value::Text(text.repeat(right.int().unwrap_or(0).max(0) as usize)),
            _ => whole(number(left)? * number(right)?, &[left, right]),
        }),
        "/" | "%" => {
            let (a, b) = (number(left)?, number(right)?);
            if b == 0.0 {
                return Err(ErrorRecord::new(
                    "Attempted to divide by zero.",
                    "RuntimeException",
                    "System.DivideByZeroException",
                ));
            }
            plain(whole(if lower == "/" { a / b } else { a % b }, &[left, right]))
        }
        "-band" | "-bor" | "-bxor" | "-shl" | "-shr" => {
            let (a, b) = (left.int().unwrap_or(0), right.int().unwrap_or(0));
            plain(Value::Int(match lower.as_str() {
                "-band" => a & b,
                "-bor" => a | b,
                "-bxor" => a ^ b,
                "-shl" => a << b,
                _ => a >> b,
            }))
        }
        "-join" => {
            let between = right.text();
            plain(Value::Text(left.items().iter().map(Value::text).collect::<Vec<_>>().join(&between)))
        }
        "-split" | "-isplit" | "-csplit" => {
            let pattern =
                pattern(&right.items().first().map(Value::text).unwrap_or_default(), lower == "-csplit")?;
            plain(Value::array(
                left.items()
                    .iter()
                    .flat_map(|item| pattern.split(&item.text()).map(Value::from).collect::<Vec<_>>())
                    .collect(),
            ))
        }
        "-f" => plain(Value::Text(format(&left.text(), &right.items()))),
        "-is" | "-isnot" => {
            let name = right.text();
            let name = super::members::full_name(&name);
            let is = name == "System.Object" && !left.is_null()
                || left.type_name().eq_ignore_ascii_case(&name)
                || (name == "System.Array" && matches!(left, Value::Array(_) | Value::Bytes(_)));
            plain(Value::Bool(is == (lower == "-is")))
        }
        "-as" => plain(super::members::cast(&right.text(), left).unwrap_or(Value::Null)),
        "-contains" | "-icontains" | "-ccontains" | "-notcontains" | "-inotcontains" => {
            let has = left.items().iter().any(|item| item.equals(right, lower == "-ccontains"));
            plain(Value::Bool(has != lower.contains("not")))
        }
        "-in" | "-notin" => {
            let has = right.items().iter().any(|item| left.equals(item, false));
            plain(Value::Bool(has == (lower == "-in")))
        }
        "-replace" | "-ireplace" | "-creplace" => {
            let items = right.items();
            let pattern = pattern(&items.first().map(Value::text).unwrap_or_default(), lower == "-creplace")?;
            let with = items.get(1).map(Value::text).unwrap_or_default();
            let one =
                |text: &Value| Value::Text(pattern.replace_all(&text.text(), with.as_str()).into_owned());
            plain(if left.is_many() {
                Value::array(left.items().iter().map(one).collect())
            } else {
                one(left)
            })
        }
        _ => compare(&lower, left, right),
    }
}

/// Comparisons: of many on the left, those that fit.
fn compare(lower: &str, left: &Value, right: &Value) -> Result<(Value, Option<Groups>), ErrorRecord> {
    let exact = lower.starts_with("-c");
    let name = lower.trim_start_matches('-');
    let name = match name {
        "ieq" | "ceq" => "eq",
        "ine" | "cne" => "ne",
        "igt" | "cgt" => "gt",
        "ige" | "cge" => "ge",
        "ilt" | "clt" => "lt",
        "ile" | "cle" => "le",
        "imatch" | "cmatch" => "match",
        "inotmatch" | "cnotmatch" => "notmatch",
        "ilike" | "clike" => "like",
        "inotlike" | "cnotlike" => "notlike",
        name => name,
    };
    let mut groups = None;
    let mut holds = |item: &Value| -> Result<bool, ErrorRecord> {
        Ok(match name {
            "eq" => item.equals(right, exact),
            "ne" => !item.equals(right, exact),
            "gt" => item.order(right).is_gt(),
            "ge" => item.order(right).is_ge(),
            "lt" => item.order(right).is_lt(),
            "le" => item.order(right).is_le(),
            "match" | "notmatch" => {
                let pattern = pattern(&right.text(), exact)?;
                let text = item.text();
                let found = pattern.captures(&text);
                if let Some(found) = &found {
                    let named = pattern.capture_names().enumerate().map(|(index, name)| {
                        let key = name.map_or_else(|| index.to_string(), str::to_owned);
                        (key, found.get(index).map_or(Value::Null, |group| group.as_str().into()))
                    });
                    groups = Some(named.collect());
                }
                found.is_some() == (name == "match")
            }
            "like" | "notlike" => {
                let pattern = wildcard(&right.text(), exact)?;
                pattern.is_match(&item.text()) == (name == "like")
            }
            _ => false,
        })
    };
    if left.is_many() {
        let mut kept = Vec::new();
        for item in left.items() {
            if holds(&item)? {
                kept.push(item);
            }
        }
        return Ok((Value::array(kept), None));
    }
    let truth = holds(left)?;
    Ok((Value::Bool(truth), groups))
}

fn pattern(text: &str, exact: bool) -> Result<regex::Regex, ErrorRecord> {
    RegexBuilder::new(text).case_insensitive(!exact).build().map_err(|_| {
        ErrorRecord::new(
            format!("parsing \"{text}\" - the pattern is not valid."),
            "System.ArgumentException",
            "System.ArgumentException",
        )
    })
}

/// `*`, `?`, `[…]`.
pub(super) fn wildcard(text: &str, exact: bool) -> Result<regex::Regex, ErrorRecord> {
    let mut out = String::from("(?s)^");
    for c in text.chars() {
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '[' | ']' => out.push(c),
            c => out.push_str(&regex::escape(&c.to_string())),
        }
    }
    pattern(&(out + "$"), exact)
}

/// `-f`: `{0}`, `{1:x}`, `{0,5}`, `{0:D3}`.
fn format(text: &str, items: &[Value]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        out.push_str(&rest[..open]);
        let double = &rest[open..].get(..2).unwrap_or_default();
        if *double == "{{" || *double == "}}" {
            out.push_str(&double[..1]);
            rest = &rest[open + 2..];
            continue;
        }
        let Some(close) = rest[open..].find('}') else { break };
        let inner = &rest[open + 1..open + close];
        let (place, form) = inner.split_once(':').unwrap_or((inner, ""));
        let (place, width) = place.split_once(',').unwrap_or((place, ""));
        let value = place
            .trim()
            .parse::<usize>()
            .ok()
            .and_then(|index| items.get(index))
            .cloned()
            .unwrap_or(Value::Null);
        let digits: usize = form.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let shown = match (form.chars().next(), value.int()) {
            (Some('x'), Some(number)) => format!("{number:0digits$x}"),
            (Some('X'), Some(number)) => format!("{number:0digits$X}"),
            (Some('d' | 'D'), Some(number)) => format!("{number:0digits$}"),
            (Some('n' | 'N' | 'f' | 'F'), _) => {
                format!("{:.*}", if form.len() > 1 { digits } else { 2 }, value.real().unwrap_or(0.0))
            }
            _ => value.text(),
        };
        let width: i64 = width.trim().parse().unwrap_or(0);
        let size = width.unsigned_abs() as usize;
        out.push_str(&if width < 0 { format!("{shown:<size$}") } else { format!("{shown:>size$}") });
        rest = &rest[open + close + 1..];
    }
    out + rest
}
