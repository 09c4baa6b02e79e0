//! `a | b`: every side runs at the same time, in a cmd.exe of its own unless it is a program.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use super::exec::{CALL_WEIGHT, Running, name_end};
use super::handles::Handle;
use super::launch::Found;
use super::shell::{Shell, Stop, Switch};
use super::tree::Node;
use crate::sim::tools::stream::Stream;

/// One side while it runs.
struct Side {
    running: Pin<Box<dyn Future<Output = Result<i32, Stop>> + Send>>,
    input: Option<Stream>,
    output: Option<Stream>,
    done: Option<Result<i32, Stop>>,
}

impl Shell {
    pub(super) fn pipeline<'a>(&'a mut self, parts: &'a [Node]) -> Running<'a> {
        Box::pin(async move {
            // A side that cannot be started ends everything, not only the pipe.
            for part in parts {
                if let Some(name) = self.unknown_program(part) {
                    self.not_recognized(&name);
                    self.level = 255;
                    return Err(Stop::Abort);
                }
            }
            let mut sides: Vec<Side> = Vec::new();
            let mut input: Option<Stream> = None;
            for (at, part) in parts.iter().enumerate() {
                let mut child = self.child();
                child.echo = self.echo;
                child.depth += CALL_WEIGHT;
                if let Some(stream) = &input {
                    child.handles.set(0, Handle::Reading(stream.clone()));
                }
                let output = (at + 1 < parts.len()).then(Stream::default);
                if let Some(stream) = &output {
                    child.handles.set(1, Handle::Pipe(stream.clone()));
                }
                let text = self.side_text(part);
                let running = Box::pin(async move { child.run_once(text).await });
                sides.push(Side { running, input: input.take(), output: output.clone(), done: None });
                input = output;
            }
            let code = together(sides).await?;
            self.level = code;
            Ok(code)
        })
    }

    /// What the child parses. Delayed expansion happens here, except inside parentheses.
    fn side_text(&self, part: &Node) -> String {
        let text = self.for_child(part);
        if matches!(part, Node::Command(_)) && self.delayed == Switch::On { self.delay(&text) } else { text }
    }

    /// The name of a side that is one program which is not there.
    fn unknown_program(&self, part: &Node) -> Option<String> {
        let Node::Command(simple) = part else { return None };
        let whole = format!("{}{}", self.late(&simple.name), self.late(&simple.tail));
        let name = &whole[..name_end(&whole)];
        let is_drive = name.len() == 2 && name.ends_with(':');
        if name.is_empty() || is_drive || Self::is_builtin(name).is_some() {
            return None;
        }
        matches!(self.find_program(name), Found::Nothing).then(|| name.to_owned())
    }
}

/// Polls all sides until every one is done. The code is that of the last.
async fn together(mut sides: Vec<Side>) -> Result<i32, Stop> {
    poll_fn(|context| {
        loop {
            let before = changes(&sides);
            let mut ended = false;
            for side in sides.iter_mut().filter(|side| side.done.is_none()) {
                if let Poll::Ready(result) = side.running.as_mut().poll(context) {
                    if let Some(output) = &side.output {
                        output.end();
                    }
                    if let Some(input) = &side.input {
                        input.desert();
                    }
                    side.done = Some(result);
                    ended = true;
                }
            }
            if sides.iter().any(|side| side.done == Some(Err(Stop::Interrupted))) {
                return Poll::Ready(Err(Stop::Interrupted));
            }
            if sides.iter().all(|side| side.done.is_some()) {
                let last = sides.last().and_then(|side| side.done);
                return Poll::Ready(last.unwrap_or(Ok(0)));
            }
            if !ended && changes(&sides) == before {
                return Poll::Pending;
            }
        }
    })
    .await
}

fn changes(sides: &[Side]) -> u64 {
    sides.iter().filter_map(|side| side.output.as_ref()).map(Stream::changes).sum()
}
