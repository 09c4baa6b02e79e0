//! The session's own helper on the machine: a small batch file that tells exit code, size and hash of the last
//! output and shows it in pages. Temporary: named after the session, deleted when it ends.
//!
//! Everything that counts comes with a SHA-256 made on the machine, so that nothing the line does can pass for an
//! answer. Which command was last started, and which one ended how, stands in files that outlive the shell, the
//! login and the line: after any loss they tell whether a command ran.

use sha2::{Digest, Sha256};

use super::escape::escape_for_child;
use super::fetch::hex;

/// The helper, line by line. `%SP%` is the common start of the session's file names, without blanks. Calls:
///
/// Where `%SP%.s` says that a changing command was started, it becomes `%SP%.e` with the exit code behind it: the
/// receipt by which a run that lost its line, or its program, learns what became of the command.
///
/// - `%SP% 17kbd`: exit code of what ran before, size and SHA-256 of `%SP%.o`, all of it kept in `%SP%.h`, and the
///   first page of its base64.
/// - `%SP% 17kbd r 3 0123456789abcdef 45`: makes the command from the hex in `%SP%.x1` to `%SP%.x3` and runs it only
///   when its SHA-256 begins so, with the receipt 45, where one is given; then the same. `?` says that it differs and was not run.
/// - `%SP% 18xyz h`: the same report of the last command again, without a page.
/// - `%SP% 19abc 2[0-9] 3[0-9]`: the lines of the base64 whose numbers match.
///
/// `certutil` is on every Windows since 2008; older ones print the hash with blanks between the bytes.
const LINES: [&str; 44] = [
    "@setlocal&set R=%errorlevel%&set S=-&set D=- - -&set H=&set K=&set Z=",
    "@cls",
    "@if \"%2\"==\"h\" goto h",
    "@if \"%2\"==\"r\" goto r",
    "@if not \"%2\"==\"\" goto p",
    ":e",
    "@if exist %SP%.s (move /y %SP%.s %SP%.e>nul&>>%SP%.e echo %R%)",
    "@for %%A in (%SP%.o) do @set Z=%%~zA",
    "@if not defined Z set Z=-",
    "@for /f \"skip=1 delims=\" %%A in ('certutil -hashfile %SP%.o SHA256') do @if not defined H set H=%%A",
    "@if \"%Z%\"==\"0\" set H=-",
    "@if not defined H set H=-",
    "@certutil -f -encode %SP%.o %SP%.b>nul 2>&1",
    "@del %SP%.o>nul 2>&1",
    "@set D=%1 %R% %Z%&set H=%H: =%",
    "@(echo %D%&echo %H%)>%SP%.h",
    "@goto k",
    ":h",
    "@if exist %SP%.h for /f \"delims=\" %%A in (%SP%.h) do @if defined Z (set H=%%A) else (set D=%%A&set Z=1)",
    ":k",
    "@if exist %SP%.m for /f %%A in (%SP%.m) do @set S=%%A",
    "@del %SP%.q>nul 2>&1",
    "@(echo #%1 %S% %D%&echo %H%)>%SP%.q",
    "@for /f \"skip=1 delims=\" %%A in ('certutil -hashfile %SP%.q SHA256') do @if not defined K set K=%%A",
    "@if not defined K set K=-",
    "@echo #%1 %S% %D%&echo %H%&echo %K: =%",
    "@if \"%2\"==\"h\" goto :eof",
    "@if not \"%Z%\"==\"0\" findstr /n \"^\" %SP%.b|findstr /r \"^[0-9]: ^1[0-9]:\"",
    "@goto :eof",
    ":r",
    "@(for /l %%I in (1,1,%3) do @type %SP%.x%%I)>%SP%.x",
    "@certutil -f -decodehex %SP%.x %SP%.c>nul 2>&1",
    "@for /f \"skip=1 delims=\" %%A in ('certutil -hashfile %SP%.c SHA256') do @if not defined K set K=%%A",
    "@set K=%K: =%",
    "@if not \"%K:~0,16%\"==\"%4\" echo #%1 ?&goto :eof",
    "@set K=&>%SP%.m echo %1",
    "@if not \"%5\"==\"\" >%SP%.s echo %5",
    "@setlocal enabledelayedexpansion",
    "@set /p C=<%SP%.c",
    "@>%SP%.o 2>&1<nul cmd /d/s/c \"!C:* =!\"",
    "@set R=%errorlevel%",
    "@endlocal&set R=%R%",
    "@goto e",
    ":p",
];
/// The end of the helper: a page.
const PAGE: [&str; 2] = ["@echo #%1", "@findstr /n \"^\" %SP%.b|findstr /r \"^%2: ^%3:\""];

/// The longest line that is typed to write it: each costs the wait for its prompt.
const LONGEST: usize = 860;
/// … on a line that was lost before: what was typed of it may have to be typed again.
const LONGEST_CUT: usize = 420;
/// … on a line that alters bytes: each try of a short one is likelier to come out right.
const LONGEST_NOISY: usize = 60;

/// How it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The line is as it should be: in few lines, each of which is added to the file.
    Good,
    /// It was lost before: the same lines, each with a file of its own, so that any can be typed once more and those that
    /// are there stay.
    Cut,
    /// It alters bytes: many short ones, each with a file of its own.
    Noisy,
}

/// The lines of the helper.
pub(super) fn lines() -> Vec<&'static str> {
    LINES.iter().chain(&PAGE).copied().collect()
}

/// The lines to type at an interactive cmd so that a batch file is written. Each is in parentheses: cmd executes
/// nothing of a line that ends too early.
pub(super) fn upload(lines: &[&str], path: &str, line: Line) -> Vec<String> {
    let longest = match line {
        Line::Good => LONGEST,
        Line::Cut => LONGEST_CUT,
        Line::Noisy => LONGEST_NOISY,
    };
    let mut typed: Vec<String> = Vec::new();
    let mut group = String::new();
    for line in lines {
        let echo = format!("echo {}", escape_for_child(line));
        if !group.is_empty() && group.len() + echo.len() > longest {
            typed.push(std::mem::take(&mut group));
        }
        if !group.is_empty() {
            group.push('&');
        }
        group.push_str(&echo);
    }
    typed.push(group);
    let pieces = typed.len();
    let mut typed: Vec<String> = typed
        .iter()
        .enumerate()
        .map(|(index, group)| match line {
            Line::Good => format!("(({group}){}{path})", if index == 0 { ">" } else { ">>" }),
            Line::Cut | Line::Noisy => format!("(({group})>%SP%.u{})", index + 1),
        })
        .collect();
    if line != Line::Good {
        typed.push(format!("((for /l %i in (1,1,{pieces}) do @type %SP%.u%i)>{path})"));
    }
    typed
}

/// How much of a batch file stands on the machine.
#[derive(Debug, Clone)]
pub(super) struct Written {
    path: String,
    line: Line,
    /// How many of its lines were executed.
    pub(super) lines: usize,
}

impl Default for Written {
    fn default() -> Self {
        Self { path: String::new(), line: Line::Good, lines: 0 }
    }
}

impl Written {
    /// The lines of the batch file that are still to be typed.
    pub(super) fn rest(&mut self, lines: &[&str], path: &str, line: Line) -> Vec<String> {
        // What is added to a file must not be added twice.
        if self.line != line || line == Line::Good || self.path != path {
            *self = Self { path: path.to_owned(), line, lines: 0 };
        }
        upload(lines, path, line).split_off(self.lines)
    }
}

/// SHA-256 of a batch file as it must stand on the machine.
pub(super) fn hash(lines: &[&str]) -> String {
    let text: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
    hex(&Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_helper_is_typed_in_few_lines_of_a_safe_length() {
        let typed = upload(&lines(), "%SP%.cmd", Line::Good);
        assert!(typed.len() <= 4, "{}", typed.len());
        assert!(typed.iter().all(|line| line.len() < LONGEST + 40));
        assert!(typed[0].ends_with(")>%SP%.cmd)") && typed[1].ends_with(")>>%SP%.cmd)"));
        assert!(
            typed[0]
                .starts_with("((echo @setlocal^&set R=%^errorlevel%^&set S=-^&set D=- - -^&set H=^&set K=")
        );
        assert!(upload(&lines(), "%SP%.cmd", Line::Noisy).iter().all(|line| line.len() < 170));
    }

    #[test]
    fn on_a_line_that_is_lost_it_goes_on_where_it_was() {
        let (mut written, batch, path) = (Written::default(), lines(), "%SP%.cmd");
        let whole = written.rest(&batch, path, Line::Cut);
        assert_eq!(whole, upload(&batch, path, Line::Cut));
        assert!(whole.iter().all(|line| line.len() < LONGEST_CUT + 40));
        written.lines = 4;
        assert_eq!(written.rest(&batch, path, Line::Cut), whole[4..]);
        assert_eq!(
            written.rest(&batch, path, Line::Noisy),
            upload(&batch, path, Line::Noisy),
            "other pieces"
        );
        written.lines = 4;
        assert_eq!(written.rest(&batch, "other", Line::Noisy), upload(&batch, "other", Line::Noisy));
        written.rest(&batch, path, Line::Good);
        written.lines = 4;
        assert_eq!(written.rest(&batch, path, Line::Good), upload(&batch, path, Line::Good), "added once");
    }
}
