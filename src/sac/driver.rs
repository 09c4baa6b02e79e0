//! From any state of the console to the SAC prompt, and from there into a command channel.
//!
//! The way to SAC is `ESC TAB 0`, which the driver in the kernel understands whatever runs in the channel, and
//! which never is an Enter: it leads to SAC's switch screen, one blank views it (ReactOS conmgr.c).

use std::time::Duration;

use tokio::time::Instant;

use super::place::{Place, recognise, switch_screen};
use super::text::{self, CmdAnswer};
use super::{SacError, Seen};
use crate::console::{Clearing, Console, ConsoleError, Manner, Patience, Typed};
use crate::screen::{Offset, Screen};

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
    let heard = console.received();
    console.quiet(Duration::from_millis(300), until.min(began + Duration::from_secs(2))).await?;
    let mut patience = Duration::from_secs(2);
    let mut leave_boot_alone = BOOT_PAUSE;
    let mut unanswered = 0;
    loop {
        let now = Instant::now();
        if now >= until {
            return Err(no_prompt(console, start, now - began));
        }
        match recognise(console.screen()) {
            Place::Sac { .. } => return empty_prompt(console).await,
            Place::Stopped => return Err(SacError::Stopped { screen: console.screen().text() }),
            Place::Switch { channel } if channel.eq_ignore_ascii_case("SAC") => {
                console.send(VIEW).await?;
                let _ =
                    settle_on(console, ANSWER.min(until - now), |place| matches!(place, Place::Sac { .. }))
                        .await?;
            }
            // Nothing of ours runs behind this pager, and Enter is the one key it is known to take.
            Place::SacPager => match turn_page(console).await {
                Ok(()) | Err(ConsoleError::TimedOut { .. }) => {}
                Err(other) => return Err(other.into()),
            },
            // Keys could choose something in a firmware or boot menu: while it boots, SAC comes by itself.
            Place::Other if boots(console, start) && !leave_boot_alone.is_zero() => {
                let came =
                    settle_on(console, leave_boot_alone.min(until - now), |place| *place != Place::Other)
                        .await?;
                if !came {
                    leave_boot_alone = Duration::ZERO;
                }
            }
            Place::Switch { .. } | Place::Login(_) | Place::Cmd | Place::PowerShell | Place::Other => {
                console.send(TO_SAC).await?;
                let answered = settle_on(
                    console,
                    patience.min(until - now),
                    |place| matches!(place, Place::Switch { channel } if channel.eq_ignore_ascii_case("SAC")),
                )
                .await?;
                if !answered {
                    let came = console.screen().transcript().since(start);
                    if text::only_health_report(came) && now - began > 2 * ANSWER {
                        return Err(SacError::Off);
                    }
                    unanswered += 1;
                    if unanswered >= 2 && console.received() == heard {
                        wake(console).await?;
                    }
                    patience = (patience * 2).min(Duration::from_secs(15));
                }
            }
        }
    }
}

/// Goes to SAC from a channel that stays open.
pub async fn return_to_sac(console: &mut Console, until: Instant) -> Result<AtSac, SacError> {
    reach_prompt(console, until).await
}

/// Opens a command channel and returns its name, taken from the event, never assumed. Waits while the service has
/// not registered yet (message 131), as on a machine that is still booting.
pub async fn open_channel(
    console: &mut Console,
    at: AtSac,
    until: Instant,
) -> Result<(AtSac, String), SacError> {
    let mut at = at;
    loop {
        let typed = type_at_sac(console, at, "cmd").await?;
        let mark = console.screen().transcript().now();
        console.enter(typed).await?;
        let answer = console
            .wait("an answer to SAC's cmd", Patience::of(COMMAND), |screen| {
                text::cmd_answer(screen.transcript().since(mark))
            })
            .await?;
        let refusal = match answer {
            CmdAnswer::Channel(name) => {
                return Ok((prompt_again(console).await?, name));
            }
            CmdAnswer::NotRegistered | CmdAnswer::TimedOut if Instant::now() + RETRY_CMD < until => {
                at = prompt_again(console).await?;
                let came = console
                    .wait("the event that CMD is available", Patience::of(RETRY_CMD), |screen| {
                        text::cmd_became_available(screen.transcript().since(mark)).then_some(())
                    })
                    .await;
                match came {
                    Ok(()) | Err(ConsoleError::TimedOut { .. }) => {}
                    Err(other) => return Err(other.into()),
                }
                at = prove_again(console, at).await?;
                continue;
            }
            CmdAnswer::Unrecognized => {
                at = prompt_again(console).await?;
                continue;
            }
            refusal => refusal,
        };
        return Err(refused(refusal));
    }
}

/// Views a channel by its name; ends when the channel has the console, its first output still to come.
pub async fn view_channel(console: &mut Console, at: AtSac, name: &str) -> Result<(), SacError> {
    let typed = type_at_sac(console, at, &format!("ch -sn {name}")).await?;
    let mark = console.screen().transcript().now();
    console.enter(typed).await?;
    console
        .wait("the switch screen of the channel", Patience::of(ANSWER * 4), |screen| {
            let fresh = screen.transcript().since(mark).contains(text::SWITCH_READY);
            (fresh && switch_screen(screen).is_some_and(|shown| shown.eq_ignore_ascii_case(name)))
                .then_some(())
        })
        .await?;
    console.quiet(PAUSE, Instant::now() + ANSWER).await?;
    console.send(VIEW).await?;
    Ok(())
}

/// Closes a channel by its name, from SAC.
pub async fn close_channel(console: &mut Console, at: AtSac, name: &str) -> Result<AtSac, SacError> {
    let (_, at) = command(console, at, &format!("ch -cn {name}")).await?;
    Ok(at)
}

/// Runs a command of SAC; its output without echo and prompt.
pub async fn command(console: &mut Console, at: AtSac, line: &str) -> Result<(String, AtSac), SacError> {
    let typed = type_at_sac(console, at, line).await?;
    let mark = console.screen().transcript().now();
    console.enter(typed).await?;
    await_end_of_command(console, mark).await.map_err(|cause| SacError::OutcomeUnknown { cause })?;
    let output = console.screen().transcript().since(mark);
    let output = output.trim_start_matches(['\r', '\n']);
    let output = output.rsplit_once(text::PROMPT).map_or(output, |(before, _)| before);
    Ok((output.replace(text::PAGER, "").trim_end().to_owned(), AtSac(())))
}

/// Restarts the machine with SAC's own `restart`; [`await_boot`] proves it.
pub async fn restart(console: &mut Console, at: AtSac) -> Result<(), SacError> {
    let typed = type_at_sac(console, at, "restart").await?;
    console.enter(typed).await?;
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

async fn type_at_sac(console: &mut Console, _at: AtSac, line: &str) -> Result<Typed, SacError> {
    let mut tries = 3;
    loop {
        let shown = console.screen().before_cursor();
        let prompt = if text::prompt_end(&shown) == Some(shown.len()) { &shown } else { text::PROMPT };
        let manner = Manner { prompt, clearing: Clearing::EmptyEnter, longest: LONGEST_SAC_LINE };
        tries -= 1;
        match console.type_line(manner, line).await {
            Err(ConsoleError::EchoNeverRight { .. } | ConsoleError::NotCleared { .. })
                if console.typing().echoes == 0 =>
            {
                return Err(SacError::Deaf);
            }
            // The fresh prompt may be another one: where an event came, two stood behind each other.
            Err(ConsoleError::NotCleared { .. })
                if tries > 0 && recognise(console.screen()) == (Place::Sac { typed: 0 }) => {}
            result => return Ok(result?),
        }
    }
}

/// Waits until SAC's prompt stands again after a command, turning the pages of its pager.
async fn await_end_of_command(console: &mut Console, mark: Offset) -> Result<(), ConsoleError> {
    let until = Instant::now() + COMMAND;
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

/// Waits for the prompt after a command of SAC, with events out of the way.
async fn prompt_again(console: &mut Console) -> Result<AtSac, SacError> {
    loop {
        console
            .wait("SAC's prompt", Patience::of(ANSWER * 4), |screen| {
                (recognise(screen) == Place::Sac { typed: 0 }).then_some(())
            })
            .await?;
        console.quiet(PAUSE, Instant::now() + ANSWER).await?;
        if recognise(console.screen()) == (Place::Sac { typed: 0 }) {
            return Ok(AtSac(()));
        }
    }
}

async fn prove_again(console: &mut Console, _at: AtSac) -> Result<AtSac, SacError> {
    prompt_again(console).await
}

/// At a SAC prompt with an unknown line behind it: erases more than a line can hold. Where the line was hidden by an
/// event, the prompt itself is rubbed out on the screen, and Enter on the emptied line brings a fresh one.
async fn empty_prompt(console: &mut Console) -> Result<AtSac, SacError> {
    for _ in 0..2 {
        console.send(&[0x08; MORE_THAN_A_LINE / 2]).await?;
        console.quiet(PAUSE, Instant::now() + ANSWER).await?;
    }
    if recognise(console.screen()) == (Place::Sac { typed: 0 }) {
        return Ok(AtSac(()));
    }
    if !console.prove_empty(MORE_THAN_A_LINE).await? {
        return Err(ConsoleError::NotCleared { screen: console.screen().text() }.into());
    }
    console.send(b"\r").await?;
    prompt_again(console).await
}

/// On a line that never said a byte, not even to `ESC TAB 0`: a pager may be waiting that was drawn before we came
/// (SAC's worker reads no other key then), and Enter is what it takes.
///
/// There is no prompt here that could be proven, and none is needed: the Enter is only sent when a line full of
/// erasures drew no echo either. So no line stands here that it could execute, not even on a line that lost the keys
/// before, and no menu is open, which would have moved or redrawn itself.
async fn wake(console: &mut Console) -> Result<(), SacError> {
    let heard = console.received();
    if console.prove_empty(MORE_THAN_A_LINE).await? && console.received() == heard {
        console.send(b"\r").await?;
        console.quiet(PAUSE, Instant::now() + ANSWER).await?;
    }
    Ok(())
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

/// Whether a boot was seen to begin and SAC may still come.
fn boots(console: &Console, start: Offset) -> bool {
    let came = console.screen().transcript().since(start);
    text::boot_text(came) && !text::only_health_report(came)
}

fn no_prompt(console: &Console, start: Offset, waited: Duration) -> SacError {
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

fn refused(answer: CmdAnswer) -> SacError {
    let (reason, help) = match answer {
        CmdAnswer::NotRegistered => (
            "the service behind it (sacsvr) has not registered".to_owned(),
            "wait longer with --timeout; if it never comes, the service is disabled or Windows runs in safe mode \
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
