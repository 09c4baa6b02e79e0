//! A cmd.exe that a command line starts: its switches, its rule for quotes, `/c` and `/k`.

use super::exec::CALL_WEIGHT;
use super::launch::Found;
use super::shell::{Mode, Shell, Stop, Switch};

/// What the switches ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Invocation {
    /// The command behind `/c` or `/k`.
    command: Command,
    /// `/q`
    echo: Switch,
    /// `/v:on`
    delayed: Switch,
    /// `/e:off`
    extensions: Switch,
    /// `/u`
    unicode: Switch,
    /// `/s`: the first and the last quote always go.
    strips: bool,
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Command {
    /// Nothing: a prompt.
    None,
    /// `/c`: this, and then it ends.
    Once(String),
    /// `/k`: this, and then a prompt.
    Keep(String),
}

impl Shell {
    /// `cmd …` as a command.
    pub(super) async fn nested(&mut self, tail: &str) -> Result<i32, Stop> {
        let asked = Invocation::parse(tail);
        let mut child = self.child();
        child.depth += CALL_WEIGHT;
        child.echo = asked.echo;
        child.delayed = asked.delayed;
        child.extensions = asked.extensions;
        child.unicode = asked.unicode;
        child.command_line = format!("cmd{tail}");
        match asked.command {
            Command::Once(rest) => {
                let text = command_text(&rest, asked.strips, |name| child.is_program(name));
                child.run_once(text).await
            }
            Command::Keep(rest) => {
                let text = command_text(&rest, asked.strips, |name| child.is_program(name));
                child.mode = Mode::Interactive;
                match child.run_once_to_stop(text).await {
                    Err(Stop::Exit(code)) => Ok(code),
                    Err(Stop::Interrupted) => Err(Stop::Interrupted),
                    _ => child.interact().await,
                }
            }
            Command::None => {
                child.mode = Mode::Interactive;
                child.banner();
                child.interact().await
            }
        }
    }

    /// Runs one line and ends, with the return code of the last command.
    pub(super) async fn run_once(&mut self, text: String) -> Result<i32, Stop> {
        match self.run_once_to_stop(text).await {
            Ok(0) => Ok(self.said.unwrap_or(0)),
            Ok(code) | Err(Stop::Exit(code)) => Ok(code),
            Err(Stop::Interrupted) => Err(Stop::Interrupted),
            Err(Stop::Abort | Stop::Jump | Stop::EndBatch(_)) => Ok(self.level),
        }
    }

    async fn run_once_to_stop(&mut self, text: String) -> Result<i32, Stop> {
        if text.trim().is_empty() {
            return Ok(0);
        }
        self.run_text(text).await
    }

    fn is_program(&self, name: &str) -> bool {
        !matches!(self.find_program(&format!("\"{name}\"")), Found::Nothing | Found::NoFolder)
    }
}

impl Invocation {
    fn parse(tail: &str) -> Self {
        let mut asked = Self {
            command: Command::None,
            echo: Switch::On,
            delayed: Switch::Off,
            extensions: Switch::On,
            unicode: Switch::Off,
            strips: false,
        };
        let mut rest = tail;
        while let Some(at) = rest.find('/') {
            let after = &rest[at + 1..];
            let Some(letter) = after.chars().next() else { break };
            let behind = &after[letter.len_utf8()..];
            rest = behind;
            match letter.to_ascii_lowercase() {
                'c' | 'r' => {
                    asked.command = Command::Once(behind.to_owned());
                    return asked;
                }
                'k' => {
                    asked.command = Command::Keep(behind.to_owned());
                    return asked;
                }
                's' => asked.strips = true,
                'q' => asked.echo = Switch::Off,
                'u' => asked.unicode = Switch::On,
                'a' => asked.unicode = Switch::Off,
                'v' => asked.delayed = on_or_off(behind),
                'e' => asked.extensions = on_or_off(behind),
                _ => {}
            }
        }
        asked
    }
}

fn on_or_off(behind: &str) -> Switch {
    let is_off = behind.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(":off"));
    if is_off { Switch::Off } else { Switch::On }
}

/// The text that `/c` runs. A quote at the start goes together with the last quote, except when (without `/s`) there
/// are exactly two, nothing special between them, a blank, and the whole is a program ("cmd /?").
fn command_text(rest: &str, strips: bool, is_program: impl Fn(&str) -> bool) -> String {
    let text = rest.trim_start_matches([' ', '\t', ',', ';', '=']);
    let Some(inside) = text.strip_prefix('"') else { return text.to_owned() };
    let Some(last) = inside.rfind('"') else { return inside.to_owned() };
    let between = &inside[..last];
    let keeps = !strips
        && !between.contains('"')
        && !between.contains(['&', '<', '>', '(', ')', '@', '^', '|'])
        && between.contains([' ', '\t'])
        && is_program(between);
    if keeps { text.to_owned() } else { format!("{between}{}", &inside[last + 1..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_go_as_documented() {
        let rows = [
            (" echo hi", false, "echo hi"),
            (" \"echo hi\"", false, "echo hi"),
            (" \" echo hi \"", false, " echo hi "),
            (" \"a b.exe\"", false, "\"a b.exe\""),
            (" \"a b.exe\"", true, "a b.exe"),
            (" \"a b.exe\" x", false, "\"a b.exe\" x"),
            (" \"a b.exe\" \"x\"", false, "a b.exe\" \"x"),
            (" \"a&b.exe\"", false, "a&b.exe"),
            (" \"\"a b.exe\" \"x y\"\"", false, "\"a b.exe\" \"x y\""),
            (" \"echo \"hi", false, "echo hi"),
            (" \"echo", false, "echo"),
            (" echo \"a\"", true, "echo \"a\""),
            (
                "\"reg query \"HKLM\\A B\" /v X & echo %x% | find \"0\"\" >o",
                true,
                "reg query \"HKLM\\A B\" /v X & echo %x% | find \"0\" >o",
            ),
        ];
        for (rest, strips, expected) in rows {
            assert_eq!(command_text(rest, strips, |name| name.contains(".exe")), expected, "{rest}");
        }
    }

    #[test]
    fn switches_stand_together_or_apart() {
        let asked = Invocation::parse("/d/s/c\"x\"");
        assert!(asked.strips);
        assert_eq!(asked.command, Command::Once("\"x\"".to_owned()));
        let asked = Invocation::parse(" /V:ON /E:Off /q /U /K ver");
        assert_eq!((asked.delayed, asked.extensions), (Switch::On, Switch::Off));
        assert_eq!((asked.echo, asked.unicode), (Switch::Off, Switch::On));
        assert_eq!(asked.command, Command::Keep(" ver".to_owned()));
        assert_eq!(Invocation::parse(" /cecho No").command, Command::Once("echo No".to_owned()));
        assert_eq!(Invocation::parse("").command, Command::None);
        assert_eq!(Invocation::parse(" /").command, Command::None);
    }
}
