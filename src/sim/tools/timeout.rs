//! timeout.exe and choice.exe: they wait for a key or for the time to pass.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::stream::Stream;
use super::{Process, Stdin};
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;

/// A key, or the time is over.
enum Came {
    Key(char),
    Time,
}

/// `timeout [/t] seconds [/nobreak]`
pub(super) async fn timeout(process: &Process) -> Result<ExitCode, Interrupted> {
    let mut seconds: Option<i64> = None;
    let mut breaks = true;
    for word in &process.args {
        match word.to_ascii_lowercase().as_str() {
            "/nobreak" | "-nobreak" => breaks = false,
            "/t" | "-t" => {}
            number => seconds = number.parse().ok(),
        }
    }
    let Some(seconds) = seconds.filter(|seconds| (-1..=99_999).contains(seconds)) else {
        process.stderr.line("ERROR: Invalid syntax. Timeout value required");
        process.stderr.line("Type \"TIMEOUT /?\" for usage.");
        return Ok(1);
    };
    if !process.stdin.is_console() {
        process.stderr.line("ERROR: Input redirection is not supported, exiting the process immediately.");
        return Ok(1);
    }
    let mut left = seconds;
    if left < 0 {
        process.stdout.text("\r\nPress any key to continue ...");
        process.console.read_key().await?;
        process.stdout.text("\r\n");
        return Ok(0);
    }
    let width = seconds.to_string().len().max(1);
    let action = if breaks { "press a key to continue ..." } else { "press CTRL+C to quit ..." };
    let rest = format!(" seconds, {action}");
    process.stdout.text(&format!("\r\nWaiting for {left:>width$}{rest}"));
    while left > 0 {
        if breaks {
            if let Came::Key(_) = key_or_time(process, Duration::from_secs(1)).await? {
                break;
            }
        } else {
            process.console.sleep(Duration::from_secs(1)).await?;
        }
        left -= 1;
        let back = "\u{8}".repeat(rest.chars().count() + width);
        process.stdout.text(&format!("{back}{left:>width$}{rest}"));
    }
    process.stdout.text("\r\n");
    Ok(0)
}

/// What `choice` asks.
struct Question {
    choices: Vec<char>,
    shows: bool,
    case: bool,
    limit: Option<(Duration, usize)>,
    text: String,
}

/// `choice [/c YN] [/n] [/cs] [/t seconds /d Y] [/m text]`: the number of the choice.
pub(super) async fn choice(process: &Process) -> Result<ExitCode, Interrupted> {
    let question = match Question::parse(&process.args) {
        Ok(question) => question,
        Err(message) => {
            process.stderr.line(&format!("ERROR: {message}"));
            process.stderr.line("Type \"CHOICE /?\" for usage.");
            return Ok(255);
        }
    };
    let list: Vec<String> = question.choices.iter().map(char::to_string).collect();
    let text = if question.text.is_empty() { String::new() } else { format!("{} ", question.text) };
    let shown = if question.shows { format!("{text}[{}]?", list.join(",")) } else { text };
    process.stdout.text(&shown);
    loop {
        let taken = match (&process.stdin, question.limit) {
            (_, Some((limit, default))) if limit.is_zero() => Some(default),
            (Stdin::Bytes(stream), _) => match from_stream(stream, &question).await {
                Some(at) => Some(at),
                None if stream.is_void() => Some(0),
                None => {
                    process.stdout.text("\r\n");
                    process
                        .stderr
                        .line("ERROR: The file is either empty or does not contain the valid choices.");
                    return Ok(255);
                }
            },
            (Stdin::Console(_), Some((limit, default))) => match key_or_time(process, limit).await? {
                Came::Key(key) => question.position(key),
                Came::Time => Some(default),
            },
            (Stdin::Console(console), None) => question.position(console.read_key().await?),
        };
        match taken {
            Some(at) => {
                process.stdout.text(&format!("{}\r\n", question.choices[at]));
                return Ok(at as i32 + 1);
            }
            None => process.stdout.text("\u{7}"),
        }
    }
}

async fn from_stream(stream: &Stream, question: &Question) -> Option<usize> {
    while let Some(byte) = stream.byte().await {
        if let Some(at) = question.position(char::from(byte)) {
            return Some(at);
        }
    }
    None
}

/// Whichever comes first.
async fn key_or_time(process: &Process, limit: Duration) -> Result<Came, Interrupted> {
    let mut key = pin!(process.console.read_key());
    let mut time = pin!(process.console.sleep(limit));
    poll_fn(|context| {
        if let Poll::Ready(key) = key.as_mut().poll(context) {
            return Poll::Ready(key.map(Came::Key));
        }
        time.as_mut().poll(context).map(|time| time.map(|()| Came::Time))
    })
    .await
}

impl Question {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut question =
            Self { choices: vec!['Y', 'N'], shows: true, case: false, limit: None, text: String::new() };
        let (mut letters, mut seconds, mut default) = (None, None, None);
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let Some(switch) = word.strip_prefix(['/', '-']) else {
                return Err(format!("Invalid argument/option - '{word}'."));
            };
            let (name, mut value) = match switch.split_once(':') {
                Some((name, value)) => (name.to_ascii_lowercase(), Some(value.to_owned())),
                None => (switch.to_ascii_lowercase(), None),
            };
            if matches!(name.as_str(), "c" | "t" | "d" | "m") && value.is_none() {
                value = words.next().cloned();
                if value.is_none() {
                    return Err(format!("Invalid syntax. Value expected for '{word}'."));
                }
            }
            match (name.as_str(), value) {
                ("c", value) => letters = value,
                ("t", value) => seconds = value.and_then(|value| value.parse::<u64>().ok()),
                ("d", value) => default = value.and_then(|value| value.chars().next()),
                ("m", value) => question.text = value.unwrap_or_default(),
                ("n", None) => question.shows = false,
                ("cs", None) => question.case = true,
                _ => return Err(format!("Invalid argument/option - '{word}'.")),
            }
        }
        if let Some(letters) = letters {
            let upper = |c: char| if question.case { c } else { c.to_ascii_uppercase() };
            question.choices = letters.chars().map(upper).collect();
            let mut seen = Vec::new();
            for letter in &question.choices {
                if seen.contains(letter) {
                    return Err("Duplicate choices are not allowed.".to_owned());
                }
                seen.push(*letter);
            }
        }
        match (seconds, default) {
            (Some(seconds), Some(letter)) => {
                let at = question.position(letter).ok_or("Invalid value for default choice option.")?;
                question.limit = Some((Duration::from_secs(seconds), at));
            }
            (None, None) => {}
            _ => return Err("Invalid syntax. Both /T and /D options must be specified.".to_owned()),
        }
        Ok(question)
    }

    fn position(&self, key: char) -> Option<usize> {
        self.choices
            .iter()
            .position(|choice| *choice == key || (!self.case && choice.eq_ignore_ascii_case(&key)))
    }
}
