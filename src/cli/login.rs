//! Who logs in: the account and where its password comes from.

use std::env;
use std::path::PathBuf;

use super::ask;
use super::context::Context;
use super::failure::Failure;
use super::log;
use crate::inventory::Target;
use crate::secret::{Secret, SecretSource};
use crate::shell::Credentials;
use crate::transport::Endpoint;

/// The variable that holds the password unless another source is named.
const PASSWORD: &str = "SACPILOT_PASSWORD";

/// What the password of the account is called where it is masked. No parameter of a script can have this name.
pub const THE_PASSWORD: &str = "login password";

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
    fn named_source(&self) -> Option<SecretSource> {
        if let Some(variable) = &self.password_env {
            return Some(SecretSource::Variable(variable.clone()));
        }
        if let Some(file) = &self.password_file {
            return Some(SecretSource::File(file.clone()));
        }
        self.password_command.clone().map(SecretSource::Command)
    }

    fn password(&self, user: &str, context: &Context) -> Result<Secret, Failure> {
        match self.named_source() {
            Some(source) => read(&source, "password"),
            None if env::var_os(PASSWORD).is_some() => {
                read(&SecretSource::Variable(PASSWORD.to_owned()), "password")
            }
            None if context.can_ask => ask::password(&format!("Password of {user}: ")),
            None => Err(Failure::usage(format!(
                "the password of {user} is missing, and there is no terminal to ask"
            ))
            .help(ask::OTHER_SOURCES)),
        }
    }
}

/// Gets a secret from where it is; `what` names it in errors.
///
/// # Errors
/// It is not there.
pub fn read(source: &SecretSource, what: &str) -> Result<Secret, Failure> {
    let secret = source.read(what).map_err(|error| Failure::usage(error.to_string()))?;
    log::hide(&secret);
    Ok(secret)
}

/// `DOMAIN\user` as Windows writes it.
fn split_domain(user: &str) -> (String, String) {
    match user.split_once('\\') {
        Some((".", user)) => (user.to_owned(), String::new()),
        Some((domain, user)) => (user.to_owned(), domain.to_owned()),
        None => (user.to_owned(), String::new()),
    }
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
}
