//! `sacpilot fmt`: the same script, laid out alike. It moves nothing and keeps every comment; what it changes are blanks at
//! the ends of lines, line ends, blank lines, and the blank behind the `#` of a comment. Texts stay as they are.

use std::collections::BTreeSet;

use crate::script::yaml::{self, Kind, Node};

/// A file that is not laid out anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It cannot be read.
    #[error("it is not YAML that scripts may use")]
    NotYaml,
    /// What was laid out anew would not say the same.
    #[error("it would not say the same any more; please report this file")]
    Differs,
}

/// The text laid out anew. What it says is proven to be the same.
///
/// # Errors
/// [`FormatError`]
pub fn format(text: &str) -> Result<String, FormatError> {
    let text = text.replace("\r\n", "\n");
    let (Some(tree), problems) = yaml::parse(&text) else { return Err(FormatError::NotYaml) };
    if !problems.is_empty() {
        return Err(FormatError::NotYaml);
    }
    let fixed = texts(&tree, &text);
    let firsts = items_of_steps(&tree, &text);
    let mut lines: Vec<String> = Vec::new();
    let mut starts: Vec<usize> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if fixed.contains(&number) {
            lines.push(line.to_owned());
            continue;
        }
        let line = comment(line.trim_end());
        let blank = lines.len().checked_sub(1).is_none_or(|last| lines[last].is_empty());
        if line.is_empty() && blank {
            continue;
        }
        if firsts.contains(&number) {
            starts.push(lines.len());
        }
        lines.push(line);
    }
    // A blank line above each step, and above the comments that belong to it.
    for start in starts.into_iter().rev() {
        let mut at = start;
        while at > 0 && lines[at - 1].trim_start().starts_with('#') {
            at -= 1;
        }
        if at > 0 && !lines[at - 1].is_empty() && !lines[at - 1].trim_end().ends_with("steps:") {
            lines.insert(at, String::new());
        }
    }
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let formatted = lines.join("\n") + "\n";
    match yaml::parse(&formatted) {
        (Some(after), problems) if problems.is_empty() && same(&tree, &after) => Ok(formatted),
        _ => Err(FormatError::Differs),
    }
}

/// `#x` becomes `# x`; `#!`, `##` and a comment behind something stay.
fn comment(line: &str) -> String {
    let rest = line.trim_start();
    match rest.strip_prefix('#') {
        Some(said) if said.starts_with(|c: char| c.is_alphanumeric()) => {
            format!("{}# {said}", &line[..line.len() - rest.len()])
        }
        _ => line.to_owned(),
    }
}

/// The lines that belong to a text of several lines: blanks count in them.
fn texts(node: &Node, text: &str) -> BTreeSet<usize> {
    let line_of = |at: usize| text[..at].matches('\n').count();
    let mut found = BTreeSet::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match &node.kind {
            Kind::Scalar { .. } => {
                let (first, last) = (line_of(node.span.start), line_of(node.span.end));
                let ends_before = text[..node.span.end].ends_with('\n');
                let last = if ends_before { last.saturating_sub(1) } else { last };
                if last > first || text[..node.span.start].trim_end().ends_with(['|', '>', '-', '+']) {
                    found.extend(first..=last);
                }
            }
            Kind::Sequence(items) => open.extend(items),
            Kind::Mapping(entries) => open.extend(entries.iter().map(|entry| &entry.value)),
        }
    }
    found
}

/// The lines on which the steps of the script begin.
fn items_of_steps(node: &Node, text: &str) -> BTreeSet<usize> {
    let Kind::Mapping(entries) = &node.kind else { return BTreeSet::new() };
    let steps = entries.iter().find(|entry| entry.key == "steps").map(|entry| &entry.value.kind);
    let Some(Kind::Sequence(steps)) = steps else { return BTreeSet::new() };
    steps.iter().skip(1).map(|step| text[..step.span.start].matches('\n').count()).collect()
}

/// Whether two trees say the same, wherever it stands.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Scalar { text: a, style: one }, Kind::Scalar { text: b, style: other }) => {
            a == b && one == other
        }
        (Kind::Sequence(a), Kind::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Kind::Mapping(a), Kind::Mapping(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.key == b.key && same(&a.value, &b.value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_kept() {
        let text = "script: x\r\ntitle: 'a'   \n\n\n\n#first\nabout: |\n  two  \n\n\n  lines\n\nsteps:\n  - id: a # here\n    run: 'x'\n  #about b\n  - id: b\n    run: |\n      y  \n\n\n";
        let formatted = format(text).unwrap();
        assert_eq!(
            formatted,
            "script: x\ntitle: 'a'\n\n# first\nabout: |\n  two  \n\n\n  lines\n\nsteps:\n  - id: a # here\n    run: 'x'\n\n  # about b\n  - id: b\n    run: |\n      y  \n"
        );
        assert_eq!(format(&formatted).unwrap(), formatted);
        assert_eq!(format("a: [1"), Err(FormatError::NotYaml));
    }
}
