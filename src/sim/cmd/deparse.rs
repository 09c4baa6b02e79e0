//! Phase 3: a parsed line as cmd shows it before it runs, when a batch file echoes.

use super::tree::{Condition, For, ForKind, If, Node, Redirect, RedirectTo};

/// The line as text. What stands behind `@` is not in it.
pub(super) fn deparse(node: &Node) -> String {
    match node {
        Node::Command(simple) => {
            let space = if simple.tail.is_empty() { "" } else { " " };
            format!("{}{}{space}{}", simple.name, simple.tail, redirects(&simple.redirects))
        }
        Node::Block(parts) => block(parts),
        Node::Sequence(parts) => join(parts, " & "),
        Node::And(parts) => join(parts, " && "),
        Node::Or(parts) => join(parts, " || "),
        Node::Pipe(parts) => join(parts, " | "),
        Node::If(one) => condition(one),
        Node::For(one) => repetition(one),
        Node::Quiet(_) => String::new(),
        Node::Redirected(inner, list) => format!("{}{}", deparse(inner), redirects(list)),
    }
}

/// The line as another cmd.exe can parse it again: what a side of a pipe is started with. Carets stand before what
/// would mean something outside quotes.
pub(super) fn for_child(node: &Node) -> String {
    let list = |parts: &[Node], sign: &str| parts.iter().map(for_child).collect::<Vec<_>>().join(sign);
    match node {
        Node::Command(simple) => {
            // Redirections go in front: behind, they would leave a blank to the arguments.
            let redirects = child_redirects(&simple.redirects);
            let space = if redirects.is_empty() { "" } else { " " };
            format!("{}{space}{}{}", redirects.trim_start(), escape(&simple.name), escape(&simple.tail))
        }
        Node::Block(parts) => format!("({})", list(parts, "&")),
        Node::Sequence(parts) => list(parts, "&"),
        Node::And(parts) => list(parts, "&&"),
        Node::Or(parts) => list(parts, "||"),
        Node::Pipe(parts) => list(parts, "|"),
        Node::Quiet(inner) => format!("@{}", for_child(inner)),
        Node::Redirected(inner, redirects) => format!("{}{}", for_child(inner), child_redirects(redirects)),
        Node::If(one) => {
            let mut outer = (**one).clone();
            outer.then = Node::nothing();
            outer.otherwise = None;
            outer.condition = escape_condition(&outer.condition);
            let otherwise =
                one.otherwise.as_ref().map_or_else(String::new, |node| format!(" else {}", for_child(node)));
            format!("{}{}{otherwise}", condition(&outer), for_child(&one.then))
        }
        Node::For(one) => {
            let mut outer = (**one).clone();
            outer.set = escape(&outer.set);
            if let ForKind::Lines(options) = &mut outer.kind {
                *options = escape_all(options);
            }
            outer.body = Node::nothing();
            format!("{}{}", repetition(&outer), for_child(&one.body))
        }
    }
}

fn escape_condition(condition: &Condition) -> Condition {
    match condition {
        Condition::Exist(name) => Condition::Exist(escape(name)),
        Condition::Defined(name) => Condition::Defined(escape(name)),
        Condition::ErrorLevel(level) => Condition::ErrorLevel(escape(level)),
        Condition::Version(version) => Condition::Version(escape(version)),
        Condition::Same(left, right) => Condition::Same(escape(left), escape(right)),
        Condition::Compare(left, how, right) => Condition::Compare(escape(left), *how, escape(right)),
    }
}

fn child_redirects(list: &[Redirect]) -> String {
    list.iter()
        .map(|redirect| {
            let to = match &redirect.to {
                RedirectTo::Read(name) => RedirectTo::Read(escape(name)),
                RedirectTo::Write(name) => RedirectTo::Write(escape(name)),
                RedirectTo::Append(name) => RedirectTo::Append(escape(name)),
                RedirectTo::Handle(to) => RedirectTo::Handle(*to),
            };
            format!(" {}", redirects(&[Redirect { handle: redirect.handle, to }]).trim_end())
        })
        .collect::<Vec<_>>()
        .concat()
}

/// Carets before what is special outside quotes; a quote that is never closed is escaped too.
fn escape(text: &str) -> String {
    let quotes = text.chars().filter(|c| *c == '"').count();
    let mut open = false;
    let mut seen = 0;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => {
                seen += 1;
                if seen == quotes && !open {
                    out.push('^');
                } else {
                    open = !open;
                }
            }
            '&' | '|' | '<' | '>' | '^' | '(' | ')' if !open => out.push('^'),
            _ => {}
        }
        out.push(c);
    }
    out
}

/// Options without quotes around them keep their blanks by carets.
fn escape_all(options: &str) -> String {
    if options.starts_with('"') {
        return options.to_owned();
    }
    options.chars().flat_map(|c| if c.is_alphanumeric() { vec![c] } else { vec!['^', c] }).collect()
}

fn join(parts: &[Node], sign: &str) -> String {
    parts.iter().map(deparse).collect::<Vec<_>>().join(sign)
}

fn block(parts: &[Node]) -> String {
    if let [one] = parts {
        return format!("({}) ", deparse(one));
    }
    format!("(\r\n{}\r\n) ", parts.iter().map(deparse).collect::<Vec<_>>().join("\r\n "))
}

fn redirects(list: &[Redirect]) -> String {
    list.iter()
        .map(|redirect| {
            let handle = redirect.handle;
            match &redirect.to {
                RedirectTo::Read(name) => format!("{handle}<{name} "),
                RedirectTo::Write(name) => format!("{handle}>{name} "),
                RedirectTo::Append(name) => format!("{handle}>>{name} "),
                RedirectTo::Handle(to) => format!("{handle}>&{to} "),
            }
        })
        .collect::<Vec<_>>()
        .concat()
}

fn condition(one: &If) -> String {
    let case = if one.ignore_case { "/I " } else { "" };
    let not = if one.negated { "not " } else { "" };
    let question = match &one.condition {
        Condition::Exist(name) => format!("exist {name}"),
        Condition::Defined(name) => format!("defined {name}"),
        Condition::ErrorLevel(level) => format!("errorlevel {level}"),
        Condition::Version(version) => format!("cmdextversion {version}"),
        Condition::Same(left, right) => format!("{left} == {right}"),
        Condition::Compare(left, comparison, right) => format!("{left} {} {right}", comparison.name()),
    };
    let otherwise =
        one.otherwise.as_ref().map_or_else(String::new, |node| format!(" else {}", deparse(node)));
    format!("if {case}{not}{question} {}{otherwise}", deparse(&one.then))
}

fn repetition(one: &For) -> String {
    let kind = match &one.kind {
        ForKind::Plain => String::new(),
        ForKind::Folders => "/D ".to_owned(),
        ForKind::Numbers => "/L ".to_owned(),
        ForKind::Tree { root, .. } => {
            root.as_ref().map_or_else(|| "/R ".to_owned(), |root| format!("/R {root} "))
        }
        ForKind::Lines(options) if options.is_empty() => "/F ".to_owned(),
        ForKind::Lines(options) => format!("/F {options} "),
    };
    format!("for {kind}%{} in ({}) do {}", one.variable, one.set, deparse(&one.body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::cmd::parse::parse;

    #[test]
    fn lines_are_echoed_with_a_blank_behind_the_arguments() {
        let rows = [
            ("echo word", "echo word "),
            ("echo.", "echo."),
            ("echo \tword", "echo \tword "),
            ("ping -n 2 x >nul", "ping -n 2 x  1>nul "),
            ("if 1==1 echo foo", "if 1 == 1 echo foo "),
            ("if 1==1 @echo bar", "if 1 == 1 "),
            ("for %i in (a b) do echo %i", "for %i in (a b) do echo %i "),
            ("a&&@b||(\nc\n@d\n)", "a && "),
            ("(x) && y||(@z)||@(w)", "(x)  && y || () "),
            ("@echo off", ""),
            ("a & b", "a   & b"),
            ("(echo a\necho b)", "(\r\necho a \r\n echo b \r\n) "),
        ];
        for (line, expected) in rows {
            let shown = deparse(&parse(&format!("{line}\n")).unwrap());
            assert!(shown.starts_with(expected), "{line}: {shown:?}");
        }
    }
}
