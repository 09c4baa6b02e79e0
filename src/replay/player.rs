//! A recording played for a person: where it is, how fast it goes, what is shown. No I/O: events in, frames out.
//!
//! What is drawn comes from the terminal model, never from the recording's own bytes (law 8).

use std::fmt::Write as _;
use std::iter::Peekable;
use std::time::Duration;

use super::keys::Key;
use crate::encoding::Utf8Stream;
use crate::recording::{Event, Kind, ReadError};
use crate::report::visible;
use crate::screen::{COLUMNS, ROWS, Screen};

/// The events of a recording, from its beginning.
pub type Events = Box<dyn Iterator<Item = Result<Event, ReadError>>>;

/// What is known of a recording before it is played.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// How long it lasts.
    pub length: Duration,
    /// Its marks, in order.
    pub marks: Vec<(Duration, String)>,
}

impl Outline {
    /// Takes the next event.
    pub fn add(&mut self, event: &Event) {
        self.length = self.length.max(event.at);
        if let Kind::Mark(label) = &event.kind {
            self.marks.push((event.at, label.clone()));
        }
    }

    /// The moment that is meant: so many seconds, or a mark.
    pub fn moment(&self, text: &str) -> Option<Duration> {
        seconds(text).or_else(|| self.mark(text).map(|number| self.marks[number].0))
    }

    /// The place of the mark that is meant among all marks: the first of this name, else the first that holds this text.
    pub fn mark(&self, text: &str) -> Option<usize> {
        let named = self.marks.iter().position(|(_, label)| label == text);
        named.or_else(|| self.marks.iter().position(|(_, label)| !text.is_empty() && label.contains(text)))
    }
}

/// A moment in seconds since the beginning.
pub fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// Plays a recording.
pub struct Player {
    outline: Outline,
    open: Box<dyn Fn() -> Option<Events>>,
    events: Peekable<Events>,
    decoder: Utf8Stream,
    screen: Screen,
    /// The moment of the recording that is shown.
    at: Duration,
    /// When something happened last.
    last: Duration,
    /// How many outputs were shown.
    shown: usize,
    playing: bool,
    /// Speed is two to the power of this.
    doublings: i32,
    factor: u32,
    /// A silence that is longer is passed over; zero: none is.
    idle: Duration,
    overlay: Overlay,
    /// What was sent last.
    sent: String,
    mark: String,
    trouble: Option<String>,
}

/// What is drawn over the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Overlay {
    None,
    Keys,
    /// A mark is looked for: what was typed of it.
    Search(String),
}

/// What a key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Something else is shown.
    Shown,
    /// The person wants to leave.
    Quit,
    /// The person broke off (Ctrl-C).
    Broken,
}

/// The keys, for the help.
const KEYS: [(&str, &str); 11] = [
    ("space", "pause, go on"),
    (".", "one event on; pauses"),
    (",", "one event back; pauses"),
    ("right, left", "5 seconds on, back"),
    ("]  [", "the next mark, the one before"),
    ("/", "to the next mark that holds a text"),
    ("+  -", "twice as fast, half as fast"),
    ("=", "as fast as it was"),
    ("g  G", "the beginning, the end"),
    ("?", "these keys"),
    ("q", "leave"),
];
/// How far the arrows go.
const LEAP: Duration = Duration::from_secs(5);
/// The slowest and the fastest: an eighth and 1024 times.
const DOUBLINGS: std::ops::RangeInclusive<i32> = -3..=10;

impl Player {
    /// Plays what `open` gives, from its beginning, `factor` times as fast as it was recorded (at least once); a silence that
    /// is longer than `idle` is passed over, unless that is zero.
    pub fn new(
        outline: Outline,
        open: impl Fn() -> Option<Events> + 'static,
        factor: u32,
        idle: Duration,
    ) -> Self {
        let mut player = Self {
            outline,
            open: Box::new(open),
            events: nothing().peekable(),
            decoder: Utf8Stream::new(),
            screen: Screen::new(),
            at: Duration::ZERO,
            last: Duration::ZERO,
            shown: 0,
            playing: true,
            doublings: 0,
            factor: factor.max(1),
            idle,
            overlay: Overlay::None,
            sent: String::new(),
            mark: String::new(),
            trouble: None,
        };
        player.rewind();
        player
    }

    /// So much time went by.
    pub fn advance(&mut self, elapsed: Duration) {
        if !self.playing {
            return;
        }
        let mut until = self.at + elapsed.mul_f64(self.speed());
        if let Some(next) = self.next_at()
            && !self.idle.is_zero()
            && next > self.last + self.idle
            && until >= self.last + self.idle
        {
            until = until.max(next);
        }
        self.show_until(until);
        if self.next_at().is_none() {
            self.playing = false;
        }
    }

    /// In how much time something else is to be shown; `None` when nothing is on its own.
    pub fn due(&mut self) -> Option<Duration> {
        if !self.playing {
            return None;
        }
        let mut next = self.next_at()?;
        if !self.idle.is_zero() {
            next = next.min(self.last + self.idle);
        }
        Some(next.saturating_sub(self.at).div_f64(self.speed()))
    }

    /// Shows the moment `to`.
    pub fn seek(&mut self, to: Duration) {
        let to = to.min(self.outline.length);
        if to < self.at {
            self.rewind();
        }
        self.show_until(to);
    }

    /// A key was pressed.
    pub fn press(&mut self, key: Key) -> Effect {
        if key == Key::Character('\u{3}') {
            return Effect::Broken;
        }
        if let Overlay::Search(text) = &mut self.overlay {
            match key {
                Key::Character('\r' | '\n') => {
                    let text = std::mem::take(text);
                    self.overlay = Overlay::None;
                    self.jump(|label| label.contains(&text));
                }
                Key::Character('\u{8}' | '\u{7f}') => {
                    text.pop();
                }
                Key::Character(character) if !character.is_control() => text.push(character),
                _ => self.overlay = Overlay::None,
            }
            return Effect::Shown;
        }
        let overlay = std::mem::replace(&mut self.overlay, Overlay::None);
        match key {
            Key::Character('q' | 'Q') => return Effect::Quit,
            Key::Character(' ') => self.playing = !self.playing && self.next_at().is_some(),
            Key::Character('.') => self.step(),
            Key::Character(',') => self.step_back(),
            Key::Character(']' | 'n') => self.jump(|_| true),
            Key::Character('[' | 'p') => self.jump_back(),
            Key::Character('/') => self.overlay = Overlay::Search(String::new()),
            Key::Character('+') | Key::Up => self.doublings = (self.doublings + 1).min(*DOUBLINGS.end()),
            Key::Character('-') | Key::Down => self.doublings = (self.doublings - 1).max(*DOUBLINGS.start()),
            Key::Character('=') => self.doublings = 0,
            Key::Character('g') | Key::Home => self.seek(Duration::ZERO),
            Key::Character('G') | Key::End => self.seek(self.outline.length),
            Key::Right => self.seek(self.at + LEAP),
            Key::Left => self.seek(self.at.saturating_sub(LEAP)),
            Key::Character('?' | 'h') if overlay != Overlay::Keys => self.overlay = Overlay::Keys,
            Key::Character(_) => {}
        }
        Effect::Shown
    }

    /// What a terminal of this size (rows, columns) shows, as a text that draws it whole. Nothing in it but what is drawn here
    /// acts on the terminal.
    pub fn frame(&self, (rows, columns): (u16, u16)) -> String {
        let mut frame = String::from("\x1b[H");
        let room = rows.saturating_sub(1).min(ROWS);
        match &self.overlay {
            Overlay::Keys => {
                for (key, meaning) in KEYS.iter().take(room.into()) {
                    // Writing to a String cannot fail.
                    let _ = write!(frame, "  {key:<12} {meaning}\x1b[K\r\n");
                }
            }
            Overlay::None | Overlay::Search(_) => {
                // Where not all rows fit, those up to the cursor are shown.
                let top = (self.screen.cursor().row + 1).saturating_sub(room);
                for row in top..top + room {
                    self.row(row, &mut frame);
                }
            }
        }
        let _ = write!(frame, "\x1b[0J\x1b[{rows};1H\x1b[7m{}\x1b[0m\x1b[K", self.status(columns));
        frame
    }

    fn row(&self, row: u16, frame: &mut String) {
        let cursor = self.screen.cursor();
        if row != cursor.row || cursor.column >= COLUMNS {
            frame.push_str(&visible::line(&self.screen.row(row)));
        } else {
            let after = self.screen.after_cursor();
            let mut after = after.chars();
            let at = visible::line(&after.next().unwrap_or(' ').to_string());
            let (before, after) =
                (visible::line(&self.screen.before_cursor()), visible::line(after.as_str()));
            let _ = write!(frame, "{before}\x1b[7m{at}\x1b[27m{after}");
        }
        frame.push_str("\x1b[K\r\n");
    }

    fn status(&self, columns: u16) -> String {
        let state = match (self.playing, self.at >= self.outline.length) {
            (true, _) => "playing",
            (false, false) => "paused ",
            (false, true) => "the end",
        };
        let mut status =
            format!(" {state}  {} / {}  {}", clock(self.at), clock(self.outline.length), self.pace());
        match (&self.overlay, &self.trouble) {
            (Overlay::Search(text), _) => {
                let _ = write!(status, "  mark with: {}_", visible::line(text));
            }
            (_, Some(trouble)) => {
                let _ = write!(status, "  {}", visible::line(trouble));
            }
            _ => {
                if !self.mark.is_empty() {
                    let _ = write!(status, "  [{}]", visible::line(&self.mark));
                }
                if !self.sent.is_empty() {
                    let _ = write!(status, "  sent {}", visible::line(&self.sent));
                }
                status.push_str("  ? for keys");
            }
        }
        status.chars().take(columns.into()).collect()
    }

    fn pace(&self) -> String {
        match self.speed() {
            speed if speed >= 1.0 => format!("{speed:.0}x"),
            speed => format!("1/{:.0}x", 1.0 / speed),
        }
    }

    fn speed(&self) -> f64 {
        f64::from(self.factor) * 2f64.powi(self.doublings)
    }

    fn step(&mut self) {
        self.playing = false;
        let shown = self.shown;
        while self.shown == shown {
            let Some(at) = self.next_at() else { return };
            self.at = self.at.max(at);
            self.show_next();
        }
    }

    fn step_back(&mut self) {
        self.playing = false;
        let wanted = self.shown.saturating_sub(1);
        self.rewind();
        while self.shown < wanted {
            let Some(at) = self.next_at() else { return };
            self.at = self.at.max(at);
            self.show_next();
        }
    }

    /// To the next mark that is wanted.
    fn jump(&mut self, wanted: impl Fn(&str) -> bool) {
        let next = self.outline.marks.iter().find(|(at, label)| *at > self.at && wanted(label));
        match next.cloned() {
            Some((at, _)) => self.seek(at),
            None => self.trouble = Some("there is no such mark behind this moment".to_owned()),
        }
    }

    /// To the mark before; shortly after a mark, that is the one before it.
    fn jump_back(&mut self) {
        let now = self.at.saturating_sub(Duration::from_secs(1));
        let before = self.outline.marks.iter().rev().find(|(at, _)| *at < now);
        self.seek(before.map_or(Duration::ZERO, |(at, _)| *at));
    }

    fn rewind(&mut self) {
        self.events = (self.open)().unwrap_or_else(nothing).peekable();
        self.decoder = Utf8Stream::new();
        self.screen = Screen::new();
        (self.at, self.last, self.shown) = (Duration::ZERO, Duration::ZERO, 0);
        self.sent.clear();
        self.mark.clear();
        self.trouble = None;
    }

    fn next_at(&mut self) -> Option<Duration> {
        match self.events.peek()? {
            Ok(event) => Some(event.at),
            Err(error) => {
                self.trouble = Some(error.to_string());
                None
            }
        }
    }

    fn show_until(&mut self, until: Duration) {
        while self.next_at().is_some_and(|at| at <= until) {
            self.show_next();
        }
        self.at = self.at.max(until.min(self.outline.length));
    }

    fn show_next(&mut self) {
        let Some(Ok(event)) = self.events.next() else { return };
        self.trouble = None;
        match event.kind {
            Kind::Output(bytes) => {
                let mut text = String::new();
                self.decoder.push(&bytes, &mut text);
                text.chars().for_each(|character| self.screen.feed(character));
                self.shown += 1;
            }
            Kind::Input(bytes) => self.sent = String::from_utf8_lossy(&bytes).into_owned(),
            Kind::Mark(label) => self.mark = label,
            Kind::Told(_) | Kind::Other { .. } => return,
        }
        self.last = event.at;
    }
}

fn nothing() -> Events {
    Box::new(std::iter::empty())
}

/// `1:02:03.4`, hours only where there are some.
fn clock(at: Duration) -> String {
    let tenths = at.as_millis() / 100;
    let (seconds, tenth) = (tenths / 10, tenths % 10);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}.{tenth}")
    } else {
        format!("{minutes:02}:{seconds:02}.{tenth}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn recording() -> Vec<Event> {
        let event = |at, kind| Event { at: seconds(at), kind };
        vec![
            event(1.0, Kind::Output(b"one\r\n\x1b]0;evil\x07".to_vec())),
            event(2.0, Kind::Mark("step a\x1b[2J".to_owned())),
            event(2.0, Kind::Input(b"dir\r".to_vec())),
            event(2.5, Kind::Output(b"two\r\n".to_vec())),
            event(62.5, Kind::Output(b"three\r\n".to_vec())),
            event(63.0, Kind::Mark("step b".to_owned())),
            event(64.0, Kind::Output(b"four".to_vec())),
        ]
    }

    fn player(idle: f64) -> Player {
        let mut outline = Outline::default();
        for event in recording() {
            outline.add(&event);
        }
        Player::new(outline, || Some(Box::new(recording().into_iter().map(Ok))), 1, seconds(idle))
    }

    fn shown(player: &Player) -> String {
        player.screen.text().replace('\n', " ")
    }

    fn press(player: &mut Player, keys: &str) {
        for key in keys.chars() {
            assert_eq!(player.press(Key::Character(key)), Effect::Shown);
        }
    }

    #[test]
    fn time_goes_as_recorded_and_silences_are_passed_over() {
        let mut player = player(3.0);
        assert_eq!(player.due(), Some(seconds(1.0)));
        player.advance(seconds(0.9));
        assert_eq!((shown(&player).as_str(), player.due()), ("", Some(seconds(0.1))));
        player.advance(seconds(1.6));
        assert_eq!(shown(&player), "one two");
        assert_eq!(player.due(), Some(seconds(3.0)));
        player.advance(seconds(2.9));
        assert_eq!(shown(&player), "one two");
        player.advance(seconds(0.1));
        assert_eq!((shown(&player).as_str(), player.at), ("one two three", seconds(62.5)));
        player.advance(seconds(5.0));
        assert_eq!(
            (shown(&player).as_str(), player.playing, player.due()),
            ("one two three four", false, None)
        );
        let mut patient = self::player(0.0);
        patient.advance(seconds(60.0));
        assert_eq!((shown(&patient).as_str(), patient.due()), ("one two", Some(seconds(2.5))));
    }

    #[test]
    fn every_key_does_what_its_help_says() {
        let mut player = player(3.0);
        press(&mut player, ".");
        assert_eq!((shown(&player).as_str(), player.playing), ("one", false));
        player.advance(seconds(100.0));
        assert_eq!(shown(&player), "one");
        press(&mut player, "..");
        assert_eq!((shown(&player).as_str(), player.at), ("one two three", seconds(62.5)));
        press(&mut player, ",");
        assert_eq!((shown(&player).as_str(), player.at), ("one two", seconds(2.5)));
        press(&mut player, "]");
        assert_eq!((player.at, player.mark.as_str()), (seconds(63.0), "step b"));
        press(&mut player, "]");
        assert!(player.frame((25, 80)).contains("there is no such mark behind this moment"));
        press(&mut player, "[");
        assert_eq!((player.at, shown(&player).as_str()), (seconds(2.0), "one"));
        press(&mut player, "g/p b\r");
        assert_eq!(player.at, seconds(63.0));
        press(&mut player, "++");
        assert!(player.frame((25, 80)).contains("4x"));
        press(&mut player, "---");
        assert!(player.frame((25, 80)).contains("1/2x"));
        press(&mut player, "=G");
        assert!(player.frame((25, 80)).contains("the end  01:04.0 / 01:04.0  1x"));
        player.press(Key::Left);
        assert_eq!(player.at, seconds(59.0));
        press(&mut player, "?");
        assert!(player.frame((25, 80)).contains("pause, go on"));
        press(&mut player, "?");
        assert!(player.frame((25, 80)).contains("two"));
        assert_eq!(player.press(Key::Character('q')), Effect::Quit);
        assert_eq!(player.press(Key::Character('\u{3}')), Effect::Broken);
    }

    /// Law 8: the only sequences in a frame are those of the frame.
    #[test]
    fn nothing_of_the_console_acts_on_the_terminal() {
        let mut player = player(3.0);
        press(&mut player, "..");
        player.seek(seconds(2.0));
        let own = regex::Regex::new("\x1b\\[(H|K|0J|7m|27m|0m|[0-9]+;1H)|\r\n").unwrap();
        for size in [(25, 80), (10, 40), (1, 1), (60, 200)] {
            let frame = player.frame(size);
            let rest = own.replace_all(&frame, "");
            assert!(!rest.chars().any(char::is_control), "{rest:?}");
            assert!(!rest.contains("evil"), "{rest:?}");
        }
        // Of a small terminal the rows up to the cursor are shown.
        assert!(player.frame((2, 80)).contains("\x1b[7m \x1b[27m"));
    }
}
