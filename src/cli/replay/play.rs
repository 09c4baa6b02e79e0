//! A recording, played in the terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep};

use super::views::no_mark;
use super::{Args, Recorded};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::signals::Signals;
use crate::replay::keys::Keys;
use crate::replay::player::{Effect, Events, Outline, Player};
use crate::transport::{RawTerminal, ReplayPace};

/// A longer silence is passed over unless told otherwise.
const IDLE: Duration = Duration::from_secs(3);
/// The clock is drawn so often; no frame comes sooner after another.
const TICK: Duration = Duration::from_millis(100);
const SHORTEST: Duration = Duration::from_millis(20);
/// A window that does not know its size.
const SIZE: (u16, u16) = (25, 80);
/// A screen of its own, without cursor, whose long lines are cut.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
/// The terminal as it was.
const LEAVE: &[u8] = b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/// Plays until the person leaves.
pub(super) async fn run(args: &Args, from: &Recorded) -> Result<Exit, Failure> {
    let factor = match args.pace {
        None => 1,
        Some(ReplayPace::Times(factor)) => factor,
        Some(ReplayPace::Instant) => {
            return Err(Failure::usage("nothing can be seen of a recording that is played in no time")
                .help("give --pace real or a number; --text prints all of it"));
        }
    };
    let no_terminal = || {
        Failure::usage("--play needs a terminal")
            .help("--text prints what the console said, --screen-at a screen, --svg a picture")
    };
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(no_terminal());
    }
    let mut outline = Outline::default();
    from.each(|event| {
        outline.add(event);
        Ok(())
    })?;
    let begin = match &args.from {
        Some(moment) => {
            let marks = outline.marks.iter().map(|(_, label)| label.as_str());
            Some(outline.moment(moment).ok_or_else(|| no_mark(moment, marks))?)
        }
        None => None,
    };
    let again = Rc::new(from.clone());
    let open = move || Some(Box::new(again.import().ok()?) as Events);
    let mut player = Player::new(outline, open, factor, args.idle.unwrap_or(IDLE));
    if let Some(begin) = begin {
        player.seek(begin);
    }
    let mut terminal = RawTerminal::of_standard_input().map_err(|_| no_terminal())?;
    let curtain = Curtain;
    let ended = play(&mut player, &mut terminal).await;
    drop(curtain);
    drop(terminal);
    match ended {
        Ok(exit) => Ok(exit),
        Err(error) => Err(Failure::new(Exit::INTERRUPTED, format!("lost your terminal: {error}"))),
    }
}

async fn play(player: &mut Player, terminal: &mut RawTerminal) -> io::Result<Exit> {
    let mut signals = Signals::new();
    let mut keys = Keys::default();
    let mut bytes = [0; 256];
    let mut shown = String::new();
    terminal.write_all(ENTER.as_bytes()).await?;
    let mut then = Instant::now();
    loop {
        let frame = player.frame(terminal.size().unwrap_or(SIZE));
        if frame != shown {
            terminal.write_all(frame.as_bytes()).await?;
            terminal.flush().await?;
            shown = frame;
        }
        let wait = player.due().map_or(TICK, |due| due.clamp(SHORTEST, TICK));
        let pressed = tokio::select! {
            biased;
            () = signals.next() => return Ok(Exit::INTERRUPTED),
            read = terminal.read(&mut bytes) => match read? {
                0 => return Ok(Exit::INTERRUPTED),
                count => keys.read(&bytes[..count]),
            },
            () = sleep(wait) => Vec::new(),
        };
        player.advance(then.elapsed());
        for key in pressed {
            match player.press(key) {
                Effect::Shown => {}
                Effect::Quit => return Ok(Exit::HOLDS),
                Effect::Broken => return Ok(Exit::INTERRUPTED),
            }
        }
        // A jump back takes its time; that is none of the recording's.
        then = Instant::now();
    }
}

/// Gives the terminal back as it was, whatever happens.
struct Curtain;

impl Drop for Curtain {
    fn drop(&mut self) {
        let mut out = io::stdout();
        // Nobody is left to tell when the terminal is gone.
        let _ = out.write_all(LEAVE).and_then(|()| out.flush());
    }
}
