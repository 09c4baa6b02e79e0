//! The login of a new command channel (sacsess): user, domain, password, and the first prompt.

use std::time::Duration;

use tokio::time::Instant;

use super::{Credentials, ShellError};
use crate::console::{Clearing, Console, ConsoleError, Manner, Patience};
use crate::sac::{self, Field};
use crate::screen::Screen;

/// Tries with the same password on a line that altered what was typed before, since a star does not prove its
/// character; a third could lock the account. On a clean line one refusal is the machine's answer.
const TRIES_ON_A_BAD_LINE: u32 = 2;
/// How long a prompt of the login may take.
const PROMPT: Duration = Duration::from_mins(1);
/// How long Windows may take to make the session of a known user; a profile may have to be made first.
const SESSION: Duration = Duration::from_mins(3);
/// How long to wait for what follows a refusal before a key is tried.
const AFTER_REFUSAL: Duration = Duration::from_secs(3);

/// Logs in and returns the first cmd prompt as it stands, `C:\Windows\system32>`.
pub(super) async fn log_in(
    console: &mut Console,
    channel: &str,
    credentials: &Credentials,
    until: Instant,
) -> Result<String, ShellError> {
    let mut tries = 0;
    let said = loop {
        let said = match one_try(console, credentials, until).await? {
            Answer::Prompt(prompt) => return Ok(prompt),
            Answer::Refused(said) => said,
        };
        tries += 1;
        if console.typing().retyped == 0 || tries == TRIES_ON_A_BAD_LINE {
            break said;
        }
        tracing::info!("refused on a line that altered characters before: one more try");
        back_to_the_login(console, channel).await?;
    };
    let account = if credentials.domain.is_empty() {
        credentials.user.clone()
    } else {
        format!("{}\\{}", credentials.domain, credentials.user)
    };
    Err(ShellError::LoginRefused { account, said })
}

enum Answer {
    Prompt(String),
    Refused(String),
}

async fn one_try(
    console: &mut Console,
    credentials: &Credentials,
    until: Instant,
) -> Result<Answer, ShellError> {
    let first = console
        .wait("the login prompt", patience(PROMPT, until), |screen| {
            match (sac::login_at_cursor(screen), sac::cmd_prompt_at_cursor(screen)) {
                (Some(Field::User), _) => Some(None),
                (_, Some(prompt)) => Some(Some(prompt)),
                _ => None,
            }
        })
        .await?;
    if let Some(prompt) = first {
        return Ok(Answer::Prompt(prompt));
    }
    answer(console, Field::User, &credentials.user, until).await?;
    answer(console, Field::Domain, &credentials.domain, until).await?;
    at(console, Field::Password, until).await?;
    let typed = console.type_hidden(Field::Password.prompt(), credentials.password.expose()).await?;
    let mark = console.screen().transcript().now();
    console.enter(typed).await?;
    let outcome = console
        .wait("the login to end", patience(SESSION, until), |screen| {
            if let Some(prompt) = sac::cmd_prompt_at_cursor(screen) {
                return Some(Answer::Prompt(prompt));
            }
            refusal(screen, screen.transcript().since(mark)).map(Answer::Refused)
        })
        .await?;
    Ok(outcome)
}

/// What a refusal looks like: its text, or the login (or the end of the channel) again.
fn refusal(screen: &Screen, since_enter: &str) -> Option<String> {
    let text = "Unable to authenticate.";
    if since_enter.contains(text) {
        return Some(text.to_owned());
    }
    if sac::login_at_cursor(screen) == Some(Field::User) {
        return Some("it asks for the user again".to_owned());
    }
    sac::switch_screen(screen).map(|_| "it closed the channel".to_owned())
}

async fn answer(console: &mut Console, field: Field, text: &str, until: Instant) -> Result<(), ShellError> {
    at(console, field, until).await?;
    let manner = Manner { prompt: field.prompt(), clearing: Clearing::Backspaces, longest: 256 };
    let typed = console.type_line(manner, text).await?;
    console.enter(typed).await?;
    Ok(())
}

async fn at(console: &mut Console, field: Field, until: Instant) -> Result<(), ConsoleError> {
    console
        .wait(
            match field {
                Field::User => "the prompt for the user",
                Field::Domain => "the prompt for the domain",
                Field::Password => "the prompt for the password",
            },
            patience(PROMPT, until),
            |screen| (sac::login_at_cursor(screen) == Some(field)).then_some(()),
        )
        .await
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
            Ok(true) => {
                // The key that brought it may have been typed into it.
                let manner =
                    Manner { prompt: Field::User.prompt(), clearing: Clearing::Backspaces, longest: 16 };
                console.erase(manner).await?;
                return Ok(());
            }
            Ok(false) | Err(ConsoleError::TimedOut { .. }) => console.send(b" ").await?,
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}

fn patience(span: Duration, until: Instant) -> Patience {
    Patience::until((Instant::now() + span).min(until))
}
