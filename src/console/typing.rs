//! Typing that is proven before Enter (law 1).
//!
//! A line is sent in chunks; after each the screen must show prompt and typed text, cell by cell, ending at the
//! cursor. Chunks grow while echoes are right and shrink when not. Where equal neighbours get lost or multiplied
//! (Server 2016 and 2019; microsoft/azserialconsole#78) the second waits for the echo of the first. A line that
//! differs is erased, in the way that is right for the mode, and typed again; after several failures nothing was
//! executed and the error says so.

use std::time::Duration;

use tokio::time::Instant;

use super::{Console, ConsoleError, Patience};

/// Below a 16550's 16 bytes, which real hardware loses above (ReactOS: 4 ms poll, no flow control).
const FIRST_CHUNK: usize = 14;
/// Far below the driver's 1,024-byte ring.
const LARGEST_CHUNK: usize = 224;
/// Tries before giving up.
const ATTEMPTS: u32 = 7;
/// The longest line that fits the 24 rows of the screen with its prompt, with room for what stands above.
const LONGEST_LINE: usize = 1_500;
/// How often a line is emptied before it counts as one that cannot be.
const EMPTYINGS: u32 = 4;
/// How long the first echo may take: a bridge answers within 0.2 s, a busy machine within a few seconds.
const ECHO_PATIENCE: Duration = Duration::from_secs(6);
/// Pauses between equal neighbours, tried in turn (Propolis needs 1.5 s on 2016 and 2019 without echo proof).
const NEIGHBOUR_PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(500), Duration::from_millis(1600)];

/// How a half-typed line is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clearing {
    /// Only with backspaces: a login prompt.
    Backspaces,
    /// With backspaces, then Enter on the emptied line when an event of SAC stands where the prompt was. Never
    /// Ctrl-C, which *executes* the line at SAC (ReactOS concmd.c).
    EmptyEnter,
    /// Backspaces, and Ctrl-C when they don't help: cmd and PowerShell, at a prompt that only they show.
    Interrupt,
}

/// What is known of the place a line is typed at.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// The prompt as proven: the text from the first column to the cursor.
    pub prompt: &'a str,
    /// How a half-typed line is erased.
    pub clearing: Clearing,
    /// Characters the line editor holds.
    pub longest: usize,
}

/// A line whose echo equals it; only this can be entered.
#[derive(Debug)]
#[must_use = "a typed line is executed by Console::enter, or erased by Console::erase"]
pub struct Typed {
    whole: String,
}

/// What typing has cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TypingStatistics {
    /// Lines entered.
    pub lines: u64,
    /// Chunks whose echo was right.
    pub echoes: u64,
    /// Lines typed again because their echo differed.
    pub retyped: u64,
    /// Characters per chunk at present.
    pub chunk: usize,
    /// Whether equal neighbours are typed one by one.
    pub splits_neighbours: bool,
}

/// What was learnt about this machine's input.
#[derive(Debug)]
pub(super) struct Pace {
    chunk: usize,
    ceiling: usize,
    split_neighbours: bool,
    pause: usize,
    /// How long echoes take, once one was seen.
    echo: Option<Duration>,
    lines: u64,
    echoes: u64,
    retyped: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            chunk: FIRST_CHUNK,
            ceiling: LARGEST_CHUNK,
            split_neighbours: false,
            pause: 0,
            echo: None,
            lines: 0,
            echoes: 0,
            retyped: 0,
        }
    }
}

impl Pace {
    fn next_chunk<'a>(&self, rest: &'a str) -> &'a str {
        let mut before = None;
        let mut end = 0;
        for (count, (at, character)) in rest.char_indices().enumerate() {
            if count == self.chunk || (self.split_neighbours && before == Some(character)) {
                break;
            }
            before = Some(character);
            end = at + character.len_utf8();
        }
        &rest[..end]
    }

    fn learn_right(&mut self, took: Duration) {
        self.echoes += 1;
        self.chunk = (self.chunk * 2).min(self.ceiling);
        self.echo = Some(self.echo.map_or(took, |echo| (echo * 3 + took) / 4));
    }

    fn learn_wrong(&mut self, line: &str) {
        self.retyped += 1;
        self.ceiling = (self.chunk / 2).max(1);
        self.chunk = self.ceiling;
        if has_equal_neighbours(line) {
            if self.split_neighbours {
                self.pause = (self.pause + 1).min(NEIGHBOUR_PAUSES.len() - 1);
            }
            self.split_neighbours = true;
        }
    }

    /// Once something came: how much silence says that no more will come.
    fn idle(&self) -> Duration {
        (self.echo.unwrap_or(ECHO_PATIENCE) * 6).clamp(Duration::from_millis(250), ECHO_PATIENCE)
    }

    /// How long to watch a finished line for characters that come late.
    fn settle(&self) -> Duration {
        (self.echo.unwrap_or(ECHO_PATIENCE) / 2).clamp(Duration::from_millis(8), Duration::from_millis(250))
    }
}

impl Console {
    /// Types a line at a proven prompt until its echo equals it.
    pub async fn type_line(&mut self, manner: Manner<'_>, line: &str) -> Result<Typed, ConsoleError> {
        let length = line.chars().count();
        if line.chars().any(char::is_control) {
            return Err(ConsoleError::Untypable { length, reason: "it holds control characters" });
        }
        if length > manner.longest.min(LONGEST_LINE) {
            return Err(ConsoleError::Untypable {
                length,
                reason: "it is longer than the line editor or the screen",
            });
        }
        let whole = format!("{}{line}", manner.prompt);
        for _ in 0..ATTEMPTS {
            self.wait("the prompt", Patience::of(ECHO_PATIENCE), |screen| {
                screen.spells_before_cursor(manner.prompt).then_some(())
            })
            .await?;
            if self.type_once(manner.prompt, line).await? && self.settled(&whole).await? {
                return Ok(Typed { whole });
            }
            tracing::debug!(length, chunk = self.typing.chunk, "the echo differs; erasing the line");
            self.typing.learn_wrong(line);
            self.clear(manner, length).await?;
        }
        Err(ConsoleError::EchoNeverRight { attempts: ATTEMPTS, meant: whole, screen: self.screen().text() })
    }

    /// Sends Enter on a line that was proven, after looking once more.
    pub async fn enter(&mut self, typed: Typed) -> Result<(), ConsoleError> {
        if !self.screen().spells_before_cursor(&typed.whole) {
            return Err(ConsoleError::EchoNeverRight {
                attempts: 1,
                meant: typed.whole,
                screen: self.screen().text(),
            });
        }
        self.typing.lines += 1;
        self.send(b"\r").await
    }

    /// Types an answer that is echoed as one `*` a character (SAC's password prompt) after `prompt`.
    ///
    /// One character at a time, each after the star of the one before: the number of stars is all that can be
    /// proven, so none may be lost or doubled.
    pub async fn type_hidden(&mut self, prompt: &str, answer: &str) -> Result<Typed, ConsoleError> {
        for _ in 0..3 {
            if self.type_stars(prompt, answer).await? {
                let whole = format!("{prompt}{}", "*".repeat(answer.chars().count()));
                if self.settled(&whole).await? {
                    return Ok(Typed { whole });
                }
            }
            self.typing.retyped += 1;
            let manner = Manner { prompt, clearing: Clearing::Backspaces, longest: LONGEST_LINE };
            self.clear(manner, answer.chars().count()).await?;
        }
        Err(ConsoleError::EchoNeverRight {
            attempts: 3,
            meant: format!("{prompt}{}", "*".repeat(answer.chars().count())),
            screen: self.screen().text(),
        })
    }

    /// Erases what stands behind the prompt, so that a person or the next line finds it clean.
    pub async fn erase(&mut self, manner: Manner<'_>) -> Result<(), ConsoleError> {
        self.clear(manner, manner.longest.min(160)).await
    }

    /// Erases `longest` characters until that draws no echo: every line editor shows what it erases and nothing where
    /// there is nothing, so no line stands here any more, wherever this is. False when something still comes.
    pub async fn prove_empty(&mut self, longest: usize) -> Result<bool, ConsoleError> {
        for _ in 0..EMPTYINGS {
            let before = self.received();
            self.send(&vec![0x08; longest]).await?;
            self.quiet(self.typing.idle(), Instant::now() + ECHO_PATIENCE).await?;
            if self.received() == before {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What typing has cost so far.
    pub fn typing(&self) -> TypingStatistics {
        TypingStatistics {
            lines: self.typing.lines,
            echoes: self.typing.echoes,
            retyped: self.typing.retyped,
            chunk: self.typing.chunk,
            splits_neighbours: self.typing.split_neighbours,
        }
    }

    async fn type_once(&mut self, prompt: &str, line: &str) -> Result<bool, ConsoleError> {
        let mut shown = prompt.to_owned();
        let mut rest = line;
        while !rest.is_empty() {
            let chunk = self.typing.next_chunk(rest);
            if self.typing.pause > 0 && shown.chars().next_back() == chunk.chars().next() {
                let end = Instant::now() + NEIGHBOUR_PAUSES[self.typing.pause];
                self.quiet(NEIGHBOUR_PAUSES[self.typing.pause], end).await?;
            }
            shown.push_str(chunk);
            let began = Instant::now();
            self.send(chunk.as_bytes()).await?;
            let patience = Patience { until: began + ECHO_PATIENCE, idle: Some(self.typing.idle()) };
            let echo = self
                .wait("the echo", patience, |screen| screen.spells_before_cursor(&shown).then_some(()))
                .await;
            match echo {
                Ok(()) => self.typing.learn_right(began.elapsed()),
                Err(ConsoleError::TimedOut { .. }) => return Ok(false),
                Err(other) => return Err(other),
            }
            rest = &rest[chunk.len()..];
        }
        Ok(true)
    }

    async fn type_stars(&mut self, prompt: &str, answer: &str) -> Result<bool, ConsoleError> {
        let mut shown = prompt.to_owned();
        let mut buffer = [0; 4];
        for character in answer.chars() {
            shown.push('*');
            self.send(character.encode_utf8(&mut buffer).as_bytes()).await?;
            let patience = Patience { until: Instant::now() + ECHO_PATIENCE, idle: Some(self.typing.idle()) };
            let star = self
                .wait("a star for the character", patience, |screen| {
                    screen.spells_before_cursor(&shown).then_some(())
                })
                .await;
            match star {
                Ok(()) => {}
                Err(ConsoleError::TimedOut { .. }) => return Ok(false),
                Err(other) => return Err(other),
            }
        }
        Ok(true)
    }

    /// True when the whole line still stands after a moment in which late characters could come.
    async fn settled(&mut self, whole: &str) -> Result<bool, ConsoleError> {
        let span = self.typing.settle();
        self.quiet(span, Instant::now() + span * 8).await?;
        Ok(self.screen().spells_before_cursor(whole))
    }

    /// Erases the line until the prompt stands at the cursor again.
    async fn clear(&mut self, manner: Manner<'_>, typed: usize) -> Result<(), ConsoleError> {
        let at_prompt =
            |screen: &crate::screen::Screen| screen.spells_before_cursor(manner.prompt).then_some(());
        // More than was typed: characters may have been multiplied on the way.
        let mut left = (typed + typed / 2 + 8).min(LONGEST_LINE);
        while left > 0 {
            let count = left.min(128);
            self.send(&vec![0x08; count]).await?;
            let span = self.typing.idle();
            self.quiet(span, Instant::now() + ECHO_PATIENCE).await?;
            left -= count;
        }
        if at_prompt(self.screen()).is_some() {
            return Ok(());
        }
        // Backspaces are equal neighbours too: one by one, each until the cursor moved.
        for _ in 0..typed + 8 {
            let before = self.screen().cursor();
            self.send(b"\x08").await?;
            let patience = Patience::of(self.typing.idle());
            let moved = self
                .wait("the erased character", patience, |screen| (screen.cursor() != before).then_some(()))
                .await;
            match moved {
                Ok(()) => {}
                Err(ConsoleError::TimedOut { .. }) => break,
                Err(other) => return Err(other),
            }
            self.quiet(self.typing.settle(), Instant::now() + ECHO_PATIENCE).await?;
            if at_prompt(self.screen()).is_some() {
                return Ok(());
            }
        }
        match manner.clearing {
            Clearing::Interrupt if self.begins_with(manner.prompt) => self.send(b"\x03").await?,
            // An event of SAC stands where the prompt was. Enter on the emptied line brings a fresh one.
            Clearing::EmptyEnter => {
                if !self.prove_empty(manner.longest + 2).await? {
                    return Err(ConsoleError::NotCleared { screen: self.screen().text() });
                }
                self.send(b"\r").await?;
            }
            _ => {}
        }
        match self.wait("the prompt", Patience::of(ECHO_PATIENCE), at_prompt).await {
            Err(ConsoleError::TimedOut { screen, .. }) => Err(ConsoleError::NotCleared { screen }),
            other => other,
        }
    }

    /// Whether some row at or above the cursor begins with the prompt: the mode is still what it was.
    fn begins_with(&self, prompt: &str) -> bool {
        let screen = self.screen();
        (0..=screen.cursor().row).any(|row| screen.row(row).starts_with(prompt.trim_end()))
    }
}

fn has_equal_neighbours(line: &str) -> bool {
    line.chars().zip(line.chars().skip(1)).any(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll};

    use proptest::prelude::*;
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

    use super::*;
    use crate::transport::Line;

    struct Cable(DuplexStream);

    impl AsyncRead for Cable {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            to: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, to)
        }
    }

    impl AsyncWrite for Cable {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            from: &[u8],
        ) -> Poll<std::io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, from)
        }
        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }
        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    impl Line for Cable {
        fn describe(&self) -> String {
            "a cable".to_owned()
        }
    }

    /// What a line editor does wrong.
    #[derive(Debug, Clone, Copy, Default)]
    struct Faults {
        /// A character that equals the one before it is lost when it comes in the same burst.
        loses_neighbours: bool,
        /// … or comes three times.
        triples_neighbours: bool,
        /// Eats so many characters after its first prompt.
        eats: usize,
        /// Out of 1,000 characters so many are lost.
        loses: u32,
        /// Seed of the losses.
        seed: u32,
    }

    /// A line editor with a prompt at the other end of the cable; returns the lines that it executed.
    fn editor(mut far: DuplexStream, faults: Faults) -> Arc<Mutex<Vec<String>>> {
        let executed = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&executed);
        tokio::spawn(async move {
            far.write_all(b"q>").await.unwrap();
            let mut random = faults.seed | 1;
            let mut eats = faults.eats;
            let mut line = String::new();
            let mut buffer = [0; 256];
            while let Ok(count @ 1..) = far.read(&mut buffer).await {
                let mut before = None;
                for &byte in &buffer[..count] {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let neighbour = before.replace(byte) == Some(byte);
                    if eats > 0 || random >> 16 < faults.loses * 65 {
                        eats = eats.saturating_sub(1);
                        continue;
                    }
                    let times = match (neighbour, faults.loses_neighbours, faults.triples_neighbours) {
                        (true, true, _) => 0,
                        (true, _, true) => 2,
                        _ => 1,
                    };
                    for _ in 0..times {
                        match byte {
                            b'\r' => {
                                record.lock().unwrap().push(std::mem::take(&mut line));
                                far.write_all(b"\r\nq>").await.unwrap();
                            }
                            8 => {
                                if line.pop().is_some() {
                                    far.write_all(b"\x08 \x08").await.unwrap();
                                }
                            }
                            3 => {
                                line.clear();
                                far.write_all(b"^C\r\nq>").await.unwrap();
                            }
                            _ => {
                                line.push(byte as char);
                                far.write_all(&[byte]).await.unwrap();
                            }
                        }
                    }
                }
            }
        });
        executed
    }

    fn manner() -> Manner<'static> {
        Manner { prompt: "q>", clearing: Clearing::Interrupt, longest: 1_000 }
    }

    async fn typed(
        lines: &[&str],
        faults: Faults,
    ) -> (Vec<Result<(), ConsoleError>>, Vec<String>, TypingStatistics) {
        let (near, far) = tokio::io::duplex(1024);
        let executed = editor(far, faults);
        let mut console = Console::new(Box::new(Cable(near)), None);
        let mut results = Vec::new();
        for line in lines {
            let result = match console.type_line(manner(), line).await {
                Ok(typed) => console.enter(typed).await,
                Err(error) => Err(error),
            };
            results.push(result);
        }
        console.quiet(Duration::from_secs(1), Instant::now() + Duration::from_secs(5)).await.unwrap();
        let executed = executed.lock().unwrap().clone();
        (results, executed, console.typing())
    }

    #[tokio::test(start_paused = true)]
    async fn a_clean_line_is_typed_once_in_growing_chunks() {
        let long = "reg query HKLM ".repeat(10);
        let (results, executed, statistics) = typed(&["ver", &long, &long], Faults::default()).await;
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(executed, ["ver", &long, &long]);
        assert_eq!((statistics.lines, statistics.retyped), (3, 0));
        assert!(statistics.chunk > FIRST_CHUNK && !statistics.splits_neighbours);
    }

    #[tokio::test(start_paused = true)]
    async fn equal_neighbours_that_get_lost_or_tripled_are_typed_one_by_one() {
        for faults in [
            Faults { loses_neighbours: true, ..Faults::default() },
            Faults { triples_neighbours: true, ..Faults::default() },
        ] {
            let (results, executed, statistics) = typed(&["install boot assess", "aabbcc  dd"], faults).await;
            assert!(results.iter().all(Result::is_ok), "{results:?}");
            assert_eq!(executed, ["install boot assess", "aabbcc  dd"]);
            assert!(statistics.splits_neighbours && statistics.retyped >= 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn eaten_first_characters_are_typed_again() {
        let (results, executed, _) = typed(&["echo ok"], Faults { eats: 3, ..Faults::default() }).await;
        assert!(results[0].is_ok());
        assert_eq!(executed, ["echo ok"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_never_comes_out_right_is_given_up_and_not_executed() {
        let (results, executed, _) =
            typed(&["shutdown /r"], Faults { loses: 400, seed: 7, ..Faults::default() }).await;
        assert!(matches!(
            results[0],
            Err(ConsoleError::EchoNeverRight { .. } | ConsoleError::NotCleared { .. })
        ));
        assert_eq!(executed, [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn control_characters_are_never_typed() {
        let (results, executed, _) = typed(&["echo a\rdel b"], Faults::default()).await;
        assert!(matches!(results[0], Err(ConsoleError::Untypable { length: 12, .. })));
        assert_eq!(executed, [""; 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Law 1: whatever the line does to what is typed, only what was meant is executed, and once.
        #[test]
        fn nothing_is_executed_that_was_not_meant(
            lines in proptest::collection::vec("[a-d ]{1,60}", 1..4),
            loses in 0u32..30,
            seed: u32,
            loses_neighbours: bool,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let meant: Vec<&str> = lines.iter().map(String::as_str).collect();
            let (results, executed, _) =
                runtime.block_on(typed(&meant, Faults { loses_neighbours, loses, seed, ..Faults::default() }));
            // The Enter itself can get lost; then the line stands there and is erased before the next.
            let mut expected = meant.iter();
            for line in &executed {
                prop_assert!(expected.any(|meant| meant == line), "{line:?} was not meant: {meant:?} {results:?}");
            }
        }
    }
}
