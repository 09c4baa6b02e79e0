//! Where a secret is: named in a command line or a file that never holds the secret itself.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::{env, fmt, fs, io};

use super::Secret;

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Variable(String),
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a command of the user's shell prints.
    Command(String),
}

/// A source has no secret. `what` names the secret: `password`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The variable is not there.
    #[error("the environment variable {name} for the {what} is not set")]
    NotSet {
        /// The variable.
        name: String,
        /// The secret.
        what: String,
    },
    /// The variable holds something else than text.
    #[error("the environment variable {name} for the {what} is not UTF-8")]
    VariableNotText {
        /// The variable.
        name: String,
        /// The secret.
        what: String,
    },
    /// The file cannot be read.
    #[error("cannot read the {what} from {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The secret.
        what: String,
        /// What the system says.
        error: io::Error,
    },
    /// The command cannot be started.
    #[error("cannot start the command for the {what}: {error}")]
    NotStarted {
        /// The secret.
        what: String,
        /// What the system says.
        error: io::Error,
    },
    /// The command failed.
    #[error("the command for the {what} failed: {status}")]
    CommandFailed {
        /// The secret.
        what: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// What came is no text.
    #[error("the {what} is not UTF-8")]
    NotText {
        /// The secret.
        what: String,
    },
    /// Nothing came.
    #[error("the {what} from {place} is empty")]
    Empty {
        /// The secret.
        what: String,
        /// Where it should be.
        place: String,
    },
}

impl SecretSource {
    /// Reads `env:VARIABLE`, `file:PATH` or `command:COMMAND`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            (_, "") => None,
            ("env", name) => Some(Self::Variable(name.to_owned())),
            ("file", path) => Some(Self::File(path.into())),
            ("command", line) => Some(Self::Command(line.to_owned())),
            _ => None,
        }
    }

    /// The same, a path being relative to `folder`.
    #[must_use]
    pub fn below(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }

    /// Gets the secret; `what` names it in errors. A command may ask on the terminal.
    ///
    /// # Errors
    /// [`SourceError`]
    pub fn read(&self, what: &str) -> Result<Secret, SourceError> {
        match self {
            Self::Variable(name) => {
                let text = env::var(name).map_err(|error| match error {
                    env::VarError::NotPresent => {
                        SourceError::NotSet { name: name.clone(), what: what.to_owned() }
                    }
                    env::VarError::NotUnicode(_) => {
                        SourceError::VariableNotText { name: name.clone(), what: what.to_owned() }
                    }
                })?;
                self.secret(text.as_bytes(), what)
            }
            Self::File(path) => {
                let failed = |error| SourceError::File { path: path.clone(), what: what.to_owned(), error };
                self.secret(first_line(&fs::read(path).map_err(failed)?), what)
            }
            Self::Command(line) => {
                let output = shell(line).stdin(Stdio::inherit()).stderr(Stdio::inherit()).output();
                let output =
                    output.map_err(|error| SourceError::NotStarted { what: what.to_owned(), error })?;
                if !output.status.success() {
                    return Err(SourceError::CommandFailed { what: what.to_owned(), status: output.status });
                }
                self.printed(&output.stdout, what)
            }
        }
    }

    /// The secret in what its command printed.
    ///
    /// # Errors
    /// [`SourceError`]
    pub fn printed(&self, output: &[u8], what: &str) -> Result<Secret, SourceError> {
        self.secret(first_line(output), what)
    }

    fn secret(&self, bytes: &[u8], what: &str) -> Result<Secret, SourceError> {
        let text = std::str::from_utf8(bytes).map_err(|_| SourceError::NotText { what: what.to_owned() })?;
        Secret::new(text.trim_start_matches('\u{feff}'))
            .map_err(|_| SourceError::Empty { what: what.to_owned(), place: self.place() })
    }

    fn place(&self) -> String {
        match self {
            Self::Variable(name) => format!("the environment variable {name}"),
            Self::File(path) => path.display().to_string(),
            Self::Command(_) => "the command".to_owned(),
        }
    }
}

/// As it is written.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Command(line) => write!(f, "command:{line}"),
        }
    }
}

/// A command of the user's shell.
pub fn shell(line: &str) -> Command {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut command = Command::new(shell);
    command.args([flag, line]);
    command
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_secret() {
        let source = SecretSource::Command("x".to_owned());
        for (bytes, expected) in [
            (&b"pass"[..], "pass"),
            (b"pass\n", "pass"),
            (b"pass\r\nmore\r\n", "pass"),
            (b" pass \n", " pass "),
            ("\u{feff}pass\n".as_bytes(), "pass"),
        ] {
            assert_eq!(source.printed(bytes, "password").unwrap().expose(), expected);
        }
        assert!(source.printed(b"\xff\xfe", "password").is_err());
    }

    #[test]
    fn sources() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "from file\n").unwrap();
        assert_eq!(SecretSource::File(file).read("password").unwrap().expose(), "from file");
        assert_eq!(
            SecretSource::Command("echo from command".to_owned()).read("password").unwrap().expose(),
            "from command"
        );
        for (source, expected) in [
            (SecretSource::File(folder.path().join("none")), "cannot read the password from "),
            (SecretSource::Command("exit 3".to_owned()), "the command for the password failed: "),
            (SecretSource::Command("exit 0".to_owned()), "the password from the command is empty"),
            (
                SecretSource::Variable("SACPILOT_NOT_SET".to_owned()),
                "the environment variable SACPILOT_NOT_SET for",
            ),
        ] {
            let message = source.read("password").unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn sources_are_written_as_they_are_read() {
        for text in ["env:X", r"file:C:\x", "command:pass show lab"] {
            assert_eq!(SecretSource::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "env:", "Pa55word", "pass:word", "file:"] {
            assert_eq!(SecretSource::parse(text), None, "{text}");
        }
    }
}
