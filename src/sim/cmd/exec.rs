//! Running a parsed line: sequences, conditions on return codes, redirections, commands.
//!
//! The return code of a command and ERRORLEVEL are two things: `&&` and `||` look at the first, and `||` makes it
//! the second. Some commands (`rd`, `popd`) fail without touching ERRORLEVEL.

use std::future::Future;
use std::pin::Pin;

use super::builtin::{self, Builtin};
use super::deparse::{self, deparse};
use super::parse::{Unparsed, parse};
use super::percent::{PercentError, expand, is_delimiter};
use super::shell::{Mode, Shell, Stop, Switch};
use super::text;
use super::tree::{Node, Redirect, Simple};

/// The run of something that may contain anything.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Result<i32, Stop>> + Send + 'a>>;

/// invented: nesting of everything that runs, blocks and calls together.
const DEEPEST: usize = 400;
/// What one `call` or nested shell weighs beside a block.
pub(super) const CALL_WEIGHT: usize = 5;
/// The longest line, in characters.
const LONGEST: usize = 8191;

impl Shell {
    /// Runs a line of text, reading more lines where it is not complete.
    pub(super) fn run_text(&mut self, line: String) -> Running<'_> {
        Box::pin(async move {
            let node = self.understand(line).await?;
            if self.echo == Switch::On && !self.batches.is_empty() {
                self.echo_line(&node);
            }
            self.run(&node).await
        })
    }

    /// Phases 1 and 2.
    async fn understand(&mut self, line: String) -> Result<Node, Stop> {
        let mut text = String::new();
        let mut next = Some(line);
        loop {
            let Some(line) = next else { return self.cut_short(&text) };
            if line.chars().count() > LONGEST {
                return Err(self.give_up(&text::TOO_LONG, "", ""));
            }
            if text.is_empty() && line.trim_start_matches(is_delimiter).starts_with(':') {
                return Ok(Node::nothing());
            }
            let expanded = expand(&line, self);
            match expanded {
                Ok(expanded) => text.push_str(&expanded),
                Err(PercentError::Modifier(what)) => {
                    return Err(self.give_up(&text::PATH_OPERATOR, &what, ""));
                }
                Err(PercentError::Replacement(what)) => {
                    return Err(self.give_up(&text::UNEXPECTED, &what, ""));
                }
            }
            text.push('\n');
            match parse(&text) {
                Ok(node) => return Ok(node),
                Err(Unparsed::Incomplete) => next = self.more().await?,
                Err(Unparsed::Unexpected(token)) => {
                    return Err(self.give_up(&text::UNEXPECTED, &token, &text));
                }
                Err(Unparsed::Syntax) => return Err(self.give_up(&text::SYNTAX, "", &text)),
                Err(Unparsed::TooDeep) => return Err(self.give_up(&text::TOO_LONG, "", "")),
            }
        }
    }

    /// The next line for one that is not complete.
    async fn more(&mut self) -> Result<Option<String>, Stop> {
        if !self.batches.is_empty() {
            return self.next_line();
        }
        if self.mode == Mode::Once {
            return Ok(None);
        }
        self.print(&self.words(&text::MORE, &[]));
        Ok(self.read_line().await?)
    }

    /// The text ended before the line was complete: a caret at the end counts for nothing, an open block is an error.
    fn cut_short(&mut self, text: &str) -> Result<Node, Stop> {
        let without_caret = text.strip_suffix("^\n").unwrap_or(text);
        for text in [text, without_caret] {
            if let Ok(node) = parse(&format!("{text}\n")) {
                return Ok(node);
            }
        }
        self.level = 255;
        Err(Stop::Abort)
    }

    /// A line that cannot be run ends all batch files.
    fn give_up(&mut self, message: &crate::sim::windows::language::Text, insert: &str, line: &str) -> Stop {
        self.complain(message, &[insert]);
        if self.echo == Switch::On && !self.batches.is_empty() && !line.is_empty() {
            self.print(&format!("{}{}\r\n", self.prompt(), line.trim_end()));
        }
        self.level = 255;
        Stop::Abort
    }

    /// Phase 3: shows the line before it runs.
    pub(super) fn echo_line(&self, node: &Node) {
        if matches!(node, Node::Quiet(_)) || node.is_nothing() {
            return;
        }
        let shown = self.loop_values(&deparse(node));
        self.print(&format!("\r\n{}{shown}\r\n", self.prompt()));
    }

    /// Runs a tree.
    pub(super) fn run<'a>(&'a mut self, node: &'a Node) -> Running<'a> {
        Box::pin(async move {
            if self.depth >= DEEPEST {
                let count = self.batches.len().to_string();
                self.complain(&text::RECURSION, &[&count]);
                return Err(Stop::Abort);
            }
            self.depth += 1;
            let result = match node {
                Node::Command(simple) => self.command(simple).await,
                Node::Block(parts) | Node::Sequence(parts) => self.sequence(parts).await,
                Node::And(parts) => self.conjunction(parts).await,
                Node::Or(parts) => self.alternatives(parts).await,
                Node::Pipe(parts) => self.pipeline(parts).await,
                Node::If(one) => self.condition(one).await,
                Node::For(one) => self.repetition(one).await,
                Node::Quiet(inner) => self.run(inner).await,
                Node::Redirected(inner, redirects) => self.redirected(inner, redirects).await,
            };
            self.depth -= 1;
            result
        })
    }

    async fn sequence(&mut self, parts: &[Node]) -> Result<i32, Stop> {
        let mut code = 0;
        for part in parts {
            code = self.run(part).await?;
        }
        Ok(code)
    }

    async fn conjunction(&mut self, parts: &[Node]) -> Result<i32, Stop> {
        let mut code = 0;
        for part in parts {
            code = self.run(part).await?;
            if code != 0 {
                break;
            }
        }
        Ok(code)
    }

    async fn alternatives(&mut self, parts: &[Node]) -> Result<i32, Stop> {
        let mut code = 0;
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.level = code;
            }
            code = self.run(part).await?;
            if code == 0 {
                break;
            }
        }
        Ok(code)
    }

    async fn redirected(&mut self, inner: &Node, redirects: &[Redirect]) -> Result<i32, Stop> {
        let handles = self.handles.clone();
        let result = match self.redirect(redirects) {
            Ok(()) => self.run(inner).await,
            Err(()) => Ok(1),
        };
        let flushed = self.flush();
        self.handles = handles;
        self.settle(result, flushed)
    }

    async fn command(&mut self, simple: &Simple) -> Result<i32, Stop> {
        self.rest().await?;
        let handles = self.handles.clone();
        let result = match self.redirect(&simple.redirects) {
            Ok(()) => self.plain_command(simple).await,
            Err(()) => Ok(1),
        };
        let flushed = self.flush();
        self.handles = handles;
        self.settle(result, flushed)
    }

    /// A full disk turns success into failure.
    fn settle(
        &mut self,
        result: Result<i32, Stop>,
        flushed: Result<(), crate::sim::windows::files::FileError>,
    ) -> Result<i32, Stop> {
        match (result, flushed) {
            (Ok(_), Err(error)) => Ok(self.fail_file(error)),
            (result, _) => result,
        }
    }

    async fn plain_command(&mut self, simple: &Simple) -> Result<i32, Stop> {
        let mut name = self.late(&simple.name);
        let mut tail = self.late(&simple.tail);
        if name != simple.name {
            // A variable may have brought arguments with it.
            let whole = format!("{name}{tail}");
            let end = name_end(&whole);
            whole[end..].clone_into(&mut tail);
            whole[..end].clone_into(&mut name);
        }
        self.dispatch(&name, &tail).await
    }

    /// A command by its name and all that follows.
    pub(super) async fn dispatch(&mut self, name: &str, tail: &str) -> Result<i32, Stop> {
        self.said = None;
        let mut chars = name.chars();
        if let (Some(drive), Some(':'), None) = (chars.next(), chars.next(), chars.next()) {
            return Ok(self.change_drive(drive));
        }
        if name.is_empty() {
            return Ok(0);
        }
        match builtin::named(name) {
            Some((builtin, rest)) if !self.is_file_like(name, rest) => {
                self.builtin(builtin, &format!("{rest}{tail}")).await
            }
            _ => self.external(name, tail).await,
        }
    }

    /// `echo.x` is a file when there is one of that name.
    fn is_file_like(&self, name: &str, rest: &str) -> bool {
        if !rest.starts_with(['.', '\\', ':']) {
            return false;
        }
        match self.places.resolve(name) {
            crate::sim::windows::files::path::Target::Path(path) => self.world.lock().files.is_file(&path),
            _ => false,
        }
    }

    /// Whether `call`, pipes and `start` would run this inside cmd.
    pub(super) fn is_builtin(name: &str) -> Option<Builtin> {
        builtin::named(name).map(|(builtin, _)| builtin)
    }

    /// The text of a tree for another cmd.exe to parse again.
    pub(super) fn for_child(&self, node: &Node) -> String {
        self.loop_values(&deparse::for_child(node))
    }
}

/// Where the first word ends, quotes respected.
pub(super) fn name_end(text: &str) -> usize {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if !quoted && is_delimiter(c) && at > 0 {
            return at;
        }
    }
    text.len()
}
