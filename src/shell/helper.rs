//! The session's own helper on the machine: a small batch file that tells exit code, size and hash of the last
//! output and shows it in pages. Temporary: named after the session, deleted when it ends.

use super::escape::escape_for_child;

/// The helper, line by line. `%SP%` is the common start of the session's file names, without blanks.
///
/// Where `%SP%.s` says that a changing command was started, it becomes `%SP%.e` with the exit code behind it: the
/// receipt by which a run that lost its line learns what became of the command.
///
/// First call, `%SP% 17`: exit code of what ran before, size, SHA-256, and the first page of the base64 of `%SP%.o`.
/// Later calls, `%SP% 18 2[0-9] 3[0-9]`: the lines whose numbers match. `certutil` is on every Windows since 2008;
/// older ones print the hash with blanks between the bytes.
const LINES: [&str; 14] = [
    "@setlocal&set R=%errorlevel%&set H=&set Z=",
    "@if exist %SP%.s (move /y %SP%.s %SP%.e>nul&>>%SP%.e echo %R%)",
    "@cls&if not \"%2\"==\"\" goto p",
    "@for %%A in (%SP%.o) do @set Z=%%~zA",
    "@if not defined Z set Z=-",
    "@for /f \"skip=1 delims=\" %%A in ('certutil -hashfile %SP%.o SHA256') do @if not defined H set H=%%A",
    "@certutil -f -encode %SP%.o %SP%.b>nul 2>&1",
    "@del %SP%.o>nul 2>&1",
    "@echo #%1 %R% %Z%&echo %H: =%",
    "@if not \"%Z%\"==\"0\" findstr /n \"^\" %SP%.b|findstr /r \"^[0-9]: ^1[0-9]:\"",
    "@goto :eof",
    ":p",
    "@echo #%1",
    "@findstr /n \"^\" %SP%.b|findstr /r \"^%2: ^%3:\"",
];

/// The longest line that is typed to write it.
const LONGEST: usize = 420;

/// The lines to type at an interactive cmd so that the helper is written.
pub(super) fn upload() -> Vec<String> {
    let mut typed: Vec<String> = Vec::new();
    let mut group = String::new();
    for line in LINES {
        let echo = format!("echo {}", escape_for_child(line));
        if !group.is_empty() && group.len() + echo.len() > LONGEST {
            typed.push(std::mem::take(&mut group));
        }
        if !group.is_empty() {
            group.push('&');
        }
        group.push_str(&echo);
    }
    typed.push(group);
    typed
        .iter()
        .enumerate()
        .map(|(index, group)| format!("({group}){}%SP%.cmd ", if index == 0 { ">" } else { ">>" }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_helper_is_typed_in_few_lines_of_a_safe_length() {
        let typed = upload();
        assert!(typed.len() <= 4, "{}", typed.len());
        assert!(typed.iter().all(|line| line.len() < LONGEST + 40));
        assert!(typed[0].ends_with(")>%SP%.cmd ") && typed[1].ends_with(")>>%SP%.cmd "));
        assert!(
            typed[0].starts_with(
                "(echo @setlocal^&set R=%^errorlevel%^&set H=^&set Z=&echo @if exist %^SP%^.s ^(move /y "
            ),
            "{}",
            typed[0]
        );
    }
}
