//! `sacpilot fmt`: the same script, laid out alike. Nothing changes its order, and every comment stays; what changes is the
//! indentation, blanks between the parts of a line and at its end, line ends, blank lines, and the blank behind the `#` of
//! a comment. What texts say stays as it is.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::ScalarStyle;

use crate::script::yaml::{self, Kind, Node};

/// How far what belongs to a key, or to an item of a list, stands behind it.
const STEP: usize = 2;

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
    let mut layout = Layout::new(&text);
    layout.node(&tree, 0, 0);
    let steps = layout.steps(&tree);
    let formatted = layout.written(&steps);
    match yaml::parse(&formatted) {
        (Some(after), problems) if problems.is_empty() && same(&tree, &after) => Ok(formatted),
        _ => Err(FormatError::Differs),
    }
}

/// What becomes of each line.
struct Layout<'a> {
    text: &'a str,
    /// Where each line begins.
    starts: Vec<usize>,
    /// Lines with a key, an item or a text, by their number.
    lines: BTreeMap<usize, Line>,
    /// Parts of lines that are written in another way.
    edits: Vec<(Range<usize>, String)>,
}

/// What becomes of a line that is no comment.
enum Line {
    /// Its keys, items and texts begin behind these blanks and dashes; in the file they begin there.
    Begins { with: String, at: usize },
    /// It goes on with what began further up, and moves with it.
    Moves { by: isize },
    /// It is a line of a block of text, whose own lines move from the first column to the second.
    Text { from: usize, to: usize },
}

impl<'a> Layout<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts, lines: BTreeMap::new(), edits: Vec::new() }
    }

    fn line_of(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at) - 1
    }

    fn line(&self, number: usize) -> &'a str {
        self.text[self.starts[number]..].lines().next().unwrap_or_default()
    }

    /// How far it stands from the left, in characters.
    fn column(&self, at: usize) -> usize {
        self.text[self.starts[self.line_of(at)]..at].chars().count()
    }

    /// Lays out a value that stands `indent` from the left, or behind what began its line. `from`: behind its key or dash.
    fn node(&mut self, node: &Node, indent: usize, from: usize) {
        match &node.kind {
            _ if self.is_flow(node) => {
                self.begins(node.span.start, indent);
                self.flow(node);
            }
            Kind::Scalar { .. } => {
                self.begins(node.span.start, indent);
                self.moves(&node.span);
            }
            Kind::Mapping(entries) => {
                for entry in entries {
                    self.begins(entry.key_span.start, indent);
                    self.behind(entry.key_span.end, &entry.value);
                    match &entry.value.kind {
                        Kind::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. } => {
                            self.block(
                                entry.key_span.end,
                                self.column(entry.key_span.start),
                                &entry.value,
                                indent,
                            );
                        }
                        Kind::Scalar { .. } if entry.value.span.is_empty() => {}
                        _ => self.node(&entry.value, indent + STEP, entry.key_span.end),
                    }
                }
            }
            Kind::Sequence(items) => {
                for (item, dash) in items.iter().zip(self.dashes(from, items)) {
                    let Some(dash) = dash else { continue };
                    self.begins(dash, indent);
                    match &item.kind {
                        Kind::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. } => {
                            self.block(dash, self.column(dash), item, indent);
                        }
                        Kind::Scalar { .. } if item.span.is_empty() => {}
                        _ => {
                            if self.line_of(dash) == self.line_of(item.span.start) {
                                self.edits.push((dash + 1..item.span.start, " ".to_owned()));
                            }
                            self.node(item, indent + STEP, dash + 1);
                        }
                    }
                }
            }
        }
    }

    fn is_flow(&self, node: &Node) -> bool {
        !matches!(node.kind, Kind::Scalar { .. }) && self.text[node.span.start..].starts_with(['{', '['])
    }

    /// Where a value ends that has a place; one that is not there has none.
    fn end_of(&self, node: &Node) -> usize {
        match &node.kind {
            _ if self.is_flow(node) => node.span.end,
            Kind::Scalar { .. } if node.span.is_empty() => 0,
            Kind::Scalar { .. } => node.span.end,
            Kind::Mapping(entries) => {
                entries.last().map_or(0, |entry| entry.key_span.end.max(self.end_of(&entry.value)))
            }
            Kind::Sequence(items) => items.last().map_or(0, |item| self.end_of(item)),
        }
    }

    /// Something begins there. Is it the first of its line, the line is moved.
    fn begins(&mut self, at: usize, indent: usize) {
        let line = self.line_of(at);
        let before = &self.text[self.starts[line]..at];
        if before.trim().is_empty() {
            self.lines.insert(line, Line::Begins { with: " ".repeat(indent), at });
        }
    }

    /// Where the dash of an item stands that is looked for from here on: only blanks and comments come before it.
    fn dash(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = &self.text[at..];
            let said = rest.trim_start_matches([' ', '\t', '\n', ':']);
            at += rest.len() - said.len();
            if !said.starts_with('#') {
                return said.starts_with('-').then_some(at);
            }
            at += said.find('\n')?;
        }
    }

    /// Where each item of a list has its dash that comes from here on.
    fn dashes(&self, mut from: usize, items: &[Node]) -> Vec<Option<usize>> {
        let dash = |item| {
            let dash = self.dash(from);
            from = self.end_of(item).max(dash.map_or(from, |dash| dash + 1));
            dash
        };
        items.iter().map(dash).collect()
    }

    /// One blank between a key and what follows it on its line; a comment stays where it is.
    fn behind(&mut self, key_end: usize, value: &Node) {
        let rest = &self.text[key_end..];
        let line = rest.lines().next().unwrap_or_default();
        let Some(colon) = line.find(':') else { return };
        let after = &line[colon + 1..];
        let said = after.trim_start();
        if said.is_empty() || said.starts_with('#') {
            return;
        }
        let begin = key_end + colon + 1 + (after.len() - said.len());
        // What stands there belongs to the value, or opens its block of text.
        if begin <= value.span.start {
            self.edits.push((key_end..begin, ": ".to_owned()));
        }
    }

    /// Lines that a text or a bracket goes on with.
    fn moves(&mut self, span: &Range<usize>) {
        let first = self.line_of(span.start);
        let by = match self.lines.get(&first) {
            Some(Line::Begins { with, at }) => with.chars().count() as isize - self.column(*at) as isize,
            _ => 0,
        };
        for line in first + 1..=self.line_of(span.end) {
            self.lines.entry(line).or_insert(Line::Moves { by });
        }
    }

    /// A block of text whose key, or dash, ends at `opened`, stood at `column` and stands `indent` from the left now.
    fn block(&mut self, opened: usize, column: usize, value: &Node, indent: usize) {
        let header = self.line_of(opened);
        let said = self.text[opened..].lines().next().unwrap_or_default();
        let said = said.trim_start_matches([':', '-', ' ']).split(' ').next().unwrap_or_default();
        let mut last = self.line_of(value.span.end).max(header);
        // `|+` keeps the blank lines behind it.
        while said.contains('+') && last + 1 < self.starts.len() && self.line(last + 1).trim().is_empty() {
            last += 1;
        }
        let first_text =
            (header + 1..=last).map(|number| self.line(number)).find(|line| !line.trim().is_empty());
        // `|2` says how far it is indented, for a text whose first line begins with blanks.
        let told = said.chars().find_map(|c| c.to_digit(10)).map(|digit| digit as usize);
        let (from, to) = match (told, first_text) {
            (Some(digit), _) => (column + digit, indent + digit),
            (None, Some(line)) => (line.len() - line.trim_start_matches(' ').len(), indent + STEP),
            (None, None) => (0, 0),
        };
        // A line of more blanks than it is indented is one of the text, too.
        let blank = (last + 1..self.starts.len()).take_while(|number| self.line(*number).trim().is_empty());
        let last = blank.filter(|number| self.line(*number).len() > from).last().unwrap_or(last);
        for line in header + 1..=last {
            self.lines.insert(line, Line::Text { from, to });
        }
    }

    /// `{a: 1, b: [2, 3]}`, when it stands on one line; else its lines stay as they are, and move with it.
    fn flow(&mut self, node: &Node) {
        self.moves(&node.span);
        if let Some(written) = self.on_one_line(node) {
            self.edits.push((node.span.clone(), written));
        }
    }

    fn on_one_line(&self, node: &Node) -> Option<String> {
        let source = &self.text[node.span.clone()];
        if source.contains('\n') {
            return None;
        }
        match &node.kind {
            Kind::Scalar { text, .. } if text.is_empty() && source.is_empty() => None,
            Kind::Scalar { .. } => Some(source.to_owned()),
            Kind::Sequence(items) => {
                let items: Option<Vec<String>> = items.iter().map(|item| self.on_one_line(item)).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            Kind::Mapping(entries) => {
                let entries: Option<Vec<String>> = entries
                    .iter()
                    .map(|entry| {
                        let key = &self.text[entry.key_span.clone()];
                        Some(format!("{key}: {}", self.on_one_line(&entry.value)?))
                    })
                    .collect();
                Some(format!("{{{}}}", entries?.join(", ")))
            }
        }
    }

    /// The lines on which the steps of the script begin, but for the first.
    fn steps(&self, script: &Node) -> Vec<usize> {
        let Kind::Mapping(entries) = &script.kind else { return Vec::new() };
        let Some(steps) = entries.iter().find(|entry| entry.key == "steps") else { return Vec::new() };
        let Kind::Sequence(items) = &steps.value.kind else { return Vec::new() };
        let dashes = self.dashes(steps.key_span.end, items);
        dashes.into_iter().skip(1).flatten().map(|dash| self.line_of(dash)).collect()
    }

    /// The whole text. A blank line stands above each step, and above the comments that belong to it.
    fn written(mut self, steps: &[usize]) -> String {
        self.edits.sort_by_key(|(range, _)| range.start);
        let mut lines: Vec<String> = Vec::new();
        let mut starts: Vec<usize> = Vec::new();
        let mut said = 0;
        for number in 0..self.text.lines().count() {
            let line = self.line_written(number);
            let is_text = matches!(self.lines.get(&number), Some(Line::Moves { .. } | Line::Text { .. }));
            if line.is_empty() && !is_text && lines.last().is_none_or(String::is_empty) {
                continue;
            }
            if steps.contains(&number) {
                starts.push(lines.len());
            }
            lines.push(line);
            if is_text {
                said = lines.len();
            }
        }
        let ends = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        lines.truncate(ends.max(said));
        for start in starts.into_iter().rev() {
            // Comments that stand deeper belong to the step above.
            let own = &lines[start][..lines[start].len() - lines[start].trim_start().len()];
            let mut at = start;
            while at > 0 && lines[at - 1].strip_prefix(own).is_some_and(|said| said.starts_with('#')) {
                at -= 1;
            }
            if at > 0 && !lines[at - 1].is_empty() && !lines[at - 1].trim_end().ends_with("steps:") {
                lines.insert(at, String::new());
            }
        }
        lines.join("\n") + "\n"
    }

    fn line_written(&self, number: usize) -> String {
        let line = self.line(number);
        let blanks = line.len() - line.trim_start().len();
        match self.lines.get(&number) {
            Some(Line::Begins { with, at }) => {
                format!("{with}{}", self.edited(*at, number)).trim_end().to_owned()
            }
            Some(Line::Moves { .. }) if line.trim().is_empty() => line.to_owned(),
            Some(Line::Moves { by }) => {
                " ".repeat(blanks.saturating_add_signed(*by))
                    + &self.edited(self.starts[number] + blanks, number)
            }
            // Blanks behind its indentation belong to the text.
            Some(Line::Text { from, to }) => match line.get(*from..) {
                Some(rest) if !rest.is_empty() => " ".repeat(*to) + rest,
                _ => String::new(),
            },
            None => self.comment(number),
        }
    }

    /// A line with its parts as they are written now.
    fn edited(&self, from: usize, number: usize) -> String {
        let end = self.starts[number] + self.line(number).len();
        let mut written = String::new();
        let mut at = from;
        for (range, instead) in self.edits.iter().filter(|(range, _)| range.start >= from && range.end <= end)
        {
            // What stands in brackets was written with them.
            if range.start < at {
                continue;
            }
            written.push_str(&self.text[at..range.start]);
            written.push_str(instead);
            at = range.end;
        }
        written + &self.text[at..end]
    }

    /// A comment stands with what follows it, or, where it stands deeper than that, with what it stood with before.
    /// `#x` becomes `# x`; `#!`, `##` and a comment behind something stay.
    fn comment(&self, number: usize) -> String {
        let line = self.line(number).trim();
        let Some(said) = line.strip_prefix('#') else { return String::new() };
        let column = self.line(number).chars().take_while(|c| *c == ' ').count();
        let begins = |line: &Line| match line {
            Line::Begins { with, at } => Some((self.column(*at), with.chars().count())),
            _ => None,
        };
        let next = self.lines.range(number..).find_map(|(_, line)| begins(line));
        let before = || {
            self.lines
                .range(..number)
                .rev()
                .filter_map(|(_, line)| begins(line))
                .find(|(was, _)| *was <= column)
        };
        let indent = match next {
            Some((was, is)) if column <= was => is,
            _ => before().map_or(0, |(was, is)| if was == column { is } else { is + STEP }),
        };
        // As deep as a block of text above it, it would belong to that.
        let indent = match self.lines.range(..number).next_back() {
            Some((_, Line::Text { to, .. })) => indent.min(to.saturating_sub(STEP)),
            _ => indent,
        };
        let gap = if said.starts_with(char::is_alphanumeric) { " " } else { "" };
        format!("{}#{gap}{said}", " ".repeat(indent))
    }
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
    use crate::script::library::Library;

    #[test]
    fn comments_and_texts_are_kept() {
        let text = "script: x\r\ntitle: 'a'   \n\n\n\n#first\nabout: |\n  two  \n\n\n  lines\n\n    \n\nsteps:\n  - id: a # here\n    run: 'x'\n  #about b\n  - id: b\n    run: |\n      y  \n\n\n";
        let formatted = format(text).unwrap();
        assert_eq!(
            formatted,
            "script: x\ntitle: 'a'\n\n# first\nabout: |\n  two  \n\n\n  lines\n\n    \n\nsteps:\n  - id: a # here\n    run: 'x'\n\n  # about b\n  - id: b\n    run: |\n      y  \n"
        );
        assert_eq!(format(&formatted).unwrap(), formatted);
        assert_eq!(format("a: [1"), Err(FormatError::NotYaml));
        assert_eq!(format("a\t:\n- # y 'x'\n").unwrap(), "a\t:\n  - # y 'x'\n");
        assert_eq!(format("a: |\n  x\n # y\nb: 'z'\n").unwrap(), "a: |\n  x\n# y\nb: 'z'\n");
    }

    #[test]
    fn everything_stands_two_blanks_behind_what_it_belongs_to() {
        let text = "\
# of the script
script:    x
params:
      list: { type:  list,default: [ 'a','b' ] }   # in brackets
      # the last of them
      long:
              'on its own
                line'
# of the first step
steps:
# of it too
- id:   a
  when:
    'x'
  # inside
  run: |2
      deeper
    than this
  # behind it
-
     # of c
     id: c
     list:
     - |-
         one

          two
     -   - 'three'
         - 'four'
     -
     many: [
       1,   # why
       2]
     none:
     -  # nothing - at all
     - 'x'
     -
kept: |+
    to the end

";
        let laid_out = "\
# of the script
script: x
params:
  list: {type: list, default: ['a', 'b']}   # in brackets
  # the last of them
  long:
    'on its own
      line'
# of the first step
steps:
  # of it too
  - id: a
    when:
      'x'
    # inside
    run: |2
        deeper
      than this
    # behind it

  -
    # of c
    id: c
    list:
      - |-
        one

         two
      - - 'three'
        - 'four'
      -
    many: [
      1,   # why
      2]
    none:
      -  # nothing - at all
      - 'x'
      -
kept: |+
  to the end

";
        assert_eq!(format(text).unwrap(), laid_out);
        assert_eq!(format(laid_out).unwrap(), laid_out);
    }

    /// Twice as deep, as another editor would have it.
    fn twice_as_deep(script: &str) -> String {
        let mut deep = String::new();
        let mut text: Option<usize> = None;
        for line in script.lines() {
            let said = line.trim_start_matches(' ');
            let column = line.len() - said.len();
            if let Some(of_text) = text.filter(|of_text| said.is_empty() || column >= *of_text) {
                let blanks = if said.is_empty() { 0 } else { column + of_text };
                deep.push_str(&" ".repeat(blanks));
                deep.push_str(said);
            } else {
                let mut rest = said;
                deep.push_str(&" ".repeat(column * 2));
                let mut begins = column;
                while let Some(item) = rest.strip_prefix("- ") {
                    deep.push_str("-   ");
                    rest = item;
                    begins += 2;
                }
                deep.push_str(rest);
                text = rest.ends_with(": |").then_some(begins + 2);
            }
            deep.push('\n');
        }
        deep
    }

    #[test]
    fn scripts_that_ship_are_laid_out_and_come_back_from_another_indentation() {
        let library = Library::embedded();
        for name in library.names() {
            let script = library.source(&name).unwrap().text.clone();
            assert!(format(&script).as_ref() == Ok(&script), "{name}: {}", format(&script).unwrap());
            let deep = twice_as_deep(&script);
            assert_ne!(deep, script, "{name}");
            assert!(format(&deep).as_ref() == Ok(&script), "{name}: {:?}", format(&deep));
        }
    }
}
