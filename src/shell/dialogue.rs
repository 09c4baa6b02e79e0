//! A program that asks, and what it is answered: expect proper, on one command of a session.
//!
//! The program runs at our own prompt, with the console as its input. What it shows is looked at after each
//! character, so the answer depends on the characters alone and not on how the reads fell. The first pattern that
//! matches is taken, ties go to the one listed first; after an answer the search begins anew behind it. The
//! dialogue ends when our prompt stands at the cursor again.
//!
//! Enter is sent on a line whose echo equals it. Where a program shows nothing of what is typed, what is proven is
//! the prompt before it, and that nothing else came meanwhile.

use std::time::Duration;

use tokio::time::Instant;

use super::escape::escape_for_child;
use super::session::Session;
use super::{Outcome, ShellError};
use crate::console::{Clearing, Console, ConsoleError, Manner, Patience};
use crate::expect::{Matcher, Pattern, PatternError, PatternSet};
use crate::screen::{Offset, Screen};
use crate::secret::Secret;

/// The longest answer: one row of the screen.
const LONGEST_ANSWER: usize = 256;
/// The code of a dialogue that was not begun, since its receipt could not be written. cmd leaves the code of the line before
/// where a redirection fails, so it is given by a child; no program is known to end with it.
const NO_RECEIPT: i32 = 1_735_112;
/// How long nothing may come until a question counts as complete.
const SETTLED: Duration = Duration::from_millis(200);
/// How long a hidden answer is watched for something that comes in between.
const HIDDEN: Duration = Duration::from_millis(300);

/// Answers to what a program shows.
#[derive(Debug, Clone)]
pub struct Dialogue {
    /// In this order.
    pub answers: Vec<Answer>,
    /// What is sent when it goes wrong.
    pub abort: Vec<u8>,
}

/// What is done when a program shows something.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What it shows.
    pub pattern: Pattern,
    /// Whether that is looked for on the screen as it stands, and not in the text as it comes. On the screen it counts
    /// when it appears: what stood there when the last answer was sent has to vanish first.
    pub on_screen: bool,
    /// What is done then.
    pub reply: Reply,
    /// How often at the most.
    pub times: u32,
}

/// What is done when a pattern matched.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A line is typed and entered.
    Line {
        /// The line.
        text: Secret,
        /// How the program shows it.
        echo: Echo,
    },
    /// Keys, as they are.
    Key(Vec<u8>),
    /// The dialogue has failed.
    Fail(String),
}

/// How a program shows what is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// As it is.
    Text,
    /// One `*` a character.
    Stars,
    /// Not at all.
    None,
}

impl Session {
    /// Runs a command that asks, and answers it. The output is what it showed, as text. The machine keeps a receipt with
    /// this number: that it was started, and that it ended well; [`Session::receipt`] reads it. Where the machine cannot keep
    /// it (a full disk) the program is not begun.
    ///
    /// # Errors
    /// [`ShellError`]; the prompt is proven again when it is [`ShellError::DialogueFailed`], [`ShellError::TimedOut`] or
    /// [`ShellError::NoReceipt`].
    pub async fn talk(
        &mut self,
        command: &str,
        dialogue: &Dialogue,
        timeout: Duration,
        receipt: u64,
    ) -> Result<Outcome, ShellError> {
        let mut listener = Listener::new(dialogue).map_err(|error| ShellError::DialogueFailed {
            reason: error.to_string(),
            screen: String::new(),
        })?;
        self.at_prompt().await?;
        let began = Instant::now();
        let until = began + timeout;
        // In a file of its own: what the helper is asked next would take another command's end for this one's. The program
        // begins only behind it: one that nothing tells of could be held a second time.
        let command_line = escape_for_child(command);
        let line = format!(
            "((>%SP%.d echo {receipt}||cmd /d/c exit {NO_RECEIPT})&&cmd /d/s/c ^\"{command_line}^\" &&>>%SP%.d echo 0)"
        );
        let length = line.chars().count();
        if length > super::cmd::LONGEST_TYPED {
            let longest = super::cmd::LONGEST_TYPED - (length - command.chars().count());
            return Err(ShellError::TooLong { length: command.chars().count(), longest });
        }
        let enters = self.console().enters();
        if let Err(cause) = self.type_and_enter_once(&line).await {
            let entered = self.console().enters() > enters || self.console().typing().noisy;
            return Err(if entered { begun(cause) } else { begun(cause).without_enter() });
        }
        let start = self.console().screen().transcript().now();
        listener.begin(self.console().screen());
        loop {
            let prompt = self.prompt().to_owned();
            let heard = self
                .console_mut()
                .wait("what the program shows next", Patience::until(until), |screen| {
                    listener.hear(screen).map(Heard::Match).or_else(|| ended(screen, &prompt, start))
                })
                .await;
            let index = match heard {
                Ok(Heard::Match(index)) => index,
                Ok(Heard::Ended) => break,
                Err(ConsoleError::TimedOut { screen, .. }) => {
                    let output = self.shown(start);
                    self.abort(dialogue).await?;
                    return Err(ShellError::TimedOut { timeout, output, screen });
                }
                Err(cause) => return Err(ShellError::OutcomeUnknown { cause }),
            };
            self.mark(&format!("match {}", dialogue.answers[index].pattern));
            if let Err(reason) = self.reply(&dialogue.answers[index], index, &mut listener).await? {
                let screen = self.console().screen().text();
                self.abort(dialogue).await?;
                return Err(ShellError::DialogueFailed { reason, screen });
            }
        }
        let kept = self.console().screen().transcript().keeps(start);
        let text = self.shown(start);
        let code = self.code_of_last().await?;
        if code == NO_RECEIPT {
            return Err(ShellError::NoReceipt {
                said: text.split_whitespace().collect::<Vec<_>>().join(" "),
            });
        }
        if !kept {
            let reason = "the program showed more than is kept of a dialogue (64 KiB)".to_owned();
            return Err(ShellError::OutputDamaged { reason, code });
        }
        Ok(Outcome { code, bytes: text.clone().into_bytes(), text, lossy: false, elapsed: began.elapsed() })
    }

    /// Gives one answer. The inner error says why the dialogue has failed.
    async fn reply(
        &mut self,
        answer: &Answer,
        index: usize,
        listener: &mut Listener,
    ) -> Result<Result<(), String>, ShellError> {
        if !listener.count(index) {
            return Ok(Err(format!("{} came more than {} times", answer.pattern, answer.times)));
        }
        let console = self.console_mut();
        match &answer.reply {
            Reply::Fail(reason) => return Ok(Err(reason.clone())),
            Reply::Key(keys) => {
                listener.begin(console.screen());
                console.send(keys).await.map_err(|cause| ShellError::OutcomeUnknown { cause })?;
            }
            Reply::Line { text, echo } => match type_answer(console, text, *echo, listener).await {
                Ok(()) => {}
                Err(ConsoleError::EchoNeverRight { .. } | ConsoleError::NotCleared { .. }) => {
                    return Ok(Err(format!("the answer to {} could not be typed", answer.pattern)));
                }
                Err(ConsoleError::Untypable { reason, .. }) => return Ok(Err(reason.to_owned())),
                Err(cause) => return Err(ShellError::OutcomeUnknown { cause }),
            },
        }
        Ok(Ok(()))
    }

    /// Ends a dialogue that went wrong and proves the prompt again.
    async fn abort(&mut self, dialogue: &Dialogue) -> Result<(), ShellError> {
        let prompt = self.prompt().to_owned();
        let console = self.console_mut();
        console.send(&dialogue.abort).await.map_err(|cause| ShellError::OutcomeUnknown { cause })?;
        let back = console
            .wait("the prompt after the dialogue was broken off", Patience::of(ABORT), |screen| {
                screen.is_before_cursor(&prompt).then_some(())
            })
            .await;
        match back {
            Ok(()) => Ok(()),
            Err(ConsoleError::TimedOut { .. }) => self.back_to_prompt().await,
            Err(cause) => Err(ShellError::OutcomeUnknown { cause }),
        }
    }

    /// What was shown since a place of the stream, up to our prompt.
    fn shown(&self, start: Offset) -> String {
        let text = self.console().screen().transcript().since(start);
        let text = text.strip_suffix(self.prompt()).unwrap_or(text);
        text.replace(crate::screen::ADDRESSED, "\r\n")
    }
}

/// An error of a line that was to be typed and entered: only where that is proven, the program was not begun.
fn begun(cause: ConsoleError) -> ShellError {
    if cause.is_before_enter() || matches!(cause, ConsoleError::Stopped { .. }) {
        cause.into()
    } else {
        ShellError::OutcomeUnknown { cause }
    }
}

/// How long a program has to end after it was told so.
const ABORT: Duration = Duration::from_secs(15);

enum Heard {
    Match(usize),
    Ended,
}

/// Our prompt stands at the cursor, and something came since the command was entered.
fn ended(screen: &Screen, prompt: &str, start: Offset) -> Option<Heard> {
    let came = screen.transcript().since(start);
    (screen.is_before_cursor(prompt) && !came.trim().is_empty()).then_some(Heard::Ended)
}

/// Types an answer where the cursor stands, and enters it.
async fn type_answer(
    console: &mut Console,
    text: &Secret,
    echo: Echo,
    listener: &mut Listener,
) -> Result<(), ConsoleError> {
    // A question may go on behind what matched, if only by a blank.
    console.quiet(SETTLED, Instant::now() + SETTLED * 10).await?;
    let prompt = console.screen().before_cursor();
    let line = text.expose();
    if line.chars().count() > LONGEST_ANSWER || line.chars().any(char::is_control) {
        let reason = "it holds control characters, or is too long for an answer";
        return Err(ConsoleError::Untypable { length: line.chars().count(), reason });
    }
    let typed = match echo {
        Echo::Text => {
            let manner = Manner { prompt: &prompt, clearing: Clearing::Backspaces, longest: LONGEST_ANSWER };
            console.type_line(manner, line).await?
        }
        Echo::Stars => console.type_hidden(&prompt, line).await?,
        Echo::None => {
            let before = console.screen().cursor();
            let mut buffer = [0; 4];
            // One by one and slowly: of what is lost or doubled nothing would tell.
            for character in line.chars() {
                console.send(character.encode_utf8(&mut buffer).as_bytes()).await?;
                console.quiet(UNSEEN, Instant::now() + UNSEEN).await?;
            }
            console.quiet(HIDDEN, Instant::now() + HIDDEN * 4).await?;
            if console.screen().cursor() != before || console.screen().before_cursor() != prompt {
                return Err(ConsoleError::EchoNeverRight {
                    attempts: 1,
                    meant: prompt,
                    screen: console.screen().text(),
                });
            }
            listener.begin(console.screen());
            return console.send(b"\r").await;
        }
    };
    listener.begin(console.screen());
    console.press_enter(typed).await
}

/// Pause behind a character that is not shown.
const UNSEEN: Duration = Duration::from_millis(40);

/// Looks for the patterns of a dialogue after each character.
struct Listener {
    stream: Matcher,
    /// Which answer each pattern of the stream belongs to.
    of_stream: Vec<usize>,
    /// Answers that are looked for on the screen, and whether they stood there when last looked at.
    on_screen: Vec<(usize, PatternSet, bool)>,
    set: PatternSet,
    heard: Offset,
    left: Vec<u32>,
}

impl Listener {
    fn new(dialogue: &Dialogue) -> Result<Self, PatternError> {
        let indexed = || dialogue.answers.iter().enumerate();
        let of_stream: Vec<usize> =
            indexed().filter(|(_, answer)| !answer.on_screen).map(|(index, _)| index).collect();
        let set = PatternSet::new(of_stream.iter().map(|index| dialogue.answers[*index].pattern.clone()))?;
        let on_screen = indexed()
            .filter(|(_, answer)| answer.on_screen)
            .map(|(index, answer)| Ok((index, PatternSet::new([answer.pattern.clone()])?, false)))
            .collect::<Result<_, PatternError>>()?;
        let left = dialogue.answers.iter().map(|answer| answer.times).collect();
        Ok(Self {
            stream: Matcher::new(set.clone()),
            of_stream,
            on_screen,
            set,
            heard: Offset::default(),
            left,
        })
    }

    /// The search begins anew, behind what is shown now.
    fn begin(&mut self, screen: &Screen) {
        self.stream = Matcher::new(self.set.clone());
        self.heard = screen.transcript().now();
        let text = screen.text();
        for (_, set, stood) in &mut self.on_screen {
            *stood = stands(set, &text);
        }
    }

    /// The answer whose turn it is, when there is one.
    fn hear(&mut self, screen: &Screen) -> Option<usize> {
        let new = screen.transcript().since(self.heard);
        let streamed = self.stream.feed(new.as_bytes()).map(|(_, found)| self.of_stream[found.pattern]);
        let changed = !new.is_empty();
        self.heard = screen.transcript().now();
        let mut appeared = None;
        if changed && !self.on_screen.is_empty() {
            let text = screen.text();
            for (index, set, stood) in &mut self.on_screen {
                let stands = stands(set, &text);
                if stands && !std::mem::replace(stood, stands) {
                    appeared = appeared.or(Some(*index));
                }
                *stood = stands;
            }
        }
        streamed.into_iter().chain(appeared).min()
    }

    /// Counts an answer; false when it was given as often as it may.
    fn count(&mut self, index: usize) -> bool {
        let left = &mut self.left[index];
        let may = *left > 0;
        *left = left.saturating_sub(1);
        may
    }
}

fn stands(set: &PatternSet, text: &str) -> bool {
    Matcher::new(set.clone()).feed(text.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(pattern: Pattern, on_screen: bool, times: u32) -> Answer {
        Answer { pattern, on_screen, reply: Reply::Key(b"y".to_vec()), times }
    }

    fn heard(dialogue: &Dialogue, stream: &str) -> Vec<usize> {
        let mut listener = Listener::new(dialogue).unwrap();
        let mut screen = Screen::new();
        listener.begin(&screen);
        let mut found = Vec::new();
        for character in stream.chars() {
            screen.feed(character);
            if let Some(index) = listener.hear(&screen) {
                found.push(index);
                listener.begin(&screen);
            }
        }
        found
    }

    #[test]
    fn the_first_that_matches_is_taken_and_the_search_begins_anew() {
        let dialogue = Dialogue {
            answers: vec![
                answer(Pattern::literal("foobar").unwrap(), false, 9),
                answer(Pattern::literal("foo").unwrap(), false, 9),
                answer(Pattern::regex(r"again \((Y|J)/N\)").unwrap(), false, 9),
            ],
            abort: b"\x03".to_vec(),
        };
        assert_eq!(heard(&dialogue, "foobar again (J/N)? foo\r\n"), [1, 2, 1]);
    }

    #[test]
    fn on_the_screen_it_counts_when_it_appears() {
        let dialogue = Dialogue {
            answers: vec![answer(Pattern::literal("Choose:").unwrap(), true, 9)],
            abort: b"\x03".to_vec(),
        };
        // Drawn by addressing, backwards; still there; erased and drawn again.
        let stream = "\x1b[5;4Hose:\x1b[5;1HCho\x1b[6;1Hmore text\r\n\x1b[2J\x1b[5;1HChoose: ";
        assert_eq!(heard(&dialogue, stream), [0, 0]);
    }

    #[test]
    fn after_enter_nothing_says_that_the_program_was_not_begun() {
        let screen = String::new;
        let before = ConsoleError::EchoNeverRight { attempts: 1, meant: screen(), screen: screen() };
        assert!(!begun(before).may_have_run());
        let waited = Duration::from_secs(6);
        assert!(begun(ConsoleError::EnterUnanswered { waited, screen: screen() }).may_have_run());
        let alarm = crate::console::Alarm::ChannelClosed;
        assert!(begun(ConsoleError::Alarm { alarm, screen: screen() }).may_have_run());
    }
}
