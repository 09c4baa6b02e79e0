//! What was learnt about a machine's input, kept as long as its console: chunk, equal neighbours, noise, echo time.

use std::fmt;
use std::time::Duration;

/// Below a 16550's 16 bytes, which real hardware loses above (ReactOS: 4 ms poll, no flow control).
const FIRST_CHUNK: usize = 14;
/// Characters of a password at a time, where the line did nothing wrong so far.
const HIDDEN_CHUNK: usize = 8;
/// So many right echoes say that of it: SAC's commands and the name of the user are typed by then.
const BLAMELESS: u64 = 3;
/// Below half of the driver's 1,024-byte ring.
const LARGEST_CHUNK: usize = 448;
/// How long the first echo may take: a bridge answers within 0.2 s, a busy machine within a few seconds.
pub(super) const ECHO_PATIENCE: Duration = Duration::from_secs(6);
/// Pauses between equal neighbours, tried in turn (Propolis needs 1.5 s on 2016 and 2019 without echo proof).
const NEIGHBOUR_PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(500), Duration::from_millis(1600)];
/// So many echoes that were put in place, and it is no accident of a bad line.
const PLACED: u32 = 3;
/// So many right echoes in a row, and a larger chunk is tried again: after each that was too large, twice as many. Else a
/// line of more pieces than that would never be typed to its end on a machine that takes no larger ones.
const CONFIDENCE: u32 = 20;
/// The most of that.
const MOST_CONFIDENCE: u32 = CONFIDENCE << 7;

/// What typing has cost so far, and what was learnt about the machine by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TypingStatistics {
    /// Lines entered.
    pub lines: u64,
    /// Chunks whose echo was right.
    pub echoes: u64,
    /// Lines typed again because their echo differed.
    pub retyped: u64,
    /// Enters that proved to be lost on the way.
    pub lost_enters: u64,
    /// Characters per chunk at present.
    pub chunk: usize,
    /// Whether equal neighbours are typed one by one.
    pub splits_neighbours: bool,
    /// The pause between them.
    pub neighbour_pause: Duration,
    /// Whether the line loses or alters bytes by itself.
    pub noisy: bool,
    /// How the machine draws what is typed.
    pub rendering: Rendering,
}

/// How echoes come (facts: Server 2016 and 2019 place the cursor, 2022 sends nearly a plain stream).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rendering {
    /// Not seen yet.
    #[default]
    Unknown,
    /// As a plain stream.
    Stream,
    /// As differences of a screen, put in place by cursor moves.
    Differences,
}

impl fmt::Display for TypingStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rendering = match self.rendering {
            Rendering::Unknown => "not seen drawing",
            Rendering::Stream => "draws as a stream",
            Rendering::Differences => "draws differences of its screen",
        };
        write!(f, "{rendering}, {} characters at a time", self.chunk)?;
        if self.splits_neighbours {
            write!(f, ", equal neighbours one by one")?;
            if !self.neighbour_pause.is_zero() {
                write!(f, " with pauses of {:.1} s", self.neighbour_pause.as_secs_f64())?;
            }
        }
        if self.noisy {
            write!(
                f,
                ", the line alters bytes: lines are looked at twice, commands are checked by the machine before they run"
            )?;
        }
        write!(f, "; {} lines entered, {} typed again", self.lines, self.retyped)?;
        if self.lost_enters > 0 {
            write!(f, ", {} times Enter was lost", self.lost_enters)?;
        }
        Ok(())
    }
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
    /// How long the quickest of late took: what the way there and back takes, without the time of a large piece.
    quickest: Option<Duration>,
    right_in_a_row: u32,
    /// How many of these it takes until a larger chunk is tried.
    confidence: u32,
    pub(super) noisy: bool,
    pub(super) lines: u64,
    pub(super) echoes: u64,
    pub(super) retyped: u64,
    pub(super) lost_enters: u64,
    placed: u32,
    streamed: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            chunk: FIRST_CHUNK,
            ceiling: LARGEST_CHUNK,
            split_neighbours: false,
            pause: 0,
            echo: None,
            quickest: None,
            right_in_a_row: 0,
            confidence: CONFIDENCE,
            noisy: false,
            lines: 0,
            echoes: 0,
            retyped: 0,
            lost_enters: 0,
            placed: 0,
            streamed: 0,
        }
    }
}

impl Pace {
    pub(super) fn statistics(&self) -> TypingStatistics {
        let rendering = match (self.placed, self.streamed) {
            (0, 0) => Rendering::Unknown,
            // A character right behind the cursor needs no move in either way; a stream never places one.
            (placed, _) if placed >= PLACED => Rendering::Differences,
            _ => Rendering::Stream,
        };
        TypingStatistics {
            lines: self.lines,
            echoes: self.echoes,
            retyped: self.retyped,
            lost_enters: self.lost_enters,
            chunk: self.chunk,
            splits_neighbours: self.split_neighbours,
            neighbour_pause: NEIGHBOUR_PAUSES[self.pause],
            noisy: self.noisy,
            rendering,
        }
    }

    pub(super) fn next_chunk<'a>(&self, rest: &'a str) -> &'a str {
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

    /// The next characters of an answer whose echo tells only how many came.
    pub(super) fn next_hidden<'a>(&self, rest: &'a str) -> &'a str {
        let blameless = !self.noisy && !self.split_neighbours && self.retyped == 0 && self.lost_enters == 0;
        let most = if blameless && self.echoes >= BLAMELESS { HIDDEN_CHUNK } else { 1 };
        let mut before = None;
        let end = rest.char_indices().enumerate().find_map(|(count, (at, character))| {
            let ends = count == most || before == Some(character);
            before = Some(character);
            ends.then_some(at)
        });
        &rest[..end.unwrap_or(rest.len())]
    }

    /// How long to wait before a character that equals the one before it.
    pub(super) fn neighbour_pause(&self) -> Option<Duration> {
        (self.pause > 0).then(|| NEIGHBOUR_PAUSES[self.pause])
    }

    /// Whether keys that repeat one another quickly are known to get lost or multiplied.
    pub(super) fn splits_neighbours(&self) -> bool {
        self.split_neighbours
    }

    pub(super) fn learn_right(&mut self, took: Duration) {
        self.echoes += 1;
        self.right_in_a_row += 1;
        if self.right_in_a_row.is_multiple_of(self.confidence) {
            self.ceiling = (self.ceiling * 2).min(LARGEST_CHUNK);
        }
        self.chunk = (self.chunk * 2).min(self.ceiling);
        self.echo = Some(self.echo.map_or(took, |echo| (echo * 3 + took) / 4));
        // It forgets slowly: a way can become longer.
        self.quickest = Some(self.quickest.map_or(took, |quickest| took.min(quickest + quickest / 8)));
    }

    /// An echo differed: `shown` instead of `chunk`, where that could be read.
    pub(super) fn learn_wrong(&mut self, before: Option<char>, chunk: &str, shown: Option<&str>) {
        self.retyped += 1;
        self.right_in_a_row = 0;
        let length = chunk.chars().count();
        let fault = match shown {
            Some(shown) if repeats_differ(before, chunk, shown) => Fault::Neighbours,
            // The beginning came: the rest overran something.
            Some(shown) if length > FIRST_CHUNK && chunk.starts_with(shown) => Fault::Overrun,
            // The beginning is missing: a new prompt eats keys (Propolis waits 5 s for that).
            Some(shown) if length < FIRST_CHUNK + 1 && self.echoes < 8 && chunk.ends_with(shown) => {
                Fault::Eaten
            }
            _ if length > FIRST_CHUNK => Fault::Overrun,
            _ => Fault::Noise,
        };
        match fault {
            Fault::Neighbours => {
                if self.split_neighbours {
                    self.pause = (self.pause + 1).min(NEIGHBOUR_PAUSES.len() - 1);
                }
                self.split_neighbours = true;
            }
            Fault::Overrun => {
                self.ceiling = (length / 2).clamp(FIRST_CHUNK, LARGEST_CHUNK);
                self.chunk = self.ceiling;
                self.confidence = (self.confidence * 2).min(MOST_CONFIDENCE);
            }
            Fault::Eaten => {}
            Fault::Noise => {
                self.noisy = true;
                self.ceiling = (self.chunk / 2).max(4);
                self.chunk = self.ceiling;
            }
        }
    }

    /// How an echo was drawn: with cursor addressing or without.
    pub(super) fn learn_rendering(&mut self, placed: bool) {
        if placed {
            self.placed += 1;
        } else {
            self.streamed += 1;
        }
    }

    /// Once something came: how much silence says that no more will come.
    pub(super) fn idle(&self) -> Duration {
        (self.echo.unwrap_or(ECHO_PATIENCE) * 6).clamp(Duration::from_millis(250), ECHO_PATIENCE)
    }

    /// How long to watch a finished line for characters that come late: half of the way there and back, on a line that
    /// alters bytes of what echoes take.
    pub(super) fn settle(&self) -> Duration {
        let way = if self.noisy { self.echo } else { self.quickest };
        (way.unwrap_or(ECHO_PATIENCE) / 2).clamp(Duration::from_millis(8), Duration::from_millis(250))
    }
}

/// Why an echo differs, as far as it shows.
enum Fault {
    /// Keys that repeat one another are lost or multiplied.
    Neighbours,
    /// More at once than something on the way holds.
    Overrun,
    /// The first keys after a prompt.
    Eaten,
    /// The line itself.
    Noise,
}

/// Whether what is shown differs from what was typed only in how often characters repeat one another.
fn repeats_differ(before: Option<char>, chunk: &str, shown: &str) -> bool {
    let [chunk, shown] =
        [chunk, shown].map(|text| before.into_iter().chain(text.chars()).collect::<String>());
    has_equal_neighbours(&chunk) && without_repeats(&chunk) == without_repeats(&shown)
}

fn has_equal_neighbours(line: &str) -> bool {
    line.chars().zip(line.chars().skip(1)).any(|(a, b)| a == b)
}

fn without_repeats(text: &str) -> String {
    let mut before = None;
    text.chars().filter(|character| before.replace(*character) != Some(*character)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_tells_the_fault() {
        for (before, chunk, shown, splits, noisy) in [
            (None, "install", "instal", true, false),
            (None, "install", "installl", true, false),
            (None, "install", "intall", false, true),
            (Some('o'), "ot%", "t%", true, false),
            (Some('x'), "system", "ystem", false, false),
            (None, "reg query HKLM/SOFTWARE/x", "reg query HKLM/S", false, false),
        ] {
            let mut pace = Pace::default();
            pace.learn_wrong(before, chunk, Some(shown));
            let learnt = pace.statistics();
            assert_eq!((learnt.splits_neighbours, learnt.noisy), (splits, noisy), "{chunk} {shown}");
        }
    }

    #[test]
    fn a_password_goes_in_pieces_only_where_nothing_went_wrong() {
        let pieces = |pace: &Pace, mut rest: &str| {
            let mut pieces = Vec::new();
            while !rest.is_empty() {
                pieces.push(pace.next_hidden(rest).to_owned());
                rest = &rest[pace.next_hidden(rest).len()..];
            }
            pieces.join("|")
        };
        let mut pace = Pace::default();
        assert_eq!(pieces(&pace, "pwö"), "p|w|ö");
        (0..BLAMELESS).for_each(|_| pace.learn_right(Duration::ZERO));
        assert_eq!(pieces(&pace, "Pässword-1234567ö"), "Päs|sword-12|34567ö");
        pace.learn_wrong(None, "user", Some("ser"));
        assert_eq!(pieces(&pace, "pwö"), "p|w|ö");
    }

    #[test]
    fn chunks_shrink_and_grow_again_with_confidence() {
        let mut pace = Pace::default();
        let line = "x1".repeat(200);
        let typed = |pace: &mut Pace, right: bool| {
            let chunk = pace.next_chunk(&line).to_owned();
            if right {
                pace.learn_right(Duration::ZERO);
            } else {
                pace.learn_wrong(None, &chunk, Some(&chunk[..14]));
            }
            chunk.len()
        };
        assert_eq!(typed(&mut pace, true), 14);
        assert_eq!(typed(&mut pace, false), 28);
        assert_eq!(typed(&mut pace, true), 14);
        assert!((0..39).all(|_| typed(&mut pace, true) == 14));
        assert_eq!(typed(&mut pace, true), 28);
    }

    #[test]
    fn a_line_of_many_pieces_is_typed_to_its_end() {
        let mut pace = Pace::default();
        let line = "x1".repeat(700);
        let tries = (1..20).find(|_| {
            let mut rest = line.as_str();
            while !rest.is_empty() {
                let chunk = pace.next_chunk(rest).to_owned();
                // A receiver of 16 bytes.
                if chunk.len() > 16 {
                    pace.learn_wrong(None, &chunk, Some(&chunk[..16]));
                    return false;
                }
                pace.learn_right(Duration::ZERO);
                rest = &rest[chunk.len()..];
            }
            true
        });
        assert_eq!(tries, Some(4));
    }
}
