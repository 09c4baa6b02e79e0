//! A program that carries the console, on Windows: its standard input and output are the line.
//!
//! A pseudo console of Windows draws what a program prints anew, so bytes would be lost; pipes pass them as they are.
//! A client that wants a terminal is told so by its own switch (`ssh -tt`).

use std::io;
use std::pin::{Pin, pin};
use std::process::{ExitStatus, Stdio};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::Sleep;

use super::refusal::{Head, Kind};
use super::{CommandLine, Line, OpenError, Refused, write_through};

/// How long a program may live on after it closed its output before that counts as the end.
const AFTERLIFE: Duration = Duration::from_secs(1);

/// Ctrl-C at our own window is for us, not for the program: it must carry the leave-taking.
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

/// A running program. It is killed when the line is dropped.
pub(super) struct ExecLine {
    input: ChildStdin,
    output: Option<ChildStdout>,
    errors: Option<ChildStderr>,
    child: Child,
    program: String,
    ending: Option<Pin<Box<Sleep>>>,
    status: Option<ExitStatus>,
    head: Head,
    /// The client lets us watch somebody else's session: that is no console to work with.
    watching: bool,
}

write_through!(ExecLine, input);

/// Starts a program.
pub(super) fn open(command: &CommandLine) -> Result<ExecLine, OpenError> {
    let program = command.program().to_owned();
    let mut child = Command::new(&program)
        .args(command.arguments())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .creation_flags(CREATE_NEW_PROCESS_GROUP)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| OpenError::NotStarted { program: program.clone(), reason: reason(&error) })?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let input = child.stdin.take().ok_or_else(|| OpenError::NotStarted {
        program: program.clone(),
        reason: "it has no standard input".to_owned(),
    })?;
    Ok(ExecLine {
        input,
        output,
        errors,
        child,
        program,
        ending: None,
        status: None,
        head: Head::default(),
        watching: false,
    })
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such program (scripts need their ending: az.cmd)".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads from `from`, which becomes none at its end. Ready when something was read.
fn poll_either<R: AsyncRead + Unpin>(
    from: &mut Option<R>,
    context: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<()> {
    let Some(reader) = from else { return Poll::Pending };
    let before = buffer.filled().len();
    match ready!(pin!(reader).poll_read(context, buffer)) {
        Ok(()) if buffer.filled().len() > before || buffer.remaining() == 0 => Poll::Ready(()),
        _ => {
            *from = None;
            Poll::Pending
        }
    }
}

impl AsyncRead for ExecLine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let line = &mut *self;
        if line.watching {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        if poll_either(&mut line.output, context, buffer).is_ready()
            || poll_either(&mut line.errors, context, buffer).is_ready()
        {
            line.head.keep(&buffer.filled()[before..]);
            line.watching |= line.head.refusal().is_some_and(|refusal| refusal.kind == Kind::Spectator);
            return Poll::Ready(Ok(()));
        }
        if line.output.is_some() || line.errors.is_some() {
            return Poll::Pending;
        }
        if line.status.is_none() {
            if let Poll::Ready(status) = pin!(line.child.wait()).poll(context) {
                line.status = status.ok();
                return Poll::Ready(Ok(()));
            }
            let ending = line.ending.get_or_insert_with(|| Box::pin(tokio::time::sleep(AFTERLIFE)));
            ready!(ending.as_mut().poll(context));
        }
        Poll::Ready(Ok(()))
    }
}

impl Line for ExecLine {
    fn describe(&self) -> String {
        // Not its arguments: they may hold a password.
        format!("pipes of {}", self.program)
    }

    fn shows_the_past(&self) -> bool {
        true
    }

    fn refused(&self) -> Option<Refused> {
        // A client that gives up says little, and not always something that is known.
        self.head.refused().or(self.head.is_whole().then_some(Refused::NotAllowed))
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        if self.watching {
            return self.head.reason().unwrap_or_default();
        }
        let status = self.status.or_else(|| self.child.try_wait().ok().flatten());
        match (status.and_then(|status| status.code()), error) {
            (Some(code), _) => match self.head.reason() {
                Some(said) => format!("{} exited with code {code}: {said}", self.program),
                None => format!("{} exited with code {code}", self.program),
            },
            (None, Some(error)) => error.to_string(),
            (None, None) => format!("{} closed its output", self.program),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::Endpoint;
    use super::*;

    fn start(command: &str) -> Result<ExecLine, OpenError> {
        let Ok(Endpoint::Exec { command }) = format!("exec:{command}").parse() else { panic!("{command}") };
        open(&command)
    }

    #[tokio::test]
    async fn output_comes_before_the_exit_code_and_input_arrives() {
        let mut line = start("cmd /c 'echo hello& exit 7'").unwrap();
        let mut bytes = Vec::new();
        line.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), "hello\r\n");
        assert_eq!(line.hang_up(None), "cmd exited with code 7: hello");

        let mut line = start("cmd /c 'more'").unwrap();
        line.write_all(b"typed\r\n\x1a").await.unwrap();
        let mut word = [0; 5];
        line.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"typed");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_said() {
        let error = start("no-such-program-here --password x").err().unwrap();
        assert_eq!(error.code(), "open-not-started");
        assert!(error.to_string().starts_with("cannot start no-such-program-here: there is no such program"));
    }
}
