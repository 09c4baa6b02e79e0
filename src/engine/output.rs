//! What a command printed, as it stands in events: whole, unless it is very long.

use super::event::Output;

/// Lines kept of a long output, at its start and at its end.
const KEPT_LINES: usize = 200;

/// Characters kept of a long output, at its start and at its end.
const KEPT_CHARS: usize = 20_000;

impl Output {
    /// `text` with the line ends of the machine. The middle of a very long one is left out, and counted.
    pub fn of(text: &str) -> Self {
        let chars = text.chars().count();
        let text = text.replace("\r\n", "\n");
        let lines: Vec<&str> = text.lines().collect();
        let head = fitting(lines.iter());
        if head == lines.len() {
            return Self { text, chars, omitted_lines: 0 };
        }
        let tail = fitting(lines[head..].iter().rev());
        let omitted_lines = lines.len() - head - tail;
        if omitted_lines == 0 {
            return Self { text, chars, omitted_lines };
        }
        let mark = format!("[… {omitted_lines} lines left out …]");
        let mut kept: Vec<&str> = lines[..head].to_vec();
        kept.push(&mark);
        kept.extend(&lines[lines.len() - tail..]);
        Self { text: kept.join("\n") + "\n", chars, omitted_lines }
    }
}

/// How many of these lines are kept.
fn fitting<'a, L: AsRef<str> + 'a>(lines: impl Iterator<Item = L>) -> usize {
    let mut chars = 0;
    lines
        .take(KEPT_LINES)
        .take_while(|line| {
            chars += line.as_ref().chars().count();
            chars <= KEPT_CHARS
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_output_is_whole() {
        for (text, expected) in
            [("", ""), ("a\r\nb\r\n", "a\nb\n"), ("no end", "no end"), ("\r\n\r\n", "\n\n")]
        {
            let output = Output::of(text);
            assert_eq!(output.text, expected);
            assert_eq!((output.chars, output.omitted_lines), (text.chars().count(), 0));
        }
    }

    #[test]
    fn the_middle_of_a_long_one_is_left_out_and_counted() {
        let lines: Vec<String> = (1..=1000).map(|n| format!("line {n}\r\n")).collect();
        let text = lines.concat();
        let output = Output::of(&text);
        assert_eq!(output.omitted_lines, 600);
        assert_eq!(output.chars, text.len());
        let lines: Vec<&str> = output.text.lines().collect();
        assert_eq!(lines.len(), 401);
        assert_eq!(lines[199..202], ["line 200", "[… 600 lines left out …]", "line 801"]);
    }

    #[test]
    fn one_endless_line_is_left_out_whole() {
        let text = format!("start\n{}\nend\n", "x".repeat(50_000));
        let output = Output::of(&text);
        assert_eq!(output.text, "start\n[… 1 lines left out …]\nend\n");
        assert_eq!((output.omitted_lines, output.chars), (1, 50_011));
    }
}
