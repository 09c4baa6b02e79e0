//! Phase 2: quotes, carets, operators, parentheses. Text becomes a [`Node`].
//!
//! A line is parsed with the `\n` that ends it. When more lines are needed (an open parenthesis, a caret at the end)
//! the answer is [`Unparsed::Incomplete`], and the caller parses again with the next line appended.

mod conditions;
mod words;

use super::percent::is_delimiter;
use super::tree::{Node, Redirect, Simple};

/// Why there is no tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unparsed {
    /// The text ends inside a block or after a caret.
    Incomplete,
    /// "X was unexpected at this time."
    Unexpected(String),
    /// "The syntax of the command is incorrect."
    Syntax,
    /// invented: more nesting than the machine's cmd can hold.
    TooDeep,
}

/// Deepest nesting of blocks, `if` and `for`.
const DEEPEST: usize = 120;

/// Parses one line, or several when a block goes over lines.
pub(super) fn parse(text: &str) -> Result<Node, Unparsed> {
    let mut parser = Parser { text: text.chars().collect(), at: 0, parentheses: 0, depth: 0 };
    parser.line()
}

/// Parses what follows `call`: one command with its redirections, operators are not seen.
pub(super) fn parse_called(text: &str) -> Result<Simple, Unparsed> {
    let text = text.chars().chain(['\n']).collect();
    let mut parser = Parser { text, at: 0, parentheses: 0, depth: 0 };
    parser.skip_delimiters();
    match parser.simple(Vec::new())? {
        Node::Command(simple) => Ok(simple),
        _ => Err(Unparsed::Syntax),
    }
}

struct Parser {
    text: Vec<char>,
    at: usize,
    /// Open parentheses.
    parentheses: usize,
    /// Nesting of all kinds, for the limit.
    depth: usize,
}

/// A character with its caret taken off.
#[derive(Clone, Copy)]
struct Taken {
    c: char,
    escaped: bool,
}

impl Parser {
    fn line(&mut self) -> Result<Node, Unparsed> {
        self.skip_delimiters();
        if matches!(self.peek(), None | Some('\n')) {
            return Ok(Node::nothing());
        }
        let node = self.sequence()?;
        self.skip_delimiters();
        match self.peek() {
            None | Some('\n') => Ok(node),
            Some(_) => Err(self.unexpected()),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn skip_delimiters(&mut self) {
        while self.peek().is_some_and(is_delimiter) {
            self.at += 1;
        }
    }

    /// The error that names the token here.
    fn unexpected(&mut self) -> Unparsed {
        self.skip_delimiters();
        let operator: String = match (self.peek(), self.peek_at(1)) {
            (None | Some('\n'), _) => return Unparsed::Syntax,
            (Some(a @ ('&' | '|' | '>')), Some(b)) if a == b => [a, b].iter().collect(),
            (Some(a @ ('&' | '|' | '<' | '>' | '(' | ')')), _) => a.to_string(),
            _ => return self.word().map_or_else(|why| why, Unparsed::Unexpected),
        };
        Unparsed::Unexpected(operator)
    }

    fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Result<T, Unparsed>) -> Result<T, Unparsed> {
        if self.depth >= DEEPEST {
            return Err(Unparsed::TooDeep);
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }

    /// `a & b & c`; inside parentheses also one command a line.
    fn sequence(&mut self) -> Result<Node, Unparsed> {
        let mut parts = Vec::new();
        loop {
            self.skip_blank_lines();
            if !parts.is_empty() && self.ends_sequence() {
                break;
            }
            let part = self.alternatives()?;
            if !part.is_nothing() {
                parts.push(part);
            }
            self.skip_delimiters();
            match (self.peek(), self.peek_at(1)) {
                (Some('&'), Some('&')) => break,
                (Some('&'), _) => {
                    self.at += 1;
                    self.skip_delimiters();
                    if self.peek() == Some('&') {
                        return Err(self.unexpected());
                    }
                    if matches!(self.peek(), None | Some('\n')) && self.parentheses == 0 {
                        break;
                    }
                }
                (Some('\n'), _) if self.parentheses > 0 => {}
                _ => break,
            }
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Node::Sequence(parts) })
    }

    fn skip_blank_lines(&mut self) {
        self.skip_delimiters();
        while self.parentheses > 0 && self.peek() == Some('\n') {
            self.at += 1;
            self.skip_delimiters();
        }
    }

    fn ends_sequence(&self) -> bool {
        match self.peek() {
            None => self.parentheses == 0,
            Some(')') => self.parentheses > 0,
            Some(_) => false,
        }
    }

    /// `a || b`
    fn alternatives(&mut self) -> Result<Node, Unparsed> {
        self.chain("||", Self::conjunction, Node::Or)
    }

    /// `a && b`
    fn conjunction(&mut self) -> Result<Node, Unparsed> {
        self.chain("&&", Self::pipeline, Node::And)
    }

    /// `a | b`
    fn pipeline(&mut self) -> Result<Node, Unparsed> {
        self.chain("|", Self::primary, Node::Pipe)
    }

    fn chain(
        &mut self,
        operator: &str,
        inner: impl Fn(&mut Self) -> Result<Node, Unparsed>,
        make: impl FnOnce(Vec<Node>) -> Node,
    ) -> Result<Node, Unparsed> {
        let mut parts = vec![inner(self)?];
        while self.take_operator(operator) {
            self.skip_delimiters();
            match self.peek() {
                None | Some('\n') => return Err(Unparsed::Syntax),
                Some('&' | '|') => return Err(self.unexpected()),
                Some(')') if self.parentheses > 0 => return Err(self.unexpected()),
                Some(_) => parts.push(inner(self)?),
            }
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { make(parts) })
    }

    fn take_operator(&mut self, operator: &str) -> bool {
        self.skip_delimiters();
        let wanted: Vec<char> = operator.chars().collect();
        let here = self.text[self.at..].starts_with(&wanted);
        // `|` alone is not the first half of `||`.
        let alone = wanted.len() == 2 || self.peek_at(1) != Some(wanted[0]);
        if here && alone {
            self.at += wanted.len();
            return true;
        }
        false
    }

    /// One command: a block, `if`, `for`, `@…`, or a simple one.
    fn primary(&mut self) -> Result<Node, Unparsed> {
        let redirects = self.leading_redirects()?;
        match self.peek() {
            Some('(') => self.block(redirects),
            Some('@') => {
                self.at += 1;
                let inner = self.deeper(|parser| {
                    parser.skip_delimiters();
                    if matches!(parser.peek(), None | Some('\n')) {
                        Ok(Node::nothing())
                    } else {
                        parser.sequence()
                    }
                })?;
                Ok(redirected(Node::Quiet(Box::new(inner)), redirects))
            }
            Some(':') => {
                self.skip_line();
                Ok(redirected(Node::nothing(), redirects))
            }
            Some(')') if self.parentheses == 0 => {
                self.skip_line();
                Ok(redirected(Node::nothing(), redirects))
            }
            Some('&' | '|' | ')') => Err(self.unexpected()),
            None if self.parentheses > 0 => Err(Unparsed::Incomplete),
            None | Some('\n') if redirects.is_empty() => Ok(Node::nothing()),
            _ => self.command(redirects),
        }
    }

    fn command(&mut self, redirects: Vec<Redirect>) -> Result<Node, Unparsed> {
        let start = self.at;
        let name = self.word()?;
        match name.to_ascii_lowercase().as_str() {
            "if" => Ok(redirected(self.deeper(Self::condition)?, redirects)),
            "for" => Ok(redirected(self.deeper(Self::repetition)?, redirects)),
            "rem" => self.remark(start, name, redirects),
            _ => {
                self.at = start;
                self.simple(redirects)
            }
        }
    }

    fn leading_redirects(&mut self) -> Result<Vec<Redirect>, Unparsed> {
        let mut redirects = Vec::new();
        loop {
            self.skip_delimiters();
            match self.redirect_here()? {
                Some(redirect) => redirects.push(redirect),
                None => return Ok(redirects),
            }
        }
    }

    fn block(&mut self, mut redirects: Vec<Redirect>) -> Result<Node, Unparsed> {
        self.at += 1;
        self.parentheses += 1;
        let inside = self.deeper(|parser| {
            parser.skip_blank_lines();
            if parser.peek() == Some(')') {
                return Err(parser.unexpected());
            }
            parser.sequence()
        })?;
        self.skip_blank_lines();
        match self.peek() {
            Some(')') => self.at += 1,
            None => return Err(Unparsed::Incomplete),
            Some(_) => return Err(self.unexpected()),
        }
        self.parentheses -= 1;
        redirects.extend(self.leading_redirects()?);
        let lines = match inside {
            Node::Sequence(lines) => lines,
            one => vec![one],
        };
        Ok(redirected(Node::Block(lines), redirects))
    }

    /// `rem`: everything to the end of the line is its text, unless an operator follows at once.
    fn remark(&mut self, start: usize, name: String, redirects: Vec<Redirect>) -> Result<Node, Unparsed> {
        let from = self.at;
        self.skip_delimiters();
        if matches!(self.peek(), Some('&' | '|' | '<' | '>')) {
            self.at = start;
            return self.simple(redirects);
        }
        self.skip_line();
        let tail = self.text[from..self.at].iter().collect();
        Ok(Node::Command(Simple { name, tail, redirects }))
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    /// A command with its arguments, up to an operator, the end of the line or of the block.
    fn simple(&mut self, mut redirects: Vec<Redirect>) -> Result<Node, Unparsed> {
        let name = self.word()?;
        if name.is_empty() {
            return Err(self.unexpected());
        }
        let mut tail = String::new();
        let mut quoted = false;
        let mut before_digit = false;
        loop {
            // Every line ends with a line feed; one that was escaped is part of the text.
            let c = self.peek().ok_or(Unparsed::Incomplete)?;
            if c == '\n' {
                break;
            }
            if quoted {
                quoted = c != '"';
                before_digit = false;
                tail.push(c);
                self.at += 1;
                continue;
            }
            match c {
                '&' | '|' => break,
                ')' if self.parentheses > 0 => break,
                '<' | '>' => {
                    if let Some(redirect) = self.redirect(None)? {
                        redirects.push(redirect);
                    }
                    before_digit = true;
                    continue;
                }
                '0'..='9' if before_digit && matches!(self.peek_at(1), Some('<' | '>')) => {
                    self.at += 1;
                    if let Some(redirect) = self.redirect(c.to_digit(10).map(|digit| digit as u8))? {
                        redirects.push(redirect);
                    }
                    before_digit = true;
                    continue;
                }
                _ => {}
            }
            let taken = self.take()?;
            quoted = taken.c == '"' && !taken.escaped;
            before_digit = is_delimiter(taken.c) && !taken.escaped;
            tail.push(taken.c);
        }
        Ok(Node::Command(Simple { name, tail, redirects }))
    }
}

fn redirected(node: Node, redirects: Vec<Redirect>) -> Node {
    if redirects.is_empty() { node } else { Node::Redirected(Box::new(node), redirects) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::cmd::deparse::deparse;

    /// The tree as text: `deparse` with brackets around every operator.
    fn shape(text: &str) -> String {
        match parse(&format!("{text}\n")) {
            Ok(node) => tree(&node),
            Err(why) => format!("{why:?}"),
        }
    }

    fn tree(node: &Node) -> String {
        let list = |sign: &str, parts: &[Node]| {
            format!("[{}]", parts.iter().map(tree).collect::<Vec<_>>().join(&format!(" {sign} ")))
        };
        match node {
            Node::Command(_) => deparse(node).trim_end().to_owned(),
            Node::Block(parts) => format!("({})", parts.iter().map(tree).collect::<Vec<_>>().join("; ")),
            Node::Sequence(parts) => list("&", parts),
            Node::And(parts) => list("&&", parts),
            Node::Or(parts) => list("||", parts),
            Node::Pipe(parts) => list("|", parts),
            Node::If(one) => {
                let otherwise =
                    one.otherwise.as_ref().map_or_else(String::new, |node| format!(" else {}", tree(node)));
                format!("if {} then {}{otherwise}", one.negated, tree(&one.then))
            }
            Node::For(one) => {
                format!("for {:?} {} ({}) {}", one.kind, one.variable, one.set, tree(&one.body))
            }
            Node::Quiet(inner) => format!("@{}", tree(inner)),
            Node::Redirected(inner, redirects) => format!("{}{redirects:?}", tree(inner)),
        }
    }

    #[test]
    fn operators_bind_as_in_cmd() {
        let rows = [
            ("a & b && c || d | e & f", "[a & [[b && c] || [d | e]] & f]"),
            ("a & b &", "[a & b]"),
            ("(a & b) && c", "[(a; b) && c]"),
            ("(a\nb\n)", "(a; b)"),
            ("@a & b", "@[a & b]"),
            ("if 1==1 a & b", "if false then [a & b]"),
            ("if not 1==1 (a) else b & c", "if true then (a) else [b & c]"),
            ("if 1==1 if 2==2 (a) else (b) else c", "if false then if false then (a) else (b) else c"),
            ("if 1==1 a | (b) else c", "if false then [a | (b)] else c"),
            ("for %i in (a b) do x & y", "for Plain i (a b) [x & y]"),
            ("for /f \"tokens=1 delims=,\" %%i in (x) do y", "Unexpected(\"%%i\")"),
            (
                "for /f tokens^=2^ delims^=^\" %i in ('x ^| y') do z",
                "for Lines(\"tokens=2 delims=\\\"\") i ('x | y') z",
            ),
            ("for /r %i in (*) do x", "for Tree { root: None, folders: false } i (*) x"),
            ("for /r c:\\t %i in (*) do x", "for Tree { root: Some(\"c:\\\\t\"), folders: false } i (*) x"),
            ("for /l %i in (1,1,3) do @x", "for Numbers i (1,1,3) @x"),
            (":label & a", "[]"),
            (") a", "[]"),
            ("rem a & b", "rem a & b"),
            ("rem & b", "[rem & b]"),
            ("echo a\"&\"b & c", "[echo a\"&\"b & c]"),
            ("echo a^&b", "echo a&b"),
            ("echo \"^\"^^", "echo \"^\"^"),
            ("echo ^\"a & b^\"", "[echo \"a & b\"]"),
            ("echo a^\nb", "echo ab"),
            ("echo )", "echo )"),
            ("(echo ^))", "(echo ))"),
            ("if exist x.y (a)", "if false then (a)"),
            ("if /i a==B if a EQU b x", "if false then if false then x"),
        ];
        for (text, expected) in rows {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn redirections_come_out_of_anywhere() {
        let rows = [
            ("echo a >x b", "echo a  b 1>x"),
            (">x echo a", "echo a 1>x"),
            ("echo a 2>&1 1>y <z", "echo a    2>&1 1>y 0<z"),
            ("echo a1>x", "echo a1 1>x"),
            ("echo a 1>>\"b c\"d", "echo a  1>>\"b c\"d"),
            ("echo a>x&b", "[echo a 1>x & b]"),
            ("echo ^>x", "echo >x"),
            ("echo a >&2", "echo a  1>&2"),
        ];
        for (text, expected) in rows {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn errors_name_the_token() {
        let rows = [
            ("& a", "Unexpected(\"&\")"),
            ("&& a", "Unexpected(\"&&\")"),
            ("| a", "Unexpected(\"|\")"),
            ("a & & b", "Unexpected(\"&\")"),
            ("a &&", "Syntax"),
            ("a |", "Syntax"),
            ("a || && b", "Unexpected(\"&&\")"),
            ("()", "Unexpected(\")\")"),
            ("(a) b", "Unexpected(\"b\")"),
            ("(a", "Incomplete"),
            ("a ^", "Incomplete"),
            ("a >", "Syntax"),
            ("a > & b", "Unexpected(\"&\")"),
            (">x", "Syntax"),
            ("if", "Syntax"),
            ("if 1==1", "Syntax"),
            ("if ==x (a)", "Unexpected(\"(\")"),
            ("if a b c", "Unexpected(\"b\")"),
            ("for", "Syntax"),
            ("for %i in a do b", "Unexpected(\"a\")"),
            ("for %i on (a) do b", "Unexpected(\"on\")"),
            ("for %i in (a|b) do c", "Unexpected(\"|\")"),
            ("for %i in (a) b", "Unexpected(\"b\")"),
        ];
        for (text, expected) in rows {
            assert_eq!(shape(text), expected, "{text}");
        }
        assert_eq!(shape(&"(".repeat(5000)), "TooDeep");
        assert_eq!(shape(&"@".repeat(5000)), "TooDeep");
        assert_eq!(shape(&"if 1==1 ".repeat(1000)), "TooDeep");
    }
}
