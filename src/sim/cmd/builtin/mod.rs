//! The commands that cmd.exe carries out itself.

use super::shell::{Shell, Stop};

mod arithmetic;
mod clock;
mod copy;
mod delete;
mod dir;
mod dir_lines;
mod echo;
mod folders;
mod places;
mod relocate;
mod selection;
mod session;
mod set;
mod show;

/// A built-in command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::cmd) enum Builtin {
    Break,
    Call,
    Cd,
    Cls,
    Color,
    Copy,
    Date,
    Del,
    Dir,
    Echo,
    Endlocal,
    Exit,
    Goto,
    Md,
    Move,
    Path,
    Pause,
    Popd,
    Prompt,
    Pushd,
    Rd,
    Rem,
    Ren,
    Set,
    Setlocal,
    Shift,
    Start,
    Time,
    Title,
    Type,
    Ver,
    Verify,
    Vol,
}

const NAMES: [(&str, Builtin); 38] = [
    ("break", Builtin::Break),
    ("call", Builtin::Call),
    ("cd", Builtin::Cd),
    ("chdir", Builtin::Cd),
    ("cls", Builtin::Cls),
    ("color", Builtin::Color),
    ("copy", Builtin::Copy),
    ("date", Builtin::Date),
    ("del", Builtin::Del),
    ("dir", Builtin::Dir),
    ("echo", Builtin::Echo),
    ("endlocal", Builtin::Endlocal),
    ("erase", Builtin::Del),
    ("exit", Builtin::Exit),
    ("goto", Builtin::Goto),
    ("md", Builtin::Md),
    ("mkdir", Builtin::Md),
    ("move", Builtin::Move),
    ("path", Builtin::Path),
    ("pause", Builtin::Pause),
    ("popd", Builtin::Popd),
    ("prompt", Builtin::Prompt),
    ("pushd", Builtin::Pushd),
    ("rd", Builtin::Rd),
    ("rem", Builtin::Rem),
    ("ren", Builtin::Ren),
    ("rename", Builtin::Ren),
    ("rmdir", Builtin::Rd),
    ("set", Builtin::Set),
    ("setlocal", Builtin::Setlocal),
    ("shift", Builtin::Shift),
    ("start", Builtin::Start),
    ("time", Builtin::Time),
    ("title", Builtin::Title),
    ("type", Builtin::Type),
    ("ver", Builtin::Ver),
    ("verify", Builtin::Verify),
    ("vol", Builtin::Vol),
];

/// The built-in command that a word begins with, and the rest of the word (`echo.x`, `cd..`, `dir/w`).
pub(in crate::sim::cmd) fn named(word: &str) -> Option<(Builtin, &str)> {
    let end = word.find(['(', '.', '\\', '/', ':', '+', '[', ']']).unwrap_or(word.len());
    let (name, rest) = word.split_at(end);
    let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, builtin)| (*builtin, rest))
}

impl Shell {
    /// Carries out a built-in command; `tail` is all that follows its name.
    pub(in crate::sim::cmd) async fn builtin(&mut self, which: Builtin, tail: &str) -> Result<i32, Stop> {
        Ok(match which {
            Builtin::Break | Builtin::Rem => 0,
            Builtin::Call => return Box::pin(self.call(tail)).await,
            Builtin::Cd => self.cd(tail),
            Builtin::Cls => self.cls(),
            Builtin::Color => self.succeed(),
            Builtin::Copy => self.copy(tail).await?,
            Builtin::Date => self.date(tail).await?,
            Builtin::Del => self.del(tail).await?,
            Builtin::Dir => self.dir(tail).await?,
            Builtin::Echo => self.echo(tail),
            Builtin::Endlocal => self.endlocal(),
            Builtin::Exit => return self.exit(tail),
            Builtin::Goto => return self.goto(tail),
            Builtin::Md => self.md(tail),
            Builtin::Move => self.move_files(tail).await?,
            Builtin::Path => self.path(tail),
            Builtin::Pause => self.pause().await?,
            Builtin::Popd => self.popd(),
            Builtin::Prompt => self.set_prompt(tail),
            Builtin::Pushd => self.pushd(tail),
            Builtin::Rd => self.rd(tail).await?,
            Builtin::Ren => self.ren(tail),
            Builtin::Set => self.set(tail).await?,
            Builtin::Setlocal => self.setlocal(tail),
            Builtin::Shift => self.shift(tail),
            Builtin::Start => return Box::pin(self.start(tail)).await,
            Builtin::Time => self.time(tail).await?,
            Builtin::Title => self.title(tail),
            Builtin::Type => self.type_files(tail),
            Builtin::Ver => self.ver(tail),
            Builtin::Verify => self.verify(tail),
            Builtin::Vol => self.vol(tail),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_at_certain_signs() {
        let rows = [
            ("ECHO", Some((Builtin::Echo, ""))),
            ("echo.x", Some((Builtin::Echo, ".x"))),
            ("echo(x", Some((Builtin::Echo, "(x"))),
            ("cd..", Some((Builtin::Cd, ".."))),
            ("cd\\", Some((Builtin::Cd, "\\"))),
            ("dir/w", Some((Builtin::Dir, "/w"))),
            ("echo1", None),
            ("\"echo\"", None),
            ("", None),
        ];
        for (word, expected) in rows {
            assert_eq!(named(word), expected, "{word}");
        }
    }
}
