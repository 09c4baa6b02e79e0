//! How the C runtime splits a command line into arguments (Microsoft's "Parsing C command-line arguments").

/// The arguments in `tail`, which is what follows the program's name.
pub fn split(tail: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut quoted = false;
    let mut chars = tail.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' if !quoted => arguments.extend(current.take()),
            '"' => {
                let text = current.get_or_insert_default();
                // Two quotes inside quotes are one that is meant.
                if quoted && chars.next_if_eq(&'"').is_some() {
                    text.push('"');
                } else {
                    quoted = !quoted;
                }
            }
            '\\' => {
                let mut slashes = 1;
                while chars.next_if_eq(&'\\').is_some() {
                    slashes += 1;
                }
                let text = current.get_or_insert_default();
                if chars.peek() == Some(&'"') {
                    text.extend(std::iter::repeat_n('\\', slashes / 2));
                    if slashes % 2 == 1 {
                        chars.next();
                        text.push('"');
                    }
                } else {
                    text.extend(std::iter::repeat_n('\\', slashes));
                }
            }
            c => current.get_or_insert_default().push(c),
        }
    }
    arguments.extend(current);
    arguments
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_examples_of_the_documentation() {
        for (tail, arguments) in [
            (r#" "a b c" d e"#, &["a b c", "d", "e"][..]),
            (r#""ab\"c" "\\" d"#, &[r#"ab"c"#, r"\", "d"]),
            (r#"a\\\b d"e f"g h"#, &[r"a\\\b", "de fg", "h"]),
            (r#"a\\\"b c d"#, &[r#"a\"b"#, "c", "d"]),
            (r#"a\\\\"b c" d e"#, &[r"a\\b c", "d", "e"]),
            (r#"a"b"" c d"#, &[r#"ab" c d"#]),
            (
                r#"start= auto  obj= "NT Authority\NetworkService""#,
                &["start=", "auto", "obj=", r"NT Authority\NetworkService"],
            ),
            (r#""" x"#, &["", "x"]),
            ("", &[]),
        ] {
            assert_eq!(split(tail), arguments, "{tail}");
        }
    }
}
