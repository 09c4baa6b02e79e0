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

/// The commands that a line of a session carries to children: what [`escape_for_child`] was given, one or several. None of
/// them holds an `&` without its caret, so what follows the closing quote in our lines ends each.
pub fn carried_commands(line: &str) -> Vec<String> {
    const BEGIN: &str = "cmd /d/s/c ^\"";
    const ENDS: [&str; 3] = ["^\"&%SP% ", "^\"&call echo #", "^\" &&>>%SP%.d "];
    let mut commands = Vec::new();
    let mut rest = line;
    while let Some((_, behind)) = rest.split_once(BEGIN) {
        let end = ENDS.iter().filter_map(|end| behind.find(end)).min();
        let Some(end) = end else { break };
        commands.push(unescaped(&behind[..end]));
        rest = &behind[end..];
    }
    commands
}

fn unescaped(escaped: &str) -> String {
    let mut command = String::with_capacity(escaped.len());
    let mut characters = escaped.chars();
    while let Some(character) = characters.next() {
        command.extend(if character == '^' { characters.next() } else { Some(character) });
    }
    command
}

fn is_special(character: char) -> bool {
    matches!(character, '"' | '&' | '|' | '<' | '>' | '^' | '(' | ')')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::together::children;

    #[test]
    fn other_lines_carry_no_command() {
        for line in ["", "(%SP% 2pkj)", "cmd /d/s/c ^\"ver^\"", "dir ^\"&%SP% x"] {
            assert!(carried_commands(line).is_empty(), "{line}");
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
            assert_eq!(carried_commands(&line), [command]);
            let talk = format!("((>%SP%.d echo 7||x)&&cmd /d/s/c ^\"{escaped}^\" &&>>%SP%.d echo 0)");
            assert_eq!(carried_commands(&talk), [command]);
            let both = children(&[command, "cmd /d/s/c \"ver\"", command], "2pkj");
            assert_eq!(carried_commands(&both), [command, "cmd /d/s/c \"ver\"", command]);
        }
    }
}
