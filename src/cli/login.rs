//! Who logs in: the account and where its password comes from.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::ask;
use super::context::Context;
use super::failure::Failure;
use super::log;
use crate::inventory::{SecretSource, Target};
use crate::secret::Secret;
use crate::shell::Credentials;
use crate::transport::Endpoint;

/// The variable that holds the password unless another source is named.
const PASSWORD: &str = "SACPILOT_PASSWORD";

/// Options about the account.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Account (sim: brings its own)")]
pub struct LoginArgs {
    /// Account to log in with; must be an administrator of the machine
    #[arg(short, long, value_name = "NAME", env = "SACPILOT_USER")]
    pub user: Option<String>,

    /// Domain of the account [default: the machine itself]
    #[arg(long, value_name = "DOMAIN", env = "SACPILOT_DOMAIN")]
    pub domain: Option<String>,

    /// Takes the password from this environment variable [default: SACPILOT_PASSWORD]
    #[arg(long, value_name = "VARIABLE", group = "password")]
    pub password_env: Option<String>,

    /// Takes the password from the first line of this file
    #[arg(long, value_name = "FILE", group = "password")]
    pub password_file: Option<PathBuf>,

    /// Takes the password from the first line that this command prints
    #[arg(long, value_name = "COMMAND", group = "password")]
    pub password_command: Option<String>,
}

impl LoginArgs {
    /// With what the inventory says of the target, where the user says nothing. A simulated machine keeps its own
    /// account. The password of one account is never tried for another.
    #[must_use]
    pub fn or_as(&self, entry: Option<&Target>) -> Self {
        let mut all = self.clone();
        let Some(entry) = entry.filter(|entry| !matches!(entry.endpoint, Endpoint::Sim { .. })) else {
            return all;
        };
        let other_account = all.user.is_some() && all.user != entry.user;
        if all.user.is_none() {
            all.user.clone_from(&entry.user);
            all.domain = all.domain.or_else(|| entry.domain.clone());
        }
        if self.named_source().is_none() && !other_account {
            match entry.password.clone() {
                Some(SecretSource::Variable(name)) => all.password_env = Some(name),
                Some(SecretSource::File(path)) => all.password_file = Some(path),
                Some(SecretSource::Command(line)) => all.password_command = Some(line),
                None => {}
            }
        }
        all
    }

    /// The credentials. `own` is the account that the target brings itself; what the user says comes first.
    ///
    /// # Errors
    /// Whatever is missing or wrong; nothing was sent.
    pub fn credentials(&self, own: Option<Credentials>, context: &Context) -> Result<Credentials, Failure> {
        let (user, domain) = match (&self.user, own) {
            (None, Some(own)) if self.named_source().is_none() => return Ok(own),
            (None, Some(own)) => (own.user, own.domain),
            (None, None) => {
                return Err(Failure::usage("the account to log in with is missing")
                    .help("give it with --user NAME, or SACPILOT_USER"));
            }
            (Some(user), _) => split_domain(user),
        };
        let domain = self.domain.clone().unwrap_or(domain);
        for (what, text) in [("account", &user), ("domain", &domain)] {
            if text.chars().any(char::is_control) {
                return Err(Failure::usage(format!("the {what} holds a control character")));
            }
        }
        if user.is_empty() {
            return Err(
                Failure::usage("the account to log in with is empty").help("give it with --user NAME")
            );
        }
        let password = self.password(&user, context)?;
        if password.expose().chars().any(char::is_control) {
            return Err(Failure::usage("the password holds a control character, which cannot be typed"));
        }
        Ok(Credentials { user, domain, password })
    }

    /// Where the password comes from, when the user says so.
    fn named_source(&self) -> Option<Source> {
        if let Some(variable) = &self.password_env {
            return Some(Source::Variable(variable.clone()));
        }
        if let Some(file) = &self.password_file {
            return Some(Source::File(file.clone()));
        }
        self.password_command.clone().map(Source::Command)
    }

    fn password(&self, user: &str, context: &Context) -> Result<Secret, Failure> {
        match self.named_source() {
            Some(source) => source.read("password"),
            None if env::var_os(PASSWORD).is_some() => Source::Variable(PASSWORD.to_owned()).read("password"),
            None if context.can_ask => ask::password(&format!("Password of {user}: ")),
            None => Err(Failure::usage(format!(
                "the password of {user} is missing, and there is no terminal to ask"
            ))
            .help(ask::OTHER_SOURCES)),
        }
    }
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An environment variable.
    Variable(String),
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a command prints.
    Command(String),
}

impl Source {
    /// Reads the secret; `what` names it in errors.
    pub fn read(&self, what: &str) -> Result<Secret, Failure> {
        let text = match self {
            Self::Variable(name) => env::var(name).map_err(|error| match error {
                env::VarError::NotPresent => {
                    Failure::usage(format!("the environment variable {name} for the {what} is not set"))
                }
                env::VarError::NotUnicode(_) => {
                    Failure::usage(format!("the environment variable {name} for the {what} is not UTF-8"))
                }
            })?,
            Self::File(path) => {
                let failed = |error| {
                    Failure::usage(format!("cannot read the {what} from {}: {error}", path.display()))
                };
                first_line(&fs::read(path).map_err(failed)?, what)?
            }
            Self::Command(command) => first_line(&printed(command, what)?, what)?,
        };
        let secret = Secret::new(text)
            .map_err(|_| Failure::usage(format!("the {what} from {} is empty", self.name())))?;
        log::hide(&secret);
        Ok(secret)
    }

    fn name(&self) -> String {
        match self {
            Self::Variable(name) => format!("the environment variable {name}"),
            Self::File(path) => path.display().to_string(),
            Self::Command(_) => "the command".to_owned(),
        }
    }
}

/// `DOMAIN\user` as Windows writes it.
fn split_domain(user: &str) -> (String, String) {
    match user.split_once('\\') {
        Some((".", user)) => (user.to_owned(), String::new()),
        Some((domain, user)) => (user.to_owned(), domain.to_owned()),
        None => (user.to_owned(), String::new()),
    }
}

fn first_line(bytes: &[u8], what: &str) -> Result<String, Failure> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|_| Failure::usage(format!("the {what} is not UTF-8")))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// What a command of the user's shell prints. It may ask on the terminal.
fn printed(command: &str, what: &str) -> Result<Vec<u8>, Failure> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let output = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::usage(format!("cannot start the command for the {what}: {error}")))?;
    if !output.status.success() {
        return Err(Failure::usage(format!("the command for the {what} failed: {}", output.status)));
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_as_windows_writes_them() {
        for (text, user, domain) in
            [("adm", "adm", ""), (r"CORP\adm", "adm", "CORP"), (r".\adm", "adm", ""), ("a@b.c", "a@b.c", "")]
        {
            assert_eq!(split_domain(text), (user.to_owned(), domain.to_owned()));
        }
    }

    #[test]
    fn the_first_line_is_the_secret() {
        for (bytes, expected) in [
            (&b"pass"[..], "pass"),
            (b"pass\n", "pass"),
            (b"pass\r\nmore\r\n", "pass"),
            (b" pass \n", " pass "),
            ("\u{feff}pass\n".as_bytes(), "pass"),
        ] {
            assert_eq!(first_line(bytes, "password"), Ok(expected.to_owned()));
        }
        assert!(first_line(b"\xff\xfe", "password").is_err());
    }

    #[test]
    fn sources() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "from file\n").unwrap();
        assert_eq!(Source::File(file).read("password").unwrap().expose(), "from file");
        assert_eq!(
            Source::Command("echo from command".to_owned()).read("password").unwrap().expose(),
            "from command"
        );
        for (source, expected) in [
            (Source::File(folder.path().join("none")), "cannot read the password from "),
            (Source::Command("exit 3".to_owned()), "the command for the password failed: "),
            (Source::Command("exit 0".to_owned()), "the password from the command is empty"),
            (
                Source::Variable("SACPILOT_NOT_SET".to_owned()),
                "the environment variable SACPILOT_NOT_SET for",
            ),
        ] {
            let message = source.read("password").unwrap_err().message;
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
