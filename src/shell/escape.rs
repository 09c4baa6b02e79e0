//! Carries a command unchanged through the interactive cmd to a child `cmd /d /s /c "…"`.

/// The command with every character escaped that the outer cmd would act on; goes between `cmd /d/s/c ^"` and `^"`
/// (`/s` takes off exactly those two quotes).
///
/// Quotes are escaped too, so the outer cmd is never inside quotes and one rule serves for all: a caret before each
/// special character. A caret after each percent sign keeps the outer cmd from expanding a variable (no variable's
/// name begins with a caret, and an interactive cmd leaves unknown ones as they are); the outer cmd takes that caret
/// off again, and the child expands once, as at its own prompt.
pub fn escape_for_child(command: &str) -> String {
    let mut escaped = String::with_capacity(command.len() + 16);
    let mut characters = command.chars().peekable();
    while let Some(character) = characters.next() {
        if is_special(character) {
            escaped.push('^');
        }
        escaped.push(character);
        // Before a special character, and before the closing quote, there stands a caret already.
        if character == '%' && characters.peek().is_some_and(|next| !is_special(*next)) {
            escaped.push('^');
        }
    }
    escaped
}

/// The command in a line of ours that carries one: what [`escape_for_child`] took, found again.
pub fn carried_command(line: &str) -> Option<String> {
    let (_, behind) = line.split_once("cmd /d/s/c ^\"")?;
    let end = behind.rfind("^\"&%SP% ").or_else(|| behind.rfind("^\" &&>>%SP%.d "))?;
    let mut command = String::with_capacity(end);
    let mut characters = behind[..end].chars();
    while let Some(character) = characters.next() {
        command.extend(if character == '^' { characters.next() } else { Some(character) });
    }
    Some(command)
}

fn is_special(character: char) -> bool {
    matches!(character, '"' | '&' | '|' | '<' | '>' | '^' | '(' | ')')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_lines_carry_no_command() {
        for line in ["", "(%SP% 2pkj)", "cmd /d/s/c ^\"ver^\"", "dir ^\"&%SP% x"] {
            assert_eq!(carried_command(line), None, "{line}");
        }
    }

    #[test]
    fn what_the_outer_cmd_would_act_on_is_escaped() {
        for (command, escaped) in [
            ("ver", "ver"),
            (r#"reg query "HKLM\A B" /v X"#, r#"reg query ^"HKLM\A B^" /v X"#),
            ("a & b | c > d", "a ^& b ^| c ^> d"),
            ("echo %PATH%", "echo %^PATH%"),
            (r#"dir "%A%""#, r#"dir ^"%^A%^""#),
            ("for %i in (1) do @echo %i", "for %^i in ^(1^) do @echo %^i"),
            ("echo a^^b", "echo a^^^^b"),
        ] {
            assert_eq!(escape_for_child(command), escaped);
            let line = format!("(>%SP%.m echo 2pkj&>%SP%.o 2>&1<nul cmd /d/s/c ^\"{escaped}^\"&%SP% 2pkj)");
            assert_eq!(carried_command(&line).as_deref(), Some(command));
            let talk = format!("((>%SP%.d echo 7||x)&&cmd /d/s/c ^\"{escaped}^\" &&>>%SP%.d echo 0)");
            assert_eq!(carried_command(&talk).as_deref(), Some(command));
        }
    }
}
