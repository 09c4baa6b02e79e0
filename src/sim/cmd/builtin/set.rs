//! `set`: showing, setting, asking (`/p`) and computing (`/a`).

use super::arithmetic::{ArithmeticError, evaluate};
use crate::sim::cmd::percent::{Scope, is_delimiter};
use crate::sim::cmd::shell::{Shell, Stop};
use crate::sim::cmd::substitute::number;
use crate::sim::cmd::text;
use crate::sim::tools::stream::Stdin;
use crate::sim::windows::files::path::fold;

impl Shell {
    pub(super) async fn set(&mut self, tail: &str) -> Result<i32, Stop> {
        let given = tail.trim_start_matches(is_delimiter_but_equals);
        let switch = given.get(..2).unwrap_or("");
        if switch.eq_ignore_ascii_case("/a") {
            return Ok(self.set_number(&given[2..]));
        }
        if switch.eq_ignore_ascii_case("/p") {
            return self.set_answer(&given[2..]).await;
        }
        if given.starts_with('/') {
            return Ok(self.fail(&text::SYNTAX, &[]));
        }
        let assignment = within_quotes(given);
        if assignment.is_empty() {
            self.show_variables("");
            return Ok(self.succeed_in_cmd());
        }
        match assignment.split_once('=') {
            Some(("", _)) => Ok(self.fail(&text::SYNTAX, &[])),
            Some((name, value)) => {
                self.env.set(name, value);
                Ok(self.succeed_in_cmd())
            }
            None => {
                let name = assignment.trim_end();
                if self.show_variables(name) {
                    return Ok(self.succeed_in_cmd());
                }
                Ok(self.fail(&text::NOT_DEFINED, &[name]))
            }
        }
    }

    /// Lists the variables that begin with `start`; whether there are any.
    fn show_variables(&self, start: &str) -> bool {
        let start = fold(start);
        let lines: Vec<String> = self
            .env
            .iter()
            .filter(|(name, _)| fold(name).starts_with(&start))
            .map(|(name, value)| format!("{name}={value}\r\n"))
            .collect();
        self.print(&lines.concat());
        !lines.is_empty()
    }

    /// `set /a`: the result is shown when no batch file runs.
    fn set_number(&mut self, tail: &str) -> i32 {
        let expression: String = tail.chars().filter(|c| *c != '"').collect();
        let lookup = |shell: &Self, name: &str| {
            let value = shell.variable(name)?;
            Some(number(&value).0 as i32)
        };
        let result = evaluate(&expression, self, lookup, |shell, name, value| {
            shell.env.set(name, &value.to_string());
        });
        match result {
            Ok(value) => {
                if self.batches.is_empty() {
                    self.print(&value.to_string());
                }
                self.succeed_in_cmd()
            }
            Err(error) => {
                let (message, code) = match error {
                    ArithmeticError::Unbalanced => (text::UNBALANCED, 1_073_750_988),
                    ArithmeticError::MissingOperand => (text::MISSING_OPERAND, 1_073_750_989),
                    ArithmeticError::MissingOperator => (text::MISSING_OPERATOR, 1_073_750_990),
                    ArithmeticError::BadNumber => (text::BAD_NUMBER, 1_073_750_991),
                    ArithmeticError::BigNumber => (text::BIG_NUMBER, 1_073_750_992),
                    ArithmeticError::DivideByZero => (text::DIVIDE, 1_073_750_993),
                };
                self.complain(&message, &[]);
                self.level = code;
                code
            }
        }
    }

    /// `set /p name=question`
    async fn set_answer(&mut self, tail: &str) -> Result<i32, Stop> {
        let given = within_quotes(tail.trim_start_matches(is_delimiter_but_equals));
        let Some((name, question)) = given.split_once('=') else {
            return Ok(self.fail(&text::SYNTAX, &[]));
        };
        let question = within_quotes(question.trim_start_matches([' ', '\t', '=']));
        self.print(question);
        let stdin = self.stdin();
        let answer = match &stdin {
            Stdin::Console(console) => Some(console.read_line().await?),
            Stdin::Bytes(_) => stdin.line(self.page()).await?,
        };
        let answer = answer.unwrap_or_default();
        let answer = answer.trim_end_matches(|c: char| c.is_control());
        if answer.is_empty() {
            self.level = 1;
            return Ok(1);
        }
        if !name.is_empty() {
            self.env.set(name, answer);
        }
        Ok(self.succeed_in_cmd())
    }
}

fn is_delimiter_but_equals(c: char) -> bool {
    c != '=' && is_delimiter(c)
}

/// What stands between a quote at the start and the last quote; the text as it is without one.
fn within_quotes(text: &str) -> &str {
    let Some(inside) = text.strip_prefix('"') else { return text };
    inside.rfind('"').map_or(inside, |last| &inside[..last])
}
