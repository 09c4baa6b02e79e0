//! From any state of the console to SAC's empty prompt.
//!
//! The way to SAC is `ESC TAB 0`, which the driver in the kernel understands whatever runs in the channel, and
//! which never is an Enter: it leads to SAC's switch screen, one blank views it (ReactOS conmgr.c).

use std::time::Duration;

use tokio::time::Instant;

use super::place::{Place, recognise};
use super::text;
use super::{SacError, Seen};
use crate::console::{Console, ConsoleError, Patience};
use crate::screen::{Offset, Screen};

/// To SAC's switch screen from wherever the console is.
pub(super) const TO_SAC: &[u8] = b"\x1b\t0";
/// Views the channel of a switch screen; exactly one byte, since a second one would reach the channel.
pub(super) const VIEW: &[u8] = b" ";
/// The SAC line holds 78 characters; below that nothing overwrites.
pub(super) const LONGEST_SAC_LINE: usize = 70;
/// The line is empty after so many erasures, whatever an event hid.
const MORE_THAN_A_LINE: usize = 80;
/// How long to listen before the first key: a boot that is under way prints.
const LISTEN: Duration = Duration::from_millis(300);
/// How long silence must last to count as the end of what SAC is printing: it prints without a rest, and who goes on too
/// early finds another echo than the one that was meant, and types again.
const PAUSE: Duration = Duration::from_millis(50);
/// The same on a line that alters bytes, where each line that is typed again costs looks.
pub(super) const NOISY_PAUSE: Duration = Duration::from_millis(120);
/// How long SAC may take to answer a key.
pub(super) const ANSWER: Duration = Duration::from_secs(5);
/// How long a boot that was seen to begin may be silent before keys are tried.
const BOOT_PAUSE: Duration = Duration::from_mins(2);
/// How often a screen is asked for again that came altered.
pub(super) const LOOKS: u32 = 6;

/// Proof that the console stands at an empty SAC prompt.
#[derive(Debug)]
#[must_use]
pub struct AtSac(());

/// How long silence must last on this line to count as the end of what is printed.
pub fn pause(console: &Console) -> Duration {
    if console.typing().noisy { NOISY_PAUSE } else { PAUSE }
}

/// Gets to an empty SAC prompt from whatever state the console is in.
pub async fn reach_prompt(console: &mut Console, until: Instant) -> Result<AtSac, SacError> {
    console.set_watch(None);
    let began = Instant::now();
    let start = console.screen().transcript().now();
    // A boot that began before the line was made anew goes on.
    let boot_start = if console.is_doubted() { Offset::default() } else { start };
    // What stands at the cursor of a console that answers tells where it is; of another nobody knows, and it could boot.
    let is_known = !console.is_doubted()
        && matches!(recognise(console.screen()), Place::Sac { .. } | Place::Switch { .. } | Place::Login(_));
    let listen = if is_known { pause(console) } else { LISTEN };
    console.quiet(listen, until.min(began + Duration::from_secs(2))).await?;
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
                console.quiet(NOISY_PAUSE * 4, until).await?;
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

/// Waits for the prompt after a command of SAC, with events out of the way. A prompt that came altered is asked for
/// anew.
pub(super) async fn prompt_again(console: &mut Console, until: Instant) -> Result<AtSac, SacError> {
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
        console.quiet(pause(console), Instant::now() + ANSWER).await?;
        if recognise(console.screen()) == (Place::Sac { typed: 0 }) {
            return Ok(at_sac(console));
        }
    }
}

/// Enter at SAC's pager, and until the next page begins: a second Enter could reach the prompt behind the last one.
pub(super) async fn turn_page(console: &mut Console) -> Result<(), ConsoleError> {
    console.quiet(pause(console), Instant::now() + ANSWER).await?;
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

/// Waits for a place that is wanted and lets the output end. False when it did not come.
pub(super) async fn settle_on(
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
    console.quiet(pause(console), Instant::now() + ANSWER).await?;
    Ok(true)
}

/// SAC's empty prompt is proven.
pub(super) fn at_sac(console: &mut Console) -> AtSac {
    console.enter_mode("SAC");
    AtSac(())
}

/// At a SAC prompt with an unknown line behind it: erases more than a line can hold, with DEL, which no flipped bit
/// turns into an Enter, and then with Backspace, should this SAC not know DEL. Where the line was hidden by an event,
/// the prompt itself is rubbed out on the screen, and Enter on the line, once it is proven to be empty, brings a
/// fresh one. None: no such proof.
async fn empty_prompt(console: &mut Console) -> Result<Option<AtSac>, SacError> {
    for key in [0x7f, 0x08] {
        console.send(&[key; MORE_THAN_A_LINE]).await?;
    }
    console.quiet(pause(console), Instant::now() + ANSWER).await?;
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
    console.quiet(pause(console), Instant::now() + ANSWER).await?;
    console.believe();
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
