//! Commands of SAC itself: one line in, its output out. SAC has no exit codes and no hash to offer; what is proven is the
//! line, by its echo, and the prompt that stands behind its output.

use std::time::Duration;

use tokio::time::Instant;

use super::SacError;
use super::place::{Place, recognise};
use super::prompt::{
    ANSWER, AtSac, LONGEST_SAC_LINE, LOOKS, TO_SAC, VIEW, at_sac, pause, reach_prompt, settle_on, turn_page,
};
use super::text;
use crate::console::{Clearing, Console, ConsoleError, Manner, Patience};
use crate::screen::Offset;

/// How long a command of SAC may take: `t`, `i` and `cmd` ask services of a machine in trouble.
pub(super) const COMMAND: Duration = Duration::from_secs(90);

/// Runs a command of SAC, which may take `span` until its prompt is back; its output without echo and prompt.
pub async fn command(
    console: &mut Console,
    at: AtSac,
    line: &str,
    span: Duration,
) -> Result<(String, AtSac), SacError> {
    let mark = submit(console, at, line).await?;
    await_end_of_command(console, mark, span).await.map_err(|cause| SacError::OutcomeUnknown { cause })?;
    if !console.screen().transcript().keeps(mark) {
        return Err(SacError::TooMuch { command: line.to_owned() });
    }
    let output = console.screen().transcript().since(mark);
    let output = output.trim_start_matches(['\r', '\n']);
    let output = output.rsplit_once(text::PROMPT).map_or(output, |(before, _)| before);
    let output = output.replace(text::PAGER, "").trim_end().to_owned();
    Ok((output, at_sac(console)))
}

/// Restarts the machine with SAC's own `restart`; [`await_boot`](super::await_boot) proves it.
pub async fn restart(console: &mut Console, at: AtSac) -> Result<(), SacError> {
    submit(console, at, "restart").await?;
    Ok(())
}

/// Whether a command of SAC only looks, and answers alike when it is asked again at once.
pub fn only_looks(command: &str) -> bool {
    let command = command.trim().to_ascii_lowercase();
    matches!(command.as_str(), "ch" | "i" | "?" | "help" | "ch -?")
}

/// Types and enters a line at SAC's prompt; where its output begins.
pub(super) async fn submit(console: &mut Console, at: AtSac, line: &str) -> Result<Offset, SacError> {
    if console.typing().noisy && !text::harmless_when_mistyped(line) {
        return submit_looked_at(console, at, line).await;
    }
    drop(at);
    let mut tries = 3;
    loop {
        let shown = console.screen().before_cursor();
        let prompt = if text::prompt_end(&shown) == Some(shown.len()) { &shown } else { text::PROMPT };
        let manner = Manner { prompt, clearing: Clearing::EmptyEnter, longest: LONGEST_SAC_LINE };
        tries -= 1;
        match console.submit(manner, line).await {
            Ok(mark) => return Ok(mark),
            Err(error) if error.is_before_enter() && console.typing().echoes == 0 => {
                return Err(SacError::Deaf);
            }
            // The fresh prompt may be another one: where an event came, two stood behind each other.
            Err(ConsoleError::NotCleared { .. } | ConsoleError::TimedOut { .. })
                if tries > 0 && recognise(console.screen()) == (Place::Sac { typed: 0 }) => {}
            Err(error) if error.is_before_enter() || matches!(error, ConsoleError::TimedOut { .. }) => {
                return Err(error.into());
            }
            Err(error) => return Err(entered(error)),
        }
    }
}

/// The same on a line that alters bytes, for a line that could be another one when it arrives altered (`k 1234`): an
/// echo that looks right may be two errors that hide each other, so SAC has to send the line once more before Enter.
/// Its screen is repainted when it is viewed again, and what was typed stays in its editor meanwhile.
async fn submit_looked_at(console: &mut Console, at: AtSac, line: &str) -> Result<Offset, SacError> {
    let end = Instant::now() + COMMAND * 4;
    let mut at = at;
    for _ in 0..LOOKS * 2 {
        drop(at);
        let manner =
            Manner { prompt: text::PROMPT, clearing: Clearing::EmptyEnter, longest: LONGEST_SAC_LINE };
        match console.type_line(manner, line).await {
            Ok(typed) => {
                if second_look(console, line).await?
                    && let Some(mark) = console.enter_typed(manner, typed).await.map_err(entered)?
                {
                    return Ok(mark);
                }
            }
            Err(ConsoleError::NotCleared { .. } | ConsoleError::TimedOut { .. }) => {}
            Err(other) => return Err(other.into()),
        }
        at = reach_prompt(console, end).await?;
    }
    drop(at);
    Err(SacError::Unreadable { what: "the line that was to be entered", screen: console.screen().text() })
}

/// Whether SAC sends the same line once more when its screen is repainted. Where the keys for that fell into the line
/// instead, it is not the same.
async fn second_look(console: &mut Console, line: &str) -> Result<bool, SacError> {
    let whole = format!("{}{line}", text::PROMPT);
    for _ in 0..LOOKS {
        let doubled = console.doubled_escapes();
        console.send(TO_SAC).await?;
        let sac =
            |place: &Place| matches!(place, Place::Switch { channel } if channel.eq_ignore_ascii_case("SAC"));
        if !settle_on(console, ANSWER, sac).await? || console.doubled_escapes() > doubled {
            return Ok(false);
        }
        console.send(VIEW).await?;
        settle_on(console, ANSWER, |place| matches!(place, Place::Sac { .. })).await?;
        if console.screen().spells_before_cursor(&whole) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An error after Enter was sent, or may have been.
fn entered(error: ConsoleError) -> SacError {
    match error {
        cause @ ConsoleError::EnterUnanswered { .. } => SacError::OutcomeUnknown { cause },
        other => other.into(),
    }
}

/// Waits until SAC's prompt stands again after a command, turning the pages of its pager.
async fn await_end_of_command(
    console: &mut Console,
    mark: Offset,
    span: Duration,
) -> Result<(), ConsoleError> {
    let until = Instant::now() + span;
    loop {
        let place = console
            .wait("SAC's prompt after the command", Patience::until(until), |screen| {
                let ended = screen.transcript().since(mark).contains('\n');
                match recognise(screen) {
                    place @ (Place::Sac { typed: 0 } | Place::SacPager) if ended => Some(place),
                    _ => None,
                }
            })
            .await?;
        if place == Place::SacPager {
            turn_page(console).await?;
            continue;
        }
        console.quiet(pause(console), until).await?;
        if recognise(console.screen()) == (Place::Sac { typed: 0 }) {
            return Ok(());
        }
    }
}
