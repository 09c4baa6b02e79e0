//! YAML text → a tree that knows where everything stands and how it was written.
//!
//! Built on the event parser below serde-saphyr, since only events tell single quotes from double ones, and an
//! anchor from what it names. What a script may not hold is refused here: anchors, aliases, merge keys, tags,
//! directives, several documents, keys that are not text.

use std::ops::Range;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError};

use crate::script::codes::{self, Code};

/// Largest file.
const LARGEST: usize = 256 * 1024;

/// Deepest nesting.
const DEEPEST: usize = 24;

/// A value in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Number of the node in the file, for error recovery.
    pub id: usize,
    /// Bytes in the file. Quotes belong to it; of a block scalar, the content.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text, number, truth value: whoever reads it decides.
    Scalar {
        /// After YAML's own escapes.
        text: String,
        /// How it was written.
        style: ScalarStyle,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values, in order. Keys may repeat here.
    Mapping(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Range<usize>,
    /// The value.
    pub value: Node,
}

/// Something that may not be in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The code.
    pub code: &'static Code,
    /// Where.
    pub span: Range<usize>,
    /// What.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Reads a file. `None` for the tree: it can't be read at all, and the last problem says why.
pub fn parse(text: &str) -> (Option<Node>, Vec<Problem>) {
    if text.len() > LARGEST {
        let message = format!("the file is larger than {} KiB", LARGEST / 1024);
        return (None, vec![problem(&codes::DOCUMENT, 0..0, message, None)]);
    }
    let mut options = Options::default();
    options.disallow_directives = true;
    options.emit_unresolved_aliases = true;
    options.emit_anchor_events = true;
    options.emit_comments = false;
    options.flow_nesting_limit = DEEPEST;
    options.block_nesting_limit = DEEPEST;
    let mut builder =
        Builder { text, next_id: 0, open: Vec::new(), root: None, documents: 0, problems: Vec::new() };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or(0..0);
                let range = range.start.min(text.len())..range.end.min(text.len());
                let tag = span.tag_span().and_then(|span| span.byte_range());
                builder.event(event, range, tag);
            }
            Err(error) => {
                builder.problems.push(syntax(text, &error));
                return (None, builder.problems);
            }
        }
    }
    if builder.root.is_none() {
        builder.problems.push(problem(&codes::SYNTAX, 0..0, "the file is empty".to_owned(), None));
    }
    (builder.root, builder.problems)
}

struct Builder<'a> {
    text: &'a str,
    next_id: usize,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    problems: Vec<Problem>,
}

/// A collection that is being read.
enum Open {
    Sequence { id: usize, start: usize, items: Vec<Node> },
    Mapping { id: usize, start: usize, entries: Vec<Entry>, key: Option<(String, Range<usize>)> },
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Range<usize>, tag: Option<Range<usize>>) {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents == 2 {
                    let help = Some("put each script into a file of its own".to_owned());
                    let message = "a second document starts here".to_owned();
                    self.problems.push(problem(&codes::DOCUMENT, span, message, help));
                }
            }
            Event::Anchor(_, name) => {
                let message = format!("anchor `&{name}`");
                self.problems.push(problem(&codes::ANCHOR, span, message, Some(written_out())));
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let message = format!("alias `{}`", self.text.get(span.clone()).unwrap_or("*"));
                self.problems.push(problem(&codes::ANCHOR, span.clone(), message, Some(written_out())));
                self.scalar(String::new(), ScalarStyle::Plain, span);
            }
            Event::Scalar(text, style, _, event_tag) => {
                self.tag(event_tag.is_some(), tag.unwrap_or(span.clone()));
                self.scalar(text.into_owned(), style, span);
            }
            Event::SequenceStart(_, _, event_tag) => {
                self.tag(event_tag.is_some(), tag.unwrap_or(span.clone()));
                let id = self.id();
                self.open.push(Open::Sequence { id, start: span.start, items: Vec::new() });
            }
            Event::MappingStart(_, _, event_tag) => {
                self.tag(event_tag.is_some(), tag.unwrap_or(span.clone()));
                let id = self.id();
                self.open.push(Open::Mapping { id, start: span.start, entries: Vec::new(), key: None });
            }
            Event::SequenceEnd => {
                if let Some(Open::Sequence { id, start, items }) = self.open.pop() {
                    let end = items.last().map_or(start, |item| item.span.end).max(self.close(&span));
                    self.place(Node { id, span: start..end.max(start), kind: Kind::Sequence(items) });
                }
            }
            Event::MappingEnd => {
                if let Some(Open::Mapping { id, start, entries, .. }) = self.open.pop() {
                    let start = entries.first().map_or(start, |entry| start.min(entry.key_span.start));
                    let end =
                        entries.last().map_or(start, |entry| entry.value.span.end).max(self.close(&span));
                    self.place(Node { id, span: start..end.max(start), kind: Kind::Mapping(entries) });
                }
            }
            _ => {}
        }
    }

    /// End of a closing bracket; block collections have none, and their end event lies far below them.
    fn close(&self, span: &Range<usize>) -> usize {
        match self.text.get(span.clone()) {
            Some("]" | "}") => span.end,
            _ => 0,
        }
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, span: Range<usize>) {
        // A value that is not there comes as `~` without a place of its own.
        let text = if span.is_empty() && style == ScalarStyle::Plain { String::new() } else { text };
        let span = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let start = span.start;
                start..start + self.text[span].trim_end().len()
            }
            _ => span,
        };
        if let Some(Open::Mapping { key: key @ None, .. }) = self.open.last_mut() {
            if text == "<<" && style == ScalarStyle::Plain {
                self.problems.push(problem(
                    &codes::ANCHOR,
                    span.clone(),
                    "merge key `<<`".to_owned(),
                    Some(written_out()),
                ));
            }
            *key = Some((text, span));
            return;
        }
        let id = self.id();
        self.place(Node { id, span, kind: Kind::Scalar { text, style } });
    }

    fn place(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, key, .. }) => {
                if let Some((key, key_span)) = key.take() {
                    entries.push(Entry { key, key_span, value: node });
                } else {
                    let message = "a key must be plain text".to_owned();
                    self.problems.push(problem(&codes::WRONG_SHAPE, node.span.clone(), message, None));
                    *key = Some((String::new(), node.span));
                }
            }
            None if self.root.is_none() => self.root = Some(node),
            None => {}
        }
    }

    fn tag(&mut self, there: bool, span: Range<usize>) {
        if there {
            let message = format!("tag `{}`", self.text.get(span.clone()).unwrap_or("!").trim());
            self.problems.push(problem(&codes::TAG, span, message, Some("leave the tag out".to_owned())));
        }
    }

    fn id(&mut self) -> usize {
        self.next_id += 1;
        self.next_id
    }
}

fn problem(code: &'static Code, span: Range<usize>, message: String, help: Option<String>) -> Problem {
    Problem { code, span, message, help }
}

fn written_out() -> String {
    "write it out, or put it into a script of its own and `use` that".to_owned()
}

fn syntax(text: &str, error: &ScanError) -> Problem {
    let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let end = text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |c| at + c.len_utf8());
    let (code, help) = match error.kind() {
        ErrorKind::UnknownQuotedScalarEscape => {
            (&codes::QUOTES, Some("double quotes give `\\` a meaning; write the text in single quotes: '…'"))
        }
        ErrorKind::DirectiveDisallowed => (&codes::DOCUMENT, Some("leave the `%` line out")),
        ErrorKind::RecursionLimitExceeded => (&codes::DOCUMENT, Some("nest less")),
        ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed | ErrorKind::TabInIndentation => {
            (&codes::SYNTAX, Some("indent with blanks"))
        }
        _ => (
            &codes::SYNTAX,
            Some(
                "texts with `: `, ` #`, quotes or brackets go into single quotes: '…' (a ' inside is written '')",
            ),
        ),
    };
    problem(code, at..end, lower_first(&error.info()), help.map(str::to_owned))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    if text.chars().nth(1).is_some_and(char::is_uppercase) {
        return text.to_owned();
    }
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(node: &Node) -> &[Entry] {
        match &node.kind {
            Kind::Mapping(entries) => entries,
            other => panic!("{other:?} is no mapping"),
        }
    }

    #[test]
    fn keeps_places_and_styles() {
        let text =
            "plain: a b\nsingle: 'it''s'\ndouble: \"a\\tb\"\nblock: |\n  x\n\nempty:\nlist: [1, 'two']\n";
        let (tree, problems) = parse(text);
        assert_eq!(problems, []);
        let tree = tree.unwrap();
        let seen: Vec<_> = entries(&tree)
            .iter()
            .map(|entry| match &entry.value.kind {
                Kind::Scalar { text: value, style } => {
                    (entry.key.as_str(), value.as_str(), Some(*style), &text[entry.value.span.clone()])
                }
                _ => (entry.key.as_str(), "", None, &text[entry.value.span.clone()]),
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("plain", "a b", Some(ScalarStyle::Plain), "a b"),
                ("single", "it's", Some(ScalarStyle::SingleQuoted), "'it''s'"),
                ("double", "a\tb", Some(ScalarStyle::DoubleQuoted), "\"a\\tb\""),
                ("block", "x\n", Some(ScalarStyle::Literal), "x"),
                ("empty", "", Some(ScalarStyle::Plain), ""),
                ("list", "", None, "[1, 'two']"),
            ]
        );
    }

    #[test]
    fn refuses_what_a_script_may_not_hold() {
        for (text, code) in [
            ("a: &x 1\nb: *x\n", "SP006"),
            ("a: *nowhere\n", "SP006"),
            ("<<: {a: 1}\n", "SP006"),
            ("a: !t 1\n", "SP007"),
            ("a: 1\n---\nb: 2\n", "SP009"),
            ("%YAML 1.2\n---\na: 1\n", "SP009"),
            ("[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]", "SP009"),
            ("? [a, b]\n: c\n", "SP005"),
            ("", "SP001"),
            ("a: 'open\n", "SP001"),
        ] {
            let (_, problems) = parse(text);
            assert_eq!(problems.first().map(|problem| problem.code.id), Some(code), "{text}: {problems:?}");
        }
    }
}
