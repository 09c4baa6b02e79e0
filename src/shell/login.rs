//! The login of a new command channel (sacsess): user, domain, password, and the first prompt.

use std::time::Duration;

use tokio::time::Instant;

use super::{Credentials, ShellError};
use crate::console::{Clearing, Console, ConsoleError, Manner, Patience};
use crate::sac::{self, Field, SacError};
use crate::screen::Screen;

/// Tries with the same password where the first may not have been an honest one: on a line that altered what was typed
/// before, since a star does not prove its character, and where the login came again without a word of a refusal. A
/// third could lock the account. On a clean line one refusal is the machine's answer.
const TRIES: u32 = 2;
/// How long Windows may take to make the session of a known user; a profile may have to be made first.
const SESSION: Duration = Duration::from_mins(3);
/// … where the shell of an earlier login may come back, as after `lock`: it may have nothing to draw.
const UNLOCKED: Duration = Duration::from_secs(30);
/// How long to wait for what follows an answer before the screen is looked at anew.
const NEXT: Duration = Duration::from_secs(15);
/// How long to wait for what follows a refusal before a key is tried.
const AFTER_REFUSAL: Duration = Duration::from_secs(3);
/// How often the screen is looked at anew.
const LOOKS: u32 = 8;
/// How often a key is sent to a switch screen before the channel is viewed anew.
const VIEWS: u32 = 3;

/// What a login led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LoggedIn {
    /// A shell that has just started, with its prompt as it stands, `C:\Windows\system32>`.
    Fresh(String),
    /// The shell of before, as `lock` leaves it: with our prompt at the cursor, or with nothing drawn at all (a console that
    /// sends a plain stream has no reason to), or with a command that still runs.
    Kept,
}

/// What came of a password.
enum Answer {
    /// It goes on; the next look tells where.
    GoesOn,
    /// The shell of before, without anything that tells where it stands.
    Silent,
    /// What the refusal said.
    Refused(String),
    /// It asks for the user once more, and no word of a refusal came: a session that timed out meanwhile does so.
    AskedAgain,
}

/// Where a login can stand.
#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    /// It asks, with or without something typed already.
    Field(Field),
    /// cmd's first prompt, or the one of a session that was only locked.
    Prompt(String),
    /// The switch screen: the key that views the channel was lost.
    Switch,
}

/// Logs in, from wherever the dialogue stands. `own` is our prompt, `kept` whether a shell that has it was there when
/// Windows asked for the login: it may come back.
pub(super) async fn log_in(
    console: &mut Console,
    channel: &str,
    own: &str,
    kept: bool,
    credentials: &Credentials,
    until: Instant,
) -> Result<LoggedIn, ShellError> {
    let (mut tried, mut looks, mut keys) = (0, 0, 0_u32);
    let began = Instant::now();
    loop {
        if Instant::now() >= until {
            return Err(not_logged_in(console, began.elapsed()));
        }
        let at = console
            .wait("the login", Patience::until((Instant::now() + NEXT).min(until)), |screen| {
                stands(screen, own)
            })
            .await;
        match at {
            Ok(At::Prompt(prompt)) => {
                console.enter_mode("cmd");
                return Ok(if kept && prompt == own { LoggedIn::Kept } else { LoggedIn::Fresh(prompt) });
            }
            Ok(At::Switch) => {
                // It may still stand there from before the key that was sent just now.
                if sac::viewed(console).await? {
                    continue;
                }
                keys += 1;
                if keys.is_multiple_of(VIEWS) {
                    look_anew(console, channel, &mut looks, until).await?;
                } else {
                    console.send(b" ").await?;
                }
            }
            Ok(At::Field(field)) => {
                console.quiet(sac::pause(console), until).await?;
                // The cursor came by while the screen is drawn, and what draws it rests.
                if stands(console.screen(), own) != Some(At::Field(field)) {
                    continue;
                }
                let Some(prompt) = emptied(console, field).await? else {
                    // It does not behave as that prompt: the screen is not what the machine shows.
                    look_anew(console, channel, &mut looks, until).await?;
                    continue;
                };
                console.enter_mode("login");
                if field == Field::Password {
                    // An answer that could not be read was a try all the same.
                    if tried == TRIES {
                        let said = "it asks for the password a third time".to_owned();
                        return Err(ShellError::LoginRefused { account: account(credentials), said });
                    }
                    tried += 1;
                    match password(console, &prompt, own, kept, credentials, until).await? {
                        Answer::GoesOn => {}
                        Answer::Silent if !console.typing().noisy || looks > 1 => return Ok(LoggedIn::Kept),
                        Answer::Silent => look_anew(console, channel, &mut looks, until).await?,
                        Answer::AskedAgain if tried < TRIES => {
                            tracing::info!("it asks for the login again, and refused nothing: one more try");
                        }
                        Answer::AskedAgain => {
                            let said = "it asks for the user again".to_owned();
                            return Err(ShellError::LoginRefused { account: account(credentials), said });
                        }
                        Answer::Refused(said) => {
                            if console.typing().retyped == 0 || tried == TRIES {
                                return Err(ShellError::LoginRefused { account: account(credentials), said });
                            }
                            tracing::info!("refused on a line that altered characters before: one more try");
                            back_to_the_login(console, channel).await?;
                        }
                    }
                    continue;
                }
                let text = if field == Field::User { &credentials.user } else { &credentials.domain };
                let manner = Manner { prompt: &prompt, clearing: Clearing::Backspaces, longest: 256 };
                match console.submit(manner, text).await {
                    Ok(_) => {}
                    Err(error) if error.is_before_enter() => {
                        look_anew(console, channel, &mut looks, until).await?;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            // The password was taken, and what stands behind it shows itself by nothing.
            Err(ConsoleError::TimedOut { .. }) if kept && tried > 0 && looks > 1 => {
                return Ok(LoggedIn::Kept);
            }
            Err(ConsoleError::TimedOut { .. }) if Instant::now() < until => {
                look_anew(console, channel, &mut looks, until).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn account(credentials: &Credentials) -> String {
    if credentials.domain.is_empty() {
        credentials.user.clone()
    } else {
        format!("{}\\{}", credentials.domain, credentials.user)
    }
}

fn stands(screen: &Screen, own: &str) -> Option<At> {
    if let Some(prompt) = sac::cmd_prompt_at_cursor(screen) {
        return Some(At::Prompt(prompt));
    }
    if screen.is_before_cursor(own) {
        return Some(At::Prompt(own.to_owned()));
    }
    match sac::recognise(screen) {
        sac::Place::Login(field) => Some(At::Field(field)),
        sac::Place::Switch { channel } if !channel.eq_ignore_ascii_case("SAC") => Some(At::Switch),
        _ => None,
    }
}

/// Has the channel's screen sent anew: back to SAC and into the channel again.
async fn look_anew(
    console: &mut Console,
    channel: &str,
    looks: &mut u32,
    until: Instant,
) -> Result<(), ShellError> {
    if *looks == LOOKS {
        return Err(not_logged_in(console, NEXT));
    }
    *looks += 1;
    console.learn_noise();
    let looked = async {
        let at = sac::reach_prompt(console, until).await?;
        sac::view_channel(console, at, channel, until).await
    }
    .await;
    match looked {
        Ok(()) => Ok(()),
        // The time that is left was too short for that: what was awaited is the login.
        Err(SacError::NoPrompt { waited, .. }) if waited < NEXT => Err(not_logged_in(console, waited)),
        Err(error) => Err(error.into()),
    }
}

fn not_logged_in(console: &Console, waited: Duration) -> ShellError {
    let (awaited, screen) = ("the login".to_owned(), console.screen().text());
    ConsoleError::TimedOut { awaited, waited, screen }.into()
}

/// Erases what stands behind the prompt of a field, and returns the prompt as it is shown: what cannot be erased are
/// remains of sequences that SAC does not know (`[?25h`). None: it is another prompt now.
async fn emptied(console: &mut Console, field: Field) -> Result<Option<String>, ShellError> {
    if console.screen().before_cursor() == field.prompt() {
        return Ok(Some(field.prompt().to_owned()));
    }
    console.send(&[0x08; 80]).await?;
    console.quiet(Duration::from_millis(400), Instant::now() + NEXT).await?;
    let shown = console.screen().before_cursor();
    Ok(shown.starts_with(field.prompt()).then_some(shown))
}

/// Answers with the password.
async fn password(
    console: &mut Console,
    prompt: &str,
    own: &str,
    kept: bool,
    credentials: &Credentials,
    until: Instant,
) -> Result<Answer, ShellError> {
    let mark = console.screen().transcript().now();
    console.submit_hidden(prompt, credentials.password.expose()).await?;
    let span = if kept { UNLOCKED } else { SESSION };
    let outcome = console
        .wait("the login to end", Patience::until((Instant::now() + span).min(until)), |screen| {
            if let Some(At::Prompt(_)) = stands(screen, own) {
                return Some(Answer::GoesOn);
            }
            refusal(screen, screen.transcript().since(mark))
        })
        .await;
    match outcome {
        Ok(answer) => Ok(answer),
        Err(ConsoleError::TimedOut { .. }) if kept && Instant::now() < until => Ok(Answer::Silent),
        // The prompt may have come altered; the next look tells.
        Err(ConsoleError::TimedOut { .. }) if Instant::now() < until => Ok(Answer::GoesOn),
        Err(error) => Err(error.into()),
    }
}

/// What a refusal looks like: its text, or the end of the channel; or the login again.
fn refusal(screen: &Screen, since_enter: &str) -> Option<Answer> {
    let text = "Unable to authenticate.";
    if since_enter.contains(text) {
        return Some(Answer::Refused(text.to_owned()));
    }
    if sac::login_at_cursor(screen) == Some(Field::User) {
        return Some(Answer::AskedAgain);
    }
    sac::switch_screen(screen).map(|_| Answer::Refused("it closed the channel".to_owned()))
}

/// After a refusal: some machines ask again at once, some after a key, some show the switch screen first.
async fn back_to_the_login(console: &mut Console, channel: &str) -> Result<(), ShellError> {
    for _ in 0..4 {
        let place = console
            .wait("the login after its refusal", Patience::of(AFTER_REFUSAL), |screen| {
                let at_login = sac::login_at_cursor(screen) == Some(Field::User);
                let switch =
                    sac::switch_screen(screen).is_some_and(|name| name.eq_ignore_ascii_case(channel));
                (at_login || switch).then_some(at_login)
            })
            .await;
        match place {
            // The key that brought it may have been typed into it; it is erased before the answer.
            Ok(true) => return Ok(()),
            Ok(false) | Err(ConsoleError::TimedOut { .. }) => console.send(b" ").await?,
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}
