//! PowerShell's grammar, which is not ours: [tree-sitter-powershell](https://github.com/airbus-cert/tree-sitter-powershell).
//! Scripts are parsed with it before anything is sent, and the simulated machine reads what it is given with it.

mod rewritten;

use std::ops::Range;

use tree_sitter::{InputEdit, Language, Node, Parser, Point, Tree};

use rewritten::rewritten;

/// A parsed text.
#[derive(Debug, Clone)]
pub struct Syntax {
    tree: Tree,
}

/// What the grammar cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where, in bytes.
    pub range: Range<usize>,
    /// What is missing there; `None`: something stands there that does not fit.
    pub missing: Option<String>,
}

/// What stands around a place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surroundings {
    /// `'…'`
    SingleQuotes,
    /// `"…"`
    DoubleQuotes,
    /// Anything else: code, a comment, a here-string.
    Bare,
}

impl Syntax {
    /// Parses a text. Whatever it is, there is a tree; [`Self::error`] says whether it is PowerShell.
    pub fn of(text: &str) -> Self {
        let syntax = Self::as_written(text);
        if syntax.error().is_none() {
            return syntax;
        }
        // PowerShell reads a little more than the grammar does.
        let again = rewritten(text).map(|(text, ends)| Self::as_written(&text).without(&ends));
        again.filter(|again| again.error().is_none()).unwrap_or(syntax)
    }

    fn as_written(text: &str) -> Self {
        let language: Language = tree_sitter_powershell::LANGUAGE.into();
        let mut parser = Parser::new();
        let tree = parser.set_language(&language).ok().and_then(|()| parser.parse(text, None));
        // Neither can fail: the grammar is of this version of the library, and nothing cancels the parser.
        Self { tree: tree.unwrap_or_else(|| unreachable!("a grammar that is built in")) }
    }

    /// The same tree over the text without the bytes at these places.
    fn without(mut self, places: &[usize]) -> Self {
        for place in places.iter().rev() {
            self.tree.edit(&InputEdit {
                start_byte: *place,
                old_end_byte: place + 1,
                new_end_byte: *place,
                // Nobody asks for lines and columns.
                start_position: Point::default(),
                old_end_position: Point::default(),
                new_end_position: Point::default(),
            });
        }
        self
    }

    /// The whole text as a node.
    pub fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The first place that is not PowerShell.
    pub fn error(&self) -> Option<SyntaxError> {
        let mut found: Option<SyntaxError> = None;
        for node in self.nodes() {
            let missing = match node.kind() {
                _ if node.is_error() => None,
                kind if node.is_missing() => Some(kind.to_owned()),
                _ => continue,
            };
            let error = SyntaxError { range: node.byte_range(), missing };
            if found.as_ref().is_none_or(|first| error.range.start < first.range.start) {
                found = Some(error);
            }
        }
        found.or_else(|| {
            // The grammar lets it stand alone; PowerShell does not.
            let alone = |node: &Node<'_>| node.kind() == "try_statement" && node.named_child_count() < 2;
            let node = self.nodes().find(alone)?;
            Some(SyntaxError { range: node.byte_range(), missing: Some("catch".to_owned()) })
        })
    }

    /// Every node, from the outside in, in the order of the text.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        let mut open = vec![self.root()];
        std::iter::from_fn(move || {
            let node = open.pop()?;
            open.extend((0..node.child_count()).rev().filter_map(|index| node.child(index)));
            Some(node)
        })
    }

    /// What stands around the bytes of `range`.
    pub fn around(&self, range: &Range<usize>) -> Surroundings {
        let mut node = self.root().descendant_for_byte_range(range.start, range.end.saturating_sub(1));
        while let Some(one) = node {
            match one.kind() {
                "verbatim_string_characters" => return Surroundings::SingleQuotes,
                "expandable_string_literal" => return Surroundings::DoubleQuotes,
                "sub_expression" | "script_block_expression" => return Surroundings::Bare,
                _ => node = one.parent(),
            }
        }
        Surroundings::Bare
    }

    /// Whether two texts have the same structure, whatever their words and strings are.
    pub fn has_shape_of(&self, other: &Self) -> bool {
        let shape = |syntax: &Self| -> Vec<(u16, u32)> {
            syntax.nodes().map(|node| (node.kind_id(), node.child_count())).collect()
        };
        shape(self) == shape(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_powershell_is_found() {
        for (text, place) in [
            ("Get-Service -Name 'TermService' | Where-Object { $_.Status -eq 'Running' }", None),
            ("if ($a -eq 1) { 'x' } else { throw 'y' }", None),
            ("try { Stop-Service -Name x -Force } catch { exit 3 } finally { 'z' }", None),
            ("$x = @{a = 1; b = 'c'}\n$x['a']\nforeach ($n in 1..3) { $n }", None),
            ("[System.IO.File]::ReadAllText(\"$env:SystemRoot\\x.txt\").Trim()", None),
            ("if ($a { 'x' }", Some(6)),
            ("Get-Service | ", Some(0)),
            ("'never closed", Some(0)),
            ("$x = (1 + ", Some(3)),
            ("foreach $n in 1..3 { $n }", Some(8)),
            ("try { 1 }", Some(0)),
        ] {
            let error = Syntax::of(text).error();
            assert_eq!(error.is_some(), place.is_some(), "{text}: {error:?}");
        }
    }

    #[test]
    fn places_are_those_of_the_text_also_where_line_ends_were_put_in() {
        let text = "switch($x){1{'one'}2{'two'}default{'more'}}; 'end'";
        let syntax = Syntax::of(text);
        assert_eq!(syntax.error(), None);
        let strings: Vec<&str> = syntax
            .nodes()
            .filter(|node| node.kind() == "string_literal")
            .map(|node| &text[node.byte_range()])
            .collect();
        assert_eq!(strings, ["'one'", "'two'", "'more'", "'end'"]);
    }

    #[test]
    fn a_value_that_leaves_its_string_changes_the_shape() {
        let harmless = Syntax::of("Stop-Service -Name 'x'");
        for (text, same) in [
            ("Stop-Service -Name 'Term Service'", true),
            ("Stop-Service -Name 'a''b'", true),
            ("Stop-Service -Name 'a' ; Remove-Item 'b'", false),
            ("Stop-Service -Name 'a' 'b'", false),
        ] {
            assert_eq!(Syntax::of(text).has_shape_of(&harmless), same, "{text}");
        }
        let text = "a 'in' \"in\" out";
        let at = |word: &str, from: usize| {
            let start = from + text[from..].find(word).unwrap();
            Syntax::of(text).around(&(start..start + word.len()))
        };
        assert_eq!(at("in", 0), Surroundings::SingleQuotes);
        assert_eq!(at("in", 5), Surroundings::DoubleQuotes);
        assert_eq!(at("out", 0), Surroundings::Bare);
    }
}
