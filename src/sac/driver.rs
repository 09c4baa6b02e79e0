//! From any state of the console to the SAC prompt, and from there into a command channel.
//!
//! The way to SAC is `ESC TAB 0`, which the driver in the kernel understands whatever runs in the channel, and
//! which never is an Enter: it leads to SAC's switch screen, one blank views it (ReactOS conmgr.c).

use std::time::Duration;

use tokio::time::Instant;

use super::place::{Place, recognise, switch_screen};
use super::text::{self, Channel, CmdAnswer};
use super::{SacError, Seen};
use crate::console::{Clearing, Console, ConsoleError, Manner, Patience};
use crate::screen::{Offset, Screen};

/// To the switch screen of the next channel (message 111 says so itself).
const TO_NEXT: &[u8] = b"\x1b\t";
/// To SAC's switch screen from wherever the console is.
const TO_SAC: &[u8] = b"\x1b\t0";
/// Views the channel of a switch screen; exactly one byte, since a second one would reach the channel.
const VIEW: &[u8] = b" ";
/// The SAC line holds 78 characters; below that nothing overwrites.
const LONGEST_SAC_LINE: usize = 70;
/// The line is empty after so many erasures, whatever an event hid.
const MORE_THAN_A_LINE: usize = 80;
/// How long silence must last to count as the end of what SAC is printing.
const PAUSE: Duration = Duration::from_millis(120);
/// How long SAC may take to answer a key.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a command of SAC may take: `t`, `i` and `cmd` ask services of a machine in trouble.
const COMMAND: Duration = Duration::from_secs(90);
/// How long a boot that was seen to begin may be silent before keys are tried.
const BOOT_PAUSE: Duration = Duration::from_mins(2);
/// How often a screen is asked for again that came altered.
const LOOKS: u32 = 6;
/// How many switch screens are passed on the way around: ten channels, and some that are lost on the way.
const ROUNDS: u32 = 24;
/// How long to wait for the event before `cmd` is tried again.
const RETRY_CMD: Duration = Duration::from_secs(10);

/// Proof that the console stands at an empty SAC prompt.
#[derive(Debug)]
#[must_use]
pub struct AtSac(());

/// Gets to an empty SAC prompt from whatever state the console is in.
pub async fn reach_prompt(console: &mut Console, until: Instant) -> Result<AtSac, SacError> {
    console.set_watch(None);
    let began = Instant::now();
    let start = console.screen().transcript().now();
    // A boot that began before the line was made anew goes on.
    let boot_start = if console.is_doubted() { Offset::default() } else { start };
    console.quiet(Duration::from_millis(300), until.min(began + Duration::from_secs(2))).await?;
    let mut patience = Duration::from_secs(2);
    let mut leave_boot_alone = BOOT_PAUSE;
    let mut not_empty = 0;
    let mut viewed = 0;
    loop {
        let now = Instant::now();
        let place = recognise(console.screen());
        if now >= until {
            return Err(no_prompt(console, start, now - began));
        }
        // Keys could choose something in a firmware or boot menu: while it boots, SAC comes by itself.
        let boots = place == Place::BootMenu || place == Place::Other && boots(console, boot_start);
        if boots && !leave_boot_alone.is_zero() {
            let heard = console.received();
            let span = leave_boot_alone.min(until - now);
            let came = settle_on(console, span, |now| *now != place).await?;
            // A menu that counts, or stands there in answer to what was sent, is no thing of the past.
            let lives = place == Place::BootMenu && (!console.is_doubted() || console.received() > heard);
            if !came && !lives {
                leave_boot_alone = Duration::ZERO;
            }
            continue;
        }
        // What the line began with, or showed before it was made anew, may be old.
        if console.is_doubted() {
            let heard = console.received();
            if prove_live(console, patience.min(until - now)).await? {
                continue;
            }
            match place {
                // These do not answer, so it is what still stands there. The pager swallows keys without an echo.
                Place::Stopped => {
                    console.send(&[0x08; TO_SAC.len()]).await?;
                    console.believe();
                }
                Place::SacPager if console.received() == heard => console.believe(),
                _ => patience = (patience * 2).min(Duration::from_secs(15)),
            }
            if is_off(console, start, began) {
                return Err(SacError::Off);
            }
            continue;
        }
        match place {
            Place::Sac { .. } => {
                if let Some(at) = empty_prompt(console).await? {
                    return Ok(at);
                }
                not_empty += 1;
                if not_empty == if console.typing().noisy { LOOKS } else { 2 } {
                    return Err(ConsoleError::NotCleared { screen: console.screen().text() }.into());
                }
                // What stands there does not behave as a prompt: it is looked at anew.
                console.send(TO_SAC).await?;
                console.quiet(PAUSE * 4, until).await?;
            }
            Place::Stopped => return Err(SacError::Stopped { screen: console.screen().text() }),
            Place::Switch { channel } if channel.eq_ignore_ascii_case("SAC") => {
                console.send(VIEW).await?;
                let _ =
                    settle_on(console, ANSWER.min(until - now), |place| matches!(place, Place::Sac { .. }))
                        .await?;
                viewed += 1;
                if is_rubbed_out(console.screen(), viewed) {
                    match console.empty_enter(LONGEST_SAC_LINE).await {
                        Ok(()) => {
                            settle_on(console, ANSWER, |place| matches!(place, Place::Sac { .. })).await?;
                        }
                        Err(ConsoleError::NotCleared { .. }) => {}
                        Err(other) => return Err(other.into()),
                    }
                }
            }
            // Nothing of ours runs behind this pager, and Enter is the one key it is known to take.
            Place::SacPager => match turn_page(console).await {
                Ok(()) | Err(ConsoleError::TimedOut { .. }) => {}
                Err(other) => return Err(other.into()),
            },
            Place::Switch { .. }
            | Place::Login(_)
            | Place::Cmd
            | Place::PowerShell
            | Place::BootMenu
            | Place::Other => {
                console.send(TO_SAC).await?;
                let answered = settle_on(
                    console,
                    patience.min(until - now),
                    |place| matches!(place, Place::Switch { channel } if channel.eq_ignore_ascii_case("SAC")),
                )
                .await?;
                if !answered {
                    if is_off(console, start, began) {
                        return Err(SacError::Off);
                    }
                    patience = (patience * 2).min(Duration::from_secs(15));
                }
            }
        }
    }
}

/// The channels that there are, as `ch` lists them.
pub async fn channels(console: &mut Console, at: AtSac) -> Result<(AtSac, Vec<Channel>), SacError> {
    let mut at = at;
    let mut before = None;
    for _ in 0..LOOKS {
        let (output, next) = command(console, at, "ch", COMMAND).await?;
        at = next;
        let list = text::channels(&output);
        // SAC itself is always there. On a line that alters bytes, only what was read twice counts.
        if !list.is_empty() && (!console.typing().noisy || before.as_ref() == Some(&list)) {
            return Ok((at, list));
        }
        before = Some(list);
    }
    Err(SacError::Unreadable { what: "the list of channels", screen: console.screen().text() })
}

/// Opens a command channel and returns its name, taken from the event, never assumed. Waits while the service has
/// not registered yet (message 131), as on a machine that is still booting.
///
/// `before` are the names that were there before this session opened anything: where the answer to `cmd` cannot be
/// read, the channel that came since is ours. A `cmd` that may have been executed is not sent again before that is
/// looked up.
pub async fn open_channel(
    console: &mut Console,
    at: AtSac,
    before: &[String],
    until: Instant,
) -> Result<(AtSac, String), SacError> {
    let mut at = at;
    let mut unreadable = 0;
    loop {
        let mark = submit(console, at, "cmd").await?;
        let answer = console
            .wait(
                "an answer to SAC's cmd",
                Patience { until: Instant::now() + COMMAND, idle: Some(ANSWER * 4) },
                |screen| text::cmd_answer(screen.transcript().since(mark)),
            )
            .await;
        let refusal = match answer {
            Err(ConsoleError::TimedOut { .. }) => {
                at = reach_prompt(console, until).await?;
                let (again, list) = channels(console, at).await?;
                at = again;
                if let Some(name) = newest(&list, before) {
                    return Ok((at, name));
                }
                unreadable += 1;
                if unreadable == LOOKS || Instant::now() > until {
                    return Err(SacError::Unreadable {
                        what: "the answer to cmd",
                        screen: console.screen().text(),
                    });
                }
                continue;
            }
            Err(cause) => return Err(SacError::OutcomeUnknown { cause }),
            Ok(CmdAnswer::Channel(name)) if !console.typing().noisy => {
                return Ok((prompt_again(console, until).await?, name));
            }
            // A name that came over a line that alters bytes is compared with the list.
            Ok(CmdAnswer::Channel(name)) => {
                at = prompt_again(console, until).await?;
                let (again, list) = channels(console, at).await?;
                let listed = list.iter().any(|channel| channel.name == name);
                if let Some(name) = Some(name).filter(|_| listed).or_else(|| newest(&list, before)) {
                    return Ok((again, name));
                }
                at = again;
                unreadable += 1;
                if unreadable == LOOKS || Instant::now() > until {
                    let screen = console.screen().text();
                    return Err(SacError::Unreadable { what: "the name of the new channel", screen });
                }
                continue;
            }
            Ok(CmdAnswer::NotRegistered | CmdAnswer::TimedOut) if Instant::now() + RETRY_CMD < until => {
                let _ = prompt_again(console, until).await?;
                let came = console
                    .wait("the event that CMD is available", Patience::of(RETRY_CMD), |screen| {
                        text::cmd_became_available(screen.transcript().since(mark)).then_some(())
                    })
                    .await;
                match came {
                    Ok(()) | Err(ConsoleError::TimedOut { .. }) => {}
                    Err(other) => return Err(other.into()),
                }
                at = prompt_again(console, until).await?;
                continue;
            }
            // On its way to SAC it may have become another word.
            Ok(CmdAnswer::Unrecognized) if unreadable + 1 < LOOKS && Instant::now() < until => {
                unreadable += 1;
                at = prompt_again(console, until).await?;
                continue;
            }
            Ok(refusal) => refusal,
        };
        let went = text::cmd_became_unavailable(console.screen().transcript().since(Offset::default()));
        return Err(refused(refusal, went));
    }
}

/// Whether a command of SAC only looks, and answers alike when it is asked again at once.
pub fn only_looks(command: &str) -> bool {
    let command = command.trim().to_ascii_lowercase();
    matches!(command.as_str(), "ch" | "i" | "?" | "help" | "ch -?")
}

/// The channel that is there and was not before; the counter in the names only grows during a boot.
pub fn newest(list: &[Channel], before: &[String]) -> Option<String> {
    list.iter()
        .filter(|channel| channel.index > 0 && channel.active && !before.contains(&channel.name))
        .map(|channel| channel.name.clone())
        .max()
}

/// Views a channel by its name; ends when the channel has the console, its first output still to come.
///
/// # Errors
/// [`SacError::NoSuchChannel`]: it is gone.
pub async fn view_channel(
    console: &mut Console,
    at: AtSac,
    name: &str,
    until: Instant,
) -> Result<(), SacError> {
    let mut at = at;
    let mut missing = 0;
    // Keys that are no line cannot be executed as another one.
    if console.typing().noisy {
        match next_channel(console, at, name, until).await? {
            None => return Ok(()),
            Some(back) => at = back,
        }
    }
    for _ in 0..LOOKS {
        // SAC compares names without case; in lower case no letter is one flipped bit away from an Enter.
        let mark = submit(console, at, &format!("ch -sn {}", name.to_ascii_lowercase())).await?;
        let patience = Patience { until: (Instant::now() + ANSWER * 4).min(until), idle: Some(ANSWER) };
        let shown = console
            .wait("the switch screen of the channel", patience, |screen| {
                let since = screen.transcript().since(mark);
                if since.contains("Could not find a channel with that name.") {
                    return Some(false);
                }
                let fresh = since.contains(text::SWITCH_READY);
                (fresh && switch_screen(screen).is_some_and(|shown| shown.eq_ignore_ascii_case(name)))
                    .then_some(true)
            })
            .await;
        match shown {
            Ok(true) => {
                console.quiet(PAUSE, Instant::now() + ANSWER).await?;
                console.send(VIEW).await?;
                return Ok(());
            }
            Ok(false) => missing += 1,
            Err(ConsoleError::TimedOut { .. }) if Instant::now() < until => {}
            Err(other) => return Err(other.into()),
        }
        // Once is enough on a good line; on another the name may have been typed wrong on the way.
        if missing > u32::from(console.typing().noisy) {
            return Err(SacError::NoSuchChannel { name: name.to_owned() });
        }
        at = reach_prompt(console, until).await?;
    }
    Err(SacError::Unreadable { what: "the switch screen of the channel", screen: console.screen().text() })
}

/// Views the channel behind SAC by its key, without a line that SAC would execute. Where the first one is somebody
/// else's it is left at once. Not viewed: back at the prompt.
async fn next_channel(
    console: &mut Console,
    at: AtSac,
    name: &str,
    until: Instant,
) -> Result<Option<AtSac>, SacError> {
    let mut at = at;
    for _ in 0..LOOKS {
        drop(at);
        let mark = console.screen().transcript().now();
        console.send(TO_NEXT).await?;
        let patience = Patience { until: (Instant::now() + ANSWER).min(until), idle: Some(ANSWER / 4) };
        let shown = console
            .wait("the switch screen of the next channel", patience, |screen| {
                let fresh = screen.transcript().since(mark).contains(text::SWITCH_READY);
                switch_screen(screen).filter(|_| fresh)
            })
            .await;
        match shown {
            Ok(shown) if shown.eq_ignore_ascii_case(name) => {
                console.quiet(PAUSE, Instant::now() + ANSWER).await?;
                console.send(VIEW).await?;
                return Ok(None);
            }
            Ok(_) => return reach_prompt(console, until).await.map(Some),
            Err(ConsoleError::TimedOut { .. }) => at = reach_prompt(console, until).await?,
            Err(other) => return Err(other.into()),
        }
    }
    Ok(Some(at))
}

/// Leaves a command channel that is viewed, and views it again by its keys: SAC's driver then sends the channel's whole
/// screen anew, from a model of its own, and what was typed stays where it is. What the screen shows from here on came
/// since. False: its switch screen did not come.
pub async fn view_again(console: &mut Console, channel: &str) -> Result<bool, ConsoleError> {
    for _ in 0..ROUNDS {
        let mark = console.screen().transcript().now();
        console.send(TO_NEXT).await?;
        // On a line that alters bytes the name is enough: all that follows is one blank.
        let patience = Patience { until: Instant::now() + ANSWER / 2, idle: Some(PAUSE * 4) };
        let named = console
            .wait("the switch screen of the channel", patience, |screen| {
                screen.transcript().since(mark).contains(channel).then_some(())
            })
            .await;
        match named {
            Ok(()) => {
                console.quiet(PAUSE, Instant::now() + ANSWER).await?;
                console.wipe();
                console.send(VIEW).await?;
                return Ok(true);
            }
            Err(ConsoleError::TimedOut { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(false)
}

/// Closes a channel by its name, from SAC.
pub async fn close_channel(console: &mut Console, at: AtSac, name: &str) -> Result<AtSac, SacError> {
    let (_, at) = command(console, at, &format!("ch -cn {name}"), COMMAND).await?;
    Ok(at)
}

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

/// Restarts the machine with SAC's own `restart`; [`await_boot`] proves it.
pub async fn restart(console: &mut Console, at: AtSac) -> Result<(), SacError> {
    submit(console, at, "restart").await?;
    Ok(())
}

/// Waits until a restart of the machine is proven by what only a fresh boot sends, then until SAC is there again.
///
/// The old banner is no proof: SAC repaints it while the machine goes down (Oxide Propolis 9ad73681).
pub async fn await_boot(console: &mut Console, since: Offset, until: Instant) -> Result<(), SacError> {
    console.set_watch(None);
    let proof = console
        .wait(
            "the machine to restart (firmware text, or SAC starting anew)",
            Patience::until(until),
            |screen| {
                let came = screen.transcript().since(since);
                if text::boot_text(came) || text::cmd_became_available(came) {
                    return Some(screen.transcript().now());
                }
                (recognise(screen) == Place::Stopped).then_some(Offset::default())
            },
        )
        .await?;
    if proof == Offset::default() {
        return Err(SacError::Stopped { screen: console.screen().text() });
    }
    console
        .wait("SAC to start", Patience::until(until), |screen| {
            matches!(recognise(screen), Place::Sac { .. } | Place::Switch { .. }).then_some(())
        })
        .await?;
    Ok(())
}

/// Types and enters a line at SAC's prompt; where its output begins.
async fn submit(console: &mut Console, at: AtSac, line: &str) -> Result<Offset, SacError> {
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
        console.quiet(PAUSE, until).await?;
        if recognise(console.screen()) == (Place::Sac { typed: 0 }) {
            return Ok(());
        }
    }
}

/// Enter at SAC's pager, and until the next page begins: a second Enter could reach the prompt behind the last one.
async fn turn_page(console: &mut Console) -> Result<(), ConsoleError> {
    console.quiet(PAUSE, Instant::now() + ANSWER).await?;
    if recognise(console.screen()) != Place::SacPager {
        return Ok(());
    }
    let mark = console.screen().transcript().now();
    console.send(b"\r").await?;
    console
        .wait("the next page", Patience::of(ANSWER), |screen| {
            (!screen.transcript().since(mark).trim().is_empty()).then_some(())
        })
        .await
}

/// Waits for the prompt after a command of SAC, with events out of the way. A prompt that came altered is asked for
/// anew.
async fn prompt_again(console: &mut Console, until: Instant) -> Result<AtSac, SacError> {
    let end = (Instant::now() + ANSWER * 4).min(until);
    loop {
        let patience = Patience { until: end, idle: Some(ANSWER) };
        let came = console
            .wait("SAC's prompt", patience, |screen| {
                (recognise(screen) == Place::Sac { typed: 0 }).then_some(())
            })
            .await;
        match came {
            Ok(()) => {}
            Err(ConsoleError::TimedOut { .. }) => return Box::pin(reach_prompt(console, until)).await,
            Err(other) => return Err(other.into()),
        }
        console.quiet(PAUSE, Instant::now() + ANSWER).await?;
        if recognise(console.screen()) == (Place::Sac { typed: 0 }) {
            return Ok(at_sac(console));
        }
    }
}

/// At a SAC prompt with an unknown line behind it: erases more than a line can hold, with DEL, which no flipped bit
/// turns into an Enter, and then with Backspace, should this SAC not know DEL. Where the line was hidden by an event,
/// the prompt itself is rubbed out on the screen, and Enter on the line, once it is proven to be empty, brings a
/// fresh one. None: no such proof.
async fn empty_prompt(console: &mut Console) -> Result<Option<AtSac>, SacError> {
    for key in [0x7f, 0x08] {
        console.send(&[key; MORE_THAN_A_LINE]).await?;
        console.quiet(PAUSE, Instant::now() + ANSWER).await?;
    }
    if recognise(console.screen()) == (Place::Sac { typed: 0 }) {
        return Ok(Some(at_sac(console)));
    }
    match console.empty_enter(LONGEST_SAC_LINE).await {
        Ok(()) => {}
        Err(ConsoleError::NotCleared { .. }) => return Ok(None),
        Err(other) => return Err(other.into()),
    }
    let came = settle_on(console, ANSWER, |place| *place == Place::Sac { typed: 0 }).await?;
    let there = came && recognise(console.screen()) == Place::Sac { typed: 0 };
    Ok(there.then(|| at_sac(console)))
}

/// Whether SAC was viewed, and its prompt is gone: an ESC in its line shows nowhere, and what erases it rubs a character
/// of the prompt out, for good where the line was lost before a fresh prompt was asked for.
fn is_rubbed_out(screen: &Screen, viewed: u32) -> bool {
    let before = screen.before_cursor();
    // At the start of a row stands the cursor of a command that runs, too.
    let is_enough = !before.is_empty() || viewed > 2;
    is_enough && before != text::PROMPT && text::PROMPT.starts_with(&before)
}

/// SAC's empty prompt is proven.
fn at_sac(console: &mut Console) -> AtSac {
    console.enter_mode("SAC");
    AtSac(())
}

/// Asks for SAC's switch screen, which answers in every channel, and believes what the console shows once it came.
/// False when it did not. Should a switch screen that is old come late and be taken for the answer: the keys were sent
/// before, so that the console is on its way to SAC all the same.
async fn prove_live(console: &mut Console, span: Duration) -> Result<bool, SacError> {
    let mark = console.screen().transcript().now();
    console.send(TO_SAC).await?;
    let fresh = |screen: &Screen| {
        let came = screen.transcript().since(mark).contains(text::SWITCH_READY);
        let at_sac =
            matches!(recognise(screen), Place::Switch { channel } if channel.eq_ignore_ascii_case("SAC"));
        (came && at_sac).then_some(())
    };
    match console.wait("an answer of SAC", Patience::of(span), fresh).await {
        Ok(()) => {}
        Err(ConsoleError::TimedOut { .. }) => return Ok(false),
        Err(other) => return Err(other.into()),
    }
    console.quiet(PAUSE, Instant::now() + ANSWER).await?;
    console.believe();
    Ok(true)
}

/// Waits for a place that is wanted and lets the output end. False when it did not come.
async fn settle_on(
    console: &mut Console,
    span: Duration,
    wanted: impl Fn(&Place) -> bool,
) -> Result<bool, SacError> {
    let seen = |screen: &Screen| wanted(&recognise(screen)).then_some(());
    match console.wait("an answer of SAC", Patience::of(span), seen).await {
        Ok(()) => {}
        Err(ConsoleError::TimedOut { .. }) => return Ok(false),
        Err(other) => return Err(other.into()),
    }
    console.quiet(PAUSE, Instant::now() + ANSWER).await?;
    Ok(true)
}

/// Whether only Azure's health report came, and no answer.
fn is_off(console: &Console, start: Offset, began: Instant) -> bool {
    text::only_health_report(console.screen().transcript().since(start)) && began.elapsed() > 2 * ANSWER
}

/// Whether a boot was seen to begin and SAC may still come.
fn boots(console: &Console, start: Offset) -> bool {
    let came = console.screen().transcript().since(start);
    text::still_boots(came) && !text::only_health_report(came)
}

fn no_prompt(console: &Console, start: Offset, waited: Duration) -> SacError {
    if recognise(console.screen()) == Place::BootMenu {
        return SacError::BootMenu { screen: console.screen().text() };
    }
    let came = console.screen().transcript().since(start);
    let seen = if console.received() == 0 {
        Seen::Nothing
    } else if text::only_health_report(came) {
        return SacError::Off;
    } else if text::boot_text(came) {
        Seen::Booting
    } else {
        Seen::NoAnswer
    };
    SacError::NoPrompt { waited, seen, screen: console.screen().text() }
}

/// `went`: SAC said that the service behind `cmd` went away.
fn refused(answer: CmdAnswer, went: bool) -> SacError {
    let (reason, help) = match answer {
        CmdAnswer::NotRegistered if went => (
            "the service behind it (sacsvr) went away".to_owned(),
            "it was stopped, or died: start it by another way (sc start sacsvr), or restart the machine (restart at \
             SAC>); SAC's own commands i, restart and crashdump still work",
        ),
        CmdAnswer::NotRegistered => (
            "the service behind it (sacsvr) has not registered".to_owned(),
            "wait longer with --wait; if it never comes, the service is disabled or Windows runs in safe mode \
             (SAC's own commands i, restart and crashdump still work)",
        ),
        CmdAnswer::TimedOut => (
            "the service behind it (sacsvr) does not answer".to_owned(),
            "try again; if it stays so, restart the machine (restart at SAC>)",
        ),
        CmdAnswer::Failed(status) => (
            format!("the session could not be created (status {status})"),
            "cmd.exe or sacsess.exe could not start; a restart of the machine helps most often",
        ),
        CmdAnswer::Disabled => (
            "an administrator disabled command channels".to_owned(),
            "remove the value DisableCmdSessions under HKLM\\SYSTEM\\CurrentControlSet\\Services\\sacdrv and restart",
        ),
        CmdAnswer::NoChannelLeft => (
            "all nine channels are taken".to_owned(),
            "close channels that nobody uses: `sacpilot connect`, then ch, then ch -ci <number>",
        ),
        CmdAnswer::Channel(_) | CmdAnswer::Unrecognized => ("cmd was not understood".to_owned(), "try again"),
    };
    SacError::Refused { reason, help }
}
