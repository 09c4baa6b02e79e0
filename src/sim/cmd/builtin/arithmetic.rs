//! The expressions of `set /a`: 32-bit integers, variables without percent signs, C's operators.

/// Why an expression has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArithmeticError {
    Unbalanced,
    MissingOperand,
    MissingOperator,
    BadNumber,
    BigNumber,
    DivideByZero,
}

/// Deepest nesting of parentheses and signs.
const DEEPEST: usize = 100;

/// Operators of two operands, by level, weakest first. Longer ones stand before those they begin with.
const LEVELS: [&[&str]; 6] = [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*", "/", "%"]];

/// Evaluates a list of expressions; the last one counts. `context` is handed through to both functions.
pub(super) fn evaluate<T>(
    text: &str,
    context: &mut T,
    lookup: impl Fn(&T, &str) -> Option<i32>,
    assign: impl FnMut(&mut T, &str, i32),
) -> Result<i32, ArithmeticError> {
    let text: Vec<char> = text.chars().filter(|c| !c.is_whitespace() || *c == ' ').collect();
    let mut run = Run { text, at: 0, depth: 0, context, lookup, assign };
    let value = run.list()?;
    match run.peek() {
        None => Ok(value),
        Some(')') => Err(ArithmeticError::Unbalanced),
        Some(_) => Err(ArithmeticError::MissingOperator),
    }
}

struct Run<'a, T, L, A> {
    text: Vec<char>,
    at: usize,
    depth: usize,
    context: &'a mut T,
    lookup: L,
    assign: A,
}

impl<T, L: Fn(&T, &str) -> Option<i32>, A: FnMut(&mut T, &str, i32)> Run<'_, T, L, A> {
    fn peek(&mut self) -> Option<char> {
        while self.text.get(self.at) == Some(&' ') {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// Takes an operator whose characters may stand apart, unless an assignment follows it.
    fn take(&mut self, operator: &str) -> bool {
        self.peek();
        let start = self.at;
        for wanted in operator.chars() {
            if self.peek() != Some(wanted) {
                self.at = start;
                return false;
            }
            self.at += 1;
        }
        true
    }

    fn deeper(&mut self) -> Result<(), ArithmeticError> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(ArithmeticError::Unbalanced) } else { Ok(()) }
    }

    fn list(&mut self) -> Result<i32, ArithmeticError> {
        let mut value = self.assignment()?;
        while self.take(",") {
            value = self.assignment()?;
        }
        Ok(value)
    }

    fn assignment(&mut self) -> Result<i32, ArithmeticError> {
        self.peek();
        let start = self.at;
        let name = self.name();
        if !name.is_empty()
            && let Some(operator) = self.assignment_sign()
        {
            self.deeper()?;
            let right = self.assignment()?;
            self.depth -= 1;
            let value = match operator {
                "" => right,
                operator => {
                    let left = (self.lookup)(self.context, &name).unwrap_or(0);
                    apply(operator, left, right)?
                }
            };
            (self.assign)(self.context, &name, value);
            return Ok(value);
        }
        self.at = start;
        self.binary(0)
    }

    /// `=`, or the operator in front of it.
    fn assignment_sign(&mut self) -> Option<&'static str> {
        let start = self.at;
        for operator in LEVELS.iter().flat_map(|level| level.iter()).chain([&""]) {
            if self.take(operator) && self.take("=") {
                return Some(operator);
            }
            self.at = start;
        }
        None
    }

    fn binary(&mut self, level: usize) -> Result<i32, ArithmeticError> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        'more: loop {
            for operator in *operators {
                if self.take(operator) {
                    let right = self.binary(level + 1)?;
                    left = apply(operator, left, right)?;
                    continue 'more;
                }
            }
            return Ok(left);
        }
    }

    fn unary(&mut self) -> Result<i32, ArithmeticError> {
        self.deeper()?;
        let value = match self.peek() {
            Some(sign @ ('!' | '~' | '-' | '+')) => {
                self.at += 1;
                let value = self.unary()?;
                match sign {
                    '!' => i32::from(value == 0),
                    '~' => !value,
                    '-' => value.wrapping_neg(),
                    _ => value,
                }
            }
            Some('(') => {
                self.at += 1;
                let value = self.list()?;
                if !self.take(")") {
                    return Err(ArithmeticError::Unbalanced);
                }
                value
            }
            Some(c) if c.is_ascii_digit() => self.constant()?,
            _ => {
                let name = self.name();
                if name.is_empty() {
                    return Err(ArithmeticError::MissingOperand);
                }
                (self.lookup)(self.context, &name).unwrap_or(0)
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    fn name(&mut self) -> String {
        self.peek();
        let is_part = |c: &char| !" ()!~*/%+-<>&^|=,".contains(*c);
        if self.text.get(self.at).is_none_or(char::is_ascii_digit) {
            return String::new();
        }
        let name: String = self.text[self.at..].iter().take_while(|c| is_part(c)).collect();
        self.at += name.chars().count();
        name
    }

    fn constant(&mut self) -> Result<i32, ArithmeticError> {
        let word: String = self.text[self.at..].iter().take_while(|c| c.is_alphanumeric()).collect();
        self.at += word.chars().count();
        let (radix, digits) = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
            Some(digits) => (16, digits),
            None if word.len() > 1 && word.starts_with('0') => (8, word.as_str()),
            None => (10, word.as_str()),
        };
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return Err(ArithmeticError::BadNumber);
        }
        match u64::from_str_radix(digits, radix) {
            Ok(value) if radix == 16 && value <= 0xffff_ffff => Ok(value as u32 as i32),
            Ok(value) if value <= 0x7fff_ffff => Ok(value as i32),
            _ => Err(ArithmeticError::BigNumber),
        }
    }
}

fn apply(operator: &str, left: i32, right: i32) -> Result<i32, ArithmeticError> {
    let shift = u32::try_from(right).ok().filter(|by| *by < 32);
    Ok(match operator {
        "|" => left | right,
        "^" => left ^ right,
        "&" => left & right,
        "<<" => shift.map_or(0, |by| left.wrapping_shl(by)),
        ">>" => shift.map_or(if left < 0 { -1 } else { 0 }, |by| left >> by),
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "*" => left.wrapping_mul(right),
        _ if right == 0 => return Err(ArithmeticError::DivideByZero),
        "/" => left.wrapping_div(right),
        _ => left.wrapping_rem(right),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn value(text: &str) -> String {
        let mut variables = BTreeMap::from([("foo".to_owned(), 3), ("bar".to_owned(), -7)]);
        let result = evaluate(
            text,
            &mut variables,
            |variables, name| variables.get(name).copied(),
            |variables, name, value| {
                variables.insert(name.to_owned(), value);
            },
        );
        result.map_or_else(|why| format!("{why:?}"), |value| value.to_string())
    }

    #[test]
    fn expressions_have_the_values_of_windows() {
        let rows = [
            ("1 +2", "3"),
            ("1 +-2", "-1"),
            ("1 --2", "3"),
            ("-13/3", "-4"),
            ("5 % -3", "2"),
            ("-5 % -3", "-2"),
            ("1 << 2", "4"),
            ("1 << -2", "0"),
            ("9 >> -2", "0"),
            ("-9 >> -2", "-1"),
            ("-9 >> 2", "-3"),
            ("5 ^ 3", "6"),
            ("4 + 2*3", "10"),
            ("4 * 3/5", "2"),
            ("3 % (5 + 8 % 3 ^ 2)", "3"),
            ("0xF + 3", "18"),
            ("015 + 2", "15"),
            ("3, 8+3,0", "0"),
            ("x=3, x+1", "4"),
            ("bar %= 4 + (x=7)", "-7"),
            ("foo*= foo", "9"),
            ("foo   <  <=   2", "12"),
            ("foo+=3+(foo=4)", "11"),
            ("x=y=7", "7"),
            ("3---3", "0"),
            ("3----3", "6"),
            ("-~1", "2"),
            ("!-0", "1"),
            ("5/2*10", "20"),
            ("10-5+2", "7"),
            ("1<<4>>1", "8"),
            ("0xFFFFFFFF", "-1"),
            ("2147483647+1", "-2147483648"),
            ("nothing", "0"),
            ("6 7", "MissingOperator"),
            ("=4", "MissingOperand"),
            ("4+", "MissingOperand"),
            ("(4", "Unbalanced"),
            ("4)", "Unbalanced"),
            ("08", "BadNumber"),
            ("12x", "BadNumber"),
            ("2147483648", "BigNumber"),
            ("1/0", "DivideByZero"),
            ("1%(foo-3)", "DivideByZero"),
        ];
        for (text, expected) in rows {
            assert_eq!(value(text), expected, "{text}");
        }
        assert_eq!(value(&"(".repeat(4000)), "Unbalanced");
        assert_eq!(value(&"-".repeat(4000)), "Unbalanced");
        assert_eq!(value(&"x=".repeat(4000)), "Unbalanced");
    }
}
