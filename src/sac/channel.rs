//! SAC's channels: which there are, a command channel of our own, in and out of it.

use std::time::Duration;

use tokio::time::Instant;

use super::SacError;
use super::command::{COMMAND, command, submit};
use super::place::switch_screen;
use super::prompt::{ANSWER, AtSac, LOOKS, NOISY_PAUSE, VIEW, pause, prompt_again, reach_prompt};
use super::text::{self, Channel, CmdAnswer};
use crate::console::{Console, ConsoleError, Patience};
use crate::screen::{Offset, Screen};

/// To the switch screen of the next channel (message 111 says so itself).
const TO_NEXT: &[u8] = b"\x1b\t";
/// How many switch screens are passed on the way around: ten channels, and some that are lost on the way.
const ROUNDS: u32 = 24;
/// How long the key that views a channel may take to be answered.
const VIEWED: Duration = Duration::from_secs(2);
/// How long to wait for the event before `cmd` is tried again.
const RETRY_CMD: Duration = Duration::from_secs(10);

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
                console.quiet(pause(console), Instant::now() + ANSWER).await?;
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

/// Waits until the key that views a channel is answered, which takes the switch screen away. False: it was lost.
pub async fn viewed(console: &mut Console) -> Result<bool, ConsoleError> {
    let left = |screen: &Screen| switch_screen(screen).is_none().then_some(());
    match console.wait("the channel's screen", Patience::of(VIEWED), left).await {
        Ok(()) => Ok(true),
        Err(ConsoleError::TimedOut { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Leaves a command channel that is viewed, and views it again by its keys: SAC's driver then sends the channel's whole
/// screen anew, from a model of its own, and what was typed stays where it is. What the screen shows from here on came
/// since. False: its switch screen did not come.
pub async fn view_again(console: &mut Console, channel: &str) -> Result<bool, ConsoleError> {
    for _ in 0..ROUNDS {
        let mark = console.screen().transcript().now();
        console.send(TO_NEXT).await?;
        // On a line that alters bytes the name is enough: all that follows is one blank.
        let patience = Patience { until: Instant::now() + ANSWER / 2, idle: Some(NOISY_PAUSE * 4) };
        let named = console
            .wait("the switch screen of the channel", patience, |screen| {
                screen.transcript().since(mark).contains(channel).then_some(())
            })
            .await;
        match named {
            Ok(()) => {
                console.quiet(pause(console), Instant::now() + ANSWER).await?;
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
                console.quiet(pause(console), Instant::now() + ANSWER).await?;
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
